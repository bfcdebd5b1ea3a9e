"""Meshes to work on, whole and damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.tools import TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Ran:
    """What a tool left: its mesh, further meshes by name, report file and what it told."""

    def __init__(self, outputs: tuple[Any, ...], context: Any) -> None:
        self.mesh = read_glb(outputs[0].path)
        self.parts = {
            output.name: read_glb(output.path)
            for output in outputs
            if output.slot not in ("mesh", "maps", "report")
        }
        self.maps = {
            output.name: np.asarray(Image.open(output.path)) for output in outputs if output.slot == "maps"
        }
        self.report = next((output.path for output in outputs if output.slot == "report"), None)
        self.facts = context.facts
        self.warnings = context.warnings
        self.previews = context.previews


@pytest.fixture
def run_tool(make_context: Callable[..., Any], tmp_path: Path) -> Callable[..., Ran]:
    """Run a tool on meshes as the worker does."""

    def run(entry: str, mesh: Mesh, other: Mesh | None = None, **settings: object) -> Ran:
        inputs = {}
        for slot, given in (("mesh", mesh), ("other", other)):
            if given is not None:
                path = tmp_path / f"{slot}.glb"
                write_glb(given, path)
                inputs[slot] = (local_file(path, AssetKind.mesh, f"{slot}.glb"),)
        tool, context = TOOLS[entry], make_context()
        return Ran(tool.run(inputs, tool.params.check(tool.id, settings), context), context)

    return run


@pytest.fixture(scope="session")
def torus() -> Mesh:
    """A closed ring of 30 mm with a bumpy surface, 9216 faces, welded, without UVs."""
    around, across = 96, 48
    u, v = np.meshgrid(
        np.linspace(0, 2 * np.pi, around, endpoint=False),
        np.linspace(0, 2 * np.pi, across, endpoint=False),
        indexing="ij",
    )
    radius = 4 + 0.3 * np.sin(5 * u) * np.cos(3 * v)
    ring = 11 + radius * np.cos(v)
    places = np.stack([ring * np.cos(u), radius * np.sin(v), -ring * np.sin(u)], axis=-1).reshape(-1, 3)
    at = np.arange(around * across).reshape(around, across)
    right, up = np.roll(at, -1, axis=0), np.roll(at, -1, axis=1)
    both = np.roll(right, -1, axis=1)
    quads = np.stack([at, right, both, up], axis=-1).reshape(-1, 4)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    return Mesh(places.astype(np.float32), faces, metres_per_unit=0.001, name="torus")


@pytest.fixture
def damaged(torus: Mesh) -> Mesh:
    """The ring with half a per cent of its faces gone, two per cent turned, and 5 floaters."""
    random = np.random.default_rng(5)
    faces = torus.faces[random.random(torus.face_count) > 0.005].copy()
    turned = random.random(len(faces)) < 0.02
    faces[turned] = faces[turned][:, ::-1]
    tiny = np.float32([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.1]])
    sides = np.int32([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    places, count = [torus.vertices], torus.vertex_count
    for number in range(5):
        places.append(tiny + np.float32([number, 8, 3]))
        faces = np.concatenate([faces, sides + np.int32(count + 4 * number)])
    return torus.changed(vertices=np.concatenate(places), faces=faces)
