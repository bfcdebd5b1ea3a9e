"""The asset that every format is judged with, and what it must read back as."""

from __future__ import annotations

import io
import math
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.mesh.pick import picked
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, write_scene
from orfeas_desktop.engine.scene.scene import Camera, Light, LightKind, Node, Scene, Transform
from tests.engine.conftest import RecordingContext
from tests.engine.exporters.readers import godot_nodes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROFILE = np.array([(0, 0), (0.6, 0), (0.6, 0.25), (0.2, 0.25), (0.2, 1.0), (0, 1.0)])
"""An L one metre high, seen from the front."""


def picture(*pixels: Any, size: int = 16) -> Texture:
    """Return a PNG whose four quarters have four colours, so that turning or flipping shows."""
    image = np.zeros((size, size, 3), np.uint8)
    half = size // 2
    for number, (rows, columns) in enumerate(
        [(slice(half), slice(half)), (slice(half), slice(half, None)), (slice(half, None), slice(half)),
         (slice(half, None), slice(half, None))]
    ):  # fmt: skip
        image[rows, columns] = pixels[number]
    out = io.BytesIO()
    Image.fromarray(image).save(out, "PNG")
    return Texture(out.getvalue(), "image/png")


PAINT = Material(
    "Red paint",
    base_color_texture=picture((250, 10, 20), (10, 240, 30), (20, 30, 230), (200, 190, 40)),
    metallic_roughness_texture=picture((0, 30, 200), (0, 90, 150), (0, 160, 80), (0, 220, 10)),
    normal_map=picture((128, 128, 255), (140, 120, 250), (120, 150, 245), (128, 128, 255)),
    occlusion_texture=picture((250, 0, 0), (200, 0, 0), (150, 0, 0), (100, 0, 0)),
    emissive=(1.0, 0.5, 0.25),
    emissive_texture=picture((1, 2, 3), (40, 30, 20), (9, 80, 7), (60, 50, 200)),
    metallic=1.0,
    roughness=1.0,
)
STEEL = Material("Steel", base_color=(0.25, 0.5, 0.75, 1.0), metallic=1.0, roughness=0.3)


def prism(parts: int) -> Mesh:
    """Return the L, extruded, each side cut into `parts` × `parts` squares; flat normals, two UV sets."""
    patches: list[np.ndarray] = []
    depth = 0.3
    ring = [np.array([x, y, 0.0]) for x, y in PROFILE]
    back = np.array([0.0, 0.0, -depth])
    for number, start in enumerate(ring):
        end = ring[(number + 1) % len(ring)]
        patches.append(np.array([start, start + back, end + back, end]))
    for low, high in (((0, 0), (0.6, 0.25)), ((0, 0.25), (0.2, 1.0))):
        (a, b), (c, d) = low, high
        front = np.array([(a, b, 0.0), (c, b, 0.0), (c, d, 0.0), (a, d, 0.0)])
        patches.append(front)
        patches.append(front[::-1] + back)
    vertices, normals, uvs, faces = [], [], [], []
    steps = np.linspace(0, 1, parts + 1)
    for patch in patches:
        base = sum(len(part) for part in vertices)
        u, v = np.meshgrid(steps, steps, indexing="ij")
        u, v = u[..., None], v[..., None]
        grid = (
            patch[0] * (1 - u) * (1 - v) + patch[1] * u * (1 - v) + patch[2] * u * v + patch[3] * (1 - u) * v
        )
        normal = np.cross(patch[1] - patch[0], patch[3] - patch[0])
        normal /= np.linalg.norm(normal)
        vertices.append(grid.reshape(-1, 3))
        normals.append(np.tile(normal, (grid.shape[0] * grid.shape[1], 1)))
        uvs.append(np.concatenate([0.1 + 0.8 * u, 0.05 + 0.9 * v], axis=-1).reshape(-1, 2))
        at = base + np.arange((parts + 1) ** 2).reshape(parts + 1, parts + 1)
        quads = np.stack([at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]], axis=-1).reshape(-1, 4)
        faces.append(np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]))
    count = sum(map(len, faces))
    groups = np.zeros(count, np.int32)
    groups[count // 3 :] = 1
    uv = np.concatenate(uvs).astype(np.float32)
    return Mesh(
        np.concatenate(vertices).astype(np.float32),
        np.concatenate(faces).astype(np.int32),
        normals=np.concatenate(normals).astype(np.float32),
        uvs=(uv, uv[:, ::-1] * np.float32(0.5)),
        materials=(PAINT, STEEL),
        face_materials=groups,
        name="ell",
    )


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> Mesh:
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [triangle for a, b, c, d in quads for triangle in ((a, b, c), (a, c, d))]
    span = np.subtract(high, low).astype(np.float32)
    return Mesh(corners * span + np.array(low, np.float32), np.array(faces, np.int32), name="piece")


DOWN = (math.sin(math.radians(-30)), 0.0, 0.0, math.cos(math.radians(-30)))
"""Turns what looks along -z 60 degrees down."""
LAMPS = (
    Node(
        "Sun",
        transform=Transform((0.2, 1.5, 0.3), DOWN),
        light=Light(LightKind.sun, (1.0, 0.5, 0.25), 3.0),
    ),
    Node(
        "Bulb",
        transform=Transform((1.0, 1.0, 1.0)),
        light=Light(color=(1.0, 0.8, 0.6), intensity=54.0),
    ),
    Node(
        "Torch",
        transform=Transform((0.2, 1.5, 0.3), DOWN),
        light=Light(LightKind.spot, (0.2, 0.8, 1.0), 54.0, None, 0.2, 0.5),
    ),
)


def make_asset() -> Scene:
    """An L with three levels and two hulls, a turned and scaled child, a mirrored node, a camera and three lights."""
    ell, middle, coarse = prism(4), prism(2), prism(1)
    wedge = picked(ell, np.arange(40)).changed(face_materials=None, materials=(PAINT,), name="wedge")
    turn = (0.0, 0.0, math.sin(math.radians(15)), math.cos(math.radians(15)))
    child = Node("Arm", wedge, Transform((0.3, 0.5, 0.1), turn, (1.5, 0.5, 0.8)))
    pieces = (box((0, 0, -0.3), (0.6, 0.25, 0)), box((0, 0.25, -0.3), (0.2, 1.0, 0)))
    tilt = (math.sin(math.radians(-10)), 0.0, 0.0, math.cos(math.radians(-10)))
    return Scene(
        (
            Node("Ell", ell, Transform((0.5, 0.0, -0.25)), (child,), (middle, coarse), pieces),
            Node("Mirrored", wedge, Transform((-0.4, 0.2, 0.1), tilt, (-1.0, 1.0, 1.0))),
            Node("Eye", camera=Camera(0.8, 1.5, 0.05, 40.0), transform=Transform((0.0, 1.0, 4.0), tilt)),
            *LAMPS,
        ),
        "asset",
        {"seed": 7, "notice": "A licence asks to be told."},
    )


@pytest.fixture(scope="session")
def asset() -> Scene:
    return make_asset()


@pytest.fixture(scope="session")
def asset_file(asset: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("asset") / "asset.glb"
    write_scene(asset, path, style=GltfStyle(pieces=True))
    return path


@pytest.fixture(scope="session")
def dark_file(asset: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The asset without lights: assimp 5.2.5 cannot hand on those of a glTF."""
    path = tmp_path_factory.mktemp("dark") / "asset.glb"
    nodes = tuple(node for node in asset.nodes if node.light is None)
    write_scene(replace(asset, nodes=nodes), path, style=GltfStyle(pieces=True))
    return path


@pytest.fixture(scope="session")
def exported() -> Callable[..., Path]:
    """Export a mesh file into a folder under `name`; return the main file, whose folder holds the rest."""

    def run(entry: str, source: Path, folder: Path, *, name: str = "asset", **settings: object) -> Path:
        exporter = EXPORTERS[entry]
        staging = folder / name
        staging.mkdir()
        context = RecordingContext(staging, folder)
        file = replace(local_file(source, AssetKind.mesh), name="asset.glb")
        params = exporter.params.check(entry, {"name": name, **settings})
        return exporter.run({"mesh": (file,)}, params, context)[0].path

    return run


@pytest.fixture(scope="session")
def godot(asset_file: Path, tmp_path_factory: pytest.TempPathFactory, exported: Callable[..., Path]) -> Any:
    """What Godot 3 imports, by exporter: all files in one run, because its editor takes seconds to start."""
    folder, project = tmp_path_factory.mktemp("exports"), tmp_path_factory.mktemp("godot")
    names: dict[str, str] = {}
    for title, (entry, settings) in GODOT_TAKES.items():
        path = exported(entry, asset_file, folder, name=title, **settings)
        if path.suffix == ".tscn":  # of format 3, which is Godot 4's
            path = path.with_suffix(".glb")
        names[title] = path.name
        for file in path.parent.glob("*.[!t]*"):
            shutil.copy(file, project / file.name)
    found = godot_nodes(project, names.values())
    return {title: found[name] for title, name in names.items()}


GODOT_TAKES: dict[str, tuple[str, dict[str, object]]] = {
    "god_maya": ("fbx", {"preset": "maya"}),
    "god_3dsmax": ("fbx", {"preset": "3dsmax"}),
    "god_glb": ("glb", {"levels": "nodes", "pieces": True}),
    "god_four": ("godot", {}),
}
