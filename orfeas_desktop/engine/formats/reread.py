"""What was exported, read anew as a mesh in metres, y up: for a picture of what is really in the files."""

from __future__ import annotations

import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.formats.reread_datasmith import datasmith_mesh
from orfeas_desktop.engine.formats.reread_fbx import fbx_mesh
from orfeas_desktop.engine.formats.reread_threemf import threemf_mesh
from orfeas_desktop.engine.formats.reread_usd import usd_mesh
from orfeas_desktop.engine.formats.unity_package import unpack
from orfeas_desktop.engine.mesh.files import MESH_SUFFIXES, read_mesh
from orfeas_desktop.engine.mesh.mesh import Material, Mesh
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.scene.flatten import flat_mesh, in_metres
from orfeas_desktop.engine.scene.reading import read_scene
from orfeas_desktop.errors import OrfeasError

if TYPE_CHECKING:
    from collections.abc import Callable


_NOT_READ = (
    Broken, OrfeasError, BadZipFile, OSError, ValueError, TypeError, LookupError, AttributeError,
    RuntimeError, struct.error,
)  # fmt: skip
"""What libraries throw over a file that is not as it should be: it costs the picture, not the export."""


@dataclass(frozen=True, eq=False)
class Reread:
    """What a reader found: the finest level of everything, and whether the format holds colours and normals."""

    mesh: Mesh
    reader: str
    colors: bool = True
    normals: bool = True


def reread(main: Path) -> Reread | None:
    """Return what is in the export whose main file is `main`; None when no reader here opens it."""
    read = _READERS.get(main.suffix.lower())
    if read is None:
        return None
    try:
        return read(main)
    except _NOT_READ:
        return None


def plain(mesh: Mesh) -> Mesh:
    """Return the mesh with nothing of its materials but their colours, which every format holds."""
    looks = tuple(
        Material(
            material.name,
            base_color=(*material.base_color[:3], 1.0),
            base_color_texture=material.base_color_texture,
            double_sided=True,
        )
        for material in mesh.materials
    )
    return mesh.changed(materials=looks, tangents=None)


def _own(main: Path) -> Reread:
    scene = main.suffix.lower() == ".glb"
    mesh = flat_mesh(read_scene(local_file(main, AssetKind.mesh))) if scene else in_metres(read_mesh(main))
    return Reread(mesh, "Orfeas Desktop", colors=main.suffix.lower() != ".stl")


def _fbx(main: Path) -> Reread:
    return Reread(fbx_mesh(main), "assimp")


def _prefab(main: Path) -> Reread:
    (model,) = main.parent.glob("*.fbx")
    return _fbx(model)


def _package(main: Path) -> Reread:
    with tempfile.TemporaryDirectory() as place:
        (model,) = unpack(main, Path(place)).glob("*.fbx")
        return _fbx(model)


def _datasmith(main: Path) -> Reread:
    return Reread(datasmith_mesh(main), "Orfeas Desktop")


def _godot(main: Path) -> Reread:
    return _own(main.with_suffix(".glb"))


def _usd(main: Path) -> Reread:
    return Reread(usd_mesh(main), "OpenUSD")


def _threemf(main: Path) -> Reread:
    mesh = threemf_mesh(main)
    colors = mesh.colors is not None or any(each != Material() for each in mesh.materials)
    return Reread(mesh, "lib3mf", colors=colors, normals=False)


_READERS: dict[str, Callable[[Path], Reread]] = {
    **dict.fromkeys(MESH_SUFFIXES, _own),
    ".fbx": _fbx,
    ".prefab": _prefab,
    ".unitypackage": _package,
    ".udatasmith": _datasmith,
    ".tscn": _godot,
    **dict.fromkeys((".usda", ".usdc", ".usdz"), _usd),
    ".3mf": _threemf,
}
