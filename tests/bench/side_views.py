"""Renders a mesh from its four sides, in distinct colours, as the pictures of a multi-view job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import trimesh
    from numpy.typing import NDArray

AZIMUTHS = {"front": 0, "left": -90, "back": 180, "right": 90}
"""Degrees; the camera of `left` stands at -x, as the viewer of the front has it."""


def side_views(
    mesh: trimesh.Trimesh, pixels: int = 512, elevation: float = 0.0
) -> dict[str, NDArray[np.uint8]]:
    """Return RGBA pictures by side; perspective, vertical field of view 30 degrees, lit, without ground."""
    import pyvista as pv

    low, high = mesh.bounds
    vertices = (mesh.vertices - (low + high) / 2) / (high - low).max()
    surface = pv.make_tri_mesh(vertices, mesh.faces).subdivide_adaptive(max_edge_len=0.05)
    surface["colour"] = colours_of(np.asarray(surface.points))
    plotter = pv.Plotter(off_screen=True, window_size=(pixels, pixels))
    plotter.set_background("white")
    plotter.add_mesh(surface, scalars="colour", rgb=True, ambient=0.4, diffuse=0.7)
    plotter.camera.view_angle = 30
    pictures = {}
    for side, azimuth in AZIMUTHS.items():
        turn, rise = np.radians(azimuth), np.radians(elevation)
        eye = np.array([np.sin(turn) * np.cos(rise), np.sin(rise), np.cos(turn) * np.cos(rise)]) * 2.9
        plotter.camera_position = [tuple(eye), (0, 0, 0), (0, 1, 0)]
        plotter.camera.clipping_range = (0.5, 6)
        plotter.render()
        pictures[side] = np.array(plotter.screenshot(None, return_img=True, transparent_background=True))
    plotter.close()
    return pictures


def colours_of(points: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a colour per place, so that every side and every height looks different."""
    low, high = points.min(axis=0), points.max(axis=0)
    share = (points - low) / np.maximum(high - low, 1e-9)
    bands = 0.85 + 0.15 * np.sign(np.sin(share[:, 1:2] * 40))
    return (np.clip(40 + 200 * share * bands, 0, 255)).astype(np.uint8)
