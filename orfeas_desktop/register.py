"""Entry and Register: what can be done, as an ordered table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from orfeas_desktop.errors import UnknownEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orfeas_desktop.assets import AssetKind
    from orfeas_desktop.params import Params, PlainParams


class Table(StrEnum):
    """The five tables."""

    backends = "backends"
    tools = "tools"
    exporters = "exporters"
    layouts = "layouts"
    chores = "chores"


class Lane(StrEnum):
    """Which queue and worker process an entry runs in."""

    gpu = "gpu"
    cpu = "cpu"
    network = "network"


@dataclass(frozen=True)
class Slot:
    """One input or output of an entry."""

    name: str
    kind: AssetKind
    title: str
    required: bool = True
    many: bool = False
    """Whether it holds a sequence of files instead of one."""


Upgrade = Callable[["PlainParams", int], "PlainParams"]
"""(old params, the entry version they were made for) -> params of this version."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What every entry of every table says of itself; tables add the work.

    `version` belongs to the cache key: raise it whenever the same request gives another result.
    """

    id: str
    version: int
    title: str
    summary: str
    params: type[Params]
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    lane: Lane
    upgrade: Upgrade | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.id):
            raise ValueError(f"entry id {self.id!r} is not lower case with hyphens")

    def input(self, name: str) -> Slot | None:
        """Return the input slot of that name."""
        return next((slot for slot in self.inputs if slot.name == name), None)


E = TypeVar("E", bound=Entry)


class Register(Generic[E]):
    """An ordered table of entries with unique ids."""

    def __init__(self, table: Table, entries: Sequence[E]) -> None:
        self.table = table
        self._entries = {entry.id: entry for entry in entries}
        if len(self._entries) != len(entries):
            raise ValueError(f"two {table} share an id")

    def __iter__(self) -> Iterator[E]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, entry_id: str) -> bool:
        return entry_id in self._entries

    def __getitem__(self, entry_id: str) -> E:
        """Return the entry. Raises UnknownEntry, which names the known ones."""
        try:
            return self._entries[entry_id]
        except KeyError:
            raise UnknownEntry(
                entry=entry_id, table=self.table.value, known=", ".join(self._entries)
            ) from None
