"""MTL files: the classic keys and the PBR ones (Pr, Pm, map_Pr, map_Pm, norm)."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Texture
from orfeas_desktop.engine.mesh.source_files import neighbour_if_there, numbers, read_bounded
from orfeas_desktop.engine.mesh.textures import pixels_of, texture_from

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

_OPTION_LENGTHS = {"-o": 3, "-s": 3, "-t": 3, "-mm": 2}
_MAX_TEXTURE_BYTES = 2**29


@dataclass
class _Entry:
    values: dict[str, str] = field(default_factory=dict[str, str])

    def triple(self, key: str, default: float) -> tuple[float, float, float]:
        given = self._numbers(key)
        return (given[0], given[1], given[2]) if len(given) >= 3 else (default, default, default)

    def number(self, key: str, default: float) -> float:
        given = self._numbers(key)
        return given[0] if given else default

    def _numbers(self, key: str) -> list[float]:
        text = self.values.get(key, "")
        parts = [
            part for part in text.split() if part.replace(".", "").replace("-", "").replace("e", "").isalnum()
        ]
        try:
            found = [float(value) for value in numbers(" ".join(parts).encode())]
        except ValueError:
            return []
        return [value if np.isfinite(value) else 0.0 for value in found]


def parse_mtl(data: bytes, folder: Path) -> dict[str, Material]:
    """Return the materials by name; pictures are read from `folder`, missing ones left out. Raises Broken.

    Kd and Ke are taken as linear. Roughness is Pr, or √(2 / (Ns + 2)) (Blinn's exponent as a GGX width).
    """
    entries: dict[str, _Entry] = {}
    entry = _Entry()
    for line in data.decode("utf-8-sig", "replace").splitlines():
        key, _, rest = line.strip().replace("\t", " ").partition(" ")
        if key == "newmtl":
            entry = entries.setdefault(rest.strip(), _Entry())
        elif key and not key.startswith("#"):
            entry.values[key.lower()] = rest.strip()
    pictures = _Pictures(folder)
    return {name: _material(name, entry, pictures) for name, entry in entries.items()}


class _Pictures:
    """Pictures of one folder, each read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, Texture] = {}

    def texture(self, entry: _Entry, *keys: str) -> Texture | None:
        for key in keys:
            reference = _without_options(entry.values.get(key, ""))
            path = neighbour_if_there(self._folder, reference) if reference else None
            if path is not None:
                if path not in self._read:
                    self._read[path] = texture_from(read_bounded(path, _MAX_TEXTURE_BYTES))
                return self._read[path]
        return None


def _without_options(text: str) -> str:
    words = text.split(" ")
    while words and words[0].startswith("-"):
        del words[: 1 + _OPTION_LENGTHS.get(words[0], 1)]
    return " ".join(words)


def _material(name: str, entry: _Entry, pictures: _Pictures) -> Material:
    base = pictures.texture(entry, "map_kd")
    red, green, blue = entry.triple("kd", 1.0)
    alpha = entry.number("d", 1.0 - entry.number("tr", 0.0))
    shine = max(entry.number("ns", 0.0), 0.0)
    surface = _packed(pictures.texture(entry, "map_pr"), pictures.texture(entry, "map_pm"))
    emissive = pictures.texture(entry, "map_ke")
    see_through = alpha < 1.0 or "map_d" in entry.values
    return Material(
        name=name[:200],
        base_color=(red, green, blue, min(max(alpha, 0.0), 1.0)),
        base_color_texture=base,
        metallic=_unit(entry.number("pm", 1.0 if "map_pm" in entry.values and surface else 0.0)),
        roughness=_unit(entry.number("pr", 1.0 if surface else _roughness(entry, shine))),
        metallic_roughness_texture=surface,
        normal_map=_normal_map(entry, pictures),
        occlusion_texture=pictures.texture(entry, "map_ao"),
        emissive=entry.triple("ke", 1.0 if emissive else 0.0),
        emissive_texture=emissive,
        alpha_mode=AlphaMode.blend if see_through else AlphaMode.opaque,
    )


def _unit(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _roughness(entry: _Entry, shine: float) -> float:
    return (2.0 / (shine + 2.0)) ** 0.5 if "ns" in entry.values else Material().roughness


def _normal_map(entry: _Entry, pictures: _Pictures) -> Texture | None:
    """Return `norm`, or a bump map that looks like a normal map, as many programs write it."""
    named = pictures.texture(entry, "norm")
    if named is not None:
        return named
    bump = pictures.texture(entry, "map_bump", "bump")
    if bump is None:
        return None
    red, green, blue, _ = pixels_of(bump).reshape(-1, 4).mean(axis=0) / 255
    return bump if blue > 0.7 and abs(red - 0.5) < 0.15 and abs(green - 0.5) < 0.15 else None


def _packed(rough: Texture | None, metal: Texture | None) -> Texture | None:
    """Return one picture with roughness in green and metal in blue, as glTF wants it."""
    if rough is None and metal is None:
        return None
    from PIL import Image

    sides = [pixels_of(texture).shape for texture in (rough, metal) if texture is not None]
    size = (max(side[1] for side in sides), max(side[0] for side in sides))
    channels = [Image.new("L", size, 255), *(_grey(texture, size) for texture in (rough, metal))]
    out = io.BytesIO()
    Image.merge("RGB", channels).save(out, "PNG")
    return Texture(out.getvalue(), "image/png")


def _grey(texture: Texture | None, size: tuple[int, int]) -> Image:
    from PIL.Image import fromarray, new

    if texture is None:
        return new("L", size, 255)
    picture = fromarray(pixels_of(texture)).convert("L")
    return picture if picture.size == size else picture.resize(size)
