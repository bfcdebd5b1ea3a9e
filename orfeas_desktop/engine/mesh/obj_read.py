"""OBJ files: positions, normals, texture coordinates, vertex colours, polygons, materials by MTL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.corners import CornerMesh
from orfeas_desktop.engine.mesh.mesh import Material, Mesh
from orfeas_desktop.engine.mesh.mtl_read import parse_mtl
from orfeas_desktop.engine.mesh.source_files import (
    MAX_FACES,
    MAX_TEXT_BYTES,
    MAX_VERTICES,
    Broken,
    neighbour_if_there,
    numbers,
    read_bounded,
    require,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_MAX_MATERIALS = 10_000
_BLOCK = 2**18


@dataclass
class _Lines:
    """The file's lines sorted by what they say, in their order."""

    places: list[bytes] = field(default_factory=list[bytes])
    uvs: list[bytes] = field(default_factory=list[bytes])
    normals: list[bytes] = field(default_factory=list[bytes])
    faces: list[bytes] = field(default_factory=list[bytes])
    counts: dict[int, tuple[int, int, int]] = field(default_factory=dict[int, tuple[int, int, int]])
    """Per face with relative numbers: how many places, uvs and normals stood before it."""
    libraries: list[str] = field(default_factory=list[str])
    uses: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """(first face, material name)."""


def parse_obj(data: bytes, name: str, folder: Path) -> Mesh:
    """Return the mesh; material libraries and pictures are read from `folder` when they are there. Raises Broken."""
    require(len(data) <= MAX_TEXT_BYTES, "it is larger than {limit} MB", limit=MAX_TEXT_BYTES // 2**20)
    lines = _sorted_lines(data)
    require(bool(lines.faces), "it has no faces")
    require(bool(lines.places), "a face names a vertex that is not there")
    require(len(lines.places) <= MAX_VERTICES, "it has more than {limit} vertices", limit=MAX_VERTICES)
    require(len(lines.faces) <= MAX_FACES, "it has more than {limit} faces", limit=MAX_FACES)
    positions = _rows(lines.places, 3)
    uvs = _uvs(lines.uvs)
    normals = _rows(lines.normals, 3)[:, :3] if lines.normals else None
    sizes, corners = _corners(lines.faces)
    _resolve(corners, sizes, lines)
    materials, groups = _materials(lines, folder)
    return CornerMesh(
        positions=positions[:, :3].copy(),
        sizes=sizes,
        places=corners[:, 0],
        uvs=uvs,
        uvs_at=corners[:, 1],
        normals=normals,
        normals_at=corners[:, 2],
        colors=_colors(positions),
        materials=materials,
        polygon_materials=groups,
    ).mesh(name)


def _sorted_lines(data: bytes) -> _Lines:
    lines = _Lines()
    if b"\\" in data:
        data = data.replace(b"\\\r\n", b" ").replace(b"\\\n", b" ")
    for raw in data.replace(b"\r", b"\n").split(b"\n"):
        line = raw.lstrip()
        key, _, rest = (
            line.partition(b" ") if b"\t" not in line[:8] else line.replace(b"\t", b" ", 1).partition(b" ")
        )
        if key == b"v":
            lines.places.append(rest)
        elif key == b"vt":
            lines.uvs.append(rest)
        elif key == b"vn":
            lines.normals.append(rest)
        elif key == b"f":
            if b"-" in rest:
                lines.counts[len(lines.faces)] = (len(lines.places), len(lines.uvs), len(lines.normals))
            lines.faces.append(rest)
        elif key in (b"usemtl", b"mtllib"):
            _note_material(lines, key, rest.strip().decode("utf-8", "replace"))
    return lines


def _note_material(lines: _Lines, key: bytes, name: str) -> None:
    if key == b"mtllib":
        lines.libraries.append(name)
    else:
        lines.uses.append((len(lines.faces), name))


def _rows(lines: list[bytes], least: int) -> NDArray[np.float32]:
    """Return the numbers of the lines, as many columns as the first has, at least `least`.

    Lines that differ in length give `least` columns; a texture coordinate may lack its second.
    """
    short = "a vertex in it is not three numbers"
    width = len(lines[0].split())
    values = numbers(b" ".join(lines)) if least <= width <= 8 and b"#" not in lines[0] else np.zeros(0)
    if len(values) != width * len(lines):
        width = least
        rows = [line.partition(b"#")[0].split()[:least] for line in lines]
        if least == 2:
            rows = [row if len(row) == 2 else [*row, b"0"] for row in rows]
        require(all(len(row) == least for row in rows), short)
        values = numbers(b" ".join(word for row in rows for word in row))
        require(len(values) == width * len(lines), short)
    with np.errstate(over="ignore"):
        return values.reshape(len(lines), width).astype(np.float32)


def _uvs(lines: list[bytes]) -> NDArray[np.float32] | None:
    """Return texture coordinates with the origin at the top left."""
    if not lines:
        return None
    rows = _rows(lines, 2)
    return np.stack([rows[:, 0], 1 - rows[:, 1]], axis=1)


def _corners(faces: list[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (P,) sizes and (C, 3) the numbers as written for place, uv and normal; 0 where a corner has none."""
    blocks = [_corner_block(faces[start : start + _BLOCK]) for start in range(0, len(faces), _BLOCK)]
    return np.concatenate([sizes for sizes, _ in blocks]), np.concatenate([corners for _, corners in blocks])


def _corner_block(faces: list[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    words = [face.partition(b"#")[0].split() if b"#" in face else face.split() for face in faces]
    sizes = np.fromiter(map(len, words), np.int64, len(words))
    tokens = [token for face in words for token in face]
    slashes = {token.count(b"/") for token in tokens}
    require(max(slashes, default=0) <= 2, "a face in it cannot be read")
    joined = b" ".join(tokens)
    if len(slashes) > 1 or b"/ " in joined or joined.endswith(b"/"):
        whole = (b"/".join([part or b"0" for part in [*token.split(b"/"), b"", b""][:3]]) for token in tokens)
        joined, columns = b" ".join(whole), 3
    else:
        joined, columns = joined.replace(b"//", b"/0/"), max(slashes, default=0) + 1
    values = numbers(joined.replace(b"/", b" "))
    require(len(values) == columns * len(tokens), "a face in it cannot be read")
    require(float(np.abs(values).max(initial=0)) < 2**31, "a face in it cannot be read")
    corners = np.zeros((len(tokens), 3), np.int64)
    corners[:, :columns] = values.reshape(-1, columns).astype(np.int64)
    return sizes, corners


def _resolve(corners: NDArray[np.int64], sizes: NDArray[np.int64], lines: _Lines) -> None:
    """Turn numbers as written (1 first, -1 the latest, 0 none) into rows, in place."""
    if lines.counts:
        faces = np.fromiter(lines.counts, np.int64, len(lines.counts))
        before = np.array(list(lines.counts.values()), np.int64)
        relative = np.zeros((len(sizes), 3), np.int64)
        relative[faces] = before + 1
        corners += np.where(corners < 0, np.repeat(relative, sizes, axis=0), 0)
    require(not len(corners) or int(corners.min()) >= 0, "a face names a vertex that is not there")
    corners -= 1


def _colors(positions: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """Return the colours that some programs write behind the position, 0..1 (or 0..255)."""
    if positions.shape[1] < 6:
        return None
    values = np.nan_to_num(positions[:, 3:6])
    scale = 1.0 if float(values.max()) > 1.0 else 255.0
    out = np.full((len(values), 4), 255, np.uint8)
    out[:, :3] = np.rint(np.clip(values * scale, 0, 255)).astype(np.uint8)
    return out


def _materials(lines: _Lines, folder: Path) -> tuple[tuple[Material, ...], NDArray[np.int32] | None]:
    """Return the materials in order of use and the polygons' numbers."""
    if not lines.uses:
        return (Material(),), None
    known: dict[str, Material] = {}
    for library in dict.fromkeys(lines.libraries):
        path = neighbour_if_there(folder, library)
        if path is not None:
            known |= parse_mtl(read_bounded(path, 2**24), folder)
    uses = lines.uses if lines.uses[0][0] == 0 else [(0, ""), *lines.uses]
    names: dict[str, int] = {}
    groups = np.zeros(len(lines.faces), np.int32)
    for start, name in uses:
        if start < len(lines.faces):
            groups[start:] = names.setdefault(name, len(names))
    if len(names) > _MAX_MATERIALS:
        raise Broken(f"it has more than {_MAX_MATERIALS} materials")
    return tuple(known.get(name, Material(name=name or "default")) for name in names), groups
