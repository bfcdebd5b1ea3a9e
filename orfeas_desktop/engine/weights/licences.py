"""Licences: which terms were accepted here, when, and in what wording."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.file_table import only_here, read_table, write_table
from orfeas_desktop.errors import LicenceNotAccepted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orfeas_desktop.engine.weights.catalog import LicenceTerms, WeightSet


class Acceptance(BaseModel):
    """That somebody accepted a licence."""

    accepted_at: datetime
    text_sha256: str
    program: str


class _Table(BaseModel):
    """Acceptances by licence name."""

    accepted: dict[str, Acceptance] = {}


class Licences:
    """Answers for the consent given on this machine; `clock` tells the time."""

    def __init__(self, file: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file = file
        self._clock = clock

    def accepted(self, terms: LicenceTerms) -> Acceptance | None:
        """Return the consent to these very words, or None."""
        found = read_table(self._file, _Table).accepted.get(terms.name)
        return found if found is not None and found.text_sha256 == terms.digest else None

    def lacking(self, weights: WeightSet) -> bool:
        """Whether consent is needed for this set and was not given."""
        return bool(weights.terms.consent) and self.accepted(weights.terms) is None

    def need(self, weights: WeightSet) -> None:
        """Raise LicenceNotAccepted unless the set may be used."""
        if self.lacking(weights):
            raise LicenceNotAccepted(entry=weights.id, licence=weights.licence)

    def need_all(self, set_ids: Iterable[str]) -> None:
        """Raise LicenceNotAccepted for the first set that may not be used, UnknownEntry for one unheard of."""
        for set_id in set_ids:
            self.need(weight_set(set_id))

    def accept(self, terms: LicenceTerms, program: str) -> Acceptance:
        """Keep that these words were accepted now. Raises PermissionDenied and DiskFull."""
        given = Acceptance(accepted_at=self._clock(), text_sha256=terms.digest, program=program)
        with only_here(self._lock, terms.name):
            table = read_table(self._file, _Table)
            write_table(self._file, _Table(accepted={**table.accepted, terms.name: given}))
        return given

    def withdraw(self, terms: LicenceTerms) -> None:
        """Forget that these terms were accepted. Raises PermissionDenied and DiskFull."""
        with only_here(self._lock, terms.name):
            table = read_table(self._file, _Table)
            left = {name: given for name, given in table.accepted.items() if name != terms.name}
            write_table(self._file, _Table(accepted=left))

    @property
    def _lock(self) -> Path:
        return self._file.with_suffix(".lock")


def notices(set_ids: Iterable[str]) -> tuple[str, ...]:
    """Return what must go along with things made with these sets. Raises UnknownEntry."""
    found = (weight_set(set_id).terms.notice for set_id in set_ids)
    return tuple(dict.fromkeys(notice for notice in found if notice))
