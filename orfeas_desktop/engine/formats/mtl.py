"""MTL: the material library of an OBJ, with the keys for metal and roughness."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.formats.publish import plain_stem
from orfeas_desktop.engine.mesh.mesh import AlphaMode
from orfeas_desktop.engine.mesh.textures import SUFFIXES, TextureFormat, pixels_of, recoded
from orfeas_desktop.engine.mesh.whole_picture import whole

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Finish, Material, Mesh, Texture


@dataclass(frozen=True)
class Library:
    """A written material library: its file, the pictures beside it, the name of each material."""

    path: Path
    pictures: tuple[Path, ...]
    names: tuple[str, ...]


@dataclass
class _Writing:
    """Pictures written so far, each content once."""

    path: Path
    uv_sets: int
    textures: bool
    written: dict[bytes, Path] = field(default_factory=dict[bytes, "Path"])

    def encoded(self, texture: Texture | None, label: str) -> str:
        """Write a picture as it is, WebP as PNG; return its file name, nothing when there is none to write."""
        if texture is None or not self._usable(texture):
            return ""
        form = TextureFormat.png if texture.media_type == "image/webp" else TextureFormat.keep
        plain = recoded(whole(texture), form)
        return self._file(plain.data, label, SUFFIXES[plain.media_type])

    def channel(self, texture: Texture | None, index: int, label: str) -> str:
        """Write one channel of a picture as grey PNG, as `encoded` does."""
        if texture is None or not self._usable(texture):
            return ""
        return self._file(_grey_png(pixels_of(texture)[:, :, index]), label, ".png")

    def _usable(self, texture: Texture) -> bool:
        return self.textures and texture.uv_set == 0 and self.uv_sets > 0

    def _file(self, data: bytes, label: str, suffix: str) -> str:
        if data not in self.written:
            path = self.path.with_name(f"{self.path.stem}_{label}{suffix}")
            path.write_bytes(data)
            self.written[data] = path
        return self.written[data].name


def write_library(mesh: Mesh, obj_path: Path, *, textures: bool) -> Library:
    """Write the materials of `mesh` beside `obj_path`, with the pictures of UV set 0 when `textures`.

    Kd, Ke are linear factors; Pr and Pm are roughness and metalness; Ns = 2 / r² - 2 for readers without Pr.
    Raises Broken for a damaged texture.
    """
    path = obj_path.with_suffix(".mtl")
    writing = _Writing(path, len(mesh.uvs), textures)
    names: list[str] = []
    blocks: list[str] = []
    for material in mesh.materials:
        name = plain_stem(material.name.replace(".", "_"))
        while name in names:
            name = f"{name}_{len(names) + 1}"
        names.append(name)
        blocks.append("\n".join(_lines(material, name, writing)) + "\n")
    path.write_text("# Orfeas Desktop\n\n" + "\n".join(blocks), encoding="ascii", newline="\n")
    return Library(path, tuple(sorted(writing.written.values())), tuple(names))


def _lines(material: Material, name: str, writing: _Writing) -> list[str]:
    red, green, blue, alpha = material.base_color
    shine = min(2.0 / max(material.roughness, 0.045) ** 2 - 2.0, 1000.0)
    see_through = material.alpha_mode is not AlphaMode.opaque
    surface = material.metallic_roughness_texture
    base = writing.encoded(material.base_color_texture, f"{name}_base_color")
    normal = writing.encoded(material.normal_map, f"{name}_normal")
    maps = {
        "map_Kd": base,
        "map_d": writing.channel(material.base_color_texture if see_through else None, 3, f"{name}_alpha"),
        "map_Ke": writing.encoded(material.emissive_texture, f"{name}_emissive"),
        "map_Pr": writing.channel(surface, 1, f"{name}_roughness"),
        "map_Pm": writing.channel(surface, 2, f"{name}_metallic"),
        "norm": normal,
        f"map_Bump -bm {material.normal_scale:.6g}": normal,
    }
    return [
        f"newmtl {name}",
        "illum 2",
        f"Kd {red:.6g} {green:.6g} {blue:.6g}",
        "Ks 0.04 0.04 0.04",
        f"Ns {max(shine, 0.0):.6g}",
        "Ke {:.6g} {:.6g} {:.6g}".format(*material.emissive),
        f"d {alpha if see_through else 1.0:.6g}",
        f"Pr {material.roughness:.6g}",
        f"Pm {material.metallic:.6g}",
        *_finish_lines(material.finish),
        *(f"{key} {file}" for key, file in maps.items() if file),
    ]


def _finish_lines(finish: Finish) -> list[str]:
    """Return the lines of the PBR extension that a finish needs, textures left out."""
    coat, sheen, drawn = finish.clearcoat, finish.sheen, finish.anisotropy
    lines = {
        "ior": [f"Ni {finish.ior:.6g}"],
        "clearcoat": [
            f"Pc {coat.clearcoat_factor:.6g}",
            f"Pcr {coat.clearcoat_roughness_factor:.6g}",
        ],
        "sheen": [f"Ps {max(sheen.sheen_color_factor):.6g}"],
        "anisotropy": [
            f"aniso {drawn.anisotropy_strength:.6g}",
            f"anisor {drawn.anisotropy_rotation / math.tau % 1.0:.6g}",
        ],
    }
    return [line for part in finish.used() for line in lines.get(part, [])]


FINISH = frozenset({"ior", "clearcoat", "sheen", "anisotropy"})
"""What of a finish the PBR extension of MTL holds."""


def _grey_png(values: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(values)).save(out, "PNG")
    return out.getvalue()
