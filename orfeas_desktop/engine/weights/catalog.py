"""The weight sets that backends can use: where they are published and under what terms."""

from __future__ import annotations

from dataclasses import dataclass

from orfeas_desktop.errors import UnknownEntry
from orfeas_desktop.words import QT_TRANSLATE_NOOP

COMMUNITY_20 = "Tencent Hunyuan 3D 2.0 Community License"
COMMUNITY_21 = "Tencent Hunyuan 3D 2.1 Community License"
TERRITORY = QT_TRANSLATE_NOOP(
    "Weights", "The licence does not cover the European Union, the United Kingdom and South Korea."
)


@dataclass(frozen=True)
class WeightSet:
    """One published folder of weights."""

    id: str
    title: str
    repository: str
    folder: str
    licence: str
    size: int
    """Bytes of its weight file, to tell people what they are about to fetch."""
    territory: str = TERRITORY


def _shape(set_id: str, title: str, place: tuple[str, str], size: float) -> WeightSet:
    repository, folder = place
    licence = COMMUNITY_21 if repository.endswith("2.1") else COMMUNITY_20
    return WeightSet(set_id, title, f"tencent/{repository}", folder, licence, round(size * 1e9))


WEIGHT_SETS = (
    _shape("hunyuan3d-2", "Hunyuan3D 2.0", ("Hunyuan3D-2", "hunyuan3d-dit-v2-0"), 4.93),
    _shape("hunyuan3d-2-fast", "Hunyuan3D 2.0 Fast", ("Hunyuan3D-2", "hunyuan3d-dit-v2-0-fast"), 4.93),
    _shape("hunyuan3d-2-turbo", "Hunyuan3D 2.0 Turbo", ("Hunyuan3D-2", "hunyuan3d-dit-v2-0-turbo"), 4.93),
    _shape("hunyuan3d-2mini", "Hunyuan3D 2mini", ("Hunyuan3D-2mini", "hunyuan3d-dit-v2-mini"), 3.82),
    _shape(
        "hunyuan3d-2mini-fast",
        "Hunyuan3D 2mini Fast",
        ("Hunyuan3D-2mini", "hunyuan3d-dit-v2-mini-fast"),
        3.82,
    ),
    _shape(
        "hunyuan3d-2mini-turbo",
        "Hunyuan3D 2mini Turbo",
        ("Hunyuan3D-2mini", "hunyuan3d-dit-v2-mini-turbo"),
        3.82,
    ),
    _shape("hunyuan3d-2mv", "Hunyuan3D 2mv", ("Hunyuan3D-2mv", "hunyuan3d-dit-v2-mv"), 4.93),
    _shape("hunyuan3d-2mv-fast", "Hunyuan3D 2mv Fast", ("Hunyuan3D-2mv", "hunyuan3d-dit-v2-mv-fast"), 4.93),
    _shape(
        "hunyuan3d-2mv-turbo", "Hunyuan3D 2mv Turbo", ("Hunyuan3D-2mv", "hunyuan3d-dit-v2-mv-turbo"), 4.93
    ),
    _shape("hunyuan3d-2-1", "Hunyuan3D 2.1", ("Hunyuan3D-2.1", "hunyuan3d-dit-v2-1"), 7.37),
    _shape(
        "hunyuan3d-2-vae-turbo", "Turbo decoder of 2.0", ("Hunyuan3D-2", "hunyuan3d-vae-v2-0-turbo"), 0.41
    ),
    _shape(
        "hunyuan3d-2mini-vae-turbo",
        "Turbo decoder of 2mini",
        ("Hunyuan3D-2mini", "hunyuan3d-vae-v2-mini-turbo"),
        0.41,
    ),
)


def weight_set(set_id: str) -> WeightSet:
    """Return the set of that id. Raises UnknownEntry."""
    found = next((each for each in WEIGHT_SETS if each.id == set_id), None)
    if found is None:
        known = ", ".join(each.id for each in WEIGHT_SETS)
        raise UnknownEntry(entry=set_id, table="weights", known=known)
    return found
