"""KTX2: pictures that graphics cards keep small, made by the `toktx` of KTX-Software that the user installed."""

from __future__ import annotations

import io
import shutil
import struct
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from orfeas_desktop.engine.formats.programs import run_program
from orfeas_desktop.engine.mesh.mesh import Texture
from orfeas_desktop.engine.mesh.textures import pixels_of, with_textures
from orfeas_desktop.errors import BackendFailed, ProgramMissing

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Material

MEDIA_TYPE = "image/ktx2"
_IDENTIFIER = b"\xabKTX 20\xbb\r\n\x1a\n"
_COLOURS = frozenset(
    {"base_color_texture", "emissive_texture", "sheen_color_texture", "specular_color_texture"}
)
_BENT = frozenset({"normal_map", "clearcoat_normal_texture"})


class CardFormat(StrEnum):
    """How pictures for graphics cards are coded."""

    none = "none"
    etc1s = "etc1s"
    uastc = "uastc"


@dataclass(frozen=True)
class Ktx2Encoder:
    """The program."""

    program: Path

    @classmethod
    def found(cls) -> Ktx2Encoder:
        """Return the one on the PATH. Raises ProgramMissing."""
        program = shutil.which("toktx")
        if program is None:
            raise ProgramMissing(program="toktx (KTX-Software)")
        return cls(Path(program))

    def encoded(self, slot: str, texture: Texture, form: CardFormat, context: JobContext) -> Texture:
        """Return the texture as KTX2 with smaller copies; normal maps always as UASTC, which bends least.

        Sides become multiples of four, as glTF asks. Raises Broken, BackendFailed and Cancelled.
        """
        source, target = context.staging / ".ktx2.png", context.staging / ".ktx2"
        try:
            source.write_bytes(_png_in_fours(texture))
            fine = form is CardFormat.uastc or slot in _BENT
            coding = ("uastc", "--uastc_quality", "2", "--zcmp", "18") if fine else ("etc1s", "--clevel", "2")
            curve = "srgb" if slot in _COLOURS else "linear"
            ended = run_program(
                [
                    str(self.program), "--t2", "--encode", *coding, "--genmipmap", "--assign_oetf", curve,
                    str(target), str(source),
                ],
                context,
            )  # fmt: skip
            data = target.read_bytes() if target.exists() else b""
            if ended.code != 0 or ktx2_size(data) is None:
                problem = f"it ended with code {ended.code}"
                raise BackendFailed(entry="toktx", problem=problem, details=ended.last_lines())
            return Texture(data, MEDIA_TYPE, texture.uv_set)
        finally:
            source.unlink(missing_ok=True)
            target.unlink(missing_ok=True)


@dataclass
class Cards:
    """Makes KTX2 of the pictures of materials, equal ones once. Raises ProgramMissing."""

    form: CardFormat
    context: JobContext

    def __post_init__(self) -> None:
        self._encoder = Ktx2Encoder.found()
        self._known: dict[tuple[bytes, bool, bool], Texture] = {}

    def material(self, material: Material) -> Material:
        """Return the material with every picture as KTX2. Raises what `Ktx2Encoder.encoded` raises."""
        changed = with_textures(material, self._texture)
        return replace(changed, finish=material.finish.with_textures(self._texture))

    def _texture(self, slot: str, texture: Texture) -> Texture:
        key = (texture.data, slot in _COLOURS, slot in _BENT)
        if key not in self._known:
            self._known[key] = self._encoder.encoded(slot, texture, self.form, self.context)
        return replace(self._known[key], uv_set=texture.uv_set)


def ktx2_size(data: bytes | memoryview) -> tuple[int, int] | None:
    """Return width and height of a KTX2 picture of one face that glTF can use, None for anything else."""
    head = bytes(data[:80])
    if len(head) < 80 or not head.startswith(_IDENTIFIER):
        return None
    kind, _, width, height, depth, layers, faces, levels = struct.unpack_from("<8I", head, 12)
    plain = (kind, depth, layers, faces) == (0, 0, 0, 1) and levels > 0 and width > 0 and height > 0
    return (width, height) if plain and width % 4 == 0 and height % 4 == 0 else None


def _png_in_fours(texture: Texture) -> bytes:
    from PIL import Image

    picture = Image.fromarray(pixels_of(texture))
    width, height = (-(-side // 4) * 4 for side in picture.size)
    if (width, height) != picture.size:
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    lowest, _ = picture.getchannel("A").getextrema()
    out = io.BytesIO()
    (picture.convert("RGB") if lowest == 255 else picture).save(out, "PNG", compress_level=1)
    return out.getvalue()
