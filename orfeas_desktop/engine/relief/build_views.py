"""Pictures from several sides and their masks become a closed textured mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.relief.atlas import packed, relief_material
from orfeas_desktop.engine.relief.build import View, unit_size
from orfeas_desktop.engine.relief.paint import (
    CHARTS,
    SIDES,
    Painting,
    chart_directions,
    first_hit,
    painted_chart,
    seen_surface,
)
from orfeas_desktop.engine.relief.surface import smoothed, vertex_normals, zero_surface
from orfeas_desktop.engine.relief.texture import back_colours, canvas_of, front_colours
from orfeas_desktop.engine.relief.unwrap import charts_by_direction, split_at_seams
from orfeas_desktop.engine.relief.views import Side, carve
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.relief.atlas import Packed
    from orfeas_desktop.engine.relief.surface import Surface
    from orfeas_desktop.engine.relief.views import Hull

    Floats = NDArray[np.float32]

OPPOSITE = {Side.left: Side.right, Side.right: Side.left}


def build_from_views(views: Mapping[Side, View], resolution: int, context: JobContext) -> Mesh:
    """Return the mesh of a front view, at least one side's and perhaps a back; axes as for one view.

    Raises Cancelled.
    """
    with context.stage(QT_TRANSLATE_NOOP("Stages", "Surface")):
        flank = views[Side.left].mask if Side.left in views else views[Side.right].mask[:, ::-1]
        hull = carve(views[Side.front].mask, flank, resolution)
        surface = smoothed(zero_surface(hull.phi))
        normals = vertex_normals(surface)
    with context.stage(QT_TRANSLATE_NOOP("Stages", "Texture")):
        paintings = {side: _painting(side, views, hull) for side in SIDES}
        atlas = _atlas(paintings, hull, context)
    with context.stage(QT_TRANSLATE_NOOP("Stages", "Charts")):
        return _textured(surface, normals, hull, atlas)


def _painting(side: Side, views: Mapping[Side, View], hull: Hull) -> Painting:
    """Return a side's picture; a missing side shows its opposite mirrored, a missing back the front's rim."""
    depth = first_hit(SIDES[side], hull.phi)
    own = views.get(side)
    if own is not None:
        canvas = canvas_of(own.picture, own.mask)
        return Painting(canvas, front_colours(canvas), depth)
    other = views[OPPOSITE.get(side, Side.front)]
    canvas = canvas_of(other.picture[:, ::-1], other.mask[:, ::-1])
    colours = front_colours(canvas)
    return Painting(canvas, back_colours(canvas, colours) if side is Side.back else colours, depth)


def _atlas(paintings: Mapping[Side, Painting], hull: Hull, context: JobContext) -> Packed:
    front = paintings[Side.front].canvas
    texels = float(np.clip(front.height / hull.rows, 1, 6))
    pictures: list[Floats] = []
    for number, chart in enumerate(CHARTS):
        seen = seen_surface(chart, hull.phi, first_hit(chart, hull.phi))
        pictures.append(painted_chart(seen, paintings, hull, texels))
        context.progress((number + 1) / len(CHARTS))
    return packed(pictures)


def _textured(surface: Surface, normals: Floats, hull: Hull, atlas: Packed) -> Mesh:
    chart = charts_by_direction(surface, chart_directions())
    seamed = split_at_seams(surface, chart)
    vertices = surface.vertices
    middle = (hull.phi.shape[0] - 1) / 2
    index = np.stack([vertices[:, 2] + middle, -vertices[:, 1], vertices[:, 0]], axis=1).astype(np.float32)
    uv = np.empty((len(seamed.origin), 2), np.float32)
    for number, view in enumerate(CHARTS):
        own = seamed.chart == number
        places = view.places(index[seamed.origin[own]], hull.phi.shape)
        _, rows, columns = view.shape(hull.phi.shape)
        share = (places[:, :0:-1] + np.float32(0.5)) / np.array([columns, rows], np.float32)
        uv[own] = atlas.coordinates(number, share.astype(np.float32))
    return Mesh(
        vertices=unit_size(vertices)[seamed.origin],
        faces=seamed.faces,
        normals=normals[seamed.origin],
        uvs=(np.clip(uv, 0, 1),),
        materials=(relief_material(atlas.picture),),
        name="relief",
    )
