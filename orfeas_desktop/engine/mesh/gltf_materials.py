"""Materials of a glTF document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.gltf_accessors import GltfArrays, item
from orfeas_desktop.engine.mesh.gltf_container import bytes_of_uri
from orfeas_desktop.engine.mesh.gltf_schema import GltfMetallicRoughness
from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Texture
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.mesh.textures import texture_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.gltf_schema import (
        GltfDocument,
        GltfMaterial,
        GltfTextureInfo,
        GltfTextureTransform,
    )

_MAX_TEXTURE_BYTES = 2**29


class GltfMaterials:
    """Reads materials; each picture is read once."""

    def __init__(self, document: GltfDocument, arrays: GltfArrays, folder: Path | None) -> None:
        self._document = document
        self._arrays = arrays
        self._folder = folder
        self._pictures: dict[int, Texture] = {}

    def all(self) -> list[Material]:
        """Return every material in the order of the file."""
        return [self._material(index, record) for index, record in enumerate(self._document.materials)]

    def transform(self, index: int | None) -> GltfTextureTransform | None:
        """Return how the base colour texture of a material is moved on its UV set, if it is."""
        if index is None:
            return None
        pbr = item(self._document.materials, index, "material").pbr_metallic_roughness
        info = pbr.base_color_texture if pbr else None
        return info.extensions.transform if info and info.extensions else None

    def _material(self, index: int, record: GltfMaterial) -> Material:
        pbr = record.pbr_metallic_roughness or GltfMetallicRoughness()
        known_modes = {mode.value for mode in AlphaMode}
        return Material(
            name=record.name or f"material {index + 1}",
            base_color=pbr.base_color_factor,
            base_color_texture=self._texture(pbr.base_color_texture),
            metallic=pbr.metallic_factor,
            roughness=pbr.roughness_factor,
            metallic_roughness_texture=self._texture(pbr.metallic_roughness_texture),
            normal_map=self._texture(record.normal_texture),
            normal_scale=record.normal_texture.scale if record.normal_texture else 1.0,
            occlusion_texture=self._texture(record.occlusion_texture),
            occlusion_strength=record.occlusion_texture.strength if record.occlusion_texture else 1.0,
            emissive=_glow(record),
            emissive_texture=self._texture(record.emissive_texture),
            alpha_mode=AlphaMode(record.alpha_mode) if record.alpha_mode in known_modes else AlphaMode.opaque,
            alpha_cutoff=record.alpha_cutoff,
            double_sided=record.double_sided,
        )

    def _texture(self, info: GltfTextureInfo | None) -> Texture | None:
        if info is None:
            return None
        record = item(self._document.textures, info.index, "texture")
        webp = record.extensions.webp if record.extensions else None
        source = webp.source if webp else record.source
        if source is None:
            return None
        moved = info.extensions.transform if info.extensions else None
        uv_set = info.tex_coord if moved is None or moved.tex_coord is None else moved.tex_coord
        picture = self._picture(source)
        return Texture(picture.data, picture.media_type, uv_set)

    def _picture(self, index: int) -> Texture:
        if index not in self._pictures:
            image = item(self._document.images, index, "picture")
            if image.buffer_view is not None:
                data = bytes(self._arrays.view(image.buffer_view))
            elif image.uri is not None:
                data = bytes_of_uri(image.uri, self._folder, _MAX_TEXTURE_BYTES)
            else:
                raise Broken("a picture in it has no data")
            self._pictures[index] = texture_of(data)
        return self._pictures[index]


def _glow(record: GltfMaterial) -> tuple[float, float, float]:
    stronger = record.extensions.strength if record.extensions else None
    if stronger is None:
        return record.emissive_factor
    red, green, blue = (value * stronger.emissive_strength for value in record.emissive_factor)
    return red, green, blue


def moved_uv(uv: NDArray[np.float32], transform: GltfTextureTransform) -> NDArray[np.float32]:
    """Return (N, 2) texture coordinates with KHR_texture_transform carried out: offset · rotation · scale."""
    cos, sin = np.cos(transform.rotation), np.sin(transform.rotation)
    rotation = np.array([[cos, sin], [-sin, cos]])
    with np.errstate(all="ignore"):
        moved = (uv.astype(np.float64) * transform.scale) @ rotation.T + np.array(transform.offset)
        return moved.astype(np.float32)
