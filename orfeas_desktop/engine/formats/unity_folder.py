"""A Scene as a folder of a Unity project: model, textures, materials, prefab, and the settings of each file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.formats.fbx_scene import FbxStyle, FbxWritten, write_fbx
from orfeas_desktop.engine.formats.surface_pictures import Role
from orfeas_desktop.engine.formats.unity_ids import guid_of
from orfeas_desktop.engine.formats.unity_materials import (
    ROLES,
    Pipeline,
    folder_meta,
    material_file,
    material_meta,
    model_meta,
    prefab_meta,
    texture_meta,
)
from orfeas_desktop.engine.formats.unity_prefab import PrefabWriter
from orfeas_desktop.engine.mesh.textures import MAX_TEXTURE_SIDE

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Material
    from orfeas_desktop.engine.scene.scene import Scene

_TEXTURES, _MATERIALS = "Textures", "Materials"


@dataclass(frozen=True)
class UnityWritten:
    """The model and the prefab of a written folder."""

    model: Path
    prefab: Path
    fbx: FbxWritten


def write_unity_folder(
    scene: Scene, folder: Path, pipeline: Pipeline, threads: int, step: Callable[[float], None]
) -> UnityWritten:
    """Fill `folder`, whose name is the asset's. Raises Broken for a damaged texture, OSError."""
    asset = folder.name
    model = folder / f"{asset}.fbx"
    style = FbxStyle(
        plain=True,
        embed=False,
        roles=ROLES[pipeline],
        picture_folder=_TEXTURES,
        shared=False,
        factors=False,
    )
    written = write_fbx(scene, model, style, threads, lambda share: step(0.9 * share))
    _textures(folder, written)
    materials = _materials(folder, written, pipeline)
    by_name = {written.materials[material]: guid for material, guid in materials.items()}
    model_guid = guid_of(asset, model.name)
    mirrored = any(
        placed.node.collision and np.linalg.det(placed.matrix[:3, :3]) < 0 for placed in scene.walk()
    )
    _beside(model, model_meta(model_guid, by_name, readable=mirrored))
    prefab = folder / f"{asset}.prefab"
    writer = PrefabWriter(asset, model_guid, written.nodes, materials, pipeline)
    prefab.write_text(writer.text(scene), "utf-8")
    _beside(prefab, prefab_meta(guid_of(asset, prefab.name)))
    for inner in (path for path in sorted(folder.iterdir()) if path.is_dir()):
        _beside(inner, folder_meta(guid_of(asset, inner.name)))
    return UnityWritten(model, prefab, written)


def _textures(folder: Path, written: FbxWritten) -> None:
    roles = {path: role for (_, role), path in written.picture_of.items()}
    for path, role in roles.items():
        colours = role in (Role.base_color, Role.emissive)
        meta = texture_meta(
            guid_of(folder.name, f"{_TEXTURES}/{path.name}"),
            linear=not colours,
            normal=role is Role.normal,
            side=MAX_TEXTURE_SIDE,
        )
        _beside(path, meta)


def _materials(folder: Path, written: FbxWritten, pipeline: Pipeline) -> dict[Material, str]:
    asset = folder.name
    guids: dict[Material, str] = {}
    (folder / _MATERIALS).mkdir(exist_ok=True)
    for material, name in written.materials.items():
        pictures = {
            role: guid_of(asset, f"{_TEXTURES}/{path.name}")
            for (owner, role), path in written.picture_of.items()
            if owner == material
        }
        path = folder / _MATERIALS / f"{name}.mat"
        path.write_text(material_file(name, material, pictures, pipeline), "utf-8")
        guids[material] = guid_of(asset, f"{_MATERIALS}/{path.name}")
        _beside(path, material_meta(guids[material]))
    return guids


def _beside(path: Path, meta: str) -> None:
    path.with_name(f"{path.name}.meta").write_text(meta, "utf-8")
