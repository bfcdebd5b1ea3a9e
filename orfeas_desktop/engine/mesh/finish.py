"""Finish: what a surface has beyond metal and roughness, in the terms of Khronos's glTF extensions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

Colour3 = tuple[float, float, float]


@dataclass(frozen=True)
class Texture:
    """An encoded picture (PNG, JPEG or WebP bytes) and the UV set it is laid on."""

    data: bytes = field(repr=False)
    media_type: str
    uv_set: int = 0


@dataclass(frozen=True)
class Clearcoat:
    """A layer of lacquer (KHR_materials_clearcoat)."""

    clearcoat_factor: float = 0.0
    clearcoat_texture: Texture | None = None
    clearcoat_roughness_factor: float = 0.0
    clearcoat_roughness_texture: Texture | None = None
    clearcoat_normal_texture: Texture | None = None
    clearcoat_normal_scale: float = 1.0


@dataclass(frozen=True)
class Sheen:
    """The gleam of cloth (KHR_materials_sheen)."""

    sheen_color_factor: Colour3 = (0.0, 0.0, 0.0)
    sheen_color_texture: Texture | None = None
    sheen_roughness_factor: float = 0.0
    sheen_roughness_texture: Texture | None = None


@dataclass(frozen=True)
class Specular:
    """Strength and colour of reflections of what is no metal (KHR_materials_specular)."""

    specular_factor: float = 1.0
    specular_texture: Texture | None = None
    specular_color_factor: Colour3 = (1.0, 1.0, 1.0)
    specular_color_texture: Texture | None = None


@dataclass(frozen=True)
class Transmission:
    """How much light goes through a thin surface (KHR_materials_transmission)."""

    transmission_factor: float = 0.0
    transmission_texture: Texture | None = None


@dataclass(frozen=True)
class Volume:
    """How thick the body is below the surface, and what it swallows (KHR_materials_volume); lengths in metres."""

    thickness_factor: float = 0.0
    thickness_texture: Texture | None = None
    attenuation_distance: float | None = None
    attenuation_color: Colour3 = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Iridescence:
    """Colours of a thin film, its thickness in nanometres (KHR_materials_iridescence)."""

    iridescence_factor: float = 0.0
    iridescence_texture: Texture | None = None
    iridescence_ior: float = 1.3
    iridescence_thickness_minimum: float = 100.0
    iridescence_thickness_maximum: float = 400.0
    iridescence_thickness_texture: Texture | None = None


@dataclass(frozen=True)
class Anisotropy:
    """Highlights drawn out along one direction (KHR_materials_anisotropy); the rotation in radians."""

    anisotropy_strength: float = 0.0
    anisotropy_rotation: float = 0.0
    anisotropy_texture: Texture | None = None


Part = Clearcoat | Sheen | Specular | Transmission | Volume | Iridescence | Anisotropy


@dataclass(frozen=True)
class Finish:
    """What programs may leave out and still show the shape and colour; the defaults change nothing."""

    unlit: bool = False
    ior: float = 1.5
    dispersion: float = 0.0
    clearcoat: Clearcoat = Clearcoat()
    sheen: Sheen = Sheen()
    specular: Specular = Specular()
    transmission: Transmission = Transmission()
    volume: Volume = Volume()
    iridescence: Iridescence = Iridescence()
    anisotropy: Anisotropy = Anisotropy()

    def used(self) -> tuple[str, ...]:
        """Return the names of the parts that differ from the defaults."""
        return tuple(
            each.name for each in fields(self) if getattr(self, each.name) != getattr(PLAIN, each.name)
        )

    def parts(self) -> dict[str, Part]:
        """Return the parts that may hold textures and differ from the defaults, by name."""
        found: dict[str, Part] = {name: getattr(self, name) for name in self.used() if name in _PARTS}
        return found

    def textures(self) -> dict[str, Texture]:
        """Return every texture by its name."""
        return {
            each.name: value
            for part in self.parts().values()
            for each in fields(part)
            if isinstance(value := getattr(part, each.name), Texture)
        }

    def with_textures(self, change: Callable[[str, Texture], Texture | None]) -> Finish:
        """Return the finish, each texture replaced by `change(name, texture)`."""
        made: dict[str, Any] = {}
        for name, part in self.parts().items():
            swapped: dict[str, Any] = {
                each.name: change(each.name, value)
                for each in fields(part)
                if isinstance(value := getattr(part, each.name), Texture)
            }
            if swapped:
                made[name] = replace(part, **swapped)
        return replace(self, **made) if made else self

    def without_textures(self) -> Finish:
        """Return the finish with its factors alone, as for a surface whose UV layout is another."""
        return self.with_textures(lambda _name, _texture: None)


PLAIN = Finish()
_PARTS = frozenset({"clearcoat", "sheen", "specular", "transmission", "volume", "iridescence", "anisotropy"})
ALL = frozenset(each.name for each in fields(Finish))
"""Every part of a finish."""
