"""Convex shapes around a mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Part = tuple[NDArray[np.float64], NDArray[np.int32]]
    Parts = list[Part]


def convex_hull(points: NDArray[np.floating]) -> Part | None:
    """Return vertices and outward faces of the convex hull; None for points in one plane."""
    import manifold3d

    hull = manifold3d.Manifold.hull_points(np.ascontiguousarray(points, np.float64))
    if hull.num_tri() < 4 or hull.volume() <= 0:
        return None
    made = hull.to_mesh64()
    return np.asarray(made.vert_properties)[:, :3].astype(np.float64), np.asarray(made.tri_verts).astype(
        np.int32
    )


def convex_parts(vertices: NDArray[np.float32], faces: NDArray[np.int32], most: int, corners: int) -> Parts:
    """Return at most `most` convex parts of at most `corners` vertices that cover the mesh (V-HACD)."""
    import vhacdx

    parts = vhacdx.compute_vhacd(
        vertices.astype(np.float64),
        faces.astype(np.uint32),
        maxConvexHulls=most,
        resolution=100_000,
        maxNumVerticesPerCH=corners,
        asyncACD=False,
    )
    hulls = [convex_hull(points) for points, _ in parts]
    return [hull for hull in hulls if hull is not None]


def concave_parts(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    most: int,
    corners: int,
    concavity: float,
    seed: int,
) -> Parts:
    """Return at most `most` convex parts of at most `corners` vertices that fit the mesh closely (CoACD)."""
    import coacd

    ids = welded_ids(vertices)  # else it takes seams for holes and makes a new surface first, which is slow
    whole = ids[faces][(ids[faces] != ids[np.roll(faces, 1, axis=1)]).all(axis=1)]
    coacd.set_log_level("error")
    parts = coacd.run_coacd(
        coacd.Mesh(vertices[first_of_each(ids)].astype(np.float64), whole.astype(np.int32)),
        threshold=concavity,
        max_convex_hull=most,
        decimate=True,
        max_ch_vertex=corners,
        seed=seed,
    )
    hulls = [convex_hull(points) for points, _ in parts]
    return [hull for hull in hulls if hull is not None]


def simpler_hull(hull: Part, corners: int) -> Part:
    """Return a convex body of at most `corners` vertices around a convex body; itself when it has no more.

    It is bounded by the planes of its box and by those of groups of its faces that look alike.
    """
    from scipy.spatial import HalfspaceIntersection

    if len(hull[0]) <= corners:
        return hull
    middle = hull[0].mean(axis=0)
    points = hull[0] - middle
    ways = np.concatenate(
        [np.eye(3), -np.eye(3), _main_ways(points, hull[1], max((corners + 4) // 2 - 6, 0))]
    )
    reach = (points @ ways.T).max(axis=0)
    bounds = np.concatenate([ways, -reach[:, None]], axis=1)
    made = convex_hull(HalfspaceIntersection(bounds, np.zeros(3)).intersections + middle)
    return hull if made is None else made


def _main_ways(points: NDArray[np.float64], faces: NDArray[np.int32], count: int) -> NDArray[np.float64]:
    """Return at most `count` unit directions about which the faces' normals gather, by area."""
    normals = face_normals(points.astype(np.float32), faces)
    areas = np.linalg.norm(normals, axis=1)
    normals = normals[areas > 0] / areas[areas > 0, None]
    areas = areas[areas > 0]
    chosen = [int(areas.argmax())]
    closest = normals @ normals[chosen[0]]
    while len(chosen) < min(count, len(normals)):
        chosen.append(int((areas * (1 - closest)).argmax()))
        closest = np.maximum(closest, normals @ normals[chosen[-1]])
    ways = normals[chosen]
    for _ in range(5):
        owner = (normals @ ways.T).argmax(axis=1)
        sums = np.zeros_like(ways)
        np.add.at(sums, owner, normals * areas[:, None])
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        ways = np.where(length > 0, sums / np.where(length > 0, length, 1.0), ways)
    return ways[:count]


def hull_mesh(part: Part, like: Mesh, name: str) -> Mesh:
    """Return a convex part as a mesh with the unit of `like`."""
    return Mesh(part[0].astype(np.float32), part[1], metres_per_unit=like.metres_per_unit, name=name)
