"""The weight sets this program knows: files, sizes, licences, read from `resources/weights_catalog.json`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict

from orfeas_desktop.errors import UnknownEntry
from orfeas_desktop.paths import RESOURCES
from orfeas_desktop.words import QT_TRANSLATE_NOOP

COMMUNITY_20 = "Tencent Hunyuan 3D 2.0 Community License"
COMMUNITY_21 = "Tencent Hunyuan 3D 2.1 Community License"
TERRITORY = QT_TRANSLATE_NOOP(
    "Weights", "The licence does not cover the European Union, the United Kingdom and South Korea."
)
PURPOSES = {
    "shape": QT_TRANSLATE_NOOP("Weights", "Picture to mesh"),
    "decoder": QT_TRANSLATE_NOOP("Weights", "Decoder of a shape engine"),
    "texture": QT_TRANSLATE_NOOP("Weights", "Texture"),
    "text-to-image": QT_TRANSLATE_NOOP("Weights", "Words to picture"),
}

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class WeightFile(BaseModel):
    """One file of a set, its path in the set's folder; what is not known is None."""

    model_config = _FROZEN

    path: str
    size: int | None
    """Bytes."""
    sha256: str | None
    source: str
    """Where size and hash are from; never the hub itself, which is asked when the set is fetched."""


class LicenceTerms(BaseModel):
    """What a licence asks of people before they use a set."""

    model_config = _FROZEN

    name: str
    territory: str
    """Where it does not apply, or nothing."""
    url: str
    consent: str
    """What is accepted, in words; nothing when no consent is needed."""
    notice: str
    """What goes along with what was made."""
    source: str

    @property
    def text(self) -> str:
        """Everything a person accepts, the territory first."""
        parts = (f"{TERRITORY}\n" if self.territory else "", f"{self.name}\n{self.url}\n", self.consent)
        return "".join(parts)

    @property
    def digest(self) -> str:
        """SHA-256 of the text that is accepted."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class _Published(BaseModel):
    """What is told of a published folder of weights beside its licence."""

    model_config = _FROZEN

    id: str
    title: str
    purpose: Literal["shape", "decoder", "texture", "text-to-image"]
    repository: str
    folder: str
    """In the repository; nothing when the set is all of it."""
    revision: str
    gated: bool
    """Whether the publisher wants people to sign in."""
    vram_gb: Mapping[str, float]
    """By memory profile; profiles that nobody published are absent."""
    vram_source: str
    note: str
    files: tuple[WeightFile, ...]
    patterns: tuple[str, ...]
    """Further files, by shell patterns, whose names only the hub knows."""


class WeightSet(_Published):
    """One published folder of weights."""

    terms: LicenceTerms

    @property
    def licence(self) -> str:
        """The licence's name."""
        return self.terms.name

    @property
    def territory(self) -> str:
        """Where the licence does not apply, as a sentence, or nothing."""
        return TERRITORY if self.terms.territory else ""

    @property
    def size(self) -> int:
        """Bytes of the files whose size is known."""
        return sum(file.size or 0 for file in self.files)

    @property
    def whole_size_known(self) -> bool:
        """Whether every large file's size is known before the hub is asked."""
        large = [file for file in self.files if not file.path.endswith((".json", ".yaml", ".txt"))]
        only_words = all(pattern.endswith((".json", ".txt", ".py")) for pattern in self.patterns)
        return only_words and all(file.size is not None for file in large)

    @property
    def place(self) -> str:
        """Its folder below the weights folder."""
        repository = self.repository.rpartition("/")[2]
        return f"{repository}/{self.folder}" if self.folder else repository

    def wants(self, path: str) -> bool:
        """Whether the file at `path` of the set's folder belongs to the set."""
        named = any(file.path == path for file in self.files)
        return named or any(fnmatchcase(path, pattern) for pattern in self.patterns)

    def file(self, path: str) -> WeightFile | None:
        """Return what is known of that file beforehand."""
        return next((file for file in self.files if file.path == path), None)


class _Row(_Published):
    """A set as it is written in the data file."""

    licence: str

    def set(self, licences: Mapping[str, LicenceTerms]) -> WeightSet:
        values = {name: getattr(self, name) for name in _Published.model_fields}
        return WeightSet.model_validate({**values, "terms": licences[self.licence]})


class _Data(BaseModel):
    """The whole data file."""

    model_config = _FROZEN

    licences: dict[str, LicenceTerms]
    sets: tuple[_Row, ...]


@cache
def catalog() -> tuple[WeightSet, ...]:
    """Return every set, in the order they are listed."""
    data = _Data.model_validate_json((RESOURCES / "weights_catalog.json").read_bytes())
    return tuple(row.set(data.licences) for row in data.sets)


WEIGHT_SETS = tuple(
    each for each in catalog() if each.id.startswith("hunyuan3d") and each.purpose in {"shape", "decoder"}
)
"""The sets of the Hunyuan3D shape engines."""


def weight_set(set_id: str) -> WeightSet:
    """Return the set of that id. Raises UnknownEntry."""
    found = next((each for each in catalog() if each.id == set_id), None)
    if found is None:
        known = ", ".join(each.id for each in catalog())
        raise UnknownEntry(entry=set_id, table="weights", known=known)
    return found
