"""A picture is whole to its last row, or it is damaged."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.mesh.mesh import Texture
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.mesh.whole_picture import whole

MODES = ("L", "LA", "RGB", "RGBA", "I;16", "1")
SIDES = (37, 29)


def encoded(mode: str, form: str = "PNG") -> Texture:
    pixels = np.random.default_rng(4).integers(0, 255, (SIDES[1], SIDES[0], 4)).astype(np.uint8)
    image = Image.fromarray(pixels)
    image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 200) if mode == "I;16" else image.convert(mode)
    out = io.BytesIO()
    image.save(out, form)
    return Texture(out.getvalue(), f"image/{form.lower()}")


def made(rows: bytes, *, width: int = 4, height: int = 2, end: bool = True, parts: int = 1) -> Texture:
    """A grey PNG of these bytes before deflation."""
    data = zlib.compress(rows)
    step = -(-len(data) // parts)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))]
    chunks += [(b"IDAT", data[at : at + step]) for at in range(0, len(data), step)]
    chunks += [(b"IEND", b"")] if end else []
    told = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    return Texture(b"\x89PNG\r\n\x1a\n" + told, "image/png")


GREY = b"\0abcd\x04efgh"


@pytest.mark.parametrize("mode", MODES)
def test_pngs_of_every_kind_are_whole_until_a_byte_is_missing_or_another(mode: str) -> None:
    texture = encoded(mode)
    assert whole(texture) is texture
    data = texture.data
    for cut in (0, 20, len(data) // 2, len(data) - 13):
        with pytest.raises(Broken):
            whole(Texture(data[:cut], "image/png"))
    at = data.index(b"IDAT") + 40
    with pytest.raises(Broken):
        whole(Texture(data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :], "image/png"))


@pytest.mark.parametrize(("mode", "form"), [("RGB", "JPEG"), ("RGB", "WEBP"), ("P", "PNG")])
def test_other_pictures_are_decoded(mode: str, form: str) -> None:
    texture = encoded(mode, form)
    assert whole(texture) is texture
    with pytest.raises(Broken):
        whole(Texture(texture.data[: len(texture.data) // 2], texture.media_type))


def test_rows_must_be_as_many_as_told_and_filtered_as_png_knows() -> None:
    assert whole(made(GREY))
    assert whole(made(GREY, parts=4))
    for wrong in (
        made(GREY[:5]),
        made(GREY + b"\0more"),
        made(GREY.replace(b"\x04", b"\x05")),
        made(GREY, end=False),
        made(bytes(5 * 10**6), height=2),
    ):
        with pytest.raises(Broken):
            whole(wrong)
