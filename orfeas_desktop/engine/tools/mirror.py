"""Mirror: one half becomes both, or the whole is flipped."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.cut import half
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.transform import transformed
from orfeas_desktop.engine.mesh.turn import Axis
from orfeas_desktop.engine.tools.base import MeshTool
from orfeas_desktop.errors import BadMesh
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class Keep(StrEnum):
    """What is mirrored."""

    positive = "positive"
    negative = "negative"
    whole = "whole"


class Plane(StrEnum):
    """Where the mirror stands."""

    middle = "middle"
    origin = "origin"


class MirrorParams(Params):
    """Settings of the tool `mirror`."""

    axis: Axis = param(
        Axis.x,
        QT_TRANSLATE_NOOP("Params", "Across"),
        QT_TRANSLATE_NOOP("Params", "The axis that changes its direction."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "X (left and right)"),
                QT_TRANSLATE_NOOP("Params", "Y (up and down)"),
                QT_TRANSLATE_NOOP("Params", "Z (front and back)"),
            )
        ),
    )
    keep: Keep = param(
        Keep.positive,
        QT_TRANSLATE_NOOP("Params", "Keep"),
        QT_TRANSLATE_NOOP("Params", "Which half is copied over to the other side."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Right, top or front half"),
                QT_TRANSLATE_NOOP("Params", "Left, bottom or back half"),
                QT_TRANSLATE_NOOP("Params", "Flip the whole mesh"),
            )
        ),
    )
    plane: Plane = param(
        Plane.middle,
        QT_TRANSLATE_NOOP("Params", "Mirror stands at"),
        QT_TRANSLATE_NOOP("Params", "Where the mirror cuts the mesh."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Middle of the mesh"),
                QT_TRANSLATE_NOOP("Params", "Origin"),
            )
        ),
    )
    weld: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Weld the seam"),
        QT_TRANSLATE_NOOP(
            "Params", "Both halves share the vertices of the seam, so that it shades smoothly."
        ),
    )


def _apply(mesh: Mesh, params: MirrorParams, context: JobContext) -> Mesh:
    column = params.axis.column
    low, high = (float(side[column]) for side in mesh.bounds)
    at = float(np.float32((low + high) / 2)) if params.plane is Plane.middle else 0.0
    matrix = np.eye(4)
    matrix[column, column] = -1.0
    matrix[column, 3] = 2 * at
    if params.keep is Keep.whole:
        return transformed(mesh, matrix)
    kept = half(mesh, column, at, upper=params.keep is Keep.positive)
    if kept is None:
        raise BadMesh(name=mesh.name, problem="nothing of it lies on the side to keep")
    context.progress(0.5)
    part, seam = kept
    copy = transformed(part, matrix)
    copy.vertices[seam, column] = np.float32(at)
    both = merged([part, copy])
    return _welded(both, seam, column) if params.weld else both


def _welded(both: Mesh, seam: NDArray[np.bool_], column: int) -> Mesh:
    """Return the halves with the copy's seam vertices replaced by the first half's, their normals within the plane."""
    count = len(seam)
    kept = np.concatenate([np.ones(count, bool), ~seam])
    number = np.zeros(2 * count, np.int32)
    number[kept] = np.arange(int(kept.sum()), dtype=np.int32)
    number[count:][seam] = number[:count][seam]
    normals = both.normals
    if normals is not None:
        normals = normals[kept].copy()
        flat = normals[:count][seam].astype(np.float64)
        flat[:, column] = 0.0
        length = np.linalg.norm(flat, axis=1, keepdims=True)
        flat = np.where(length > 1e-3, flat / np.maximum(length, 1e-3), normals[:count][seam])
        normals[np.flatnonzero(seam)] = flat.astype(np.float32)
    return both.changed(
        vertices=both.vertices[kept],
        faces=number[both.faces],
        normals=normals,
        uvs=tuple(uv[kept] for uv in both.uvs),
        colors=None if both.colors is None else both.colors[kept],
    )


MIRROR = MeshTool(
    id="mirror",
    version=1,
    title=QT_TRANSLATE_NOOP("Tools", "Mirror"),
    summary=QT_TRANSLATE_NOOP("Tools", "Makes one half the image of the other, or flips the whole mesh."),
    params=MirrorParams,
    apply=_apply,
)
