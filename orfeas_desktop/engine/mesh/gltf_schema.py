"""The part of glTF 2.0 that this program reads and writes, as checked records."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, Field, JsonValue

from orfeas_desktop.engine.mesh.gltf_material_schema import GltfMaterial
from orfeas_desktop.engine.mesh.gltf_record import Count, GltfMark, GltfRecord, Index, Vector3, Vector4


class GltfFallback(GltfRecord):
    """Says that a buffer has no bytes: what is in it comes out of compressed views."""

    fallback: bool = False


class GltfBufferExtensions(GltfRecord):
    """The buffer extensions that are understood."""

    meshopt: GltfFallback | None = Field(
        default=None,
        validation_alias="EXT_meshopt_compression",
        serialization_alias="EXT_meshopt_compression",
    )


class GltfBuffer(GltfRecord):
    """Bytes: the GLB's own chunk, a data URI or a file beside a .gltf."""

    byte_length: Count
    uri: str | None = None
    extensions: GltfBufferExtensions | None = None


class GltfMeshopt(GltfRecord):
    """A view's bytes as meshoptimizer stores them."""

    buffer: Index
    byte_offset: Count = 0
    byte_length: Count
    byte_stride: Annotated[int, Field(ge=1, le=256)]
    count: Count
    mode: Literal["ATTRIBUTES", "TRIANGLES", "INDICES"]
    filter: Literal["NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL", "COLOR"] = "NONE"


class GltfBufferViewExtensions(GltfRecord):
    """The view extensions that are understood; the second is the name that Khronos gave the first."""

    meshopt: GltfMeshopt | None = Field(
        default=None,
        validation_alias=AliasChoices("EXT_meshopt_compression", "KHR_meshopt_compression"),
        serialization_alias="EXT_meshopt_compression",
    )


class GltfBufferView(GltfRecord):
    """A slice of a buffer."""

    buffer: Index
    byte_offset: Count = 0
    byte_length: Count
    byte_stride: Annotated[int, Field(ge=1, le=252)] | None = None
    target: int | None = None
    extensions: GltfBufferViewExtensions | None = None


class GltfSparseIndices(GltfRecord):
    """Which elements a sparse accessor replaces."""

    buffer_view: Index
    byte_offset: Count = 0
    component_type: int


class GltfSparseValues(GltfRecord):
    """What a sparse accessor puts there."""

    buffer_view: Index
    byte_offset: Count = 0


class GltfSparse(GltfRecord):
    """Replaced elements of an accessor."""

    count: Count
    indices: GltfSparseIndices
    values: GltfSparseValues


class GltfAccessor(GltfRecord):
    """A typed array over a buffer view."""

    buffer_view: Index | None = None
    byte_offset: Count = 0
    component_type: int
    normalized: bool = False
    count: Count
    type: str
    min: list[float] | None = None
    max: list[float] | None = None
    sparse: GltfSparse | None = None


class GltfImage(GltfRecord):
    """An encoded picture."""

    uri: str | None = None
    mime_type: str | None = None
    buffer_view: Index | None = None
    name: str | None = None


class GltfWebp(GltfRecord):
    """The WebP or KTX2 picture of a texture."""

    source: Index


class GltfTextureExtensions(GltfRecord):
    """The texture extensions that are understood."""

    webp: GltfWebp | None = Field(
        default=None, validation_alias="EXT_texture_webp", serialization_alias="EXT_texture_webp"
    )
    basisu: GltfWebp | None = Field(
        default=None, validation_alias="KHR_texture_basisu", serialization_alias="KHR_texture_basisu"
    )


class GltfTexture(GltfRecord):
    """A picture and its sampler; repeat and linear filters are assumed."""

    source: Index | None = None
    sampler: Index | None = None
    extensions: GltfTextureExtensions | None = None


class GltfDraco(GltfRecord):
    """The view that holds a primitive as Draco stores it, and by attribute the number it has in there."""

    buffer_view: Index
    attributes: dict[str, Index]


class GltfPrimitiveExtensions(GltfRecord):
    """The primitive extensions that are understood.

    With FB_ngon_encoding triangles that follow each other and begin at the same corner are one polygon.
    """

    ngons: GltfMark | None = Field(
        default=None, validation_alias="FB_ngon_encoding", serialization_alias="FB_ngon_encoding"
    )
    draco: GltfDraco | None = Field(
        default=None,
        validation_alias="KHR_draco_mesh_compression",
        serialization_alias="KHR_draco_mesh_compression",
    )


class GltfPrimitive(GltfRecord):
    """Triangles of one material."""

    attributes: dict[str, Index]
    indices: Index | None = None
    material: Index | None = None
    mode: int = 4
    extensions: GltfPrimitiveExtensions | None = None


class GltfMesh(GltfRecord):
    """Primitives that stand together."""

    name: str | None = None
    primitives: list[GltfPrimitive]


class GltfPerspective(GltfRecord):
    """A camera that sees far things smaller."""

    aspect_ratio: float | None = None
    yfov: float
    zfar: float | None = None
    znear: float


class GltfOrthographic(GltfRecord):
    """A camera that sees far things as large as near ones; `xmag` and `ymag` are half sizes."""

    xmag: float
    ymag: float
    zfar: float
    znear: float


class GltfCamera(GltfRecord):
    """A camera of either kind."""

    name: str | None = None
    type: str
    perspective: GltfPerspective | None = None
    orthographic: GltfOrthographic | None = None


class GltfSpot(GltfRecord):
    """The cone of a spot light, in radians."""

    inner_cone_angle: float = 0.0
    outer_cone_angle: float = 0.7853981633974483


class GltfLight(GltfRecord):
    """A light of KHR_lights_punctual."""

    name: str | None = None
    type: str
    color: Vector3 = (1.0, 1.0, 1.0)
    intensity: float = 1.0
    range: float | None = None
    spot: GltfSpot | None = None


class GltfLights(GltfRecord):
    """All lights of a document."""

    lights: list[GltfLight] = Field(default_factory=list[GltfLight])


class GltfLightUse(GltfRecord):
    """Which light a node holds."""

    light: Index


class GltfLods(GltfRecord):
    """Nodes that stand in for a node, finest first (MSFT_lod)."""

    ids: list[Index] = Field(default_factory=list[Index])


class GltfNodeExtensions(GltfRecord):
    """The node extensions that are understood."""

    light: GltfLightUse | None = Field(
        default=None, validation_alias="KHR_lights_punctual", serialization_alias="KHR_lights_punctual"
    )
    lods: GltfLods | None = Field(default=None, validation_alias="MSFT_lod", serialization_alias="MSFT_lod")


class GltfDocumentExtensions(GltfRecord):
    """The document extensions that are understood."""

    lights: GltfLights | None = Field(
        default=None, validation_alias="KHR_lights_punctual", serialization_alias="KHR_lights_punctual"
    )


class GltfNode(GltfRecord):
    """A place in the scene."""

    name: str | None = None
    mesh: Index | None = None
    camera: Index | None = None
    children: list[Index] = Field(default_factory=list[Index])
    matrix: Annotated[list[float], Field(min_length=16, max_length=16)] | None = None
    translation: Vector3 = (0.0, 0.0, 0.0)
    rotation: Vector4 = (0.0, 0.0, 0.0, 1.0)
    scale: Vector3 = (1.0, 1.0, 1.0)
    extensions: GltfNodeExtensions | None = None
    extras: JsonValue = None


class GltfScene(GltfRecord):
    """Root nodes."""

    name: str | None = None
    nodes: list[Index] = Field(default_factory=list[Index])


class GltfAsset(GltfRecord):
    """Which glTF this is, and who wrote it."""

    version: str
    generator: str | None = None
    extras: JsonValue = None


class GltfDocument(GltfRecord):
    """A whole glTF file without its binary."""

    asset: GltfAsset
    extensions_used: list[str] = Field(default_factory=list[str])
    extensions_required: list[str] = Field(default_factory=list[str])
    extensions: GltfDocumentExtensions | None = None
    scene: Index | None = None
    scenes: list[GltfScene] = Field(default_factory=list[GltfScene])
    nodes: list[GltfNode] = Field(default_factory=list[GltfNode])
    cameras: list[GltfCamera] = Field(default_factory=list[GltfCamera])
    meshes: list[GltfMesh] = Field(default_factory=list[GltfMesh])
    materials: list[GltfMaterial] = Field(default_factory=list[GltfMaterial])
    textures: list[GltfTexture] = Field(default_factory=list[GltfTexture])
    images: list[GltfImage] = Field(default_factory=list[GltfImage])
    accessors: list[GltfAccessor] = Field(default_factory=list[GltfAccessor])
    buffer_views: list[GltfBufferView] = Field(default_factory=list[GltfBufferView])
    buffers: list[GltfBuffer] = Field(default_factory=list[GltfBuffer])
