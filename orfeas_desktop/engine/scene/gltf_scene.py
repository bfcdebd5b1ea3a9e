"""The tree of a glTF document as a Scene: nodes, levels of detail, collision pieces, cameras and lights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.gltf_accessors import GltfArrays, item
from orfeas_desktop.engine.mesh.gltf_container import parse_document, split_glb
from orfeas_desktop.engine.mesh.gltf_materials import GltfMaterials
from orfeas_desktop.engine.mesh.gltf_read import (
    PlacedMesh,
    check_size,
    file_extras,
    local_mesh,
    node_matrix,
    node_unit,
)
from orfeas_desktop.engine.mesh.gltf_schema import GltfSpot
from orfeas_desktop.engine.mesh.source_files import Broken, read_bounded, require
from orfeas_desktop.engine.scene.flatten import in_metres, moved
from orfeas_desktop.engine.scene.matrices import relative, transforms_of
from orfeas_desktop.engine.scene.naming import gathered_by_name
from orfeas_desktop.engine.scene.scene import Camera, Light, LightKind, Node, Scene, Transform
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.gltf_schema import GltfCamera, GltfDocument, GltfNode
    from orfeas_desktop.engine.mesh.mesh import Mesh

MAX_DEPTH = 400
_NAME = 200


def read_scene_glb(path: Path, name: str) -> Scene:
    """Return the scene of the GLB at `path`, called `name`; its meshes are in metres.

    Nodes of MSFT_lod, and siblings called `NAME_LOD1` … and `UCX_NAME_01` …, become levels and collision pieces of
    their node. Raises BadMesh for anything broken or hostile, FileMissing, NotAFile, PermissionDenied.
    """
    data = read_bounded(path)
    try:
        text, binary = split_glb(data)
        scene = _SceneReader(parse_document(text), binary, name).scene()
        for placed in scene.walk():
            node = placed.node
            for mesh in (node.mesh, *node.lods, *node.collision):
                if mesh is not None:
                    mesh.check()
    except Broken as problem:
        raise BadMesh(name=name, problem=str(problem)) from None
    except BadMesh as problem:
        raise BadMesh(name=name, problem=str(problem.arguments["problem"])) from None
    return scene


@dataclass
class _SceneReader:
    document: GltfDocument
    binary: memoryview | None
    name: str

    def __post_init__(self) -> None:
        self._arrays = GltfArrays(self.document, self.binary, None)
        self._materials = GltfMaterials(self.document, self._arrays, None)
        self._meshes: dict[tuple[int, float], Mesh | None] = {}
        self._built: dict[int, Node] = {}

    def scene(self) -> Scene:
        """Return the whole scene. Raises Broken."""
        roots = self._roots()
        order = self._order(roots)
        used = [self.document.nodes[index] for index in order]
        placed = [PlacedMesh(node.mesh, np.eye(4), node) for node in used if node.mesh is not None]
        for place in placed:
            item(self.document.meshes, place.mesh, "mesh")
        check_size(self.document, self._arrays, placed)
        for index in reversed(order):
            self._built[index] = self._node(index)
        nodes = gathered_by_name(tuple(self._built[index] for index in roots))
        scene = Scene(nodes, self.name, file_extras(self.document))
        require(any(placed.node.mesh is not None for placed in scene.walk()), "it has no triangles")
        return scene

    def _roots(self) -> list[int]:
        document = self.document
        if document.scenes:
            return item(document.scenes, document.scene or 0, "scene").nodes
        below = {child for node in document.nodes for child in node.children}
        roots = [index for index in range(len(document.nodes)) if index not in below]
        require(bool(roots) or not document.nodes, "its nodes form a loop")
        return roots

    def _order(self, roots: list[int]) -> list[int]:
        """Return the nodes of the scene, parents first; a node met twice is a loop or a tangle, and refused."""
        seen: dict[int, None] = {}
        stack = [(index, 0) for index in reversed(roots)]
        while stack:
            index, depth = stack.pop()
            require(index not in seen, "its nodes form a loop")
            require(depth <= MAX_DEPTH, "its nodes are nested more than {limit} deep", limit=MAX_DEPTH)
            seen[index] = None
            node = item(self.document.nodes, index, "node")
            stack += [(child, depth + 1) for child in reversed(node.children)]
        return list(seen)

    def _node(self, index: int) -> Node:
        record = self.document.nodes[index]
        outer, *inner = _places(record)
        title = _title(record.name or self._mesh_name(record) or "node")
        node = Node(
            name=title,
            mesh=None if record.mesh is None else self._mesh(record.mesh, node_unit(record)),
            transform=inner[0] if inner else outer,
            children=gathered_by_name(tuple(self._built[child] for child in record.children)),
            lods=self._lods(record) if record.mesh is not None else (),
            camera=self._camera(record.camera),
            light=self._light(record),
        )
        return (
            Node(title, transform=outer, children=(replace(node, name=f"{title} shape"),)) if inner else node
        )

    def _mesh_name(self, record: GltfNode) -> str | None:
        return None if record.mesh is None else self.document.meshes[record.mesh].name

    def _mesh(self, index: int, unit: float) -> Mesh | None:
        key = (index, unit)
        if key not in self._meshes:
            mesh = local_mesh(self.document, self._arrays, self._materials, index)
            if mesh is not None:
                title = _title(self.document.meshes[index].name or self.name)
                mesh = in_metres(mesh.changed(metres_per_unit=unit, name=title))
            self._meshes[key] = mesh
        return self._meshes[key]

    def _lods(self, record: GltfNode) -> tuple[Mesh, ...]:
        """Return the meshes of the nodes that MSFT_lod names, in the space of `record`."""
        named = record.extensions.lods.ids if record.extensions and record.extensions.lods else []
        levels: list[Mesh] = []
        own = _metric(record)
        for index in named:
            other = item(self.document.nodes, index, "node")
            if other.mesh is None:
                continue
            item(self.document.meshes, other.mesh, "mesh")
            check_size(self.document, self._arrays, [PlacedMesh(other.mesh, own, other)])
            mesh = self._mesh(other.mesh, node_unit(other))
            if mesh is not None:
                levels.append(moved(mesh, relative(own, _metric(other))))
        return tuple(levels)

    def _camera(self, index: int | None) -> Camera | None:
        return None if index is None else _camera_of(item(self.document.cameras, index, "camera"))

    def _light(self, record: GltfNode) -> Light | None:
        use = record.extensions.light if record.extensions else None
        extensions = self.document.extensions
        if use is None or extensions is None or extensions.lights is None:
            return None
        light = item(extensions.lights.lights, use.light, "light")
        if light.type not in {kind.value for kind in LightKind}:
            return None
        spot = light.spot or GltfSpot()
        return Light(
            LightKind(light.type),
            light.color,
            light.intensity,
            light.range,
            spot.inner_cone_angle,
            spot.outer_cone_angle,
        )


def _places(record: GltfNode) -> tuple[Transform, ...]:
    if record.matrix is not None:
        return transforms_of(_metric(record))
    unit, length = node_unit(record), float(np.linalg.norm(record.rotation))
    x, y, z = (float(f"{value / unit:.12g}") if unit != 1.0 else value for value in record.scale)
    a, b, c, d = (value / length for value in record.rotation) if length else (0.0, 0.0, 0.0, 1.0)
    return (Transform(record.translation, (a, b, c, d), (x, y, z)),)


def _metric(record: GltfNode) -> NDArray[np.float64]:
    """Return the node's matrix for meshes in metres, whatever unit its own mesh is stored in."""
    matrix, unit = node_matrix(record), node_unit(record)
    if unit != 1.0:
        matrix[:3, :3] = np.round(matrix[:3, :3] / unit, 12)
    return matrix


def _title(name: str) -> str:
    return " ".join(name.split())[:_NAME] or "node"


def _camera_of(record: GltfCamera) -> Camera | None:
    if record.perspective is not None:
        seen = record.perspective
        return Camera(seen.yfov, seen.aspect_ratio, seen.znear, seen.zfar)
    if record.orthographic is not None and record.orthographic.ymag:
        flat = record.orthographic
        return Camera(
            aspect=abs(flat.xmag / flat.ymag), near=flat.znear, far=flat.zfar, height=2 * abs(flat.ymag)
        )
    return None
