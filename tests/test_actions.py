"""The table of actions is whole: unique ids and keys, known icons, words for every need."""

from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files

import pytest

from orfeas_desktop.actions import ACTIONS, MENU_TITLES, NEED_TITLES, Menu, Need, action, missing_need


def test_ids_and_keys_are_unique():
    assert len({entry.id for entry in ACTIONS}) == len(ACTIONS)
    keys = Counter(key for entry in ACTIONS for key in entry.keys)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_icon_is_in_the_set():
    names = json.loads(
        next(
            path
            for path in files("qtawesome").joinpath("fonts").iterdir()
            if path.name.startswith("phosphor-charmap")
        ).read_text("utf-8")
    )
    assert [
        entry.icon for entry in ACTIONS if entry.icon and entry.icon.removeprefix("ph.") not in names
    ] == []


def test_menus_and_needs_have_words():
    assert set(MENU_TITLES) == set(Menu)
    assert set(NEED_TITLES) == set(Need)


def test_groups_stand_together_in_their_menu():
    for menu in Menu:
        groups = [entry.group for entry in ACTIONS if entry.menu is menu]
        assert groups == sorted(groups)


def test_an_action_is_found_by_its_id():
    assert action("generate").keys[0] == "Ctrl+Return"
    with pytest.raises(KeyError):
        action("dance")


def test_the_first_need_that_is_not_met_is_told():
    generate = action("generate")
    assert missing_need(generate, frozenset()) is Need.library
    assert missing_need(generate, frozenset(generate.needs) - {Need.picture}) is Need.picture
    assert missing_need(generate, frozenset(Need)) is None
