"""Themes are complete, legible, and can be changed while the window is open."""

from __future__ import annotations

import itertools
import re

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QPushButton

from orfeas_desktop.ui.pieces.buttons import IconName, icon_button, keep_icon
from orfeas_desktop.ui.theme import FONT_FAMILY, Ink, Look, Theme, ThemeChoice, ThemeName, contrast, tabular

GROUNDS = ("window", "panel", "raised", "field")
TEXTS = ("text", "muted", "success", "warning", "danger")


@pytest.mark.parametrize("name", list(ThemeName))
@pytest.mark.parametrize(("text", "ground"), list(itertools.product(TEXTS, GROUNDS)))
def test_words_can_be_read_on_every_ground(name: ThemeName, text: str, ground: str):
    theme = Theme.read(name)
    assert contrast(theme.color(text), theme.color(ground)) >= 4.5


@pytest.mark.parametrize("name", list(ThemeName))
def test_words_can_be_read_on_what_the_pointer_or_the_choice_changes(name: ThemeName):
    theme = Theme.read(name)
    for text, ground in (
        ("text", "hover"),
        ("muted", "hover"),
        ("on_accent", "accent"),
        ("on_accent", "accent_hover"),
    ):
        assert contrast(theme.color(text), theme.color(ground)) >= 4.5, (text, ground)


@pytest.mark.parametrize("name", list(ThemeName))
@pytest.mark.parametrize("ground", [*GROUNDS, "hover"])
def test_the_accent_marks_controls_well_enough(name: ThemeName, ground: str):
    theme = Theme.read(name)
    assert contrast(theme.color("accent"), theme.color(ground)) >= 3


def test_black_on_white_is_the_highest_contrast():
    assert contrast(QColor("black"), QColor("white")) == pytest.approx(21)
    assert contrast(QColor("#777777"), QColor("#777777")) == pytest.approx(1)


def test_the_themes_know_the_same_tokens():
    assert set(Theme.read(ThemeName.dark).colors) == set(Theme.read(ThemeName.light).colors)
    assert {ink.value for ink in Ink} <= set(Theme.read(ThemeName.dark).colors)


@pytest.mark.parametrize("name", list(ThemeName))
def test_every_token_of_the_style_sheet_is_known(name: ThemeName):
    sheet = Theme.read(name).style_sheet()
    assert "@" not in sheet
    for path in re.findall(r"url\(([^)]+)\)", sheet):
        with open(path, encoding="utf-8") as icon:  # noqa: PTH123  (what Qt opens)
            assert "<svg" in icon.read()


def test_no_text_is_smaller_than_eleven_pixels():
    sizes = re.findall(r"font-size: (\d+)px", Theme.read(ThemeName.dark).style_sheet())
    assert min(int(size) for size in sizes) >= 11


def test_a_change_of_theme_reaches_icons_and_palette(qapp, qtbot, look: Look):
    button = icon_button(look, IconName("ph.cube"), "Cube")
    qtbot.addWidget(button)
    before = button.icon().pixmap(16, 16).toImage()
    with qtbot.waitSignal(look.changed):
        look.choose(ThemeChoice.light)
    try:
        assert look.choice is ThemeChoice.light
        assert look.theme.name is ThemeName.light
        assert button.icon().pixmap(16, 16).toImage() != before
        assert qapp.palette().window().color() == look.color("window")
    finally:
        look.choose(ThemeChoice.dark)
    assert button.icon().pixmap(16, 16).toImage() == before


def test_an_icon_can_be_replaced_and_outlives_no_widget(qtbot, look: Look):
    button = QPushButton()
    keep_icon(look, button, button.setIcon, IconName("ph.cube"))
    first = button.icon().pixmap(16, 16).toImage()
    keep_icon(look, button, button.setIcon, IconName("ph.trash"))
    assert button.icon().pixmap(16, 16).toImage() != first
    button.deleteLater()
    qtbot.wait(0)
    look.choose(ThemeChoice.light)
    look.choose(ThemeChoice.dark)


def test_the_system_is_followed(look: Look):
    look.choose(ThemeChoice.system)
    assert look.theme.name in set(ThemeName)
    look.choose(ThemeChoice.dark)


def test_the_font_ships_with_the_program(qtbot, look: Look):
    button = QPushButton("Aa 0123")
    qtbot.addWidget(button)
    assert button.fontInfo().family() == FONT_FAMILY
    steady = tabular(button.font())
    assert steady.featureTags()
