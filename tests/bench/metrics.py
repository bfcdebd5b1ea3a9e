"""How near a mesh built from one picture comes to the true one, in the camera's frame.

The measures and conventions are those of the relief bench (its own work, CC0), rewritten. Lengths are in units of
the true mesh's largest extent in the camera's frame.

alignment   scale and shift by the boxes in x and y; z by three robust nearest-neighbour steps. No rotation, no scale
            per axis: depth is judged.
cd          Chamfer-L1: mean of the two mean nearest-neighbour distances
f05, f02    F-score at 0.05 and 0.02
nc          normal consistency: mean |cos| between normals of nearest samples, both ways
viou        intersection over union of solid voxels, 48 a side
siou        of the parallel front silhouette with the true mask, cropped to their boxes, 256 pixels
depth       z extent over the true one
psnr, ssim  unlit parallel front render against the picture, inside both masks
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import trimesh
from scipy import ndimage
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Camera = dict[str, Any]

VOXELS = 48


@dataclass(frozen=True)
class Samples:
    """Points of a surface and their normals."""

    points: Doubles
    normals: Doubles


def sampled(mesh: trimesh.Trimesh, count: int, seed: int = 0) -> Samples:
    points, faces = trimesh.sample.sample_surface(mesh, count, seed=seed)
    return Samples(np.asarray(points), np.asarray(mesh.face_normals)[faces])


def in_camera(mesh: trimesh.Trimesh, camera: Camera | None) -> trimesh.Trimesh:
    """Return the mesh in the camera's frame (None: as it stands), its largest extent 1."""
    vertices = np.asarray(mesh.vertices, float)
    if camera is not None:
        vertices = (vertices - np.asarray(camera["target"])) @ np.asarray(camera["R_world_to_camera"]).T
    return trimesh.Trimesh(vertices / np.ptp(vertices, axis=0).max(), mesh.faces, process=False)


def alignment(
    made: trimesh.Trimesh, points: Doubles, true: trimesh.Trimesh, goal: Doubles
) -> tuple[float, Doubles]:
    """Return the scale and shift that lay the made mesh on the true one."""
    low, high = made.bounds
    true_low, true_high = true.bounds
    scale = (true_high - true_low)[:2].max() / max((high - low)[:2].max(), 1e-9)
    shift = (true_low + true_high) / 2 - scale * (low + high) / 2
    tree, some, some_goal = cKDTree(goal), points[::5], goal[::5]
    for _ in range(3):
        laid = some * scale + shift
        nearest, back = tree.query(laid)[1], cKDTree(laid).query(some_goal)[1]
        gap = np.r_[goal[nearest, 2] - laid[:, 2], some_goal[:, 2] - laid[back, 2]]
        shift[2] += np.clip(np.median(gap) * 0.5 + gap.mean() * 0.5, -0.3, 0.3)
    return scale, shift


def geometry(
    made: trimesh.Trimesh,
    true: trimesh.Trimesh,
    camera: Camera | None,
    *,
    samples: int = 10_000,
    solid: bool = True,
) -> dict[str, float]:
    """Return the measures of shape; `solid` adds the voxels'."""
    true = in_camera(true, camera)
    goal, own = sampled(true, samples), sampled(made, samples)
    scale, shift = alignment(made, own.points, true, goal.points)
    points = own.points * scale + shift
    near, to = cKDTree(goal.points).query(points)
    back_near, back_to = cKDTree(points).query(goal.points)
    found = {
        "cd": 0.5 * (near.mean() + back_near.mean()),
        "f05": f_score(near, back_near, 0.05),
        "f02": f_score(near, back_near, 0.02),
        "nc": 0.5
        * (agreement(own.normals, goal.normals[to]) + agreement(goal.normals, own.normals[back_to])),
        "depth": float(np.ptp(made.vertices[:, 2]) * scale / np.ptp(true.vertices[:, 2])),
    }
    if solid:
        found["viou"] = solid_overlap(
            sampled(made, 200_000, 1).points * scale + shift, sampled(true, 200_000).points
        )
    return {name: float(value) for name, value in found.items()}


def f_score(near: Doubles, back: Doubles, reach: float) -> float:
    precision, recall = (near < reach).mean(), (back < reach).mean()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def agreement(one: Doubles, other: Doubles) -> float:
    return float(np.abs((one * other).sum(axis=1)).mean())


def solid_overlap(one: Doubles, other: Doubles) -> float:
    low = np.minimum(one.min(axis=0), other.min(axis=0))
    size = (np.maximum(one.max(axis=0), other.max(axis=0)) - low).max() * 1.0001
    first, second = (solid_voxels(points, low, size) for points in (one, other))
    return float((first & second).sum() / max((first | second).sum(), 1))


def solid_voxels(points: Doubles, low: Doubles, size: float) -> NDArray[np.bool_]:
    grid = np.zeros((VOXELS + 2,) * 3, bool)
    index = np.floor((points - low) / size * VOXELS).astype(int) + 1
    grid[tuple(np.clip(index, 1, VOXELS).T)] = True
    return ndimage.binary_fill_holes(grid)[1:-1, 1:-1, 1:-1]


def silhouette_overlap(made: trimesh.Trimesh, mask: NDArray[np.bool_], pixels: int = 256) -> float:
    """Return the overlap of the mesh's parallel front silhouette with the mask."""
    plane = made.vertices[:, :2] - made.vertices[:, :2].min(axis=0)
    plane = plane / plane.max() * 1000
    picture = np.zeros((1010, 1010), np.uint8)
    corners = np.round(np.c_[plane[:, 0], 1000 - plane[:, 1]] + 4).astype(np.int32)
    for triangle in corners[made.faces]:
        cv2.fillConvexPoly(picture, triangle, 1)
    own, goal = _fitted(picture > 0, pixels), _fitted(mask, pixels)
    return float((own & goal).sum() / max((own | goal).sum(), 1))


def _fitted(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    rows, columns = np.nonzero(mask)
    cut = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(np.uint8)
    scale = pixels / max(cut.shape)
    size = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    cut = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
    out = np.zeros((pixels, pixels), bool)
    top, left = (pixels - cut.shape[0]) // 2, (pixels - cut.shape[1]) // 2
    out[top : top + cut.shape[0], left : left + cut.shape[1]] = cut > 0
    return out


def appearance(mesh: Any, image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> dict[str, float]:
    """Return psnr and ssim of a `Mesh` with a texture, seen from the front."""
    from skimage.metrics import structural_similarity

    colours, cover = front_render(mesh, mask)
    both = cover & mask
    error = ((colours[both].astype(float) - image[both].astype(float)) ** 2).mean()
    shown, goal = (np.where(both[..., None], picture, 255).astype(np.uint8) for picture in (colours, image))
    _, local = structural_similarity(shown, goal, channel_axis=2, full=True)
    return {"psnr": float(10 * np.log10(255**2 / max(error, 1e-9))), "ssim": float(local[both].mean())}


def front_render(mesh: Any, mask: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the unlit parallel front view, its box filling the mask's, and which pixels the mesh covers."""
    import pyvista as pv

    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    box = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    vertices = np.asarray(mesh.vertices, float).copy()
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    scale = max(box[2] - box[0], box[3] - box[1]) / (high - low)[:2].max()
    vertices = (vertices - (low + high) / 2) * scale
    vertices += [(box[0] + box[2]) / 2 - width / 2, height / 2 - (box[1] + box[3]) / 2, 0]
    surface = pv.make_tri_mesh(vertices, np.asarray(mesh.faces))
    surface.active_texture_coordinates = mesh.uvs[0] * [1, -1] + [0, 1]
    data = np.frombuffer(mesh.materials[0].base_color_texture.data, np.uint8)
    texture = pv.numpy_to_texture(cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))
    plotter = pv.Plotter(off_screen=True, window_size=(width, height), lighting="none")
    plotter.set_background("white")
    plotter.add_mesh(surface, texture=texture, lighting=False)
    plotter.camera_position = [(0, 0, 10 * max(width, height)), (0, 0, 0), (0, 1, 0)]
    plotter.camera.parallel_projection = True
    plotter.camera.parallel_scale = height / 2
    plotter.render()
    colours = np.array(plotter.screenshot(None, return_img=True))[..., :3]
    plotter.clear()
    plotter.add_mesh(surface, color="black", lighting=False)
    cover = np.array(plotter.screenshot(None, return_img=True))[..., 0] < 128
    plotter.close()
    return colours, cover
