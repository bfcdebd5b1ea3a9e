"""Analyse: what is wrong with a mesh, and which tool mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.charts import ChartFacts, chart_facts
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.inspection import Inspection
from orfeas_desktop.engine.mesh.textures import texture_size
from orfeas_desktop.engine.tools.base import MESH_OUT
from orfeas_desktop.engine.tools.workshop import REPORT_OUT, Json, Made, WorkshopTool
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh

    Rows = NDArray[np.integer] | NDArray[np.floating]


class AnalyseParams(Params):
    """Settings of the tool `analyse`."""

    uvs: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Texture layout"),
        QT_TRANSLATE_NOOP("Params", "Looks at the UV charts too."),
    )
    shown: int = param(
        2000,
        QT_TRANSLATE_NOOP("Params", "Places named"),
        QT_TRANSLATE_NOOP("Params", "How many faces or points the report names for each fault."),
        ge=0,
        le=1_000_000,
        traits=Traits(advanced=True),
    )


@dataclass(frozen=True, eq=False)
class Fault:
    """One kind of fault: how often, which tool mends it, and where: numbers of faces, or points in metres."""

    id: str
    count: int
    sentence: str
    tool: str
    faces: Rows | None = None
    points: Rows | None = None

    def plain(self, shown: int) -> dict[str, Json]:
        """Return the fault as the report holds it, with at most `shown` places."""
        told: dict[str, Json] = {
            "fault": self.id,
            "count": self.count,
            "sentence": self.sentence,
            "tool": self.tool,
        }
        if self.faces is not None:
            told["faces"] = self.faces[:shown].tolist()
        if self.points is not None:
            told["points"] = self.points[:shown].tolist()
        return told


def _make(meshes: tuple[Mesh, ...], params: AnalyseParams, context: JobContext) -> Made:
    mesh = meshes[0]
    seen = Inspection.of(mesh, lambda share: context.progress(0.8 * share))
    charts = chart_facts(mesh, texture_side=_texture_side(mesh)) if params.uvs and mesh.uvs else None
    context.progress(0.95)
    facts = mesh_facts(mesh)
    faults = [fault for fault in _faults(mesh, seen, charts, facts.volume_m3) if fault.count]
    counts: dict[str, Json] = {
        "boundary_loops": seen.boundary_loops,
        "longest_boundary_mm": round(seen.longest_loop * mesh.metres_per_unit * 1000, 4),
        "nonmanifold_vertices": len(seen.nonmanifold_vertices),
        "self_intersections": len(seen.crossing),
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
        "uv_flat_faces": charts.flat_faces,
        "texels_per_mm": None if density is None else round(density, 4),
    }


def _texture_side(mesh: Mesh) -> int | None:
    textures = [material.base_color_texture for material in mesh.materials]
    return max((max(texture_size(texture)) for texture in textures if texture is not None), default=None)


def _faults(mesh: Mesh, seen: Inspection, charts: ChartFacts | None, volume: float | None) -> list[Fault]:
    metres = seen.places * mesh.metres_per_unit
    surface = [
        Fault(
            "open-edges",
            len(seen.open_edges),
            QT_TRANSLATE_NOOP("Faults", "The surface has holes."),
            "repair",
            points=metres[np.unique(seen.open_edges)],
        ),
        Fault(
            "nonmanifold-edges",
            seen.nonmanifold_edges,
            QT_TRANSLATE_NOOP("Faults", "Three or more faces meet in an edge."),
            "repair",
            faces=seen.at_nonmanifold_edges,
        ),
        Fault(
            "nonmanifold-vertices",
            len(seen.nonmanifold_vertices),
            QT_TRANSLATE_NOOP("Faults", "Pieces of the surface touch in a point only."),
            "repair",
            points=metres[seen.nonmanifold_vertices],
        ),
        Fault(
            "turned-faces",
            len(seen.turned),
            QT_TRANSLATE_NOOP("Faults", "Faces look the other way than their neighbours."),
            "repair",
            faces=seen.turned,
        ),
        Fault(
            "inside-out",
            int((volume or 0.0) < 0),
            QT_TRANSLATE_NOOP("Faults", "The whole surface is inside out."),
            "repair",
        ),
        Fault(
            "degenerate-faces",
            len(seen.degenerate),
            QT_TRANSLATE_NOOP("Faults", "Faces have no area."),
            "repair",
            faces=seen.degenerate,
        ),
        Fault(
            "duplicate-faces",
            len(seen.duplicate),
            QT_TRANSLATE_NOOP("Faults", "Faces lie twice on the same corners."),
            "repair",
            faces=seen.duplicate,
        ),
        Fault(
            "self-intersections",
            len(seen.crossing),
            QT_TRANSLATE_NOOP("Faults", "Faces pierce each other."),
            "rebuild",
            faces=np.unique(seen.crossing),
        ),
    ]
    return surface + ([] if charts is None else _chart_faults(charts))


def _chart_faults(charts: ChartFacts) -> list[Fault]:
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
            charts.flat_faces,
            QT_TRANSLATE_NOOP("Faults", "Faces have no area in the texture layout."),
            "unwrap",
        ),
    ]


ANALYSE = WorkshopTool(
    id="analyse",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Analyse"),
    summary=QT_TRANSLATE_NOOP(
        "Tools", "Lists the faults of a mesh and the tools that mend them; changes nothing."
    ),
    params=AnalyseParams,
    make=_make,
    outputs=(*MESH_OUT, REPORT_OUT),
)
