"""An FBX as assimp reads it, with the pictures that lie in it or beside it."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.mesh.source_files import require
from orfeas_desktop.engine.mesh.textures import media_type_of
from orfeas_desktop.engine.scene.flatten import moved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    class _Node(Protocol):
        name: str
        transformation: object
        mesh_indices: Sequence[int]
        children: Sequence[_Node]

    class _Shape(Protocol):
        vertices: object
        indices: object
        normals: object
        texcoords: Sequence[object] | None
        colors: Sequence[object] | None
        material_index: int

    class _Scene(Protocol):
        root_node: _Node
        meshes: Sequence[_Shape]
        materials: Sequence[Mapping[str, object]]


_UNSEEN = re.compile(r"U(?:CX|BX|SP|CP)_.*|.*_LOD[1-9]\d*", re.IGNORECASE)
_HEAD = 27
_DIFFUSE = 1


def fbx_mesh(path: Path) -> Mesh:
    """Return the finest level of everything, in metres and y up. Raises Broken, OSError, RuntimeError."""
    import assimp_py

    data = path.read_bytes()
    held = dict(_pictures(data))
    try:
        scene = cast("_Scene", assimp_py.import_file(str(path), assimp_py.Process_Triangulate))
    except RuntimeError as problem:
        raise ValueError(str(problem)) from None
    looks = [_material(each, held, path) for each in scene.materials]
    unit = np.diag([*[_metres(data)] * 3, 1.0])
    parts = [
        moved(_shape(scene.meshes[index], looks), unit @ matrix)
        for name, index, matrix in _placed(scene.root_node)
        if not _UNSEEN.fullmatch(name)
    ]
    require(bool(parts), "it shows no mesh")
    return merged(parts).changed(name=path.stem)


def _shape(shape: _Shape, looks: Sequence[Material]) -> Mesh:
    texcoords = [np.asarray(each, np.float32).reshape(-1, 2) for each in (shape.texcoords or ())[:1]]
    normals = np.zeros((0, 3), np.float32)
    if shape.normals is not None:
        normals = np.asarray(shape.normals, np.float32).reshape(-1, 3)
    colors = [np.asarray(each, np.float32).reshape(-1, 4) for each in (shape.colors or ())[:1]]
    return Mesh(
        np.asarray(shape.vertices, np.float32).reshape(-1, 3),
        np.asarray(shape.indices, np.int32).reshape(-1, 3),
        normals=normals if len(normals) else None,
        uvs=tuple(np.stack([uv[:, 0], 1 - uv[:, 1]], axis=1) for uv in texcoords),
        colors=np.rint(colors[0] * 255).astype(np.uint8) if colors else None,
        materials=(looks[shape.material_index],),
    )


def _material(found: Mapping[str, object], held: Mapping[str, bytes], path: Path) -> Material:
    red, green, blue, *_ = cast("Sequence[float]", found.get("COLOR_DIFFUSE", (1.0, 1.0, 1.0)))
    named = cast("Mapping[int, Sequence[str]]", found.get("TEXTURES") or {}).get(_DIFFUSE, ())
    data = b""
    for name in named[:1]:
        stem = name.replace("\\", "/").rpartition("/")[2]
        beside = [file for file in (path.with_name(stem), path.parent / "Textures" / stem) if file.is_file()]
        data = held.get(name) or (beside[0].read_bytes() if beside else b"")
    return Material(
        str(found.get("NAME") or "material"),
        base_color=(float(red), float(green), float(blue), 1.0),
        base_color_texture=Texture(data, media_type_of(data)) if data else None,
    )


def _placed(root: _Node) -> Iterator[tuple[str, int, NDArray[np.float64]]]:
    stack = [(root, np.eye(4))]
    while stack:
        node, above = stack.pop()
        matrix = above @ np.asarray(node.transformation, np.float64).reshape(4, 4)
        for index in node.mesh_indices:
            yield node.name, int(index), matrix
        stack += [(child, matrix) for child in reversed(list(node.children))]


@dataclass(frozen=True)
class _Record:
    name: str
    properties: tuple[bytes | float | str, ...]
    start: int
    """Where the records below it begin."""
    end: int


def _records(data: bytes, start: int, end: int) -> Iterator[_Record]:
    """Yield the records that stand one after the other. Raises Broken."""
    at = start
    while at + 13 <= end:
        stop, count, length, size = struct.unpack_from("<IIIB", data, at)
        if stop == 0:
            return
        below = at + 13 + size + length
        require(at < below <= stop <= end, "a record of it ends elsewhere than it says")
        name = data[at + 13 : at + 13 + size].decode("ascii", "replace")
        yield _Record(name, tuple(_properties(data, at + 13 + size, count)), below, stop)
        at = stop


_SIZES = {"C": "<?", "Y": "<h", "I": "<i", "F": "<f", "D": "<d", "L": "<q"}


def _properties(data: bytes, at: int, count: int) -> Iterator[bytes | float | str]:
    """Yield plain properties; arrays end them."""
    for _ in range(count):
        kind = chr(data[at])
        if kind in _SIZES:
            yield struct.unpack_from(_SIZES[kind], data, at + 1)[0]
            at += 1 + struct.calcsize(_SIZES[kind])
        elif kind in "SR":
            (size,) = struct.unpack_from("<I", data, at + 1)
            raw = data[at + 5 : at + 5 + size]
            yield raw if kind == "R" else raw.decode("utf-8", "replace")
            at += 5 + size
        else:
            return


def _inside(data: bytes, *names: str) -> Iterator[_Record]:
    """Yield the records at a path of names."""
    found = [_Record("", (), _HEAD, len(data))]
    for name in names:
        found = [each for one in found for each in _records(data, one.start, one.end) if each.name == name]
    yield from found


def _metres(data: bytes) -> float:
    """Return how many metres the file's unit is; FBX counts in centimetres."""
    for record in _inside(data, "GlobalSettings", "Properties70", "P"):
        if record.properties[:1] == ("UnitScaleFactor",):
            return float(record.properties[-1]) / 100
    return 0.01


def _pictures(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures inside the file with their names."""
    for video in _inside(data, "Objects", "Video"):
        told = {each.name: each.properties[:1] for each in _records(data, video.start, video.end)}
        (name, *_), (content, *_) = told.get("RelativeFilename") or ("",), told.get("Content") or (b"",)
        if isinstance(name, str) and isinstance(content, bytes) and content:
            yield name, content
