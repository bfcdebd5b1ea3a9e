"""A Scene becomes a GLB: its tree, levels of detail, collision pieces, cameras and lights."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import JsonValue

from orfeas_desktop.engine.mesh.gltf_compress import Compression
from orfeas_desktop.engine.mesh.gltf_schema import (
    GltfCamera,
    GltfLight,
    GltfLightUse,
    GltfLods,
    GltfNode,
    GltfNodeExtensions,
    GltfOrthographic,
    GltfPerspective,
    GltfSpot,
)
from orfeas_desktop.engine.mesh.gltf_write import LODS, GltfBuilder
from orfeas_desktop.engine.mesh.transform import Transform
from orfeas_desktop.engine.scene.flatten import in_metres
from orfeas_desktop.engine.scene.scene import LightKind
from orfeas_desktop.engine.scene.tangents import with_tangents_for_finish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Camera, Light, Node, Scene
    from orfeas_desktop.params import Scalar


COLLISION_KEY = "orfeas_collision"
"""The extra that names a node's collision pieces."""


class LevelStyle(StrEnum):
    """How levels of detail are told in a glTF."""

    extension = "extension"
    """MSFT_lod: readers that do not know it show the finest level alone."""
    nodes = "nodes"
    """Nodes called NAME_LOD0, NAME_LOD1 …; readers that do not know the names show all of them."""
    none = "none"


@dataclass(frozen=True)
class GltfStyle:
    """What of a scene is written, and how."""

    levels: LevelStyle = LevelStyle.extension
    pieces: bool = False
    """Whether collision pieces become nodes called UCX_NAME_01 …"""
    compression: Compression = Compression.none
    aside: bool = False
    """Whether they stand outside the tree, named by their node's extras: other readers show and read none of them."""


KEPT = GltfStyle(LevelStyle.extension, aside=True)
"""How the library keeps a scene: whoever wants one mesh finds the finest meshes alone."""


def write_scene(
    scene: Scene, path: Path, *, extras: Mapping[str, Scalar] | None = None, style: GltfStyle | None = None
) -> tuple[Path, ...]:
    """Write the whole tree as a GLB, or as .gltf with files beside it, which are returned.

    A mesh that several nodes hold is stored once. Raises BadMesh, OSError, and ValueError for an empty scene.
    """
    if not scene.nodes:
        raise ValueError("a scene without nodes cannot be written")
    separate = path.suffix == ".gltf"
    style = style or GltfStyle()
    scene = with_tangents_for_finish(scene)
    writing = _Writing(GltfBuilder(path if separate else None, style.compression), style)
    roots = [number for node in scene.nodes for number in writing.nodes(node)]
    kept = scene.extras if extras is None else extras
    if separate:
        return writing.builder.write_beside(path, kept, roots)
    with path.open("wb") as stream:
        writing.builder.write(stream, kept, roots)
    return ()


@dataclass
class _Writing:
    builder: GltfBuilder
    style: GltfStyle

    def nodes(self, node: Node) -> list[int]:
        """Store a node with what is below it; return it and what stands beside it."""
        named = self.style.levels is LevelStyle.nodes and bool(node.lods)
        own = self._node(node, f"{node.name}_LOD0" if named else node.name)
        beside: list[int] = []
        if named:
            beside = [
                self._mesh_node(f"{node.name}_LOD{level}", mesh, node.transform)
                for level, mesh in enumerate(node.lods, 1)
            ]
        if self.style.pieces:
            beside += [
                self._mesh_node(f"UCX_{node.name}_{number:02d}", mesh, node.transform)
                for number, mesh in enumerate(node.collision, 1)
            ]
        return [own, *beside]

    def _node(self, node: Node, name: str) -> int:
        children: list[int] = []
        for child in node.children:  # a comprehension would take a frame more of a deep tree's stack
            children += self.nodes(child)
        extensions = GltfNodeExtensions()
        if node.lods and self.style.levels is LevelStyle.extension:
            levels = [
                self._mesh_node(f"{node.name}_LOD{level}", mesh, node.transform)
                for level, mesh in enumerate(node.lods, 1)
            ]
            extensions.lods = GltfLods(ids=levels)
            self.builder.use_extension(LODS)
        if node.light is not None:
            extensions.light = GltfLightUse(light=self.builder.add_light(_light(node.light, name)))
        extras = _coverage(len(node.lods)) if extensions.lods else {}
        if node.collision and self.style.aside:
            extras[COLLISION_KEY] = [
                self._mesh_node(f"UCX_{node.name}_{number:02d}", mesh, node.transform)
                for number, mesh in enumerate(node.collision, 1)
            ]
        plain = not (children or node.camera or extras or extensions != GltfNodeExtensions())
        if plain and node.mesh is not None:
            return self.builder.add(name, node.mesh.check(), node.transform)
        return self.builder.add_node(
            GltfNode(
                name=name,
                mesh=None if node.mesh is None else self.builder.mesh(in_metres(node.mesh.check())),
                camera=None if node.camera is None else self.builder.add_camera(_camera(node.camera, name)),
                children=children,
                translation=node.transform.translation,
                rotation=node.transform.rotation,
                scale=node.transform.scale,
                extensions=None if extensions == GltfNodeExtensions() else extensions,
                extras=extras or None,
            )
        )

    def _mesh_node(self, name: str, mesh: Mesh, transform: Transform) -> int:
        return self.builder.add(name, mesh.check(), transform)


def _coverage(coarser: int) -> dict[str, JsonValue]:
    """Return from what share of the screen on each level is shown."""
    shares: list[JsonValue] = [*(0.5 ** (level + 1) for level in range(coarser)), 0.0]
    return {"MSFT_screencoverage": shares}


def _camera(camera: Camera, name: str) -> GltfCamera:
    aspect = camera.aspect or 16 / 9
    if camera.height is not None:
        flat = GltfOrthographic(
            xmag=camera.height * aspect / 2,
            ymag=camera.height / 2,
            znear=camera.near,
            zfar=camera.far or 1000.0,
        )
        return GltfCamera(name=name, type="orthographic", orthographic=flat)
    seen = GltfPerspective(
        aspect_ratio=camera.aspect, yfov=camera.vertical_angle, zfar=camera.far, znear=camera.near
    )
    return GltfCamera(name=name, type="perspective", perspective=seen)


def _light(light: Light, name: str) -> GltfLight:
    spot = None
    if light.kind is LightKind.spot:
        spot = GltfSpot(inner_cone_angle=light.inner_cone, outer_cone_angle=light.outer_cone)
    return GltfLight(
        name=name,
        type=light.kind.value,
        color=light.color,
        intensity=light.intensity,
        range=light.reach,
        spot=spot,
    )
