"""Checks and reads pictures: any common file in, upright RGBA out."""

from __future__ import annotations

import errno
import stat
import struct
import warnings
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from threading import Lock
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from orfeas_desktop.errors import (
    BadPicture,
    FileMissing,
    NotAFile,
    OrfeasError,
    OutOfMemory,
    PackedFile,
    PermissionDenied,
    PictureDamaged,
    PictureEmpty,
    PictureTooLarge,
    PictureTransparent,
)
from orfeas_desktop.names import is_archive
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from typing import BinaryIO

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif")

RECIPE = "orfeas"
"""Under which a PNG of ours says what made it."""
LONGEST_RECIPE = 100_000
LARGEST_OWN = 5.0
"""Megapixels; larger ones are not of this program."""

_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"II*\0", b"MM\0*", b"BM", b"GIF8")
_SIZE_FIELDS = {b"\x89PNG\r\n\x1a\n": (">II", 16), b"GIF8": ("<HH", 6), b"BM": ("<ii", 18)}

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112

_GONE = {errno.ENOENT, errno.ESTALE, errno.ENODEV, errno.ENXIO, errno.ENAMETOOLONG}

_FAULTS = (
    ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, LookupError, OSError, RuntimeError,
    SyntaxError, TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's decoders raise when a file is not what its header says."""

_pillow = Lock()
"""Pillow's pixel limit and Python's warning filters belong to the process, so one picture is read at a time."""


@dataclass(frozen=True)
class PictureInfo:
    """What a picture's header says; `width` and `height` are those of the upright picture."""

    width: int
    height: int
    mode: str
    """Pillow's name of the pixel layout in the file."""
    format: str
    has_alpha: bool

    @property
    def megapixels(self) -> float:
        """Millions of pixels."""
        return self.width * self.height / 1e6


def check_picture(path: Path, *, max_megapixels: float = 100) -> PictureInfo:
    """Read the header of the picture at `path` without decoding it.

    Raises FileMissing, NotAFile, PackedFile, PermissionDenied, and of the BadPicture family BadPicture, PictureEmpty,
    PictureDamaged and PictureTooLarge.
    """
    with _opened(path, max_megapixels) as image:
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
        return PictureInfo(width, height, image.mode, _format(image), image.has_transparency_data)


def read_picture(path: Path, *, max_side: int | None = None, max_megapixels: float = 100) -> Image.Image:
    """Return the upright first frame as 8-bit RGBA, straight alpha, no side longer than `max_side` pixels.

    With `max_side` a large picture is made smaller while it is decoded, so that memory stays bounded.
    Raises what `check_picture` raises, PictureTransparent, and OutOfMemory.
    """
    with _opened(path, max_megapixels) as image:
        turn = _TURNS.get(_orientation(image))
        picture = _decoded(image, max_side)
        if turn is not None:
            picture = picture.transpose(turn)
    if picture.getchannel("A").getextrema() == (0, 0):
        raise PictureTransparent(name=path.name)
    return picture


def recipe_in(path: Path) -> str:
    """Return the recipe that this program wrote into a picture it made, or nothing."""
    try:
        with _opened(path, LARGEST_OWN) as image:
            said = image.info.get(RECIPE)
    except OrfeasError:
        return ""
    return said if isinstance(said, str) and len(said) <= LONGEST_RECIPE else ""


@contextmanager
def _opened(path: Path, max_megapixels: float) -> Generator[Image.Image]:
    """Yield the undecoded picture; whatever goes wrong inside becomes one of our errors."""
    with _stream(path) as stream, _pillow, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        head = b""
        try:
            head = stream.read(32)
            if not head:
                raise PictureEmpty(name=path.name)
            with _identified(stream) as image:
                megapixels = image.width * image.height / 1e6
                if megapixels > max_megapixels:
                    raise PictureTooLarge(
                        name=path.name, megapixels=ceil(megapixels * 10) / 10, limit=max_megapixels
                    )
                yield image
        except MemoryError:
            raise OutOfMemory(stage=QT_TRANSLATE_NOOP("Stages", "reading the picture")) from None
        except _FAULTS as fault:
            raise _explained(path, head, fault) from fault


@contextmanager
def _stream(path: Path) -> Generator[BinaryIO]:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise NotAFile(name=path.name)
        stream = path.open("rb")
    except PermissionError:
        raise PermissionDenied(place=str(path)) from None
    except (OSError, ValueError):
        raise FileMissing(name=path.name) from None
    with stream:
        yield stream


def _identified(stream: BinaryIO) -> Image.Image:
    """Open with our own limit instead of Pillow's, which would refuse what the settings allow."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        stream.seek(0)
        return Image.open(stream, formats=FORMATS)
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _explained(path: Path, head: bytes, fault: BaseException) -> OrfeasError:
    if isinstance(fault, OSError) and fault.errno in _GONE:
        return FileMissing(name=path.name)
    if isinstance(fault, PermissionError):
        return PermissionDenied(place=str(path))
    if _declares_no_pixels(head):
        return PictureEmpty(name=path.name)
    if is_archive(path.name):
        return PackedFile(name=path.name)
    kind = PictureDamaged if head.startswith(_MAGIC) else BadPicture
    return kind(name=path.name, details=f"{type(fault).__name__}: {fault}")


def _declares_no_pixels(head: bytes) -> bool:
    for magic, (layout, offset) in _SIZE_FIELDS.items():
        if head.startswith(magic) and len(head) >= offset + struct.calcsize(layout):
            return 0 in struct.unpack_from(layout, head, offset)
    return False


def _format(image: Image.Image) -> str:
    return "JPEG" if image.format == "MPO" else image.format or ""


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation 1..8; a damaged EXIF block counts as upright.

    Pillow turns TIFF by itself, and would decode a PNG without EXIF to look for one behind the pixels.
    """
    if _format(image) == "TIFF" or "exif" not in image.info:
        return 1
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _FAULTS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _decoded(image: Image.Image, max_side: int | None) -> Image.Image:
    if max_side is not None:
        image.draft(None, (max_side, max_side))
    inverted = _format(image) == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info
    image.load()
    plain = image.mode in {"L", "LA", "RGB", "RGBA", "CMYK"} and "transparency" not in image.info
    picture = _shrunk(image, max_side) if plain else image
    if inverted:
        # Pillow takes every CMYK JPEG for an inverted one, which only those with Adobe's marker are.
        picture = ImageChops.invert(picture)
    return _shrunk(_rgba(picture), max_side)


def _shrunk(image: Image.Image, max_side: int | None) -> Image.Image:
    if max_side is None or max(image.size) <= max_side:
        return image
    scale = max_side / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    image = _reduced(image, int(1 / (3 * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """Average squares of `factor` pixels, strip by strip: Pillow would copy a picture with alpha as a whole."""
    if factor < 2 or image.mode not in {"LA", "RGBA"}:
        return image
    small = Image.new(image.mode, (-(-image.width // factor), -(-image.height // factor)))
    step = 256
    for top in range(0, small.height, step):
        strip = image.crop((0, top * factor, image.width, min((top + step) * factor, image.height)))
        small.paste(strip.reduce(factor), (0, top))
    return small


def _rgba(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _from_16_bit(image)
    if image.mode in {"I", "F"}:
        low, high = _range(image)
        image = image.convert("F").point(
            lambda value: value * (255 / (high - low)) - low * 255 / (high - low)
        )
        image = image.convert("L")
    return image if image.mode == "RGBA" and not _is_file(image) else image.convert("RGBA")


def _is_file(image: Image.Image) -> bool:
    """Whether the pixels still belong to an open file, so that a copy must be handed out."""
    return image.format is not None


def _from_16_bit(image: Image.Image) -> Image.Image:
    wide = image.convert("I")
    eight = wide.point([round(value / 257) for value in range(65536)], "L")
    key = image.info.get("transparency")
    picture = eight.convert("RGB").convert("RGBA")
    if isinstance(key, int):
        picture.putalpha(wide.point([0 if value == key else 255 for value in range(65536)], "L"))
    return picture


def _range(image: Image.Image) -> tuple[float, float]:
    """Return the values that become black and white: 0..1, 0..255 or 0..65535 where they fit, else what occurs."""
    low, high = (float(value) for value in image.getextrema())  # pyright: ignore[reportArgumentType]  # one band
    for white in (1.0, 255.0, 65535.0):
        if low >= 0 and high <= white and (white > 1 or image.mode == "F"):
            return 0.0, white
    return (low, high) if high > low else (low, low + 1)
