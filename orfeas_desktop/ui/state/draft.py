"""Draft: the pictures and the mask that the next generation starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from PySide6.QtGui import QImage

from orfeas_desktop.assets import AssetRef, LocalFile

FRONT = "front"
VIEWS = ("front", "left", "back", "right")
SURE = 0.6
"""Below this confidence the user is asked to look at the mask before anything is built."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that was taken in: where it is kept, its size in pixels, and a small copy to show."""

    file: AssetRef | LocalFile
    width: int
    height: int
    shown: QImage = field(repr=False)


@dataclass(frozen=True, eq=False)
class FoundMask:
    """The object as the program sees it: white on black, how it was found, and how sure that is (0..1)."""

    shown: QImage = field(repr=False)
    how: str
    confidence: float


@dataclass(frozen=True, eq=False)
class Draft:
    """What the next generation is made from; `asset_id` names the asset that gets a new version."""

    pictures: Mapping[str, Picture] = field(default_factory=dict[str, Picture])
    box: str = ""
    mask_file: AssetRef | LocalFile | None = None
    found: FoundMask | None = None
    finding: bool = False
    accepted: bool = False
    """Whether the user looked at a doubtful mask and let it pass."""
    asset_id: int | None = None
    name: str = ""

    @property
    def front(self) -> Picture | None:
        """The main picture."""
        return self.pictures.get(FRONT)

    @property
    def doubtful(self) -> bool:
        """Whether the mask wants a look before building."""
        return self.found is not None and self.found.confidence < SURE and not self.accepted

    def with_picture(self, slot: str, picture: Picture, name: str) -> Self:
        """Return the draft with this picture; a new main picture starts a new asset."""
        pictures = {**self.pictures, slot: picture}
        if slot != FRONT:
            return replace(self, pictures=pictures)
        return replace(
            self,
            pictures=pictures,
            name=name,
            asset_id=None,
            box="",
            mask_file=None,
            found=None,
            accepted=False,
        )

    def without(self, slot: str) -> Self:
        """Return the draft without the picture of that view."""
        pictures = {name: picture for name, picture in self.pictures.items() if name != slot}
        if slot != FRONT:
            return replace(self, pictures=pictures)
        return replace(
            self, pictures=pictures, box="", mask_file=None, found=None, accepted=False, asset_id=None
        )
