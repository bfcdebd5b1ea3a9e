"""The outside of a glTF: the GLB's chunks, the JSON document, URIs."""

from __future__ import annotations

import base64
import binascii
import struct
from typing import TYPE_CHECKING

from pydantic import ValidationError

from orfeas_desktop.engine.mesh.gltf_schema import GltfDocument
from orfeas_desktop.engine.mesh.source_files import Broken, neighbour, read_bounded, require

if TYPE_CHECKING:
    from pathlib import Path

_JSON, _BIN = 0x4E4F534A, 0x004E4942
_MAX_VALUES = 4_000_000
_UNDERSTOOD = (
    "KHR_mesh_quantization",
    "KHR_texture_transform",
    "EXT_texture_webp",
    "KHR_draco_mesh_compression",
    "EXT_meshopt_compression",
    "KHR_meshopt_compression",
    "KHR_texture_basisu",
    "FB_ngon_encoding",
)
_HARMLESS = (
    "MSFT_lod",
    "KHR_materials_",
    "KHR_lights_",
    "EXT_lights_",
    "KHR_xmp",
    "KHR_animation_",
    "KHR_node_visibility",
)


def split_glb(data: bytes) -> tuple[memoryview, memoryview | None]:
    """Return the JSON chunk and the binary chunk of a GLB (glTF 2.0, section 4.4). Raises Broken."""
    whole = memoryview(data)
    require(len(data) >= 20, "it ends early")
    magic, version, length = struct.unpack_from("<4sII", data)
    require(magic == b"glTF", "it is not a GLB")
    require(version == 2, "it is glTF version {version}, only version 2 can be read", version=version)
    require(20 <= length <= len(data), "it ends early")
    text: memoryview | None = None
    binary: memoryview | None = None
    at = 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<II", data, at)
        require(at + 8 + size <= length, "it ends early")
        chunk = whole[at + 8 : at + 8 + size]
        if kind == _JSON and text is None:
            text = chunk
        elif kind == _BIN and binary is None:
            binary = chunk
        at += 8 + size
    if text is None:
        raise Broken("it has no JSON part")
    return text, binary


def parse_document(text: bytes | memoryview) -> GltfDocument:
    """Return the checked document. Raises Broken for JSON that is no glTF 2, or holds too many values."""
    raw = bytes(text)
    values = raw.count(b",") + raw.count(b"[") + raw.count(b"{")
    require(values <= _MAX_VALUES, "its JSON part is too large")
    try:
        document = GltfDocument.model_validate_json(raw.rstrip(b"\0 "))
    except ValidationError as problem:
        fault = problem.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        said = fault["msg"] if len(fault["msg"]) < 120 else fault["type"]
        raise Broken(f"its JSON part is not valid glTF ({where + ': ' if where else ''}{said})") from None
    version = document.asset.version
    require(
        version.split(".")[0] == "2",
        "it is glTF version {version}, only version 2 can be read",
        version=version[:9],
    )
    for name in document.extensions_required:
        if name not in _UNDERSTOOD and not name.startswith(_HARMLESS):
            raise Broken(f"it needs the extension {name[:60]}")
    return document


def bytes_of_uri(uri: str, folder: Path | None, limit: int) -> bytes:
    """Return what `uri` names: data inside it, or a file of `folder`; None allows no files. Raises Broken."""
    if uri.startswith("data:"):
        return _data_uri(uri)
    if folder is None:
        raise Broken("it refers to another file; only a .gltf may do that")
    return read_bounded(neighbour(folder, uri), limit)


def _data_uri(uri: str) -> bytes:
    head, comma, body = uri.partition(",")
    require(bool(comma) and head.endswith(";base64"), "a data URI in it is not base64")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise Broken("a data URI in it is not base64") from None
