"""Mesh files of the formats that people have: GLB, glTF, OBJ, STL, PLY."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING

from orfeas_desktop.assets import MESH_SUFFIXES
from orfeas_desktop.engine.mesh.glb import read_glb, read_gltf
from orfeas_desktop.engine.mesh.obj_read import parse_obj
from orfeas_desktop.engine.mesh.ply_read import parse_ply
from orfeas_desktop.engine.mesh.source_files import Broken, read_bounded
from orfeas_desktop.engine.mesh.stl_read import parse_stl
from orfeas_desktop.errors import BadMesh, PackedFile
from orfeas_desktop.names import is_archive

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.assets import LocalFile
    from orfeas_desktop.engine.mesh.mesh import Mesh


def read_mesh(path: Path) -> Mesh:
    """Return the mesh of a GLB, glTF, OBJ, STL or PLY file, told by content first and suffix second.

    STL counts as millimetres with z up; everything else as metres with y up. Other files are read only from the
    same folder or below. Raises BadMesh, FileMissing, NotAFile, PackedFile, PermissionDenied.
    """
    return _read(path, path.name)


def read_mesh_file(file: LocalFile) -> Mesh:
    """Return the mesh of a job's input, whose name tells the format when its path does not. Raises as `read_mesh`."""
    try:
        return _read(file.path, file.name)
    except BadMesh as problem:
        raise BadMesh(name=file.name, problem=str(problem.arguments["problem"])) from None


def _read(path: Path, name: str) -> Mesh:
    form = _form(path, name)
    if form == ".glb":
        return read_glb(path)
    if form == ".gltf":
        return read_gltf(path)
    data = read_bounded(path).removeprefix(BOM_UTF8)  # Windows programs begin text with it
    stem = name.rpartition(".")[0] or name
    try:
        if form == ".ply":
            return parse_ply(data, stem, path.parent).check()
        if form == ".obj":
            return parse_obj(data, stem, path.parent).check()
        return parse_stl(data, stem).check()
    except Broken as problem:
        raise BadMesh(name=name, problem=str(problem)) from None
    except BadMesh as problem:
        raise BadMesh(name=name, problem=str(problem.arguments["problem"])) from None


def _form(path: Path, name: str) -> str:
    head = _head(path).removeprefix(BOM_UTF8)
    if head.startswith(b"glTF"):
        return ".glb"
    if head.startswith((b"ply\n", b"ply\r")):
        return ".ply"
    suffix = f".{name.rpartition('.')[2].lower()}"
    if suffix in MESH_SUFFIXES:
        return suffix
    if is_archive(name):
        raise PackedFile(name=name)
    raise BadMesh(name=name, problem="its format is unknown")


def _head(path: Path) -> bytes:
    """Return the first bytes; nothing for what is no regular file, which reading then refuses."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(len(BOM_UTF8) + 4)
    except (OSError, ValueError):
        return b""
