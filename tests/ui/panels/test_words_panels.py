"""The prompt, the LoRAs and the strip alone; what they want is heard, nothing is computed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMenu

from orfeas_desktop.assets import AssetKind, LocalFile
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.weights.lora_shelf import Lora
from orfeas_desktop.engine.weights.own_pictures import OwnPicture
from orfeas_desktop.engine.weights.picture_base import PictureBase
from orfeas_desktop.ui.panels.generate_panel import EngineChoice
from orfeas_desktop.ui.panels.lora_list import LoraList
from orfeas_desktop.ui.panels.picture_strip import PictureStrip
from orfeas_desktop.ui.panels.prompt_panel import HIDDEN, PromptPanel, Standing
from orfeas_desktop.ui.pieces.places import Places
from orfeas_desktop.ui.state.words_desk import WordsPicture

CLAY = Lora(name="clay", digest="a" * 64, base=PictureBase.sdxl, triggers="clay figure", weight=0.5)
FLOW = Lora(name="flow", digest="b" * 64, base=PictureBase.flux)


@pytest.fixture
def loras(look, qtbot) -> LoraList:
    made = LoraList(look, Places({}))
    qtbot.addWidget(made)
    made.show_loras((CLAY, FLOW))
    made.show()
    return made


def test_loras_are_used_with_weights_and_only_where_they_fit(loras, qtbot) -> None:
    assert loras.value() == ""
    clay, flow = loras.rows.values()
    clay.used.click()
    flow.used.click()
    assert loras.value() == f"clay@{'a' * 16}:0.5, flow@{'b' * 16}:1"
    clay.slider.setValue(-10)
    assert clay.spin.value() == -0.5
    loras.fit(PictureBase.sdxl)
    assert loras.value() == f"clay@{'a' * 16}:-0.5"
    assert flow.why.text() == "Made for FLUX.1"
    with qtbot.waitSignal(loras.words_wanted) as heard:
        clay.triggers.click()
    assert heard.args == ["clay figure"]
    loras.show_loras((CLAY,))
    assert loras.value() == f"clay@{'a' * 16}:-0.5"
    loras.show_loras(())
    assert loras.empty.isVisible()


def test_a_lora_is_renamed_given_words_and_removed(loras, qtbot, monkeypatch) -> None:
    row = loras.rows[CLAY.digest]
    row.more.click()
    menu = row.findChild(QMenu)
    rename, triggers, remove = menu.actions()
    menu.close()
    rename.trigger()
    loras.dialog.setTextValue("mud")
    with qtbot.waitSignal(loras.rename_given) as heard:
        loras.dialog.accept()
    assert heard.args == [("clay", "mud")]
    triggers.trigger()
    with qtbot.waitSignal(loras.triggers_given) as heard:
        loras.dialog.accept()
    assert heard.args == [("clay", "clay figure")]
    with qtbot.waitSignal(loras.removed) as heard:
        remove.trigger()
    assert heard.args == ["clay"]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    loras.add.click()


def picture(seed: int) -> WordsPicture:
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(seed)
    return WordsPicture(
        LocalFile(Path("x.png"), str(seed), AssetKind.picture, "x.png", 1), image, "cup", seed
    )


def test_the_strip_shows_chooses_and_says_what_is_wanted(look, qtbot) -> None:
    strip = PictureStrip(look)
    qtbot.addWidget(strip)
    assert strip.isHidden()
    pictures = (picture(1), picture(2))
    strip.show_pictures(pictures)
    strip.show()
    assert strip.current is pictures[0]
    QTest.mouseClick(strip.thumbs[1], Qt.MouseButton.LeftButton)
    assert strip.current is pictures[1]
    assert strip.thumbs[1].accessibleName() == "cup, seed 2"
    QTest.keyClick(strip.thumbs[0], Qt.Key.Key_Space)
    QTest.keyClick(strip.thumbs[0], Qt.Key.Key_A)
    strip.grab()
    for button, signal in ((strip.use, strip.use_wanted), (strip.build, strip.build_wanted)):
        with qtbot.waitSignal(signal) as heard:
            button.click()
        assert heard.args == [pictures[0]]
    strip.show_preview(pictures[1].shown)
    assert strip.large.image() is pictures[1].shown
    strip.show_pictures(())
    assert strip.isHidden()


@pytest.fixture
def panel(look, qtbot) -> PromptPanel:
    made = PromptPanel(look, Places({}))
    qtbot.addWidget(made)
    made.show()
    return made


def choices(*why_not: str) -> list[EngineChoice]:
    engines = [BACKENDS[name] for name in ("sdxl-turbo", "sdxl-base", "own-pictures")]
    return [
        EngineChoice(each.id, each.title, each.summary, each.params, why, hidden=HIDDEN)
        for each, why in zip(engines, why_not, strict=True)
    ]


def test_an_engine_that_can_run_is_chosen_and_weights_are_offered_where_none_can(panel, qtbot) -> None:
    panel.offer(choices("no", "no", "no"))
    assert panel.weights.isVisible()
    with qtbot.waitSignal(panel.weights_wanted):
        panel.weights.click()
    panel.offer(choices("no", "", "no"))
    assert panel.recipe.engine_id() == "sdxl-base"
    assert panel.weights.isHidden()
    panel.offer(choices("", "", "no"))
    assert panel.recipe.engine_id() == "sdxl-base"


def test_words_of_a_lora_go_behind_the_prompt_once(panel) -> None:
    panel.offer(choices("", "", ""))
    panel.add_words("clay figure")
    panel.recipe.form.set_values({"prompt": "a cup, "})
    panel.add_words("clay figure")
    panel.add_words("Clay figure")
    assert panel.words() == "a cup, clay figure"
    panel.focus_words()
    assert set(panel.values()) >= {"prompt", "negative_prompt", "style", "loras", "num_images_per_prompt"}
    assert "pipeline" not in panel.values()


def test_own_pipelines_are_chosen_by_name(panel) -> None:
    own = OwnPicture(name="juggler", path="/x", base=PictureBase.sdxl, digest="c" * 64)
    panel.offer(choices("", "", ""))
    panel.offer_own((own,))
    assert panel.own.isHidden()
    assert panel.own_pipeline() == ""
    panel.recipe.choose_engine("own-pictures")
    assert panel.own.isVisible()
    assert panel.own_pipeline() == panel.values()["pipeline"] == f"juggler@{'c' * 16}"


def test_another_seed_is_drawn_when_it_is_made_again(panel, qtbot) -> None:
    panel.offer(choices("", "", ""))
    panel.say(Standing("GPU", "New asset: cup", ""))
    before = panel.recipe.seed_value()
    with qtbot.waitSignal(panel.paint_wanted):
        panel.strip.redo.click()
    assert panel.recipe.seed_value() != before
    panel.say(Standing("", "", "Type what to make first"))
    assert not panel.paint.isEnabled()
    panel.show_problem("It failed.", "Try again.")
    assert panel.problem.isVisible()
