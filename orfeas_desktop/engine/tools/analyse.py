"""Analyse: what is wrong with a mesh, and which tool mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.charts import ChartFacts, chart_facts
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.faults import Fault, Json, surface_faults
from orfeas_desktop.engine.mesh.inspection import Inspection
from orfeas_desktop.engine.mesh.textures import texture_size
from orfeas_desktop.engine.tools.base import MESH_OUT
from orfeas_desktop.engine.tools.workshop import REPORT_OUT, Made, WorkshopTool, places_param
from orfeas_desktop.params import Params, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class AnalyseParams(Params):
    """Settings of the tool `analyse`."""

    uvs: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Texture layout"),
        QT_TRANSLATE_NOOP("Params", "Looks at the UV charts too."),
    )
    shown: int = places_param()


def _make(meshes: tuple[Mesh, ...], params: AnalyseParams, context: JobContext) -> Made:
    mesh = meshes[0]
    seen = Inspection.of(mesh, lambda share: context.progress(0.8 * share))
    charts = chart_facts(mesh, texture_side=_texture_side(mesh)) if params.uvs and mesh.uvs else None
    context.progress(0.95)
    facts = mesh_facts(mesh)
    every = [*surface_faults(mesh, seen, facts.volume_m3), *_chart_faults(charts)]
    faults = [fault for fault in every if fault.count]
    counts: dict[str, Json] = {
        "boundary_loops": seen.boundary_loops,
        "longest_boundary_mm": round(seen.longest_loop * mesh.metres_per_unit * 1000, 4),
        "nonmanifold_vertices": len(seen.nonmanifold_vertices),
        "self_intersections": len(seen.crossing),
        "overlapping_faces": len(seen.overlapping),
        "degenerate_faces": len(seen.degenerate),
        "duplicate_faces": len(seen.duplicate),
        "turned_faces": len(seen.turned),
    }
    if charts is not None:
        counts |= _chart_counts(charts)
    for name, value in {**counts, "faults": len(faults)}.items():
        context.fact(name, value if isinstance(value, str | int | float) else None)
    report: dict[str, Json] = {
        "mesh": mesh.name,
        **facts.plain(),
        **counts,
        "faults": [fault.plain(params.shown) for fault in faults],
    }
    return Made(mesh, report=report)


def _chart_counts(charts: ChartFacts) -> dict[str, Json]:
    density = charts.texels_per_mm
    return {
        "uv_charts": charts.charts,
        "uv_coverage": round(charts.coverage, 4),
        "uv_overlap": round(charts.overlap, 4),
        "uv_stretch": round(charts.stretch, 4),
        "uv_flat_faces": len(charts.flat),
        "texels_per_mm": None if density is None else round(density, 4),
    }


def _texture_side(mesh: Mesh) -> int | None:
    textures = [material.base_color_texture for material in mesh.materials]
    return max((max(texture_size(texture)) for texture in textures if texture is not None), default=None)


def _chart_faults(charts: ChartFacts | None) -> list[Fault]:
    if charts is None:
        return []
    return [
        Fault(
            "uv-overlap",
            len(charts.overlapping),
            QT_TRANSLATE_NOOP("Faults", "Parts of the texture layout lie on each other."),
            "unwrap",
            faces=charts.overlapping,
        ),
        Fault(
            "uv-flat",
            len(charts.flat),
            QT_TRANSLATE_NOOP("Faults", "Faces have no area in the texture layout."),
            "unwrap",
            faces=charts.flat,
        ),
    ]


ANALYSE = WorkshopTool(
    id="analyse",
    version=2,
    title=QT_TRANSLATE_NOOP("Tools", "Analyse"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Lists the faults of a mesh and the tools that mend them; changes nothing."
    ),
    params=AnalyseParams,
    make=_make,
    outputs=(*MESH_OUT, REPORT_OUT),
)
