"""New faces over the same surface: even triangles by clustering, quads along a field of directions."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh import mend
from orfeas_desktop.engine.mesh.holes import closed_holes
from orfeas_desktop.engine.mesh.mesh import Material, Mesh
from orfeas_desktop.engine.mesh.polygons import joined
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.weld import first_of_each

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.float64]
    Surface = tuple[NDArray[np.float64], NDArray[np.int64]]

_POINTS_A_CLUSTER = 10
_MOST_SPLITS = 6


def welded_surface(mesh: Mesh) -> Surface:
    """Return the places that whole faces use, fitted into a cube of side 1, and the faces."""
    whole = mend.without_useless_faces(mesh).mesh
    if not whole.face_count:
        return np.zeros((0, 3)), np.zeros((0, 3), np.int64)
    topology = Topology.of(whole)
    used, faces = np.unique(topology.faces, return_inverse=True)
    places = whole.vertices[first_of_each(topology.ids)][used].astype(np.float64)
    low, size = _fit(mesh)
    return (places - low) / size, faces.reshape(-1, 3).astype(np.int64)


def _fit(mesh: Mesh) -> tuple[Places, float]:
    low, high = (side.astype(np.float64) for side in mesh.bounds)
    return low, float((high - low).max()) or 1.0


def even_triangles(places: Places, faces: NDArray[np.int64], count: int) -> Surface:
    """Return about `count` triangles of even size and shape (ACVD, Valette and Chassery 2004)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyacvd uses what pyvista will rename
        import pyacvd
        import pyvista

        clusters = pyacvd.Clustering(pyvista.PolyData.from_regular_faces(places, faces))
        splits = 0
        while len(places) * 4**splits < _POINTS_A_CLUSTER * count / 2 and splits < _MOST_SPLITS:
            splits += 1
        if splits:
            clusters.subdivide(splits)
        clusters.cluster(max(count // 2, 4))
        made = clusters.create_mesh()
    return np.asarray(made.points, np.float64), np.asarray(made.regular_faces, np.int64)


def quads(places: Places, faces: NDArray[np.int64], count: int) -> Surface:
    """Return about `count` quads that follow the shape (Instant Meshes, Jakob et al. 2015). It writes to stdout."""
    import pynanoinstantmeshes

    # What it makes of a wanted vertex is four quads.
    made = pynanoinstantmeshes.remesh(
        places.astype(np.float32), faces.astype(np.uint32), max(count // 4, 8), deterministic=True
    )
    return np.asarray(made[0], np.float64), np.asarray(made[1], np.int64)


def quads_can_be_made() -> bool:
    """Return whether the library for quads is here; it has no package for every system."""
    from importlib.util import find_spec

    return find_spec("pynanoinstantmeshes") is not None


def surface_mesh(made: Surface, like: Mesh) -> Mesh | None:
    """Return what was made as a mesh in the place and unit of `like`, crowded edges and small holes mended.

    Rows of four corners stay polygons where mending leaves them. None when nothing usable was made.
    """
    places, rows = made
    if not len(rows) or not np.isfinite(places).all():
        return None
    low, size = _fit(like)
    vertices = (places * size + low).astype(np.float32)
    quad = rows.shape[1] == 4
    faces = np.stack([rows[:, [0, 1, 2]], rows[:, [0, 2, 3]]], axis=1).reshape(-1, 3) if quad else rows
    # Each face carries the number of its row through the mending as if it were a material.
    owner = np.repeat(np.arange(len(rows), dtype=np.int32), 2 if quad else 1)
    mesh = Mesh(vertices, faces.astype(np.int32), materials=(Material(),), face_materials=owner)
    mesh = _mended(mesh, closed=Topology.of(like).closed)
    if mesh is None or mesh.face_materials is None:
        return None
    kept = mesh.face_materials
    starts = np.ones(mesh.face_count, bool)
    starts[1:] = kept[1:] != kept[:-1]
    return mesh.changed(
        face_materials=None,
        polygons=joined(mesh.faces, starts) if quad else None,
        metres_per_unit=like.metres_per_unit,
        name=like.name,
        extras=like.extras,
    )


def _mended(mesh: Mesh, *, closed: bool) -> Mesh | None:
    if Topology.of(mesh).closed:
        return mesh
    for step in (mend.without_useless_faces, mend.without_fins, mend.agreeing, mend.without_pinches):
        mesh = step(mesh).mesh
        if not mesh.face_count:
            return None
    if not closed:
        return mesh
    before = mesh.face_count
    mesh = mend.outward(closed_holes(mesh).mesh).mesh
    groups = mesh.face_materials
    if groups is not None:
        new = np.arange(mesh.face_count) >= before
        groups = np.where(new, groups.max() + 1 + np.arange(mesh.face_count), groups).astype(np.int32)
    return mesh.changed(face_materials=groups)
