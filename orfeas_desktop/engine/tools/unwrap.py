"""Unwrap: a new texture layout, with the textures carried over."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from orfeas_desktop.engine.bake.carry import carried
from orfeas_desktop.engine.mesh.box_charts import box_layout
from orfeas_desktop.engine.mesh.charts import chart_facts
from orfeas_desktop.engine.mesh.layout import Layout
from orfeas_desktop.engine.mesh.pick import with_vertices
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.tools.charted import charted
from orfeas_desktop.engine.tools.workshop import Made, WorkshopTool, refuse
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class Charts(StrEnum):
    """How charts are found."""

    atlas = "atlas"
    box = "box"


class UnwrapParams(Params):
    """Settings of the tool `unwrap`."""

    charts: Charts = param(
        Charts.atlas,
        QT_TRANSLATE_NOOP("Params", "Charts"),
        QT_TRANSLATE_NOOP("Params", "How the surface is cut into flat pieces."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Little stretch (atlas)"),
                QT_TRANSLATE_NOOP("Params", "Six sides of a box (quick)"),
            )
        ),
    )
    texture_side: int = param(
        1024,
        QT_TRANSLATE_NOOP("Params", "Texture size"),
        QT_TRANSLATE_NOOP("Params", "Width and height of the texture the layout is made for."),
        ge=64,
        le=8192,
        traits=Traits(unit="px", step=256),
    )
    padding: int = param(
        4,
        QT_TRANSLATE_NOOP("Params", "Padding"),
        QT_TRANSLATE_NOOP("Params", "Free texels between charts."),
        ge=0,
        le=32,
        traits=Traits(unit="px"),
    )
    most_faces: int = param(
        120_000,
        QT_TRANSLATE_NOOP("Params", "Most faces"),
        QT_TRANSLATE_NOOP("Params", "Larger meshes are refused for the atlas; decimate them first."),
        ge=1000,
        le=2_000_000,
        traits=Traits(advanced=True),
    )
    limit_s: int = param(
        120,
        QT_TRANSLATE_NOOP("Params", "Time limit"),
        QT_TRANSLATE_NOOP("Params", "After this the box is taken instead of the atlas."),
        ge=5,
        le=3600,
        traits=Traits(unit="s", advanced=True),
    )


def _make(meshes: tuple[Mesh, ...], params: UnwrapParams, context: JobContext) -> Made:
    mesh = meshes[0]
    layout = _layout(mesh, params, context)
    context.progress(0.5)
    new = with_vertices(mesh, layout.rows).changed(
        faces=layout.faces, uvs=(layout.uv,), tangents=None, polygons=None
    )
    new = carried(mesh, new, params.texture_side, lambda share: context.progress(0.5 + 0.3 * share))
    context.progress(0.85)
    figures = chart_facts(new, texture_side=params.texture_side)
    for name, value in (
        ("uv_charts", figures.charts),
        ("uv_coverage", round(figures.coverage, 4)),
        ("uv_overlap", round(figures.overlap, 4)),
        ("uv_stretch", round(figures.stretch, 4)),
    ):
        context.fact(name, value)
    if figures.overlap > 0.001:
        context.warn(QT_TRANSLATE_NOOP("Warnings", "Parts of the new layout lie on each other."))
    return Made(new)


def _layout(mesh: Mesh, params: UnwrapParams, context: JobContext) -> Layout:
    arguments = (mesh.vertices, mesh.faces, params.texture_side, params.padding)
    context.fact("uv_how", params.charts.value)
    if params.charts is Charts.box:
        return box_layout(*arguments)
    if mesh.face_count > params.most_faces:
        raise refuse(mesh, f"it has more than {params.most_faces} faces; “Decimate” leaves fewer")
    if not (Topology.of(mesh).uses <= 2).all():
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings",
                "Edges with more than two faces stand against the atlas; the box was taken. “Repair” mends them.",
            )
        )
        return _boxed(arguments, context)
    layout = charted(mesh, params.texture_side, params.padding, params.limit_s, context)
    if layout is None:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "The atlas did not come about; the box was taken instead.")
        )
        return _boxed(arguments, context)
    return layout


def _boxed(arguments: tuple[NDArray[np.float32], NDArray[np.int32], int, int], context: JobContext) -> Layout:
    context.fact("uv_how", Charts.box.value)
    return box_layout(*arguments)


UNWRAP = WorkshopTool(
    id="unwrap",
    version=3,
    title=QT_TRANSLATE_NOOP("Tools", "Unwrap"),
    summary=QT_TRANSLATE_NOOP("Tools", "Makes a new texture layout and carries the textures over."),
    params=UnwrapParams,
    make=_make,
    new_surface=True,
)
