"""LoraShelf: the user's LoRAs, with names, trigger words and weights; the files lie with the user's data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel, Field

from orfeas_desktop.engine.weights.file_table import only_here, read_table, told, write_table
from orfeas_desktop.engine.weights.linking import link, sha256_of
from orfeas_desktop.engine.weights.picture_base import PictureBase, base_of_lora
from orfeas_desktop.engine.weights.recognise import header_of
from orfeas_desktop.engine.weights.torch_file import ONE_FILE, looked_into
from orfeas_desktop.errors import BadInput, BadWeights, FileMissing, NotAFile, UnknownEntry
from orfeas_desktop.paths import Paths

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

SHORT = 16
"""Digits of a digest that a request names a LoRA by."""
LONGEST_NAME = 60
LEAST_WEIGHT, MOST_WEIGHT = -2.0, 2.0
_USE = re.compile(r"([^@:,]+)@([0-9a-f]{16}):(-?\d+(?:\.\d+)?)")


class Lora(BaseModel):
    """A LoRA of the library."""

    name: str
    digest: str
    """SHA-256 of its file."""
    base: PictureBase
    triggers: str = ""
    """Words that its maker wants in the prompt."""
    weight: float = Field(default=1.0, ge=LEAST_WEIGHT, le=MOST_WEIGHT, allow_inf_nan=False)
    """How strongly it is used unless told otherwise."""
    size: int = 0

    def use(self, weight: float | None = None) -> LoraUse:
        """Return that it is used with that weight, or its own."""
        return LoraUse(self.name, self.digest[:SHORT], self.weight if weight is None else weight)


@dataclass(frozen=True)
class LoraUse:
    """A LoRA in a request: `digest` says which file, the name is for people."""

    name: str
    digest: str
    weight: float


class _Table(BaseModel):
    loras: list[Lora] = []


def read_uses(text: str) -> tuple[LoraUse, ...]:
    """Read `name@digest:weight, …`. Raises ValueError for anything else, for a LoRA twice and a wild weight."""
    uses: list[LoraUse] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = _USE.fullmatch(part)
        if found is None:
            raise ValueError("LoRAs are written name@digest:weight, with commas between them")
        use = LoraUse(found[1].strip(), found[2], float(found[3]))
        check_weight(use.weight)
        if any(other.digest == use.digest for other in uses):
            raise ValueError(f"the LoRA “{use.name}” is there twice")
        uses.append(use)
    return tuple(uses)


def check_weight(weight: float) -> None:
    """Raise ValueError for a weight that nobody means."""
    if not math.isfinite(weight) or not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
        raise ValueError(f"the weight of a LoRA is {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}")


def written_uses(uses: Iterable[LoraUse]) -> str:
    """Return what `read_uses` reads."""
    return ", ".join(f"{use.name}@{use.digest}:{use.weight:g}" for use in uses)


class LoraShelf:
    """Answers for the LoRAs in `folder`. Files are linked there, so that the user's own may go. Several processes may."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "loras.json"

    @classmethod
    def of(cls, paths: Paths | None = None) -> LoraShelf:
        """Return the library of this user."""
        return cls((paths or Paths.of()).loras)

    def all(self) -> tuple[Lora, ...]:
        """Return every LoRA by name."""
        return tuple(sorted(read_table(self._file, _Table).loras, key=lambda each: each.name.casefold()))

    def named(self, name: str) -> Lora:
        """Return the LoRA of that name. Raises UnknownEntry."""
        found = next((each for each in self.all() if each.name.casefold() == name.casefold()), None)
        if found is None:
            known = ", ".join(each.name for each in self.all()) or "none is there yet"
            raise UnknownEntry(entry=name, table="LoRAs", known=known)
        return found

    def add(self, file: Path, name: str = "") -> Lora:
        """Take a LoRA file into the library; the same file again is the same LoRA.

        Raises FileMissing, NotAFile, BadWeights, DiskFull and PermissionDenied.
        """
        if file.is_dir():
            raise NotAFile(name=file.name)
        if not file.is_file():
            raise FileMissing(name=file.name)
        if file.suffix.lower() not in ONE_FILE:
            raise BadWeights(name=file.name, problem=f"its name does not end in {', '.join(ONE_FILE)}")
        with self._lock(), looked_into(file, self.folder) as plain:
            try:
                return self._take(plain, name or file.stem, converted=plain != file)
            finally:
                if plain != file:
                    plain.unlink(missing_ok=True)

    def _take(self, file: Path, name: str, *, converted: bool) -> Lora:
        base, triggers = base_of_lora(file), trigger_words(file)
        try:
            digest, size = sha256_of(file), file.stat().st_size
        except OSError as problem:
            raise told(problem, file) from problem
        table = read_table(self._file, _Table)
        known = next((each for each in table.loras if each.digest == digest), None)
        if known is None or not self._place(known).is_file():
            _hold(file, self.folder / f"{digest}.safetensors", converted=converted)
        if known is not None:
            return known
        taken = {each.name.casefold() for each in table.loras}
        lora = Lora(name=_free_name(name, taken), digest=digest, base=base, triggers=triggers, size=size)
        self._write([*table.loras, lora])
        return lora

    def change(
        self, name: str, *, new_name: str = "", triggers: str | None = None, weight: float | None = None
    ) -> Lora:
        """Give a LoRA another name, other trigger words or another weight. Raises UnknownEntry and BadInput."""
        with self._lock():
            lora = self.named(name)
            others = [each for each in self.all() if each.digest != lora.digest]
            if weight is not None:
                try:
                    check_weight(weight)
                except ValueError as problem:
                    raise BadInput(entry="loras", problem=str(problem)) from None
            wanted = _plain_name(new_name) if new_name else lora.name
            if any(each.name.casefold() == wanted.casefold() for each in others):
                raise BadInput(entry="loras", problem=f"another LoRA is called “{wanted}”")
            changed = lora.model_copy(
                update={
                    "name": wanted,
                    "triggers": lora.triggers if triggers is None else " ".join(triggers.split()),
                    "weight": lora.weight if weight is None else weight,
                }
            )
            self._write([*others, changed])
        return changed

    def remove(self, name: str) -> Lora:
        """Take a LoRA out of the library; the file that was added stays where it is. Raises UnknownEntry."""
        with self._lock():
            lora = self.named(name)
            try:
                self._place(lora).unlink(missing_ok=True)
            except OSError as problem:
                raise told(problem, self.folder) from problem
            self._write([each for each in self.all() if each.digest != lora.digest])
        return lora

    def file(self, use: LoraUse) -> tuple[Lora, Path]:
        """Return the LoRA that a request names and its file, its content checked. Raises BadWeights."""
        lora = next((each for each in self.all() if each.digest.startswith(use.digest)), None)
        place = self._place(lora) if lora else None
        if lora is None or place is None or not place.is_file():
            said = "this LoRA is no longer in the library; add its file again"
            raise BadWeights(name=use.name, problem=said)
        try:
            same = sha256_of(place) == lora.digest
        except OSError as problem:
            raise BadWeights(name=use.name, problem=problem.strerror or "it cannot be read") from None
        if not same:
            raise BadWeights(name=use.name, problem="its file was changed since it was added; add it again")
        return lora, place

    def _place(self, lora: Lora) -> Path:
        return self.folder / f"{lora.digest}.safetensors"

    def _write(self, loras: list[Lora]) -> None:
        write_table(self._file, _Table(loras=loras))

    def _lock(self) -> AbstractContextManager[None]:
        return only_here(self.folder / "loras.lock", "loras")


def trigger_words(file: Path) -> str:
    """Return the words that a file's maker wrote into it as its trigger, or nothing."""
    said = header_of(file).get("__metadata__")
    if not isinstance(said, dict):
        return ""
    phrase = cast("dict[object, object]", said).get("modelspec.trigger_phrase")
    return " ".join(phrase.split())[:200] if isinstance(phrase, str) else ""


def _hold(file: Path, place: Path, *, converted: bool) -> None:
    """Link a file of the user's; one that was converted lies in the library already and gets its name."""
    if not converted:
        link(file.absolute(), place)
        return
    try:
        file.replace(place)
    except OSError as problem:
        raise told(problem, place.parent) from problem


def _plain_name(text: str) -> str:
    plain = "".join(" " if letter in "@:," or ord(letter) < 32 else letter for letter in text)
    return " ".join(plain.split())[:LONGEST_NAME] or "LoRA"


def _free_name(text: str, taken: set[str]) -> str:
    first = _plain_name(text)
    name, number = first, 2
    while name.casefold() in taken:
        name, number = f"{first} {number}", number + 1
    return name
