"""What a GLB should hold and, read by trimesh, does hold."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import ImageFile

from orfeas_desktop.engine.exporters.base import Contents, corner
from orfeas_desktop.engine.formats.ktx2 import MEDIA_TYPE, ktx2_size
from orfeas_desktop.engine.mesh.gltf_accessors import GltfArrays
from orfeas_desktop.engine.mesh.gltf_compress import ROUNDING, Compression
from orfeas_desktop.engine.mesh.gltf_container import parse_document, split_glb
from orfeas_desktop.engine.mesh.mesh import Texture
from orfeas_desktop.engine.mesh.textures import textures_of
from orfeas_desktop.engine.mesh.whole_picture import whole
from orfeas_desktop.engine.scene.flatten import bounds_of
from orfeas_desktop.engine.scene.gltf_scene import read_scene_glb, read_scene_gltf
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, LevelStyle
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Node, Scene

_THREADS = 2


def glb_contents(scene: Scene, style: GltfStyle) -> Contents:
    """Return what trimesh should find: each stored mesh once, bounds of what the scene shows."""
    shown = scene.mapped(lambda node: _as_written(node, style))
    parts = [(mesh, _used(mesh)) for mesh in shown.meshes()]
    laid = [
        texture
        for mesh, used in parts
        for index in used
        for texture in textures_of(mesh.materials[index]).values()
        if texture.uv_set < len(mesh.uvs)
    ]
    low, high = bounds_of(scene)
    return Contents(
        faces=sum(mesh.face_count for mesh, _ in parts),
        low=corner(low),
        high=corner(high),
        uvs=any(mesh.uvs for mesh, _ in parts),
        textures=len(laid),
        rounding=1e-5 if style.compression is Compression.none else ROUNDING,
    )


def glb_read_again(path: Path, *, pictures: bool) -> Contents:
    """Return what the program's own reader finds, where trimesh cannot read. Raises BadMesh.

    Without `pictures`, which are KTX2 then, only the heads of those are looked at and none counts.
    """
    read = read_scene_gltf if path.suffix == ".gltf" else read_scene_glb
    scene = read(path, path.name, pictures=pictures)
    if not pictures:
        _check_ktx2(path)
    for texture in {
        id(t): t for mesh in scene.meshes() for m in mesh.materials for t in textures_of(m).values()
    }.values():
        whole(texture)
    return replace(glb_contents(scene, GltfStyle(pieces=True)), rounding=1e-5)


def _check_ktx2(path: Path) -> None:
    """Raise BadMesh unless each picture of the file is KTX2 that glTF can use."""
    data = path.read_bytes()
    text, binary = (data, None) if path.suffix == ".gltf" else split_glb(data)
    document = parse_document(text)
    arrays = GltfArrays(document, binary, path.parent)
    for image in document.images:
        if image.buffer_view is not None:
            picture = bytes(arrays.view(image.buffer_view))
        else:
            picture = path.with_name(image.uri or "").read_bytes()
        if image.mime_type not in (None, MEDIA_TYPE) or ktx2_size(picture) is None:
            raise BadMesh(name=path.name, problem="a picture in it is not KTX2")


def _as_written(node: Node, style: GltfStyle) -> Node:
    return replace(
        node,
        lods=() if style.levels is LevelStyle.none else node.lods,
        collision=node.collision if style.pieces else (),
    )


def _used(mesh: Mesh) -> list[int]:
    return [0] if mesh.face_materials is None else np.unique(mesh.face_materials).tolist()


def glb_read_back(path: Path) -> Contents:
    """Return what trimesh finds. Raises OSError for a picture that cannot be decoded."""
    import trimesh

    scene = trimesh.load_scene(path, process=False)
    geometry = list(scene.geometry.values())
    pictures = [picture for part in geometry for picture in _pictures(part)]
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(_decoded, {id(picture): picture for picture in pictures}.values()))
    low, high = scene.bounds
    return Contents(
        faces=sum(len(part.faces) for part in geometry),
        low=corner(low),
        high=corner(high),
        uvs=any(getattr(part.visual, "uv", None) is not None for part in geometry),
        textures=len(pictures),
    )


def _decoded(picture: Image) -> None:
    """Raise Broken or OSError unless what the reader handed on is a whole picture."""
    stream = picture.fp if isinstance(picture, ImageFile.ImageFile) else None
    if isinstance(stream, BytesIO) and picture.format == "PNG":
        whole(Texture(stream.getvalue(), "image/png"))
    else:
        picture.load()


def _pictures(part: object) -> list[Image]:
    """Return the pictures of a trimesh part's material."""
    material = getattr(getattr(part, "visual", None), "material", None)
    found = [getattr(material, slot, None) for slot in _TRIMESH_SLOTS]
    return [picture for picture in found if picture is not None]


_TRIMESH_SLOTS = (
    "baseColorTexture",
    "metallicRoughnessTexture",
    "normalTexture",
    "occlusionTexture",
    "emissiveTexture",
)
