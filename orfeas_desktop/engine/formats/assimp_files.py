"""What assimp finds in a file: the second opinion on FBX files that this program wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypedDict, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Corner = tuple[float, float, float]

    class _Node(Protocol):
        transformation: object
        mesh_indices: Sequence[int]
        children: Sequence[_Node]


class Found(TypedDict):
    """Triangles as placed, bounds with y up in the file's unit, whether there are UVs, uses of pictures by materials."""

    faces: int
    low: Corner
    high: Corner
    uvs: bool
    textures: int


def assimp_contents(path: Path) -> Found:
    """Return what assimp finds at `path`: every mesh where a node places it; nothing at all when it fails."""
    import assimp_py

    nothing = Found(faces=0, low=(0.0, 0.0, 0.0), high=(0.0, 0.0, 0.0), uvs=False, textures=0)
    try:
        scene = assimp_py.import_file(str(path), assimp_py.Process_Triangulate)
    except (RuntimeError, ValueError, OSError):
        return nothing
    places = [np.asarray(mesh.vertices, np.float32).reshape(-1, 3) for mesh in scene.meshes]
    faces = 0
    lows: list[NDArray[np.float64]] = []
    highs: list[NDArray[np.float64]] = []
    for index, matrix in _placed(cast("_Node", scene.root_node)):
        moved = places[index] @ matrix[:3, :3].T + matrix[:3, 3]
        faces += int(scene.meshes[index].num_faces)
        lows.append(moved.min(axis=0))
        highs.append(moved.max(axis=0))
    if not lows:
        return nothing
    low, high = np.min(lows, axis=0).tolist(), np.max(highs, axis=0).tolist()
    used = {int(mesh.material_index) for mesh in scene.meshes}
    return Found(
        faces=faces,
        low=(low[0], low[1], low[2]),
        high=(high[0], high[1], high[2]),
        uvs=any(mesh.texcoords for mesh in scene.meshes),
        textures=sum(_pictures(scene.materials[index]) for index in used),
    )


def _pictures(material: Mapping[str, object]) -> int:
    found = material.get("TEXTURES")
    return sum(map(len, found.values())) if isinstance(found, dict) else 0


def _placed(root: _Node) -> Iterator[tuple[int, NDArray[np.float64]]]:
    stack = [(root, np.eye(4))]
    while stack:
        node, above = stack.pop()
        matrix = above @ np.asarray(node.transformation, np.float64).reshape(4, 4)
        for index in node.mesh_indices:
            yield int(index), matrix
        stack += [(child, matrix) for child in node.children]
