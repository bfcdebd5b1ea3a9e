"""One picture and its mask become a closed textured mesh."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.relief.atlas import relief_material
from orfeas_desktop.engine.relief.detail import detail_height, detail_shift
from orfeas_desktop.engine.relief.grid import work_grid
from orfeas_desktop.engine.relief.height import Shape, height_of
from orfeas_desktop.engine.relief.pitch import lean_of
from orfeas_desktop.engine.relief.surface import (
    Surface,
    relief_volume,
    smoothed,
    vertex_normals,
    zero_surface,
)
from orfeas_desktop.engine.relief.texture import back_colours, canvas_of, front_colours
from orfeas_desktop.engine.relief.unwrap import (
    canvas_coordinates,
    charts_by_direction,
    split_at_seams,
    unfolded,
)
from orfeas_desktop.errors import NoObjectFound
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.relief.grid import WorkGrid
    from orfeas_desktop.engine.relief.texture import Canvas

    Floats = NDArray[np.float32]
    Bytes = NDArray[np.uint8]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ReliefOptions:
    """What the user chose: how depth is invented, its gain, cells along the longer side, fine relief."""

    shape: Shape = Shape.auto
    gain: float = 1.0
    resolution: int = 160
    detail: bool = True


@dataclass(frozen=True, eq=False)
class View:
    """A picture (H, W, 4) uint8 and its object's pixels (H, W)."""

    picture: Bytes = field(repr=False)
    mask: Mask = field(repr=False)
    name: str = "picture"


@dataclass(frozen=True, eq=False)
class Sides:
    """Front and back pictures on one canvas, as floats 0..255."""

    front: Floats = field(repr=False)
    back: Floats = field(repr=False)


def build_relief(view: View, options: ReliefOptions, context: JobContext, behind: View | None = None) -> Mesh:
    """Return the mesh of one view, its back painted from `behind`: y up, z towards the viewer, longest side 1.

    Raises NoObjectFound when nothing of the mask is left at the chosen resolution, and Cancelled.
    """
    with context.stage(QT_TRANSLATE_NOOP("Stages", "Height")):
        grid = work_grid(view.mask, options.resolution)
        if not grid.inside.any():
            raise NoObjectFound(name=view.name)
        height = height_of(grid, options.shape, options.gain)
    with context.stage(QT_TRANSLATE_NOOP("Stages", "Surface")):
        surface = smoothed(zero_surface(relief_volume(height.squared)))
        surface = leaning(surface, lean_of(view.mask))
    with context.stage(QT_TRANSLATE_NOOP("Stages", "Texture")):
        canvas = canvas_of(view.picture, view.mask)
        front = front_colours(canvas)
        context.progress(0.5)
        back = _back(canvas, front, behind, lathe=height.lathe)
    with context.stage(QT_TRANSLATE_NOOP("Stages", "Detail")):
        columns, rows = canvas_places(surface, grid, canvas)
        normals = vertex_normals(surface)
        if options.detail:
            shift = grid.size * detail_shift(detail_height(canvas), columns, rows, normals[:, 2])
            moved = surface.vertices + shift[:, None] * normals
            surface = Surface(moved.astype(np.float32), surface.faces)
            normals = vertex_normals(surface)
    with context.stage(QT_TRANSLATE_NOOP("Stages", "Charts")):
        return _textured(surface, normals, canvas, Sides(front, back), (columns, rows))


def _back(canvas: Canvas, front: Floats, behind: View | None, *, lathe: bool) -> Floats:
    if behind is not None:
        other = canvas_of(behind.picture, behind.mask)
        return laid_over(canvas, other, front_colours(other), front)
    return front if lathe else back_colours(canvas, front)


def leaning(surface: Surface, lean: float) -> Surface:
    """Return the surface sheared towards the viewer by `lean` per length upwards; the front view stays."""
    if not lean:
        return surface
    vertices = surface.vertices.copy()
    vertices[:, 2] += np.float32(lean) * vertices[:, 1]
    return Surface(vertices, surface.faces)


def canvas_places(surface: Surface, grid: WorkGrid, canvas: Canvas) -> tuple[Floats, Floats]:
    """Return columns and rows (V,) of the canvas under the vertices."""
    x = grid.picture_x(surface.vertices[:, 0])
    y = grid.picture_y(-surface.vertices[:, 1])
    return canvas.column(x), canvas.row(y)


def unit_size(vertices: Floats) -> Floats:
    """Return the vertices centred, the longest side of their box 1."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    return ((vertices - (low + high) / 2) / (high - low).max()).astype(np.float32)


def laid_over(canvas: Canvas, other: Canvas, colours: Floats, front: Floats) -> Floats:
    """Return the back's picture mirrored onto the front's canvas, box on box, faded to the front at the outline."""
    import cv2

    rows, columns = np.indices(canvas.inside.shape).astype(np.float32)
    height, width = canvas.inside.shape
    across = (columns + 0.5 - width / 2) / canvas.width
    down = (rows + 0.5 - height / 2) / canvas.height
    across = other.inside.shape[1] / 2 - across * other.width - 0.5
    down = other.inside.shape[0] / 2 + down * other.height - 0.5
    back = cv2.remap(
        colours,
        across.astype(np.float32),
        down.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    fade = np.clip(canvas.depth / (0.03 * canvas.size), 0, 1)[..., None]
    return (fade * back + (1 - fade) * front).astype(np.float32)


def _textured(
    surface: Surface, normals: Floats, canvas: Canvas, sides: Sides, places: tuple[Floats, Floats]
) -> Mesh:
    chart = charts_by_direction(surface, np.array([[0, 0, 1], [0, 0, -1]], np.float32))
    seamed = split_at_seams(surface, chart)
    moved = np.stack(canvas_coordinates(canvas, *places, normals), axis=1)
    columns, rows = unfolded(surface, np.stack(places, axis=1), moved).T
    height, width = canvas.inside.shape
    across = (columns[seamed.origin] + 0.5) / width
    across = np.where(seamed.chart == 0, across, 2 - across) / 2
    down = (rows[seamed.origin] + 0.5) / height
    atlas = np.concatenate([sides.front, sides.back[:, ::-1]], axis=1)
    return Mesh(
        vertices=unit_size(surface.vertices)[seamed.origin],
        faces=seamed.faces,
        normals=normals[seamed.origin],
        uvs=(np.clip(np.stack([across, down], axis=1), 0, 1).astype(np.float32),),
        materials=(relief_material(atlas),),
        name="relief",
    )
