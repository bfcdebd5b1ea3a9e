"""Shelf: small JSON documents that ship with the program or are the user's own, such as recipes and presets."""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from orfeas_desktop.errors import BadInput, DiskFull, NameMissing, NameTaken, PermissionDenied, UnknownEntry

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 1_000_000

_log = logging.getLogger(__name__)


class Titled(BaseModel):
    """What every document of a shelf says about itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=100)
    summary: str = Field(default="", max_length=400)


DocumentT = TypeVar("DocumentT", bound=Titled)


@dataclass(frozen=True)
class Known(Generic[DocumentT]):
    """A document and the name it is asked for by; `own` ones can be removed."""

    id: str
    document: DocumentT
    own: bool


@dataclass(frozen=True)
class Shelf(Generic[DocumentT]):
    """Every document of one kind: those in `shipped`, then the user's own, which lie in `folder`."""

    kind: type[DocumentT]
    table: str
    """What the documents are called together, for sentences."""
    folder: Path
    shipped: Path

    def all(self) -> tuple[Known[DocumentT], ...]:
        """Return every document that can be read; what cannot is logged. A shipped name is never overruled."""
        found = {known.id: known for known in self._read(self.folder, own=True)}
        found |= {known.id: known for known in self._read(self.shipped, own=False)}
        return tuple(sorted(found.values(), key=lambda known: (known.own, known.id)))

    def get(self, document_id: str) -> Known[DocumentT]:
        """Return one document. Raises UnknownEntry, which names the known ones."""
        known = {each.id: each for each in self.all()}
        if document_id not in known:
            raise UnknownEntry(entry=document_id, table=self.table, known=", ".join(known))
        return known[document_id]

    def save(self, document: DocumentT) -> Known[DocumentT]:
        """Keep a document of the user's; one of the same title is replaced.

        Raises NameMissing, NameTaken for the name of a shipped one, DiskFull, PermissionDenied.
        """
        name = id_of(document.title)
        if not name:
            raise NameMissing
        if (self.shipped / f"{name}.json").exists():
            raise NameTaken(name=document.title)
        target = self.folder / f"{name}.json"
        text = document.model_dump_json(indent=2, exclude_defaults=True) + "\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{target.name}")
            temporary.write_text(text, "utf-8")
            temporary.replace(target)
        except PermissionError:
            raise PermissionDenied(place=str(self.folder)) from None
        except OSError as problem:
            raise DiskFull(place=str(self.folder), details=str(problem)) from None
        return Known(name, document, own=True)

    def remove(self, document_id: str) -> None:
        """Forget a document of the user's. Raises UnknownEntry, and BadInput for a shipped one."""
        if not self.get(document_id).own:
            raise BadInput(entry=document_id, problem=f"{self.table} that ship with the program stay")
        (self.folder / f"{document_id}.json").unlink(missing_ok=True)

    def _read(self, folder: Path, *, own: bool) -> list[Known[DocumentT]]:
        found: list[Known[DocumentT]] = []
        for path in sorted(folder.glob("[!.]*.json")) if folder.is_dir() else ():
            try:
                with path.open("rb") as stream:
                    text = stream.read(_MOST_BYTES)
                found.append(Known(path.stem, self.kind.model_validate_json(text), own))
            except (OSError, ValueError) as problem:
                _log.warning("%s cannot be read as one of the %s: %s", path.name, self.table, problem)
        return found


def id_of(title: str) -> str:
    """Return what a document of that title is asked for by: lower case with hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
