"""What a job is given as one Scene: a mesh file, and beside it levels of detail and collision pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.files import read_mesh_file
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.scene.flatten import flat_mesh, flat_parts, in_metres, moved
from orfeas_desktop.engine.scene.gltf_scene import read_scene_glb, read_scene_gltf
from orfeas_desktop.engine.scene.matrices import relative
from orfeas_desktop.engine.scene.scene import Node, Scene
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.assets import LocalFile
    from orfeas_desktop.engine.jobs.context import Inputs
    from orfeas_desktop.engine.mesh.mesh import Mesh


def read_scene(file: LocalFile) -> Scene:
    """Return the scene of a mesh file, its meshes in metres; anything but GLB and glTF has one node.

    Raises BadMesh, FileMissing, NotAFile, PermissionDenied.
    """
    stem = file.name.rpartition(".")[0] or file.name
    if _is_glb(file):
        return read_scene_glb(file.path, file.name).named(stem)
    if holds_tree(file):
        return read_scene_gltf(file.path, file.name).named(stem)
    mesh = in_metres(read_mesh_file(file))
    return Scene((Node(mesh.name or stem, mesh),), stem, mesh.extras)


def scene_of_inputs(inputs: Inputs) -> Scene:
    """Return the scene of slot `mesh` with what slots `lods` and `collision` add to it, finest level first.

    A file of levels that has a node of each name in the scene is taken node by node; else a scene of several
    meshes becomes one mesh. Raises BadMesh, FileMissing, NotAFile, PermissionDenied.
    """
    file = inputs["mesh"][0]
    scene = read_scene(file)
    try:
        levels = [read_scene(level) for level in inputs.get("lods", ())]
        if levels:
            scene = _with_levels(scene, levels)
        pieces = [part for piece in inputs.get("collision", ()) for _, part in flat_parts(read_scene(piece))]
        return _with_pieces(scene, pieces) if pieces else scene
    except Broken as problem:
        raise BadMesh(name=file.name, problem=str(problem)) from None


def holds_tree(file: LocalFile) -> bool:
    """Return whether the file is of a kind that holds a tree."""
    return _is_glb(file) or file.name.lower().endswith(".gltf")


def _is_glb(file: LocalFile) -> bool:
    try:
        with file.path.open("rb") as stream:
            return stream.read(4) == b"glTF"
    except (OSError, ValueError):
        return False


def _with_levels(scene: Scene, levels: Sequence[Scene]) -> Scene:
    names = _mesh_nodes(scene)
    parts = [dict(flat_parts(level)) for level in levels]
    if len(names) == 1:
        added = {names[0]: tuple(flat_mesh(level) for level in levels)}
    elif len(set(names)) == len(names) and all(set(names) <= part.keys() for part in parts):
        added = {name: tuple(part[name] for part in parts) for name in names}
    else:
        scene = _as_one(scene)
        added = {scene.nodes[-1].name: tuple(flat_mesh(level) for level in levels)}
    return _changed(
        scene,
        lambda node, matrix: (
            replace(node, lods=(*node.lods, *_brought(added[node.name], matrix)))
            if node.name in added
            else node
        ),
    )


def _with_pieces(scene: Scene, pieces: Sequence[Mesh]) -> Scene:
    """Return the scene, its first mesh holding the pieces."""
    first = _mesh_nodes(scene)[0]
    given = [False]

    def change(node: Node, matrix: NDArray[np.float64]) -> Node:
        if given[0] or node.name != first:
            return node
        given[0] = True
        return replace(node, collision=(*node.collision, *_brought(pieces, matrix)))

    return _changed(scene, change)


def _mesh_nodes(scene: Scene) -> list[str]:
    return [placed.node.name for placed in scene.walk() if placed.node.mesh is not None]


def _as_one(scene: Scene) -> Scene:
    """Return the scene with all its meshes in one node at its root, after nodes that hold cameras and lights."""
    whole = flat_mesh(scene)
    rest = tuple(node for node in map(_without_mesh, scene.nodes) if node is not None)
    return replace(scene, nodes=(*rest, Node(scene.name, whole)))


def _without_mesh(node: Node) -> Node | None:
    children = tuple(child for child in map(_without_mesh, node.children) if child is not None)
    if not children and node.camera is None and node.light is None:
        return None
    return replace(node, mesh=None, lods=(), collision=(), children=children)


def _brought(meshes: Sequence[Mesh], matrix: NDArray[np.float64]) -> tuple[Mesh, ...]:
    """Return meshes of the scene's space in the space that `matrix` places."""
    step = relative(matrix, np.eye(4))
    return tuple(moved(mesh, step) for mesh in meshes)


def _changed(scene: Scene, change: Callable[[Node, NDArray[np.float64]], Node]) -> Scene:
    def walked(node: Node, above: NDArray[np.float64]) -> Node:
        matrix = above @ node.transform.matrix()
        kept = change(node, matrix) if node.mesh is not None else node
        return replace(kept, children=tuple(walked(child, matrix) for child in node.children))

    return replace(scene, nodes=tuple(walked(node, np.eye(4)) for node in scene.nodes))
