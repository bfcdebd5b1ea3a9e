"""Convex shapes around a mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Mesh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Parts = list[tuple[NDArray[np.float64], NDArray[np.int32]]]


def convex_hull(points: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.int32]] | None:
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


def box_around(mesh: Mesh) -> tuple[NDArray[np.float64], NDArray[np.int32]] | None:
    """Return the box along the axes as vertices and faces; None for a flat mesh."""
    low, high = (side.astype(np.float64) for side in mesh.bounds)
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    return convex_hull(low + corners * (high - low))


def hull_mesh(part: tuple[NDArray[np.float64], NDArray[np.int32]], like: Mesh, name: str) -> Mesh:
    """Return a convex part as a mesh with the unit of `like`."""
    return Mesh(part[0].astype(np.float32), part[1], metres_per_unit=like.metres_per_unit, name=name)
