"""The materials of glTF 2.0 with Khronos's extensions, as checked records."""

from __future__ import annotations

from pydantic import Field

from orfeas_desktop.engine.mesh.gltf_record import GltfMark, GltfRecord, Index, Vector3, Vector4


class GltfTextureTransform(GltfRecord):
    """Where a texture lies on its UV set (KHR_texture_transform)."""

    offset: tuple[float, float] = (0.0, 0.0)
    rotation: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    tex_coord: Index | None = None


class GltfTextureInfoExtensions(GltfRecord):
    """The texture-info extensions that are understood."""

    transform: GltfTextureTransform | None = Field(
        default=None, validation_alias="KHR_texture_transform", serialization_alias="KHR_texture_transform"
    )


class GltfTextureInfo(GltfRecord):
    """A use of a texture; `scale` is for normal maps, `strength` for occlusion."""

    index: Index
    tex_coord: Index = 0
    scale: float = 1.0
    strength: float = 1.0
    extensions: GltfTextureInfoExtensions | None = None


class GltfMetallicRoughness(GltfRecord):
    """The metallic-roughness part of a material."""

    base_color_factor: Vector4 = (1.0, 1.0, 1.0, 1.0)
    base_color_texture: GltfTextureInfo | None = None
    metallic_factor: float = 1.0
    roughness_factor: float = 1.0
    metallic_roughness_texture: GltfTextureInfo | None = None


class GltfStrength(GltfRecord):
    """How much brighter than its factor a surface glows."""

    emissive_strength: float = 1.0


class GltfIor(GltfRecord):
    """How strongly light is bent, and so how much is reflected."""

    ior: float = 1.5


class GltfDispersion(GltfRecord):
    """How far colours are bent apart."""

    dispersion: float = 0.0


class GltfClearcoat(GltfRecord):
    """A layer of lacquer."""

    clearcoat_factor: float = 0.0
    clearcoat_texture: GltfTextureInfo | None = None
    clearcoat_roughness_factor: float = 0.0
    clearcoat_roughness_texture: GltfTextureInfo | None = None
    clearcoat_normal_texture: GltfTextureInfo | None = None


class GltfSheen(GltfRecord):
    """The gleam of cloth."""

    sheen_color_factor: Vector3 = (0.0, 0.0, 0.0)
    sheen_color_texture: GltfTextureInfo | None = None
    sheen_roughness_factor: float = 0.0
    sheen_roughness_texture: GltfTextureInfo | None = None


class GltfSpecular(GltfRecord):
    """Strength and colour of reflections of what is no metal."""

    specular_factor: float = 1.0
    specular_texture: GltfTextureInfo | None = None
    specular_color_factor: Vector3 = (1.0, 1.0, 1.0)
    specular_color_texture: GltfTextureInfo | None = None


class GltfTransmission(GltfRecord):
    """How much light goes through a thin surface."""

    transmission_factor: float = 0.0
    transmission_texture: GltfTextureInfo | None = None


class GltfVolume(GltfRecord):
    """How thick the body is below the surface, and what it swallows."""

    thickness_factor: float = 0.0
    thickness_texture: GltfTextureInfo | None = None
    attenuation_distance: float | None = None
    attenuation_color: Vector3 = (1.0, 1.0, 1.0)


class GltfIridescence(GltfRecord):
    """Colours of a thin film, whose thickness is in nanometres."""

    iridescence_factor: float = 0.0
    iridescence_texture: GltfTextureInfo | None = None
    iridescence_ior: float = 1.3
    iridescence_thickness_minimum: float = 100.0
    iridescence_thickness_maximum: float = 400.0
    iridescence_thickness_texture: GltfTextureInfo | None = None


class GltfAnisotropy(GltfRecord):
    """Highlights drawn out along one direction, as on brushed metal."""

    anisotropy_strength: float = 0.0
    anisotropy_rotation: float = 0.0
    anisotropy_texture: GltfTextureInfo | None = None


class GltfGlossiness(GltfRecord):
    """The older way to tell a surface."""

    diffuse_factor: Vector4 = (1.0, 1.0, 1.0, 1.0)
    diffuse_texture: GltfTextureInfo | None = None
    glossiness_factor: float = 1.0


class GltfMaterialExtensions(GltfRecord):
    """The material extensions that are understood."""

    strength: GltfStrength | None = Field(
        default=None,
        validation_alias="KHR_materials_emissive_strength",
        serialization_alias="KHR_materials_emissive_strength",
    )
    unlit: GltfMark | None = Field(
        default=None,
        validation_alias="KHR_materials_unlit",
        serialization_alias="KHR_materials_unlit",
    )
    ior: GltfIor | None = Field(
        default=None,
        validation_alias="KHR_materials_ior",
        serialization_alias="KHR_materials_ior",
    )
    dispersion: GltfDispersion | None = Field(
        default=None,
        validation_alias="KHR_materials_dispersion",
        serialization_alias="KHR_materials_dispersion",
    )
    clearcoat: GltfClearcoat | None = Field(
        default=None,
        validation_alias="KHR_materials_clearcoat",
        serialization_alias="KHR_materials_clearcoat",
    )
    sheen: GltfSheen | None = Field(
        default=None,
        validation_alias="KHR_materials_sheen",
        serialization_alias="KHR_materials_sheen",
    )
    specular: GltfSpecular | None = Field(
        default=None,
        validation_alias="KHR_materials_specular",
        serialization_alias="KHR_materials_specular",
    )
    transmission: GltfTransmission | None = Field(
        default=None,
        validation_alias="KHR_materials_transmission",
        serialization_alias="KHR_materials_transmission",
    )
    volume: GltfVolume | None = Field(
        default=None,
        validation_alias="KHR_materials_volume",
        serialization_alias="KHR_materials_volume",
    )
    iridescence: GltfIridescence | None = Field(
        default=None,
        validation_alias="KHR_materials_iridescence",
        serialization_alias="KHR_materials_iridescence",
    )
    anisotropy: GltfAnisotropy | None = Field(
        default=None,
        validation_alias="KHR_materials_anisotropy",
        serialization_alias="KHR_materials_anisotropy",
    )
    glossiness: GltfGlossiness | None = Field(
        default=None,
        validation_alias="KHR_materials_pbrSpecularGlossiness",
        serialization_alias="KHR_materials_pbrSpecularGlossiness",
    )


class GltfMaterial(GltfRecord):
    """A material."""

    name: str | None = None
    pbr_metallic_roughness: GltfMetallicRoughness | None = None
    normal_texture: GltfTextureInfo | None = None
    occlusion_texture: GltfTextureInfo | None = None
    emissive_texture: GltfTextureInfo | None = None
    emissive_factor: Vector3 = (0.0, 0.0, 0.0)
    alpha_mode: str = "OPAQUE"
    alpha_cutoff: float = 0.5
    double_sided: bool = False
    extensions: GltfMaterialExtensions | None = None
