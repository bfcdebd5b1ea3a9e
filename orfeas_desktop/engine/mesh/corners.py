"""Faces whose corners name position, texture and normal apart become vertices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Polygons
from orfeas_desktop.engine.mesh.polygons import triangulated
from orfeas_desktop.engine.mesh.source_files import MAX_FACES, require
from orfeas_desktop.engine.mesh.weld import first_of_each, row_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class CornerMesh:
    """What OBJ and PLY hold: arrays, and per corner a row of each; -1 where a corner has none.

    An `…_at` that is the very array `places` says that the rows belong to the positions.

    sizes (P,) corners per polygon; places, uvs_at, normals_at (C,) rows of positions, uvs and normals.
    """

    positions: NDArray[np.float32]
    sizes: NDArray[np.int64]
    places: NDArray[np.int64]
    uvs: NDArray[np.float32] | None = None
    uvs_at: NDArray[np.int64] | None = None
    normals: NDArray[np.float32] | None = None
    normals_at: NDArray[np.int64] | None = None
    colors: NDArray[np.uint8] | None = None
    materials: tuple[Material, ...] = (Material(),)
    polygon_materials: NDArray[np.int32] | None = None

    def mesh(self, name: str) -> Mesh:
        """Return the triangles; vertices are split where texture or normal differ. Raises Broken."""
        require(len(self.sizes) > 0, "it has no faces")
        require(int(self.sizes.min()) >= 3, "a face has fewer than three corners")
        require(int(self.sizes.sum()) <= 3 * MAX_FACES, "it has more than {limit} faces", limit=MAX_FACES)
        _within(self.places, len(self.positions))
        ids, first = self._split()
        vertices = self.positions if first is None else self.positions[self.places[first]]
        offsets = np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int32)
        polygons = Polygons(offsets, ids.astype(np.int32))
        faces, owner = triangulated(polygons, vertices)
        groups = self.polygon_materials
        return Mesh(
            vertices=vertices,
            faces=faces,
            normals=_taken(self.normals, self.normals_at, first, complete=True),
            uvs=tuple(uv for uv in (_taken(self.uvs, self.uvs_at, first),) if uv is not None),
            colors=self.colors if first is None or self.colors is None else self.colors[self.places[first]],
            materials=self.materials,
            face_materials=None if groups is None or not groups.any() else groups[owner],
            polygons=polygons if int(self.sizes.max()) > 3 else None,
            name=name,
        )

    def _split(self) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        """Return (C,) the vertex of each corner, and the first corner of each vertex; None: positions serve."""
        columns = [self.places]
        for rows, at in ((self.uvs, self.uvs_at), (self.normals, self.normals_at)):
            if rows is not None and at is not None and at is not self.places:
                _within(at, len(rows), lowest=-1)
                columns.append(at)
        if len(columns) == 1:
            return self.places, None
        ids = row_ids(np.stack(columns, axis=1).astype(np.uint32))
        return ids, first_of_each(ids)


def _within(rows: NDArray[np.int64], count: int, lowest: int = 0) -> None:
    inside = int(rows.min()) >= lowest and int(rows.max()) < count
    require(inside, "a face names a vertex that is not there")


def _taken(
    rows: NDArray[np.float32] | None,
    at: NDArray[np.int64] | None,
    first: NDArray[np.int64] | None,
    *,
    complete: bool = False,
) -> NDArray[np.float32] | None:
    """Return the rows of the first corner of each vertex; zeros where it has none, or None when `complete`."""
    if rows is None or at is None or not len(rows):
        return None
    if first is None:
        return rows
    chosen = at[first]
    missing = chosen < 0
    if missing.all() or (complete and missing.any()):
        return None
    return np.where(missing[:, None], np.float32(0), rows[chosen])
