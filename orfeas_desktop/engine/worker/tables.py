"""The five tables as one, for whoever looks an entry up by table and id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from orfeas_desktop.engine.jobs.context import WorkEntry
from orfeas_desktop.register import Table


class EntryTable(Protocol):
    """A register, whatever the kind of its entries."""

    def __getitem__(self, entry_id: str) -> WorkEntry:
        """Return the entry. Raises UnknownEntry."""
        ...

    def __iter__(self) -> Iterator[WorkEntry]:
        """Yield the entries in order."""
        ...


Tables = Mapping[Table, EntryTable]


def house_tables() -> Tables:
    """Return the program's own five tables."""
    from orfeas_desktop.engine.backends import BACKENDS
    from orfeas_desktop.engine.chores import CHORES
    from orfeas_desktop.engine.exporters import EXPORTERS
    from orfeas_desktop.engine.layouts import LAYOUTS
    from orfeas_desktop.engine.tools import TOOLS

    return {
        Table.backends: BACKENDS,
        Table.tools: TOOLS,
        Table.exporters: EXPORTERS,
        Table.layouts: LAYOUTS,
        Table.chores: CHORES,
    }
