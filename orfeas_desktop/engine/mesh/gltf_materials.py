"""Materials of a glTF document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.gltf_accessors import GltfArrays, item
from orfeas_desktop.engine.mesh.gltf_container import bytes_of_uri
from orfeas_desktop.engine.mesh.gltf_finish import finish_of, infos_of
from orfeas_desktop.engine.mesh.gltf_material_schema import GltfMetallicRoughness
from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Texture
from orfeas_desktop.engine.mesh.source_files import Broken, one_line
from orfeas_desktop.engine.mesh.textures import texture_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.gltf_material_schema import (
        GltfMaterial,
        GltfTextureInfo,
        GltfTextureTransform,
    )
    from orfeas_desktop.engine.mesh.gltf_schema import GltfDocument

_MAX_TEXTURE_BYTES = 2**29
_MAX_SETS = 8


@dataclass(frozen=True)
class MovedSet:
    """UV set `target` of a mesh is its set `source`, moved."""

    target: int
    source: int
    transform: GltfTextureTransform


class GltfMaterials:
    """Reads materials; each picture is read once."""

    def __init__(self, document: GltfDocument, arrays: GltfArrays, folder: Path | None) -> None:
        self._document = document
        self._arrays = arrays
        self._folder = folder
        self._pictures: dict[int, Texture] = {}
        self.with_pictures = True
        self._moved: dict[int, tuple[MovedSet, ...]] = {}

    def all(self) -> list[Material]:
        """Return every material in the order of the file."""
        return [self._material(index, record) for index, record in enumerate(self._document.materials)]

    def moved_sets(self, index: int | None) -> tuple[MovedSet, ...]:
        """Return the UV sets that a material needs because textures are moved on theirs (KHR_texture_transform)."""
        if index is None:
            return ()
        if index not in self._moved:
            record = item(self._document.materials, index, "material")
            self._moved[index] = _moved_sets(record, self._set_count(index))
        return self._moved[index]

    def _set_count(self, index: int) -> int:
        """Return how many UV sets the meshes with a material have."""
        names = {
            name
            for mesh in self._document.meshes
            for primitive in mesh.primitives
            if primitive.material == index
            for name in primitive.attributes
        }
        return sum(name.startswith("TEXCOORD_") for name in names)

    def _material(self, index: int, record: GltfMaterial) -> Material:
        def texture(info: GltfTextureInfo | None) -> Texture | None:
            return self._texture(info, self.moved_sets(index))

        pbr = record.pbr_metallic_roughness or _from_glossiness(record)
        known_modes = {mode.value for mode in AlphaMode}
        return Material(
            name=one_line(record.name or "") or f"material {index + 1}",
            base_color=pbr.base_color_factor,
            base_color_texture=texture(pbr.base_color_texture),
            metallic=pbr.metallic_factor,
            roughness=pbr.roughness_factor,
            metallic_roughness_texture=texture(pbr.metallic_roughness_texture),
            normal_map=texture(record.normal_texture),
            normal_scale=record.normal_texture.scale if record.normal_texture else 1.0,
            occlusion_texture=texture(record.occlusion_texture),
            occlusion_strength=record.occlusion_texture.strength if record.occlusion_texture else 1.0,
            emissive=_glow(record),
            emissive_texture=texture(record.emissive_texture),
            alpha_mode=AlphaMode(record.alpha_mode) if record.alpha_mode in known_modes else AlphaMode.opaque,
            alpha_cutoff=record.alpha_cutoff,
            double_sided=record.double_sided,
            finish=finish_of(record.extensions, texture),
        )

    def _texture(self, info: GltfTextureInfo | None, moved: tuple[MovedSet, ...]) -> Texture | None:
        if info is None or not self.with_pictures:
            return None
        record = item(self._document.textures, info.index, "texture")
        webp = record.extensions.webp if record.extensions else None
        source = webp.source if webp else record.source
        if source is None and record.extensions and record.extensions.basisu:
            raise Broken(
                "its textures are KTX2, which cannot be opened; save it with PNG, JPEG or WebP textures"
            )
        if source is None:
            return None
        source_set, transform = _lies_on(info)
        uv_set = next(
            (each.target for each in moved if (each.source, each.transform) == (source_set, transform)),
            source_set,
        )
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


def _lies_on(info: GltfTextureInfo) -> tuple[int, GltfTextureTransform | None]:
    transform = info.extensions.transform if info.extensions else None
    if transform is None:
        return info.tex_coord, None
    return info.tex_coord if transform.tex_coord is None else transform.tex_coord, transform


def _moved_sets(record: GltfMaterial, count: int) -> tuple[MovedSet, ...]:
    """Return a UV set for each way that textures are moved: in place where nothing else needs the set as it is."""
    pbr = record.pbr_metallic_roughness or _from_glossiness(record)
    infos = (
        pbr.base_color_texture,
        pbr.metallic_roughness_texture,
        record.normal_texture,
        record.occlusion_texture,
        record.emissive_texture,
        *infos_of(record.extensions),
    )
    ways: list[tuple[int, GltfTextureTransform | None]] = []
    for info in infos:
        if info is not None and _lies_on(info) not in ways:
            ways.append(_lies_on(info))
    taken = {source for source, transform in ways if transform is None}
    free = max([count, *(source + 1 for source, _ in ways)])
    made: list[MovedSet] = []
    for source, transform in ways:
        if transform is None:
            continue
        target = source
        if target in taken:
            target, free = free, free + 1
        taken.add(target)
        if target < _MAX_SETS:
            made.append(MovedSet(target, source, transform))
    return tuple(made)


def _from_glossiness(record: GltfMaterial) -> GltfMetallicRoughness:
    """Return what comes near a surface that is told in the older way: its colour and how rough it is."""
    older = record.extensions.glossiness if record.extensions else None
    if older is None:
        return GltfMetallicRoughness()
    return GltfMetallicRoughness(
        base_color_factor=older.diffuse_factor,
        base_color_texture=older.diffuse_texture,
        metallic_factor=0.0,
        roughness_factor=min(max(1.0 - older.glossiness_factor, 0.0), 1.0),
    )


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
