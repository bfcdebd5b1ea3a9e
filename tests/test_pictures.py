from __future__ import annotations

import errno
import io
import os
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from orfeas_desktop.errors import (
    BadPicture,
    FileMissing,
    NotAFile,
    OutOfMemory,
    PermissionDenied,
    PictureDamaged,
    PictureEmpty,
    PictureTooLarge,
    PictureTransparent,
)
from orfeas_desktop.pictures import check_picture, read_picture

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKED_PIXEL = (200, 60, 20)


def _picture(mode: str = "RGB", size: tuple[int, int] = (40, 24)) -> Image.Image:
    return Image.new("RGB", size, CHECKED_PIXEL).convert(mode)


def _near(pixel: tuple[int, ...], wanted: tuple[int, ...], tolerance: int = 3) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, wanted, strict=True))


def _png(width: int, height: int, *, colour_type: int = 2, depth: int = 8, rows: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
def test_every_format_is_read_as_rgba(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "no suffix"
    _picture().save(path, kind)
    info = check_picture(path)
    assert (info.width, info.height, info.format, info.has_alpha) == (40, 24, kind, False)
    assert info.megapixels == pytest.approx(0.00096)
    picture = read_picture(path)
    assert (picture.mode, picture.size) == ("RGBA", (40, 24))
    assert _near(picture.getpixel((20, 12)), (*CHECKED_PIXEL, 255), 6)


@pytest.mark.parametrize(
    ("mode", "kind", "wanted"),
    [
        ("L", "PNG", (98, 98, 98, 255)),
        ("LA", "PNG", (98, 98, 98, 255)),
        ("1", "TIFF", (0, 0, 0, 255)),
        ("P", "PNG", (*CHECKED_PIXEL, 255)),
        ("CMYK", "JPEG", (*CHECKED_PIXEL, 255)),
        ("CMYK", "TIFF", (*CHECKED_PIXEL, 255)),
        ("YCbCr", "TIFF", (*CHECKED_PIXEL, 255)),
        ("LAB", "TIFF", (*CHECKED_PIXEL, 255)),
        ("RGBA", "WEBP", (*CHECKED_PIXEL, 255)),
    ],
)
def test_every_pixel_layout_keeps_its_colour(
    tmp_path: Path, mode: str, kind: str, wanted: tuple[int, ...]
) -> None:
    source = _picture()
    if mode == "P":
        source = source.quantize(4)
    elif mode == "1":
        source = Image.new("1", source.size, 0)
    elif mode == "LAB":
        from PIL import ImageCms

        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        source = ImageCms.profileToProfile(source, *profiles, outputMode="LAB")
    else:
        source = source.convert(mode)
    path = tmp_path / "picture"
    source.save(path, kind)
    assert _near(read_picture(path).getpixel((20, 12)), wanted, 6)


def test_cmyk_without_adobes_marker_is_not_inverted(tmp_path: Path) -> None:
    data = io.BytesIO()
    # Pillow writes inverted values with the marker; the same values without the marker mean their opposite.
    _picture("CMYK").save(data, "JPEG", quality=95)
    content = data.getvalue()
    start = content.index(b"\xff\xee")
    length = struct.unpack(">H", content[start + 2 : start + 4])[0]
    path = tmp_path / "plain.jpg"
    path.write_bytes(content[:start] + content[start + 2 + length :])
    wanted = Image.eval(_picture("CMYK"), lambda value: 255 - value).convert("RGB").getpixel((0, 0))
    assert isinstance(wanted, tuple)
    assert _near(read_picture(path).getpixel((20, 12)), (*wanted, 255), 6)


@pytest.mark.parametrize(("value", "wanted"), [(0, 0), (32768, 128), (65535, 255)])
def test_16_bit_grey_is_scaled(tmp_path: Path, value: int, wanted: int) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(_png(3, 2, colour_type=0, depth=16, rows=(b"\0" + struct.pack(">H", value) * 3) * 2))
    assert read_picture(path).getpixel((1, 1)) == (wanted, wanted, wanted, 255)


def test_16_bit_grey_with_a_transparent_value(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    picture = Image.new("I;16", (2, 1))
    picture.putpixel((0, 0), 1000)
    picture.putpixel((1, 0), 60000)
    picture.save(path, transparency=1000)
    found = read_picture(path)
    assert found.getpixel((0, 0))[3] == 0
    assert found.getpixel((1, 0)) == (233, 233, 233, 255)


@pytest.mark.parametrize(
    ("mode", "values", "wanted"),
    [
        ("F", (0.0, 1.0), (0, 255)),
        ("F", (-3.0, 5.0), (0, 255)),
        ("F", (7000.0, 7000.0), (27, 27)),
        ("F", (-7.0, -7.0), (0, 0)),
        ("I", (0, 200), (0, 200)),
        ("I", (0, 65535), (0, 255)),
        ("I", (0, 1 << 24), (0, 255)),
    ],
)
def test_numbers_as_pixels_are_scaled(
    tmp_path: Path, mode: str, values: tuple[float, float], wanted: tuple[int, int]
) -> None:
    path = tmp_path / "numbers.tiff"
    picture = Image.new(mode, (2, 1))
    for x, value in enumerate(values):
        picture.putpixel((x, 0), value)
    picture.save(path)
    found = read_picture(path)
    assert [found.getpixel((x, 0))[0] for x in range(2)] == list(wanted)


def test_palette_with_alpha(tmp_path: Path) -> None:
    path = tmp_path / "palette.png"
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((1, 0), 1)
    picture.save(path, transparency=b"\x00\x80")
    assert check_picture(path).has_alpha
    found = read_picture(path)
    assert found.getpixel((0, 0))[3] == 0
    assert found.getpixel((1, 0)) == (0, 0, 255, 128)


def test_a_transparent_colour_survives_making_it_smaller(tmp_path: Path) -> None:
    path = tmp_path / "key.png"
    picture = Image.new("RGB", (200, 100), (255, 0, 255))
    picture.paste((10, 200, 30), (100, 0, 200, 100))
    picture.save(path, transparency=(255, 0, 255))
    found = read_picture(path, max_side=20)
    assert found.size == (20, 10)
    assert found.getpixel((2, 5))[3] == 0
    assert found.getpixel((17, 5)) == (10, 200, 30, 255)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "moving"
    first, second = Image.new("RGB", (20, 20), (255, 0, 0)), Image.new("RGB", (20, 20), (0, 0, 255))
    first.save(path, kind, save_all=True, append_images=[second])
    assert _near(read_picture(path).getpixel((10, 10)), (255, 0, 0, 255), 8)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_turn(tmp_path: Path, kind: str, orientation: int) -> None:
    upright = Image.new("RGB", (32, 16), (0, 0, 255))
    upright.paste((255, 0, 0), (0, 0, 8, 8))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned"
    stored.save(path, kind, exif=exif, quality=95)
    info = check_picture(path)
    found = read_picture(path)
    assert (info.width, info.height) == found.size == (32, 16)
    assert _near(found.getpixel((3, 3)), (255, 0, 0, 255), 12)
    assert _near(found.getpixel((28, 12)), (0, 0, 255, 255), 12)


@pytest.mark.parametrize(
    "block", [b"garbage that is no TIFF header", b"II*\0", b"II*\0\x08\0\0\0\xff\xff\x12\x01"]
)
def test_a_damaged_exif_block_counts_as_upright(tmp_path: Path, block: bytes) -> None:
    path = tmp_path / "exif.jpg"
    _picture().save(path, exif=b"Exif\0\0" + block)
    assert read_picture(path).size == (40, 24)


def test_a_picture_for_two_eyes_is_a_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "stereo.jpg"
    _picture().save(path, "MPO", save_all=True, append_images=[_picture()])
    assert check_picture(path).format == "JPEG"
    assert read_picture(path).size == (40, 24)


@pytest.mark.parametrize(
    "name",
    ["with space.png", "Größe Ünïcode.png", "🪑 chair.png", "two\nlines.png", "-dash.png", "a'b\"c.png"],
)
def test_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    _picture().save(path)
    assert read_picture(path).size == (40, 24)


def _saved(kind: str, **options: object) -> bytes:
    data = io.BytesIO()
    noise = Image.frombytes("RGB", (120, 90), os.urandom(120 * 90 * 3))
    noise.save(data, kind, **options)
    return data.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], type[BadPicture]]] = {
    "empty": (lambda: b"", PictureEmpty),
    "text": (lambda: b"I am no picture, only text.\n" * 9, BadPicture),
    "svg": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", BadPicture),
    "cut png": (lambda: _saved("PNG")[:900], PictureDamaged),
    "cut png header": (lambda: _saved("PNG")[:20], PictureDamaged),
    "cut jpeg": (lambda: _saved("JPEG")[:900], PictureDamaged),
    "cut jpeg header": (lambda: _saved("JPEG")[:30], PictureDamaged),
    "cut webp": (lambda: _saved("WEBP", lossless=True)[:900], PictureDamaged),
    "cut gif": (lambda: _saved("GIF")[:1000], PictureDamaged),
    "cut tiff": (lambda: _saved("TIFF", compression="tiff_lzw")[:900], PictureDamaged),
    "cut bmp": (lambda: _saved("BMP")[:900], PictureDamaged),
    "zeroes in png": (lambda: _saved("PNG")[:300] + bytes(2000), PictureDamaged),
    "no width": (lambda: _png(0, 20), PictureEmpty),
    "no height": (lambda: _png(20, 0), PictureEmpty),
    "16k square": (lambda: _png(16384, 16384), PictureTooLarge),
    "bomb": (lambda: _png(65500, 65500, rows=bytes(100_000)), PictureTooLarge),
    "short rows": (lambda: _png(64, 64, rows=bytes(50)), PictureDamaged),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_gets_its_error(tmp_path: Path, case: str) -> None:
    make, wanted = HOSTILE[case]
    path = tmp_path / "hostile.png"
    path.write_bytes(make())
    with pytest.raises(BadPicture) as caught:
        read_picture(path)
    assert type(caught.value) is wanted
    assert caught.value.arguments["name"] == "hostile.png"


def test_a_bomb_is_refused_before_decoding(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(30_000, 30_000, rows=bytes(1000)))
    tracemalloc.start()
    with pytest.raises(PictureTooLarge) as caught:
        check_picture(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert caught.value.arguments == {"name": "bomb.png", "megapixels": 900.0, "limit": 100}
    assert Image.MAX_IMAGE_PIXELS == 89_478_485


def test_the_limit_is_the_callers(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(_png(20_000, 20_000, colour_type=0, depth=1, rows=bytes(1000)))
    assert check_picture(path, max_megapixels=401).width == 20_000
    with pytest.raises(PictureTooLarge):
        check_picture(path, max_megapixels=399)


def test_a_fully_transparent_picture(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    Image.new("RGBA", (30, 30), (9, 9, 9, 0)).save(path)
    assert check_picture(path).has_alpha
    with pytest.raises(PictureTransparent):
        read_picture(path)


def test_missing_folder_and_device(tmp_path: Path) -> None:
    for path, wanted in [
        (tmp_path / "nothing.png", FileMissing),
        (tmp_path / ("n" * 300 + ".png"), FileMissing),
        (tmp_path / "nul\0byte.png", FileMissing),
        (tmp_path, NotAFile),
    ]:
        with pytest.raises(wanted):
            check_picture(path)
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(NotAFile):
        read_picture(pipe)


def test_a_file_that_vanishes_after_the_check(tmp_path: Path) -> None:
    path = tmp_path / "gone.png"
    _picture().save(path)
    check_picture(path)
    path.unlink()
    with pytest.raises(FileMissing):
        read_picture(path)


@pytest.mark.parametrize(
    ("failure", "wanted"),
    [
        (OSError(116, "Stale file handle"), FileMissing),
        (PermissionError(13, "Permission denied"), PermissionDenied),
        (OSError(5, "Input/output error"), PictureDamaged),
        (MemoryError(), OutOfMemory),
    ],
)
def test_a_drive_that_fails_while_it_is_read(
    tmp_path: Path, failure: Exception, wanted: type[Exception]
) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 300:
                raise failure
            return super().read(size)

    class FailingPath(type(tmp_path)):
        def open(self, *_arguments: object, **_options: object) -> Failing:  # type: ignore[override]
            return Failing(_saved("PNG"))

    path = tmp_path / "on a share.png"
    path.write_bytes(b"x")
    with pytest.raises(wanted):
        read_picture(FailingPath(path))


def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    _picture().save(path)
    path.chmod(0)
    code = (
        "import os, sys, pathlib\n"
        "from orfeas_desktop.errors import PermissionDenied\n"
        "from orfeas_desktop.pictures import check_picture\n"
        "if os.geteuid() == 0: os.setresuid(65534, 65534, 65534)\n"
        "try: check_picture(pathlib.Path('secret.png'))\n"
        "except PermissionDenied as error: print(error.code)\n"
    )
    tmp_path.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    assert done.stdout.strip() == "permission-denied"


def _environment() -> dict[str, str]:
    import orfeas_desktop

    root = os.path.dirname(os.path.dirname(orfeas_desktop.__file__))  # noqa: PTH120
    return os.environ | {"PYTHONPATH": root}


def test_a_large_jpeg_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    Image.new("RGB", (12_000, 8_000), CHECKED_PIXEL).save(path, quality=50)
    code = (
        "import resource, sys, pathlib\n"
        "from orfeas_desktop.pictures import read_picture\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "picture = read_picture(pathlib.Path(sys.argv[1]), max_side=1024)\n"
        "print(*picture.size, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env=_environment(),
    )
    width, height, grown_mb = map(int, done.stdout.split())
    assert (width, height) == (1024, 683)
    assert grown_mb < 64


@settings(max_examples=60)
@given(st.integers(0, 5), st.data())
def test_a_flipped_byte_never_escapes_as_another_error(
    tmp_path_factory: pytest.TempPathFactory, which: int, data: st.DataObject
) -> None:
    kind = ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"][which]
    buffer = io.BytesIO()
    _picture().save(buffer, kind)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "flipped"
    path.write_bytes(content)
    try:
        picture = read_picture(path, max_side=64, max_megapixels=1)
    except BadPicture:
        return
    assert picture.mode == "RGBA"
    assert max(picture.size) <= 64


@settings(max_examples=40)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 128))
def test_the_longest_side_is_kept_to(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int, max_side: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.png"
    Image.new("L", (width, height), 7).save(path)
    found = read_picture(path, max_side=max_side)
    assert max(found.size) == min(max_side, max(width, height))
    assert min(found.size) >= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_large_picture_with_alpha_is_made_smaller_as_a_whole_one_would_be(tmp_path, mode):
    image = _picture(mode, (3001, 2003))
    image.save(tmp_path / "large.png")
    small = read_picture(tmp_path / "large.png", max_side=100)
    whole = image.convert("RGBA").resize(small.size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    apart = ImageChops.difference(small.convert("RGB"), whole.convert("RGB")).getextrema()
    assert small.size == (100, 67)
    assert max(high for _, high in apart) <= 3


def test_a_disk_that_fails_at_the_first_byte_is_a_damaged_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    path = tmp_path / "worn.png"
    _picture().save(path)
    monkeypatch.setattr(Path, "open", lambda self, mode: Failing(self, "rb"))
    with pytest.raises(BadPicture) as caught:
        check_picture(path)
    assert "Input/output error" in caught.value.details
