"""Meshes become glTF records and a binary chunk."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.finish import Anisotropy
from orfeas_desktop.engine.mesh.gltf_compress import Compression
from orfeas_desktop.engine.mesh.gltf_finish import extensions_of
from orfeas_desktop.engine.mesh.gltf_geometry import GltfGeometry
from orfeas_desktop.engine.mesh.gltf_material_schema import (
    GltfMaterial,
    GltfMaterialExtensions,
    GltfMetallicRoughness,
    GltfStrength,
    GltfTextureInfo,
)
from orfeas_desktop.engine.mesh.gltf_schema import (
    GltfDocumentExtensions,
    GltfImage,
    GltfLight,
    GltfLights,
    GltfMesh,
    GltfNode,
    GltfScene,
    GltfTexture,
    GltfTextureExtensions,
    GltfWebp,
)
from orfeas_desktop.engine.mesh.gltf_store import GltfStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from orfeas_desktop.engine.mesh.gltf_schema import GltfCamera
    from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
    from orfeas_desktop.engine.mesh.transform import Transform
    from orfeas_desktop.params import Scalar

UNIT_KEY = "metres_per_unit"
EXTRAS_KEY = "orfeas"
_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/ktx2": ".ktx2"}
_PICTURES_OF_EXTENSIONS = {
    "image/webp": ("webp", "EXT_texture_webp"),
    "image/ktx2": ("basisu", "KHR_texture_basisu"),
}
LIGHTS = "KHR_lights_punctual"
LODS = "MSFT_lod"


@dataclass
class GltfBuilder:
    """Gathers meshes, nodes and pictures in the order they come and writes them as one GLB.

    With `beside`, the path of a .gltf, pictures become files beside it instead, and so does the binary part.
    """

    beside: Path | None = None
    compression: Compression = Compression.none

    def __post_init__(self) -> None:
        self.files: list[Path] = []
        self._store = GltfStore()
        self._geometry = GltfGeometry(self._store, self.compression)
        self._images: dict[str, int] = {}
        self._meshes: dict[int, tuple[Mesh, int]] = {}
        self._materials: dict[tuple[Material, int], int] = {}

    def add(self, name: str, mesh: Mesh, transform: Transform) -> int:
        """Put `mesh` at a place of its own; the same object given again shares its data. Return the node."""
        unit = mesh.metres_per_unit
        x, y, z = transform.scale
        return self.add_node(
            GltfNode(
                name=name,
                mesh=self.mesh(mesh),
                translation=transform.translation,
                rotation=transform.rotation,
                scale=(x * unit, y * unit, z * unit),
                extras={UNIT_KEY: unit} if unit != 1.0 else None,
            )
        )

    def mesh(self, mesh: Mesh) -> int:
        """Store `mesh`, once for the same object; return its number."""
        known = self._meshes.get(id(mesh))
        if known is None:
            known = (mesh, self._add_mesh(mesh))
            self._meshes[id(mesh)] = known
        return known[1]

    def add_node(self, node: GltfNode) -> int:
        """Put a node into the document; return its number."""
        self._store.document.nodes.append(node)
        return len(self._store.document.nodes) - 1

    def add_camera(self, camera: GltfCamera) -> int:
        """Put a camera into the document; return its number."""
        self._store.document.cameras.append(camera)
        return len(self._store.document.cameras) - 1

    def add_light(self, light: GltfLight) -> int:
        """Put a light into the document; return its number."""
        extensions = self._store.document.extensions or GltfDocumentExtensions(lights=GltfLights())
        self._store.document.extensions = extensions
        lights = extensions.lights or GltfLights()
        extensions.lights = lights
        lights.lights = [*lights.lights, light]
        self._store.use_extension(LIGHTS)
        return len(lights.lights) - 1

    def use_extension(self, name: str) -> None:
        """Name an extension that the document uses."""
        self._store.use_extension(name)

    def write(
        self, stream: BinaryIO, extras: Mapping[str, Scalar], roots: Sequence[int] | None = None
    ) -> None:
        """Write the GLB; `extras` go into the asset record under `orfeas`; without `roots` every node is one."""
        text = self._text(extras, roots, None)
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + 8 + self._store.length
        stream.write(struct.pack("<4sII", b"glTF", 2, total))
        stream.write(struct.pack("<I4s", len(text), b"JSON") + text)
        stream.write(struct.pack("<I4s", self._store.length, b"BIN\0"))
        for chunk in self._store.chunks:
            stream.write(chunk)

    def write_beside(
        self, path: Path, extras: Mapping[str, Scalar], roots: Sequence[int] | None = None
    ) -> tuple[Path, ...]:
        """Write a .gltf with its binary part beside it; return that and the pictures."""
        binary = path.with_suffix(".bin")
        with binary.open("wb") as stream:
            for chunk in self._store.chunks:
                stream.write(chunk)
        path.write_bytes(self._text(extras, roots, binary.name))
        return (binary, *self.files)

    def _text(self, extras: Mapping[str, Scalar], roots: Sequence[int] | None, uri: str | None) -> bytes:
        document = self._store.document
        if extras:
            document.asset.extras = {EXTRAS_KEY: dict(extras)}
        document.scenes = [GltfScene(nodes=list(range(len(document.nodes)) if roots is None else roots))]
        document.scene = 0
        document.buffers = self._store.buffers(uri)
        return document.model_dump_json(by_alias=True, exclude_defaults=True).encode()

    def _add_mesh(self, mesh: Mesh) -> int:
        materials = [self._add_material(material, len(mesh.uvs)) for material in mesh.materials]
        primitives = self._geometry.primitives(mesh, materials)
        self._store.document.meshes.append(GltfMesh(name=mesh.name, primitives=primitives))
        return len(self._store.document.meshes) - 1

    def _add_material(self, material: Material, uv_count: int) -> int:
        """Store a material, once for equal ones; return its number."""
        key = (material, uv_count)
        if key not in self._materials:
            self._store.document.materials.append(self._material(material, uv_count))
            self._materials[key] = len(self._store.document.materials) - 1
        return self._materials[key]

    def _material(self, material: Material, uv_count: int) -> GltfMaterial:
        def info(
            slot: str, texture: Texture | None, scale: float = 1.0, *, strength: float = 1.0
        ) -> GltfTextureInfo | None:
            if texture is None or texture.uv_set >= uv_count:
                return None
            number = self._add_texture(texture, f"{material.name}_{slot}")
            return GltfTextureInfo(index=number, tex_coord=texture.uv_set, scale=scale, strength=strength)

        glow = max(1.0, *material.emissive)
        finish = material.finish if uv_count else replace(material.finish, anisotropy=Anisotropy())
        told = extensions_of(finish, info)
        if glow > 1.0:
            told["strength"] = GltfStrength(emissive_strength=glow)
        extensions = GltfMaterialExtensions.model_validate(told)
        for name in extensions.model_dump(by_alias=True, exclude_unset=True):
            self._store.use_extension(name)
        return GltfMaterial(
            name=material.name,
            pbr_metallic_roughness=GltfMetallicRoughness(
                base_color_factor=material.base_color,
                base_color_texture=info("base_color", material.base_color_texture),
                metallic_factor=material.metallic,
                roughness_factor=material.roughness,
                metallic_roughness_texture=info("metallic_roughness", material.metallic_roughness_texture),
            ),
            normal_texture=info("normal", material.normal_map, scale=material.normal_scale),
            occlusion_texture=info(
                "occlusion", material.occlusion_texture, strength=material.occlusion_strength
            ),
            emissive_texture=info("emissive", material.emissive_texture),
            emissive_factor=(
                material.emissive[0] / glow,
                material.emissive[1] / glow,
                material.emissive[2] / glow,
            ),
            extensions=extensions if told else None,
            alpha_mode=material.alpha_mode.value,
            alpha_cutoff=material.alpha_cutoff,
            double_sided=material.double_sided,
        )

    def _add_texture(self, texture: Texture, name: str) -> int:
        digest = hashlib.sha256(texture.data).hexdigest()
        known = self._images.get(digest)
        if known is not None:
            return known
        document = self._store.document
        source = len(document.images)
        document.images.append(self._image(texture, name, source))
        if texture.media_type in _PICTURES_OF_EXTENSIONS:
            field, name = _PICTURES_OF_EXTENSIONS[texture.media_type]
            told = GltfTextureExtensions.model_validate({field: GltfWebp(source=source)})
            document.textures.append(GltfTexture(extensions=told))
            self._store.use_extension(name, required=True)
        else:
            document.textures.append(GltfTexture(source=source))
        self._images[digest] = len(document.textures) - 1
        return self._images[digest]

    def _image(self, texture: Texture, name: str, number: int) -> GltfImage:
        if self.beside is None:
            view = self._store.add_bytes(texture.data, None)
            return GltfImage(name=name, mime_type=texture.media_type, buffer_view=view)
        suffix = _SUFFIXES[texture.media_type]
        file = self.beside.with_name(f"{self.beside.stem}_{number + 1}{suffix}")
        file.write_bytes(texture.data)
        self.files.append(file)
        return GltfImage(name=name, uri=file.name)
