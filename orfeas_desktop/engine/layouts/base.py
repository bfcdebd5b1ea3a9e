"""Layout: several meshes go in, one scene comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar, cast

import numpy as np

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.jobs.context import Inputs, JobContext, Output, WorkEntry
from orfeas_desktop.engine.mesh.files import read_mesh_file
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.scene.gltf_write_scene import write_scene
from orfeas_desktop.engine.scene.scene import Node, Scene, Transform
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

P = TypeVar("P", bound=Params)

MESHES_IN = (Slot("meshes", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Meshes"), many=True),)
MESH_OUT = (Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Scene")),)


def gap_param() -> float:
    """Return the field that asks how far neighbours stand apart, in millimetres."""
    return param(
        50.0,
        QT_TRANSLATE_NOOP("Params", "Gap"),
        QT_TRANSLATE_NOOP("Params", "Free space between neighbours."),
        ge=0.0,
        le=100_000.0,
        traits=Traits(unit="mm", step=10.0),
    )


def middles(sides: Sequence[float], gap: float) -> list[float]:
    """Return where the middles of neighbours of these sizes lie, around 0."""
    at = -(sum(sides) + gap * (len(sides) - 1)) / 2
    found: list[float] = []
    for side in sides:
        found.append(at + side / 2)
        at += side + gap
    return found


@dataclass(frozen=True)
class Footprint:
    """How much room a mesh takes, in metres."""

    center: tuple[float, float, float]
    """The middle of its bounds."""
    width: float
    height: float
    depth: float

    @classmethod
    def of(cls, mesh: Mesh) -> Footprint:
        """Return the room that `mesh` takes."""
        low, high = (side.astype(np.float64) * mesh.metres_per_unit for side in mesh.bounds)
        x, y, z = ((low + high) / 2).tolist()
        width, height, depth = (high - low).tolist()
        return cls((x, y, z), width, height, depth)

    def at(self, x: float, z: float, turn: float = 0.0) -> Transform:
        """Return the transform that stands it on the floor over (x, z), turned by `turn` radians about its middle."""
        middle_x, middle_y, middle_z = self.center
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        turned_x, turned_z = cos * middle_x + sin * middle_z, -sin * middle_x + cos * middle_z
        rotation = (0.0, float(np.sin(turn / 2)), 0.0, float(np.cos(turn / 2)))
        return Transform((x - turned_x, self.height / 2 - middle_y, z - turned_z), rotation)


@dataclass(frozen=True, kw_only=True)
class Layout(WorkEntry, Generic[P]):
    """A layout says with `arrange(footprints, params)` where each mesh stands; reading and writing are done for it."""

    arrange: Callable[[Sequence[Footprint], P], Sequence[Transform]]
    inputs: tuple[Slot, ...] = MESHES_IN
    outputs: tuple[Slot, ...] = MESH_OUT
    lane: Lane = Lane.cpu

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Leave one GLB with a node per mesh. Raises BadMesh."""
        given = inputs["meshes"]
        meshes: list[Mesh] = []
        known: dict[str, Mesh] = {}
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Read")):
            for number, file in enumerate(given):
                context.progress(number / len(given))
                if file.digest not in known:
                    known[file.digest] = read_mesh_file(file)
                meshes.append(known[file.digest])
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Write")):
            places = self.arrange([Footprint.of(mesh) for mesh in meshes], cast("P", params))
            scene = Scene()
            for file, mesh, place in zip(given, meshes, places, strict=True):
                scene = scene.with_node(Node(Path(file.name).stem or "mesh", mesh, place))
            path = context.staging / f"{self.id}.glb"
            write_scene(scene, path)
            context.fact("meshes", len(meshes))
            context.fact("faces", sum(mesh.face_count for mesh in meshes))
            context.progress(1.0)
        return (Output("mesh", path, AssetKind.mesh, path.name),)
