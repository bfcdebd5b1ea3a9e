"""PLY files: text, binary of either byte order; positions, normals, colours, texture coordinates, polygons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.corners import CornerMesh
from orfeas_desktop.engine.mesh.mesh import Material, Mesh
from orfeas_desktop.engine.mesh.ply_rows import PlyElement, PlyProperty, PlyTable, binary_table, text_table
from orfeas_desktop.engine.mesh.source_files import (
    MAX_TEXT_BYTES,
    Broken,
    neighbour_if_there,
    numbers,
    read_bounded,
    require,
)
from orfeas_desktop.engine.mesh.textures import texture_from
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_TYPES = {
    "char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "float": "f4",
    "float32": "f4",
    "double": "f8",
    "float64": "f8",
}
_FORMATS = {b"ascii": "", b"binary_little_endian": "<", b"binary_big_endian": ">"}
_MAX_HEADER = 2**16
_MAX_ELEMENTS = 100


@dataclass
class _Header:
    order: str = ""
    texture: str = ""
    elements: list[PlyElement] = field(default_factory=list[PlyElement])


def parse_ply(data: bytes, name: str, folder: Path) -> Mesh:
    """Return the mesh; a texture named in a comment is read from `folder`. Raises Broken."""
    header, start = _header(data)
    tables: dict[str, PlyTable] = {}
    body: bytes | NDArray[np.float64] = data
    if not header.order:
        require(len(data) <= MAX_TEXT_BYTES, "it is larger than {limit} MB", limit=MAX_TEXT_BYTES // 2**20)
        body, start = numbers(data[start:]), 0
    for element in header.elements:
        if isinstance(body, bytes):
            tables[element.name], start = binary_table(body, start, element, header.order)
        else:
            tables[element.name], start = text_table(body, start, element)
    if "vertex" not in tables or "face" not in tables:
        raise Broken("it has no faces")
    return _mesh(tables["vertex"], tables["face"], _material(header.texture, folder), name)


def _header(data: bytes) -> tuple[_Header, int]:
    require(data.startswith((b"ply\n", b"ply\r")), "it is not a PLY file")
    end = data.find(b"end_header", 0, _MAX_HEADER)
    close = data.find(b"\n", end, end + 16)
    require(end > 0 and close > 0, "its header does not end")
    header = _Header()
    known = False
    for line in data[:end].replace(b"\r", b"\n").split(b"\n"):
        words = line.split()
        if words[:1] == [b"format"] and len(words) > 1:
            require(words[1] in _FORMATS, "its format is unknown")
            header.order, known = _FORMATS[words[1]], True
        elif words[:2] == [b"comment", b"TextureFile"]:
            header.texture = line.partition(b"TextureFile")[2].strip().decode("utf-8", "replace")
        elif words[:1] in ([b"element"], [b"property"]):
            _declare(header, [word.decode("ascii", "replace") for word in words])
    require(known, "its format is unknown")
    return header, close + 1


def _declare(header: _Header, words: list[str]) -> None:
    try:
        if words[0] == "element":
            require(len(header.elements) < _MAX_ELEMENTS, "its header has too many elements")
            require(words[2].isdecimal() and len(words[2]) <= 12, "its header cannot be read")
            header.elements.append(PlyElement(words[1], int(words[2]), []))
        elif words[1] == "list":
            header.elements[-1].properties.append(PlyProperty(words[4], _TYPES[words[3]], _TYPES[words[2]]))
        else:
            header.elements[-1].properties.append(PlyProperty(words[2], _TYPES[words[1]]))
    except (IndexError, KeyError):
        raise Broken("its header cannot be read") from None


def _mesh(vertex: PlyTable, face: PlyTable, material: Material, name: str) -> Mesh:
    positions = vertex.floats("x", "y", "z")
    if positions is None:
        raise Broken("its vertices have no positions")
    polygons = face.lists("vertex_indices", "vertex_index")
    if polygons is None:
        raise Broken("it has no faces")
    sizes, places = polygons
    keep = sizes >= 3
    with np.errstate(invalid="ignore"):
        places = places[np.repeat(keep, sizes)].astype(np.int64)
    normals = vertex.floats("nx", "ny", "nz")
    uvs = next((uv for names in _UV_NAMES if (uv := vertex.floats(*names)) is not None), None)
    uvs_at = places
    wedges = face.lists("texcoord")
    if uvs is None and wedges is not None and np.array_equal(wedges[0], 2 * sizes):
        corners = wedges[1].astype(np.float32).reshape(-1, 2)[np.repeat(keep, sizes)]
        uvs_at = welded_ids(corners)
        uvs = corners[first_of_each(uvs_at)]
    if uvs is not None:
        uvs = np.stack([uvs[:, 0], 1 - uvs[:, 1]], axis=1)
    return CornerMesh(
        positions=positions,
        sizes=sizes[keep],
        places=places,
        uvs=uvs,
        uvs_at=None if uvs is None else uvs_at,
        normals=normals,
        normals_at=None if normals is None else places,
        colors=_colors(vertex),
        materials=(material,),
    ).mesh(name)


_UV_NAMES = (("s", "t"), ("u", "v"), ("texture_u", "texture_v"))


def _colors(vertex: PlyTable) -> NDArray[np.uint8] | None:
    red = vertex.kind("red")
    found = vertex.floats("red", "green", "blue")
    if red is None or found is None:
        return None
    scale = {"u1": 1.0, "u2": 1 / 257}.get(red, 255.0)
    out = np.full((len(found), 4), 255, np.uint8)
    alpha = vertex.floats("alpha")
    both = found if alpha is None else np.concatenate([found, alpha], axis=1)
    out[:, : both.shape[1]] = np.rint(np.clip(np.nan_to_num(both) * scale, 0, 255)).astype(np.uint8)
    return out


def _material(texture: str, folder: Path) -> Material:
    path = neighbour_if_there(folder, texture) if texture else None
    return (
        Material() if path is None else Material(base_color_texture=texture_from(read_bounded(path, 2**29)))
    )
