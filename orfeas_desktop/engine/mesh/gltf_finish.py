"""Khronos's material extensions of a glTF as a Finish, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from orfeas_desktop.engine.mesh.finish import PLAIN, Finish, Texture
from orfeas_desktop.engine.mesh.gltf_material_schema import (
    GltfAnisotropy,
    GltfClearcoat,
    GltfDispersion,
    GltfIor,
    GltfIridescence,
    GltfMaterialExtensions,
    GltfSheen,
    GltfSpecular,
    GltfTextureInfo,
    GltfTransmission,
    GltfVolume,
)
from orfeas_desktop.engine.mesh.gltf_record import GltfMark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orfeas_desktop.engine.mesh.gltf_record import GltfRecord

_RECORDS: dict[str, type[GltfRecord]] = {
    "clearcoat": GltfClearcoat,
    "sheen": GltfSheen,
    "specular": GltfSpecular,
    "transmission": GltfTransmission,
    "volume": GltfVolume,
    "iridescence": GltfIridescence,
    "anisotropy": GltfAnisotropy,
}
_LEAST = {"iridescence_ior": 1.0}
_UNBOUNDED = frozenset(
    {
        "thickness_factor",
        "attenuation_distance",
        "anisotropy_rotation",
        "specular_color_factor",
        "iridescence_ior",
        "iridescence_thickness_minimum",
        "iridescence_thickness_maximum",
        "clearcoat_normal_scale",
    }
)


def infos_of(extensions: GltfMaterialExtensions | None) -> Iterator[GltfTextureInfo]:
    """Yield every use of a texture by the extensions of a material."""
    for name in _RECORDS if extensions else ():
        record = getattr(extensions, name)
        for value in vars(record).values() if record else ():
            if isinstance(value, GltfTextureInfo):
                yield value


def finish_of(
    extensions: GltfMaterialExtensions | None, texture: Callable[[GltfTextureInfo | None], Texture | None]
) -> Finish:
    """Return the finish that the extensions tell; factors out of range are brought into it. Raises Broken."""
    if extensions is None:
        return PLAIN
    made: dict[str, Any] = {"unlit": extensions.unlit is not None}
    if extensions.ior is not None:
        made["ior"] = max(extensions.ior.ior, 1.0) if extensions.ior.ior else 0.0
    if extensions.dispersion is not None:
        made["dispersion"] = max(extensions.dispersion.dispersion, 0.0)
    for name in _RECORDS:
        record = getattr(extensions, name)
        if record is not None:
            made[name] = replace(getattr(PLAIN, name), **_values(record, texture))
    return replace(PLAIN, **made)


def _values(
    record: GltfRecord, texture: Callable[[GltfTextureInfo | None], Texture | None]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in vars(record).items():
        if name.endswith("_texture"):
            found[name] = texture(value)
            if name == "clearcoat_normal_texture" and value is not None:
                found["clearcoat_normal_scale"] = value.scale
        else:
            found[name] = _bounded(name, value)
    if found.get("attenuation_distance") == 0.0:
        found["attenuation_distance"] = None
    return found


def _bounded(name: str, value: object) -> object:
    """Return a factor within the range that the extension gives it."""
    if isinstance(value, tuple):
        return tuple(_bounded(name, each) for each in value)
    if not isinstance(value, float) or name == "anisotropy_rotation":
        return value
    low = max(value, _LEAST.get(name, 0.0))
    return low if name in _UNBOUNDED else min(low, 1.0)


def extensions_of(
    finish: Finish, info: Callable[[str, Texture | None, float], GltfTextureInfo | None]
) -> dict[str, GltfRecord]:
    """Return the extensions that tell the finish, by their field of GltfMaterialExtensions.

    `info(slot, texture, scale)` stores a use of a texture.
    """
    made: dict[str, GltfRecord] = {}
    used = finish.used()
    if finish.unlit:
        made["unlit"] = GltfMark()
    if "ior" in used:
        made["ior"] = GltfIor(ior=finish.ior)
    if "dispersion" in used:
        made["dispersion"] = GltfDispersion(dispersion=finish.dispersion)
    for name, part in finish.parts().items():
        values: dict[str, Any] = {each.name: getattr(part, each.name) for each in fields(part)}
        scale = values.pop("clearcoat_normal_scale", 1.0)
        told = {
            key: info(
                key.removesuffix("_texture"), value, scale if key == "clearcoat_normal_texture" else 1.0
            )
            if isinstance(value, Texture)
            else value
            for key, value in values.items()
        }
        made[name] = _RECORDS[name].model_validate(told)
    return made
