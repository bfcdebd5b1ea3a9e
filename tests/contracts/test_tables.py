"""What stands in a folder of entries stands in its table, complete and valid."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from orfeas_desktop.engine import backends, chores, exporters, layouts, tools
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.chores import CHORES
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.jobs.context import WorkEntry
from orfeas_desktop.engine.layouts import LAYOUTS
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import UnknownEntry

TABLES = (
    (BACKENDS, backends),
    (TOOLS, tools),
    (EXPORTERS, exporters),
    (LAYOUTS, layouts),
    (CHORES, chores),
)
EVERY = [(register.table, entry) for register, _ in TABLES for entry in register]


@pytest.mark.parametrize(("register", "folder"), TABLES, ids=lambda value: getattr(value, "table", ""))
def test_every_file_of_the_folder_is_in_the_table(register, folder):
    listed = {id(entry) for entry in register}
    for module in pkgutil.iter_modules(folder.__path__):
        names = vars(importlib.import_module(f"{folder.__name__}.{module.name}"))
        made = [value for value in names.values() if isinstance(value, WorkEntry)]
        assert all(id(entry) in listed for entry in made), module.name


@pytest.mark.parametrize(("table", "entry"), EVERY, ids=lambda value: getattr(value, "id", str(value)))
def test_every_entry_says_what_it_is(table, entry):
    assert entry.version >= 1
    assert entry.title
    assert entry.summary.endswith(".")
    assert entry.outputs
    assert len({slot.name for slot in entry.inputs}) == len(entry.inputs)
    entry.params()
    for field in entry.params.fields():
        assert field.title != field.name, f"{entry.id}.{field.name} has no title"
        assert field.help, f"{entry.id}.{field.name} has no help"


def test_ids_are_unique_in_their_table_and_an_unknown_one_is_named():
    for register, _ in TABLES:
        ids = [entry.id for entry in register]
        assert len(ids) == len(set(ids)) == len(register) > 0
        with pytest.raises(UnknownEntry) as caught:
            register["no-such"]
        assert ids[0] in caught.value.advise()
        assert "no-such" not in register
