"""One weight set as a card: size, memory, licence, state, progress and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QProgressBar, QWidget

from orfeas_desktop.engine.weights.store import How
from orfeas_desktop.engine.weights.transfers import TransferState
from orfeas_desktop.ui.pieces.buttons import Kind, text_button
from orfeas_desktop.ui.pieces.frames import Panel, row_of
from orfeas_desktop.ui.pieces.labels import Role, label, set_role
from orfeas_desktop.ui.signals import signal
from orfeas_desktop.ui.state.weights_desk import DOWNLOAD, VERIFY, SetRow
from orfeas_desktop.ui.theme import tabular

if TYPE_CHECKING:
    from PySide6.QtWidgets import QPushButton

STEPS = 1000


class WeightsCard(Panel):
    """Shows a row; says by signal, with the set's id, what is wanted."""

    download_wanted = signal(str)
    pause_wanted = signal(str)
    verify_wanted = signal(str)
    remove_wanted = signal(str)
    licence_wanted = signal(str)

    def __init__(self, row: SetRow, parent: QWidget | None = None) -> None:
        super().__init__(row.weights.title, parent)
        self.row = row
        self.title = label(row.weights.title, Role.heading)
        self.facts = label("", Role.caption, wrap=True)
        self.territory = label(row.weights.territory, Role.warning, wrap=True)
        self.territory.setVisible(bool(row.weights.territory))
        self.note = label(row.weights.note, Role.caption, wrap=True)
        self.note.setVisible(bool(row.weights.note))
        self.state = label("", Role.muted, wrap=True)
        self.state.setFont(tabular(self.state.font()))
        self.bar = QProgressBar()
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of {title}").format(title=row.weights.title))
        self.main = self._button(self.tr("Download"), Kind.plain)
        self.check = self._button(self.tr("Verify"), Kind.plain)
        self.drop = self._button(self.tr("Remove"), Kind.plain)
        self.terms = self._button(self.tr("Licence"), Kind.flat)
        self.main.clicked.connect(self._press_main)
        self.check.clicked.connect(lambda: self.verify_wanted.emit(self.row.weights.id))
        self.drop.clicked.connect(lambda: self.remove_wanted.emit(self.row.weights.id))
        self.terms.clicked.connect(lambda: self.licence_wanted.emit(self.row.weights.id))
        self.column.setSpacing(4)
        for part in (self.title, self.facts, self.territory, self.note, self.state, self.bar):
            self.column.addWidget(part)
        self.column.addLayout(row_of(self.main, self.check, self.drop, None, self.terms))
        self.show_row(row)

    def show_row(self, row: SetRow) -> None:
        """Show how the set stands now."""
        self.row = row
        self.facts.setText(self._facts(row))
        text, role = self._state(row)
        self.state.setText(text)
        set_role(self.state, role)
        moving = row.transfer.state in {TransferState.running, TransferState.paused} and not row.here
        self.bar.setVisible(moving or row.busy == VERIFY)
        self.bar.setRange(0, 0 if row.busy == VERIFY else STEPS)
        self.bar.setValue(round(row.transfer.fraction * STEPS))
        self.main.setText(self._main_words(row))
        elsewhere = row.transfer.state is TransferState.running and not row.busy
        self.main.setVisible((not row.here or bool(row.busy)) and not elsewhere)
        self.check.setVisible(row.here and not row.busy)
        left = row.transfer.state in {TransferState.paused, TransferState.failed}
        self.drop.setVisible((row.here or left) and not row.busy)

    def _button(self, words: str, kind: Kind) -> QPushButton:
        button = text_button(words, kind)
        button.setAccessibleName(self.tr("{action}: {title}").format(action=words, title=self.title.text()))
        return button

    def _press_main(self) -> None:
        wanted = self.pause_wanted if self.row.busy else self.download_wanted
        wanted.emit(self.row.weights.id)

    def _main_words(self, row: SetRow) -> str:
        if row.busy == DOWNLOAD:
            return self.tr("Pause")
        if row.busy == VERIFY:
            return self.tr("Stop")
        if row.transfer.state in {TransferState.paused, TransferState.failed} and row.transfer.done:
            return self.tr("Continue")
        return self.tr("Download")

    def _facts(self, row: SetRow) -> str:
        weights = row.weights
        parts: list[str] = []
        if row.here:
            parts.append(self._bytes(row.standing.size))
        elif weights.size:
            more = "" if weights.whole_size_known else self.tr(" or more")
            parts.append(self._bytes(weights.size) + more)
        else:
            parts.append(self.tr("size not known yet"))
        parts += [
            self.tr("{gb:g} GB of graphics memory ({source})").format(gb=gb, source=weights.vram_source)
            for gb in weights.vram_gb.values()
        ]
        parts.append(weights.licence)
        return " · ".join(parts)

    def _state(self, row: SetRow) -> tuple[str, Role]:
        if row.busy == VERIFY:
            return self.tr("Verifying every byte"), Role.muted
        if row.problem and not row.busy:
            return row.problem, Role.danger
        if row.here:
            return self._here(row)
        now = row.transfer
        amount = self.tr("{done} of {total}").format(done=self._bytes(now.done), total=self._bytes(now.total))
        if now.state is TransferState.paused and not row.busy:
            return self.tr("Paused at {amount}").format(amount=amount), Role.muted
        if now.state is TransferState.failed and not row.busy:
            return now.problem, Role.danger
        if now.state is TransferState.running and now.total:
            return self._moving(amount, now.rate, now.seconds_left), Role.muted
        return (self.tr("Asking the hub") if row.busy else self.tr("Not here")), Role.muted

    def _here(self, row: SetRow) -> tuple[str, Role]:
        if row.verified:
            return self.tr("Here, every byte verified"), Role.success
        if row.standing.how is How.found:
            folder = str(row.standing.folder)
            return self.tr("Here, in your own folder {folder}").format(folder=folder), Role.success
        return self.tr("Here"), Role.success

    def _moving(self, amount: str, rate: float, seconds: float | None) -> str:
        speed = self.tr("{amount} · {rate}/s").format(amount=amount, rate=self._bytes(round(rate)))
        if seconds is None:
            return speed
        minutes = round(seconds / 60)
        left = self.tr("about {minutes} min left").format(minutes=minutes)
        if minutes < 2:
            left = self.tr("about {seconds:.0f} s left").format(seconds=seconds)
        return f"{speed} · {left}"

    def _bytes(self, size: int) -> str:
        return QLocale().formattedDataSize(size, 2, QLocale.DataSizeFormat.DataSizeSIFormat)
