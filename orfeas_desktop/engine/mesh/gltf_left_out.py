"""What a glTF holds that this program does not take along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from orfeas_desktop.engine.mesh.gltf_container import split_glb
from orfeas_desktop.engine.mesh.gltf_record import GltfMark, GltfRecord
from orfeas_desktop.engine.mesh.source_files import Broken, read_bounded

if TYPE_CHECKING:
    from pathlib import Path


class _Primitive(GltfRecord):
    targets: tuple[GltfMark, ...] = ()


class _Mesh(GltfRecord):
    primitives: tuple[_Primitive, ...] = ()


class _Scene(GltfRecord):
    """Only whether there is one."""


class _Document(GltfRecord):
    animations: tuple[GltfMark, ...] = ()
    skins: tuple[GltfMark, ...] = ()
    scenes: tuple[_Scene, ...] = ()
    meshes: tuple[_Mesh, ...] = ()
    extensions_used: tuple[str, ...] = ()


def left_out(path: Path) -> tuple[str, ...]:
    """Return the kinds of things in the glTF or GLB at `path` that are not read, in plain words; none for others."""
    data = read_bounded(path)
    try:
        text = bytes(split_glb(data)[0]) if data.startswith(b"glTF") else data
        document = _Document.model_validate_json(text.rstrip(b"\0 "))
    except (Broken, ValidationError):
        return ()
    found = {
        "animations": bool(document.animations),
        "skeletons": bool(document.skins),
        "morph targets": any(each.targets for mesh in document.meshes for each in mesh.primitives),
        "further scenes": len(document.scenes) > 1,
        "material variants": "KHR_materials_variants" in document.extensions_used,
    }
    return tuple(name for name, there in found.items() if there)
