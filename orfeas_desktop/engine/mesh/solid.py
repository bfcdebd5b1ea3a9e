"""Solids: closed manifolds as the library manifold3d knows them, the judge of what is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manifold3d import Manifold
    from numpy.typing import NDArray


def solid_of(mesh: Mesh, first_id: int = 0) -> Manifold:
    """Return the mesh as a solid with its UVs and colours; material i becomes run `first_id + i`. See `is_solid`."""
    import manifold3d

    ids = welded_ids(mesh.vertices)
    first = first_of_each(ids)[ids]
    copies = np.flatnonzero(first != np.arange(len(ids)))
    groups = np.zeros(mesh.face_count, np.int32) if mesh.face_materials is None else mesh.face_materials
    order = np.argsort(groups, kind="stable")
    kinds, starts = np.unique(groups[order], return_index=True)
    corners = ids[mesh.faces[order]]
    a, b, c = corners.T
    if ((a == b) | (b == c) | (a == c)).any():
        order = order[(a != b) & (b != c) & (a != c)]
        kinds, starts = np.unique(groups[order], return_index=True)
    colors = [] if mesh.colors is None else [mesh.colors]
    rows = np.concatenate([mesh.vertices, *mesh.uvs, *colors], axis=1).astype(np.float32)
    return manifold3d.Manifold(
        manifold3d.Mesh(
            np.ascontiguousarray(rows),
            np.ascontiguousarray(mesh.faces[order].astype(np.uint32)),
            merge_from_vert=copies.astype(np.uint32),
            merge_to_vert=first[copies].astype(np.uint32),
            run_index=np.append(3 * starts, 3 * len(order)).astype(np.uint32),
            run_original_id=(kinds + first_id).astype(np.uint32),
        )
    )


def solid_problem(solid: Manifold) -> str:
    """Return why this is no closed manifold, nothing when it is one."""
    import manifold3d

    if solid.status() != manifold3d.Error.NoError:
        return "it is not one closed surface"
    return "" if solid.num_tri() else "nothing is left of it"


def is_solid(mesh: Mesh) -> bool:
    """Return whether the mesh is a closed oriented manifold (a mesh of no faces is none), found once."""
    if "solid" not in mesh.known:
        mesh.known["solid"] = not solid_problem(solid_of(mesh))
    return bool(mesh.known["solid"])


def simplified(mesh: Mesh, tolerance: float) -> Mesh | None:
    """Return the closed mesh without edges and wrinkles smaller than `tolerance`, in units; None when it is no solid.

    What vertices carry stays but for normals, which are left out.
    """
    import manifold3d

    start = manifold3d.Manifold.reserve_ids(len(mesh.materials))
    done = solid_of(mesh.changed(normals=None), start).simplify(tolerance)
    if solid_problem(done):
        return None
    return mesh_of(done, mesh, range(start, start + len(mesh.materials)))


def mesh_of(solid: Manifold, like: Mesh, ids: Sequence[int] = ()) -> Mesh:
    """Return the solid with the unit, name and materials of `like`; `ids` are the runs of its materials, in order."""
    made = solid.to_mesh()
    rows = np.asarray(made.vert_properties, np.float32)
    faces = np.asarray(made.tri_verts).astype(np.int32)
    groups = None
    if len(ids) > 1:
        lengths = np.diff(np.asarray(made.run_index).astype(np.int64)) // 3
        number = {run: index for index, run in enumerate(ids)}
        kinds = [number.get(int(run), 0) for run in np.asarray(made.run_original_id)]
        groups = np.repeat(np.array(kinds, np.int32), lengths)
    sets = (rows.shape[1] - 3) // 2 if like.colors is None else len(like.uvs)
    return Mesh(
        vertices=np.ascontiguousarray(rows[:, :3]),
        faces=faces,
        uvs=tuple(np.ascontiguousarray(rows[:, 3 + 2 * at : 5 + 2 * at]) for at in range(sets)),
        colors=None if like.colors is None else _colors(rows[:, 3 + 2 * sets : 7 + 2 * sets]),
        materials=like.materials,
        face_materials=groups if groups is not None and groups.any() else None,
        metres_per_unit=like.metres_per_unit,
        name=like.name,
        extras=like.extras,
    )


def _colors(rows: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the colours of (V, 4) properties; what came from a body without any is white."""
    none = (rows == 0).all(axis=1, keepdims=True)
    return np.where(none, 255, np.rint(rows).clip(0, 255)).astype(np.uint8)
