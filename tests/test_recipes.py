"""Recipes as files: those that ship with the program, and the user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orfeas_desktop.engine.tools import RECIPE
from orfeas_desktop.errors import BadInput, DiskFull, NameMissing, NameTaken, PermissionDenied, UnknownEntry
from orfeas_desktop.recipes import (
    SHIPPED,
    Recipe,
    RecipeShelf,
    RecipeStep,
    steps_from,
    steps_text,
)
from orfeas_desktop.shelf import id_of

STEPS = (RecipeStep(tool="repair"), RecipeStep(tool="bake", params={"rays": 8}, other="start"))


@pytest.fixture
def shelf(tmp_path: Path) -> RecipeShelf:
    return RecipeShelf(tmp_path / "recipes")


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.json")), ids=lambda path: path.stem)
def test_every_recipe_that_ships_can_run(path: Path, shelf: RecipeShelf) -> None:
    known = shelf.get(path.stem)
    assert not known.own
    assert known.document.summary.endswith(".")
    assert RECIPE.planned(known.document.steps)


def test_an_own_recipe_is_kept_replaced_and_removed(shelf: RecipeShelf) -> None:
    saved = shelf.save(Recipe(title="Meine Kürzung  2", steps=STEPS))
    assert saved.id == "meine-kurzung-2"
    assert shelf.get(saved.id) == saved
    shelf.save(Recipe(title="Meine Kürzung 2", steps=STEPS[:1]))
    assert shelf.get(saved.id).document.steps == STEPS[:1]
    assert shelf.all()[-1].own
    shelf.remove(saved.id)
    with pytest.raises(UnknownEntry, match="no “meine"):
        shelf.get(saved.id)


def test_names_that_cannot_be_are_refused(shelf: RecipeShelf, tmp_path: Path) -> None:
    with pytest.raises(NameTaken):
        shelf.save(Recipe(title="Game prop 10k", steps=STEPS))
    with pytest.raises(NameMissing):
        shelf.save(Recipe(title="…", steps=STEPS))
    with pytest.raises(BadInput, match="stay"):
        shelf.remove("game-prop-10k")
    (tmp_path / "file").write_text("")
    with pytest.raises((PermissionDenied, DiskFull)):
        RecipeShelf(tmp_path / "file").save(Recipe(title="Mine", steps=STEPS))
    assert id_of("--- Ä b ---") == "a-b"


def test_files_that_are_no_recipes_are_passed_over(
    shelf: RecipeShelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.folder.mkdir()
    (shelf.folder / "broken.json").write_text('{"title": "x"')
    (shelf.folder / "empty.json").write_text('{"title": "x", "steps": []}')
    (shelf.folder / "odd.json").write_text('{"title": "x", "steps": [{"tool": "lod", "more": 1}]}')
    (shelf.folder / "folder.json").mkdir()
    (shelf.folder / ".hidden.json").write_text("{}")
    own = json.dumps({"title": "Mine", "steps": [{"tool": "lod"}]})
    (shelf.folder / "mine.json").write_text(own)
    (shelf.folder / "print.json").write_text(own)
    assert [known.id for known in shelf.all() if known.own] == ["mine"]
    assert sum("cannot be read" in record.message for record in caplog.records) == 4


def test_steps_are_the_same_text_whatever_their_order() -> None:
    text = steps_text(STEPS)
    assert text == '[{"tool":"repair"},{"other":"start","params":{"rays":8},"tool":"bake"}]'
    assert steps_from(text) == STEPS
    with pytest.raises(ValueError, match="1 to 50"):
        steps_from("[" + ",".join(['{"tool":"lod"}'] * 51) + "]")
    with pytest.raises(ValueError, match="no steps"):
        steps_from("[" * 100_000)
