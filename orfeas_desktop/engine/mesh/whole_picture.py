"""Whether an encoded picture is whole, to its last row, found out without making its pixels where that can be."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.mesh.textures import pixels_of, texture_size

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Texture

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
"""Of PNG's kinds of colour, without palettes."""
_FILTERS = 4
_STEP = 2**22


def whole(texture: Texture) -> Texture:
    """Return the texture. Raises Broken when a part of it is missing or damaged.

    Of a PNG every sum is checked and every row is inflated, half the work of making its pixels.
    """
    texture_size(texture)
    row = _row_bytes(texture.data)
    if row is None:
        pixels_of(texture)
    elif not _holds(texture.data, *row):
        raise Broken("a texture in it is damaged")
    return texture


def _row_bytes(data: bytes) -> tuple[int, int] | None:
    """Return bytes of a row with its filter, and rows; None for anything but a plain PNG."""
    if not data.startswith(_SIGNATURE) or len(data) < 33:
        return None
    width, height, depth, kind, _, _, interlace = struct.unpack_from(">IIBBBBB", data, 16)
    if kind not in _CHANNELS or interlace:
        return None
    return (width * _CHANNELS[kind] * depth + 7) // 8 + 1, height


def _holds(data: bytes, row: int, rows: int) -> bool:
    """Return whether the rows are all there, no more and no fewer, each with a filter that there is."""
    inflater = zlib.decompressobj()
    found = 0
    try:
        for part in _image_data(data):
            rest = part
            while len(rest) and not inflater.eof:
                out = inflater.decompress(rest, _STEP)
                if max(out[-found % row :: row], default=0) > _FILTERS:
                    return False
                found += len(out)
                if found > row * rows:
                    return False
                rest = inflater.unconsumed_tail
    except (zlib.error, struct.error, ValueError):
        return False
    return inflater.eof and found == row * rows


def _image_data(data: bytes) -> Iterator[memoryview | bytes]:
    """Yield the image data of a PNG. Raises ValueError for a chunk whose sum is wrong, struct.error at a sudden end."""
    view = memoryview(data)
    at = len(_SIGNATURE)
    while True:
        (length,) = struct.unpack_from(">I", view, at)
        end = at + 8 + length
        (told,) = struct.unpack_from(">I", view, end)
        if zlib.crc32(view[at + 4 : end]) != told:
            raise ValueError("a sum is wrong")
        name = bytes(view[at + 4 : at + 8])
        if name == b"IEND":
            return
        if name == b"IDAT":
            yield view[at + 8 : end]
        at = end + 4
