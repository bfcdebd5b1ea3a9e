"""What a Blender showed of a .blend file, as a mesh in metres, y up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, TypeAdapter

from orfeas_desktop.engine.formats.blender_exchange import TO_BLENDER
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.mesh.source_files import require
from orfeas_desktop.engine.mesh.textures import media_type_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class _Look(BaseModel):
    name: str
    color: tuple[float, float, float]
    picture: str


class _Part(BaseModel):
    stem: str
    mirrored: bool
    materials: list[_Look]


def blend_mesh(folder: Path) -> Mesh:
    """Return what the script for Blender left in `folder`. Raises Broken, OSError, ValueError."""
    told = TypeAdapter(list[_Part]).validate_json((folder / "seen.json").read_bytes())
    require(bool(told), "it shows no mesh")
    return merged([_mesh(part, folder) for part in told])


def _mesh(part: _Part, folder: Path) -> Mesh:
    def rows(name: str, width: int) -> NDArray[np.float32]:
        return np.fromfile(folder / f"{part.stem}.{name}", "<f4").reshape(-1, width)

    turn = TO_BLENDER[:3, :3]
    places, normals, uvs = rows("places", 3) @ turn, rows("normals", 3) @ turn, rows("uvs", 2)
    colors = rows("colors", 4)
    faces = np.arange(len(places), dtype=np.int32).reshape(-1, 3)
    return Mesh(
        places.astype(np.float32),
        np.ascontiguousarray(faces[:, ::-1]) if part.mirrored else faces,
        normals=normals.astype(np.float32),
        uvs=(np.stack([uvs[:, 0], 1 - uvs[:, 1]], axis=1),) if len(uvs) else (),
        colors=np.rint(np.clip(colors, 0, 1) * 255).astype(np.uint8) if len(colors) else None,
        materials=tuple(_material(look, folder) for look in part.materials) or (Material(),),
        face_materials=np.fromfile(folder / f"{part.stem}.groups", "<i4").astype(np.int32),
    )


def _material(look: _Look, folder: Path) -> Material:
    data = (folder / look.picture).read_bytes() if look.picture else b""
    texture = Texture(data, media_type_of(data)) if data else None
    return Material(look.name, base_color=(*look.color, 1.0), base_color_texture=texture)
