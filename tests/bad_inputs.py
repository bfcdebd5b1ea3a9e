"""Hostile and odd inputs as one table, for the command line and for the window."""

from __future__ import annotations

import ctypes
import io
import os
import random
import struct
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

NOBODY = 65534

Make = Callable[[Path], Path]


@dataclass(frozen=True)
class BadPicture:
    """A picture that is refused: what builds it in a folder, and the error it gets."""

    name: str
    make: Make
    code: str
    exit_code: int = 2
    as_nobody: bool = False
    """Whether it is hostile only to somebody who is not root."""


@dataclass(frozen=True)
class OddPicture:
    """A picture that looks troublesome and must work."""

    name: str
    make: Make


def object_picture(mode: str = "RGB", side: int = 96) -> Image.Image:
    """Return a picture of a red disc with a shine on white ground."""
    picture = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((side * 0.2, side * 0.15, side * 0.8, side * 0.85), fill=(190, 40, 30))
    draw.ellipse((side * 0.35, side * 0.25, side * 0.5, side * 0.4), fill=(240, 180, 170))
    return picture.convert(mode)


def cut_out(side: int = 96) -> Image.Image:
    """Return the same disc with a transparent ground."""
    picture = object_picture(side=side)
    alpha = Image.new("L", picture.size, 0)
    ImageDraw.Draw(alpha).ellipse((side * 0.2, side * 0.15, side * 0.8, side * 0.85), fill=255)
    picture.putalpha(alpha)
    return picture


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that declares a size and holds nearly nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _bytes(name: str, content: Callable[[], bytes]) -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content())
        return path

    return make


def _encoded(kind: str) -> bytes:
    data = io.BytesIO()
    noise = Image.frombytes("RGB", (120, 90), random.Random(7).randbytes(120 * 90 * 3))
    noise.save(data, kind)
    return data.getvalue()


def _saved(name: str, picture: Callable[[], Image.Image], **options: object) -> Make:
    def make(folder: Path) -> Path:
        path = folder / name
        picture().save(path, **options)
        return path

    return make


def _one_pixel() -> Image.Image:
    picture = Image.new("RGBA", (64, 64), (200, 30, 30, 0))
    picture.putpixel((30, 30), (200, 30, 30, 255))
    return picture


def _folder(folder: Path) -> Path:
    path = folder / "folder.png"
    path.mkdir()
    return path


def _secret(folder: Path) -> Path:
    path = folder / "secret.png"
    object_picture().save(path)
    path.chmod(0)
    return path


def _palette_with_alpha() -> Image.Image:
    return cut_out().quantize(16)


def _deep_grey() -> Image.Image:
    grey = object_picture("L")
    return Image.frombytes(
        "I;16", grey.size, bytes(byte for value in grey.tobytes() for byte in (value, value))
    )


def _animation(folder: Path) -> Path:
    path = folder / "moving.gif"
    frames = [object_picture(), object_picture().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    return path


BAD_PICTURES = (
    BadPicture("empty file", _bytes("empty.png", lambda: b""), "picture-empty"),
    BadPicture("text named png", _bytes("letter.png", lambda: b"Dear reader,\n" * 20), "bad-picture"),
    BadPicture("cut png", _bytes("cut.png", lambda: _encoded("PNG")[:900]), "picture-damaged"),
    BadPicture("cut jpeg", _bytes("cut.jpg", lambda: _encoded("JPEG")[:900]), "picture-damaged"),
    BadPicture("cut webp", _bytes("cut.webp", lambda: _encoded("WEBP")[:900]), "picture-damaged"),
    BadPicture("archive", _bytes("pictures.ZIP", lambda: b"PK\x03\x04" + bytes(60)), "packed-file"),
    BadPicture("no height", _bytes("flat.png", lambda: png_header(64, 0)), "picture-empty"),
    BadPicture(
        "decompression bomb", _bytes("bomb.png", lambda: png_header(65500, 65500)), "picture-too-large"
    ),
    BadPicture("16k by 16k", _bytes("huge.png", lambda: png_header(16384, 16384)), "picture-too-large"),
    BadPicture(
        "fully transparent",
        _saved("clear.png", lambda: Image.new("RGBA", (64, 64), (9, 9, 9, 0))),
        "picture-transparent",
    ),
    BadPicture("one pixel to see", _saved("dot.png", _one_pixel), "no-object"),
    BadPicture("a folder", _folder, "not-a-file"),
    BadPicture("nothing there", lambda folder: folder / "nothing.png", "file-missing"),
    BadPicture("no permission", _secret, "permission-denied", 3, as_nobody=True),
)

ODD_PICTURES = (
    OddPicture("cmyk jpeg", _saved("print.jpg", lambda: object_picture("CMYK"))),
    OddPicture("palette with alpha", _saved("palette.png", _palette_with_alpha)),
    OddPicture("animated gif", _animation),
    OddPicture("16 bit grey", _saved("deep.png", _deep_grey)),
    OddPicture("name with spaces", _saved("two words.png", object_picture)),
    OddPicture("name with umlauts", _saved("Größe.png", object_picture)),
    OddPicture("name with emoji", _saved("🪑 chair.png", object_picture)),
    OddPicture("name with a newline", _saved("two\nlines.png", object_picture)),
)


@contextmanager
def as_nobody() -> Generator[None]:
    """Act as somebody without rights for a while; where this process is not root it has none anyway."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def give_up_override() -> None:
    """Let the program that is started next be refused like anybody else, also when root starts it."""
    if os.geteuid() != 0:
        return
    drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (dac_override, dac_read_search):
        if libc.prctl(drop_from_bounding_set, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
