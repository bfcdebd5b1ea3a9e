"""The tree of a glTF document as a Scene: nodes, levels of detail, collision pieces, cameras and lights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.glb import MAX_DOCUMENT_BYTES
from orfeas_desktop.engine.mesh.gltf_accessors import GltfArrays, item
from orfeas_desktop.engine.mesh.gltf_container import parse_document, split_glb
from orfeas_desktop.engine.mesh.gltf_materials import GltfMaterials
from orfeas_desktop.engine.mesh.gltf_read import (
    PlacedMesh,
    check_size,
    file_extras,
    local_mesh,
    lods_of,
    node_matrix,
    node_unit,
)
from orfeas_desktop.engine.mesh.gltf_schema import GltfSpot
from orfeas_desktop.engine.mesh.source_files import Broken, one_line, read_bounded, require
from orfeas_desktop.engine.scene.flatten import in_metres, moved
from orfeas_desktop.engine.scene.gltf_write_scene import COLLISION_KEY
from orfeas_desktop.engine.scene.matrices import relative, transforms_of
from orfeas_desktop.engine.scene.naming import gathered_by_name, with_children_by_name
from orfeas_desktop.engine.scene.scene import Camera, Light, LightKind, Node, Scene, Transform
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.gltf_schema import GltfCamera, GltfDocument, GltfNode
    from orfeas_desktop.engine.mesh.mesh import Mesh

MAX_DEPTH = 300


def read_scene_glb(path: Path, name: str, *, pictures: bool = True) -> Scene:
    """Return the scene of the GLB at `path`, called `name`, without `pictures` if so; its meshes are in metres.

    Nodes of MSFT_lod, and siblings called `NAME_LOD1` …, `UCX_NAME_01` … and `NAME-colonly`, become levels and
    collision pieces of their node. Raises BadMesh for anything broken or hostile, FileMissing, NotAFile,
    PermissionDenied.
    """
    data = read_bounded(path)
    try:
        text, binary = split_glb(data)
        return _checked(_SceneReader(parse_document(text), binary, None, name, pictures).scene())
    except (Broken, BadMesh) as problem:
        raise _bad(name, problem) from None


def read_scene_gltf(path: Path, name: str, *, pictures: bool = True) -> Scene:
    """Return the scene of the .gltf at `path`, whose other files lie in its folder. Raises as `read_scene_glb`."""
    data = read_bounded(path, MAX_DOCUMENT_BYTES)
    try:
        return _checked(_SceneReader(parse_document(data), None, path.parent, name, pictures).scene())
    except (Broken, BadMesh) as problem:
        raise _bad(name, problem) from None


def _checked(scene: Scene) -> Scene:
    for mesh in scene.meshes():
        mesh.check()
    return scene


def _bad(name: str, problem: Broken | BadMesh) -> BadMesh:
    said = problem.arguments["problem"] if isinstance(problem, BadMesh) else problem
    return BadMesh(name=name, problem=str(said))


@dataclass
class _SceneReader:
    document: GltfDocument
    binary: memoryview | None
    folder: Path | None
    name: str
    pictures: bool

    def __post_init__(self) -> None:
        self._arrays = GltfArrays(self.document, self.binary, self.folder)
        self._materials = GltfMaterials(self.document, self._arrays, self.folder)
        self._materials.with_pictures = self.pictures
        self._meshes: dict[tuple[int, float], Mesh | None] = {}
        self._built: dict[int, Node] = {}

    def scene(self) -> Scene:
        """Return the whole scene. Raises Broken."""
        roots = self._roots()
        order = self._order(roots)
        used = [self.document.nodes[index] for index in order]
        beside = [item(self.document.nodes, index, "node") for node in used for index in _nodes_beside(node)]
        placed = [
            PlacedMesh(node.mesh, np.eye(4), node) for node in (*used, *beside) if node.mesh is not None
        ]
        for place in placed:
            item(self.document.meshes, place.mesh, "mesh")
        check_size(self.document, self._arrays, placed)
        for index in reversed(order):
            self._built[index] = self._node(index)
        nodes = gathered_by_name(tuple(self._built[index] for index in roots if index in self._built))
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
        beside = {other for node in self.document.nodes for other in lods_of(node)}
        stack = [(index, 0) for index in reversed(roots)]
        while stack:
            index, depth = stack.pop()
            if index in beside:
                continue
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
            children=gathered_by_name(
                tuple(self._built[child] for child in record.children if child in self._built)
            ),
            lods=self._beside(record, lods_of(record)) if record.mesh is not None else (),
            collision=self._beside(record, _kept_pieces(record)),
            camera=self._camera(record.camera),
            light=self._light(record),
        )
        node = with_children_by_name(node)
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

    def _beside(self, record: GltfNode, nodes: list[int]) -> tuple[Mesh, ...]:
        """Return the meshes of nodes outside the tree, in the space of `record`."""
        levels: list[Mesh] = []
        own = _metric(record)
        for index in nodes:
            other = item(self.document.nodes, index, "node")
            mesh = None if other.mesh is None else self._mesh(other.mesh, node_unit(other))
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


def _nodes_beside(record: GltfNode) -> list[int]:
    """Return the nodes outside the tree that the node names."""
    return [*lods_of(record), *_kept_pieces(record)]


def _kept_pieces(record: GltfNode) -> list[int]:
    """Return the nodes that the library's own files name as collision pieces."""
    extras = record.extras
    named = extras.get(COLLISION_KEY) if isinstance(extras, dict) else None
    if not isinstance(named, list):
        return []
    return [index for index in named if isinstance(index, int) and not isinstance(index, bool)]


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
    return one_line(name) or "node"


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
