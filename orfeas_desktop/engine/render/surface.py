"""Surface: one material's share of a mesh, as the arrays that are drawn."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from orfeas_desktop.engine.mesh.color import encoded_of
from orfeas_desktop.engine.mesh.mesh import AlphaMode
from orfeas_desktop.engine.mesh.textures import MAX_TEXTURE_SIDE
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from orfeas_desktop.engine.mesh.mesh import Bytes, Floats, Integers, Material, Mesh, Texture

Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True)
class Finish:
    """How a surface takes light. `color` is sRGB with alpha, 0..1 each."""

    color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    metallic: float = 0.0
    roughness: float = 0.85
    emissive: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Surface:
    """What is drawn with one material; arrays may be read-only and are kept by whoever draws them.

    vertices (V, 3) float32; faces (F, 3) int32; normals (V, 3) float32 or None for flat shading;
    uv (V, 2) float32, origin at the texture's first row; colors (V, 4) uint8 sRGB;
    texture (H, W, 3 or 4) uint8 sRGB, first row on top
    """

    vertices: Floats
    faces: Integers
    normals: Floats | None = None
    uv: Floats | None = None
    colors: Bytes | None = None
    texture: Bytes | None = None
    finish: Finish = Finish()


def surfaces_of(mesh: Mesh, *, max_texture_side: int = 4096) -> tuple[Surface, ...]:
    """Return one surface per material that has faces, textures decoded and no side over `max_texture_side`.

    Raises BadMesh for a texture that is no picture.
    """
    decoded: dict[int, Bytes] = {}
    return tuple(_surface(part, material, decoded, max_texture_side) for material, part in _parts(mesh))


def decode_texture(texture: Texture, *, name: str, max_side: int) -> Bytes:
    """Return the texture as (H, W, 3) uint8, or (H, W, 4) where it has an alpha channel.

    Raises BadMesh, naming the mesh `name`, for bytes that are no picture or far too many pixels.
    """
    from PIL import Image, UnidentifiedImageError

    faults = (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the side limit stands in for Pillow's warning of many pixels
        try:
            with Image.open(BytesIO(texture.data), formats=("PNG", "JPEG", "WEBP")) as image:
                if max(image.size) > MAX_TEXTURE_SIDE:
                    raise BadMesh(
                        name=name, problem=f"a texture is wider or higher than {MAX_TEXTURE_SIDE} pixels"
                    )
                image.draft("RGB", (max_side, max_side))
                return _pixels(image, max_side)
        except faults as fault:
            raise BadMesh(name=name, problem="a texture is damaged", details=str(fault)) from fault


def _pixels(image: Image, max_side: int) -> Bytes:
    wanted = "RGBA" if image.has_transparency_data else "RGB"
    plain = image if image.mode == wanted else image.convert(wanted)
    longest = max(plain.size)
    if longest > max_side:
        width, height = (max(1, round(side * max_side / longest)) for side in plain.size)
        plain = plain.resize((width, height), reducing_gap=2.0)
    return np.asarray(plain, dtype=np.uint8)


def _parts(mesh: Mesh) -> list[tuple[Material, Mesh]]:
    groups = mesh.face_materials
    if groups is None:
        return [(mesh.materials[0], mesh)]
    used = np.flatnonzero(np.bincount(groups, minlength=len(mesh.materials)))
    if len(used) == 1:
        return [(mesh.materials[int(used[0])], mesh)]
    return [(mesh.materials[int(index)], _part(mesh, mesh.faces[groups == index])) for index in used]


def _part(mesh: Mesh, faces: Integers) -> Mesh:
    """Return these faces over only the vertices that they use."""
    kept = np.zeros(mesh.vertex_count, dtype=bool)
    kept[faces] = True
    renumbered = np.cumsum(kept, dtype=np.int32) - 1
    return mesh.changed(
        vertices=mesh.vertices[kept],
        faces=renumbered[faces].astype(np.int32),
        normals=None if mesh.normals is None else mesh.normals[kept],
        tangents=None,
        uvs=tuple(uv[kept] for uv in mesh.uvs),
        colors=None if mesh.colors is None else mesh.colors[kept],
        face_materials=None,
        polygons=None,
    )


def _surface(part: Mesh, material: Material, decoded: dict[int, Bytes], max_side: int) -> Surface:
    texture = material.base_color_texture
    uv_set = texture.uv_set if texture is not None else 0
    uv = part.uvs[uv_set] if uv_set < len(part.uvs) else None
    picture = None
    if texture is not None and uv is not None:
        key = id(texture)
        if key not in decoded:
            decoded[key] = decode_texture(texture, name=part.name, max_side=max_side)
        picture = _with_alpha_mode(decoded[key], material)
    return Surface(
        vertices=_contiguous(part.vertices, np.float32),
        faces=_contiguous(part.faces, np.int32),
        normals=None if part.normals is None else _contiguous(part.normals, np.float32),
        uv=None if uv is None else _contiguous(uv, np.float32),
        colors=None if part.colors is None else _vertex_colors(part.colors, material),
        texture=picture,
        finish=_finish(material),
    )


def _with_alpha_mode(picture: Bytes, material: Material) -> Bytes:
    """Apply glTF 2.0, section 3.9.4: opaque drops alpha, mask makes it all or nothing, blend keeps it."""
    if picture.shape[2] == 3:
        return picture
    if material.alpha_mode is AlphaMode.opaque:
        return np.ascontiguousarray(picture[..., :3])
    if material.alpha_mode is AlphaMode.mask:
        solid = picture[..., 3] * material.base_color[3] >= material.alpha_cutoff * 255
        return np.dstack((picture[..., :3], np.where(solid, 255, 0).astype(np.uint8)))
    return picture


def _finish(material: Material) -> Finish:
    red, green, blue = (float(one) for one in encoded_of(np.array(material.base_color[:3])))
    glow_red, glow_green, glow_blue = (float(one) for one in encoded_of(np.array(material.emissive)))
    return Finish(
        color=(red, green, blue, material.base_color[3] if material.alpha_mode is AlphaMode.blend else 1.0),
        metallic=material.metallic,
        roughness=material.roughness,
        emissive=(glow_red, glow_green, glow_blue),
    )


def _vertex_colors(colors: Bytes, material: Material) -> Bytes:
    if material.alpha_mode is AlphaMode.opaque and colors[:, 3].min() < 255:
        colors = colors.copy()
        colors[:, 3] = 255
    return np.ascontiguousarray(colors)


def _contiguous(array: NDArray[Kind], kind: type[Kind]) -> NDArray[Kind]:
    return np.ascontiguousarray(array, dtype=kind)
