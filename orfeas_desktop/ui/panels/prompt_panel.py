"""The prompt: words, style and settings drawn from the engine's own, LoRAs, and the pictures they became."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from orfeas_desktop.ui.forms.editors import ProseEditor
from orfeas_desktop.ui.panels.generate_panel import GeneratePanel
from orfeas_desktop.ui.panels.lora_list import LoraList
from orfeas_desktop.ui.panels.picture_strip import PictureStrip
from orfeas_desktop.ui.pieces.buttons import Kind, text_button
from orfeas_desktop.ui.pieces.labels import Role, label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.engine.weights.own_pictures import OwnPicture
    from orfeas_desktop.engine.weights.picture_base import PictureBase
    from orfeas_desktop.params import PlainParams
    from orfeas_desktop.ui.panels.generate_panel import EngineChoice
    from orfeas_desktop.ui.pieces.places import Places
    from orfeas_desktop.ui.theme import Look

PROMPT, LORAS, PIPELINE = "prompt", "loras", "pipeline"
HIDDEN = frozenset({LORAS, PIPELINE})
"""Settings that the panel edits itself."""


@dataclass(frozen=True)
class Standing:
    """What the panel says below its form; `why_not` is why nothing can start, or nothing."""

    estimate: str
    target: str
    why_not: str


class PromptPanel(QWidget):
    """What the next pictures are made from; Generate goes on to a mesh, Pictures stops before."""

    changed = Signal()
    build_wanted = Signal()
    paint_wanted = Signal()
    weights_wanted = Signal()

    def __init__(self, look: Look, places: Places, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Words"))
        self.strip = PictureStrip(look)
        self.loras = LoraList(look, places)
        self.own = QComboBox()
        self.own.setAccessibleName(self.tr("Your own pipeline"))
        self.problem = label("", Role.danger, wrap=True)
        self.remedy = label("", Role.muted, wrap=True)
        self.problem.setAccessibleName(self.tr("Problem"))
        self.weights = text_button(self.tr("Get weights…"), tip=self.tr("What engines need to make pictures"))
        self.weights.clicked.connect(self.weights_wanted)
        above, below = QWidget(), QWidget()
        for holder, parts in (
            (above, (self.weights, self.strip, self.problem, self.remedy)),
            (below, (self.loras,)),
        ):
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(8)
            for part in parts:
                column.addWidget(part)
        self.recipe = GeneratePanel(look, above, below=below, choice=self.own)
        self.recipe.setAccessibleName(self.tr("Words"))
        self.paint = text_button(
            self.tr("Only pictures"), Kind.plain, self.tr("Make pictures to look at before anything is built")
        )
        self.recipe.add_beside_generate(self.paint)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.recipe)
        self.recipe.generate_wanted.connect(self.build_wanted)
        self.paint.clicked.connect(self.paint_wanted)
        self.recipe.changed.connect(self._follow_engine)
        self.own.currentIndexChanged.connect(self.changed)
        self.loras.changed.connect(self.changed)
        self.loras.words_wanted.connect(self.add_words)
        self.strip.redo_wanted.connect(self._redo)
        self.show_problem("")
        self.own.hide()

    def offer(self, choices: Sequence[EngineChoice]) -> None:
        """Offer these engines; one that can run is chosen, as long as there is one."""
        able = {choice.id for choice in choices if not choice.why_not}
        chosen = self.recipe.engine_id()
        self.recipe.offer(choices, chosen if chosen in able else "")
        self.weights.setVisible(not able)

    def offer_own(self, own: Sequence[OwnPicture]) -> None:
        """Offer the user's own pipelines."""
        chosen = self.own.currentData()
        with QSignalBlocker(self.own):
            self.own.clear()
            for each in own:
                self.own.addItem(f"{each.name} ({each.base.value})", each.written)
            self.own.setCurrentIndex(max(0, self.own.findData(chosen)))
        self.changed.emit()

    def fit_loras(self, base: PictureBase | None) -> None:
        """Offer the LoRAs that fit this base."""
        self.loras.fit(base)

    def words(self) -> str:
        """Return the prompt."""
        return str(self.recipe.values().get(PROMPT, ""))

    def values(self) -> PlainParams:
        """Return every setting of the chosen engine."""
        values = self.recipe.values()
        values[LORAS] = self.loras.value()
        if self._owns():
            values[PIPELINE] = str(self.own.currentData() or "")
        return values

    def own_pipeline(self) -> str:
        """Return the chosen pipeline of the user's own, as a request names it, or nothing."""
        return str(self.own.currentData() or "") if self._owns() else ""

    def say(self, standing: Standing) -> None:
        """Show what it will cost, what it makes and why it cannot start."""
        self.recipe.say(estimate=standing.estimate, target=standing.target, why_not=standing.why_not)
        self.paint.setEnabled(not standing.why_not)
        self.paint.setAccessibleDescription(standing.why_not)

    def show_problem(self, problem: str, remedy: str = "") -> None:
        """Say what went wrong and what to do; nothing hides it."""
        for words, part in ((problem, self.problem), (remedy, self.remedy)):
            part.setText(words)
            part.setVisible(bool(words))

    def add_words(self, words: str) -> None:
        """Put words behind the prompt."""
        form = self.recipe.form
        editor = form.editors.get(PROMPT) if form is not None else None
        if editor is not None:
            text = str(editor.value() or "").rstrip(" ,")
            if words.casefold() not in text.casefold():
                editor.set_value(f"{text}, {words}" if text else words)

    def focus_words(self) -> None:
        """Put the keyboard into the prompt."""
        form = self.recipe.form
        editor = form.editors.get(PROMPT) if form is not None else None
        if isinstance(editor, ProseEditor):
            editor.text.setFocus()

    def _owns(self) -> bool:
        form = self.recipe.form
        return form is not None and PIPELINE in form.params.model_fields

    def _follow_engine(self) -> None:
        self.own.setVisible(self._owns())
        self.changed.emit()

    def _redo(self) -> None:
        self.recipe.another_seed()
        self.paint_wanted.emit()
