"""The weights dialog: every set as a card, the folder they lie in, and folders of one's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QLocale, Qt
from PySide6.QtWidgets import (
    QDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from orfeas_desktop.engine.weights.catalog import PURPOSES, weight_set
from orfeas_desktop.engine.weights.torch_file import ONE_FILE
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.ui.dialogs.error_box import ErrorBox
from orfeas_desktop.ui.dialogs.licence_dialog import LicenceDialog
from orfeas_desktop.ui.dialogs.weights_card import WeightsCard
from orfeas_desktop.ui.pieces.buttons import Kind, text_button
from orfeas_desktop.ui.pieces.frames import row_of
from orfeas_desktop.ui.pieces.labels import ElidedLabel, Role, label
from orfeas_desktop.ui.pieces.places import Place
from orfeas_desktop.ui.pieces.scroll_column import OVERHANG, ScrollColumn

if TYPE_CHECKING:
    from orfeas_desktop.engine.weights.adding import Added
    from orfeas_desktop.engine.weights.upkeep import Removal
    from orfeas_desktop.ui.pieces.places import Places
    from orfeas_desktop.ui.state.weights_desk import WeightsDesk


class WeightsDialog(QDialog):
    """Shows what the weights desk knows and passes on what the user wants."""

    def __init__(self, desk: WeightsDesk, places: Places, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._places = places
        self.cards: dict[str, WeightsCard] = {}
        self.asking: QInputDialog | None = None
        self.setWindowTitle(self.tr("Weights"))
        self.resize(640, 640)
        self.where = ElidedLabel("", Role.muted)
        self.add = text_button(
            self.tr("Add folder…"), Kind.plain, self.tr("Use weights that are on this machine already")
        )
        self.add.clicked.connect(self._pick_folder)
        self.add_file = text_button(
            self.tr("Add file…"),
            Kind.plain,
            self.tr("A checkpoint or a LoRA: what it is, is told by what is in it"),
        )
        self.add_file.clicked.connect(self._pick_file)
        self.token = text_button(
            self.tr("Access token…"),
            Kind.flat,
            self.tr("For sets that are given only to people who are signed in"),
        )
        self.token.clicked.connect(self._ask_token)
        self.added = label("", Role.success, wrap=True)
        self.added.hide()
        self.area = ScrollColumn(self.tr("Weight sets"))
        self.close_button = text_button(self.tr("Close"))
        self.close_button.clicked.connect(self.accept)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20 - OVERHANG, 16)
        column.setSpacing(12)
        head = row_of(self.where, self.add, self.add_file)
        head.setStretchFactor(self.where, 1)
        head.setContentsMargins(0, 0, OVERHANG, 0)
        foot = row_of(self.token, None, self.close_button)
        foot.setContentsMargins(0, 0, OVERHANG, 0)
        column.addLayout(head)
        column.addWidget(self.added)
        column.addWidget(self.area, 1)
        column.addLayout(foot)
        desk.changed.connect(self.refresh)
        desk.failed.connect(self._tell)
        desk.added.connect(self._show_added)
        self.refresh()
        desk.look()

    def refresh(self) -> None:
        """Show how everything stands now."""
        folder = self._desk.folder
        if folder is not None:
            free = QLocale().formattedDataSize(folder.free, 1, QLocale.DataSizeFormat.DataSizeSIFormat)
            self.where.set_text(self.tr("{folder} · {free} free").format(folder=folder.path, free=free))
        if self._desk.rows and not self.cards:
            self._build()
        for row in self._desk.rows:
            self.cards[row.weights.id].show_row(row)

    def _build(self) -> None:
        for purpose, title in PURPOSES.items():
            rows = [row for row in self._desk.rows if row.weights.purpose == purpose]
            self.area.column.addWidget(label(QCoreApplication.translate("Weights", title), Role.heading))
            for row in rows:
                card = WeightsCard(row)
                card.download_wanted.connect(self._download)
                card.pause_wanted.connect(self._desk.pause)
                card.verify_wanted.connect(self._desk.verify)
                card.remove_wanted.connect(self._ask_removal)
                card.licence_wanted.connect(self._show_licence)
                self.cards[row.weights.id] = card
                self.area.column.addWidget(card)
        self.area.column.addStretch(1)

    def _download(self, set_id: str) -> None:
        if self.cards[set_id].row.needs_consent:
            self._ask_consent(set_id, partial(self._desk.download, set_id))
        else:
            self._desk.download(set_id)

    def _show_licence(self, set_id: str) -> None:
        self._ask_consent(set_id, lambda: None)

    def _ask_consent(self, set_id: str, then: Callable[[], object]) -> None:
        weights = weight_set(set_id)
        dialog = LicenceDialog(weights, to_accept=self.cards[set_id].row.needs_consent, parent=self)
        dialog.accepted.connect(lambda: self._desk.accept(weights, then))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_removal(self, set_id: str) -> None:
        self._desk.plan(set_id, self._confirm_removal)

    def _confirm_removal(self, plan: Removal) -> None:
        weights = weight_set(plan.set_id)
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setWindowTitle(self.tr("Remove weights"))
        box.setText(self.tr("Remove “{title}”?").format(title=weights.title))
        box.setInformativeText(self._removal_words(plan))
        box.setDetailedText("\n".join(map(str, plan.files)))
        remove = box.addButton(self.tr("Remove"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole))
        remove.clicked.connect(lambda: self._desk.remove(plan.set_id))
        box.finished.connect(box.deleteLater)
        box.open()

    def _removal_words(self, plan: Removal) -> str:
        if plan.forgotten is not None:
            words = self.tr("Your own files in {folder} stay; the program only forgets them.")
            return words.format(folder=plan.forgotten)
        freed = QLocale().formattedDataSize(plan.freed, 2, QLocale.DataSizeFormat.DataSizeSIFormat)
        words = self.tr("{count} files are deleted and {freed} become free.")
        return words.format(count=len(plan.files), freed=freed)

    def _pick_folder(self) -> None:
        path = self._places.open_folder(self, Place.weights, self.tr("Add a folder of weights"))
        if path is not None:
            self._desk.add(path)

    def _pick_file(self) -> None:
        path = self._places.open_file(self, Place.weights, self.tr("Add a file of weights"), ONE_FILE)
        if path is not None:
            self._desk.add(path)

    def _show_added(self, found: tuple[Added, ...]) -> None:
        words = {
            "set": self.tr("{name} is here"),
            "own": self.tr("Your own pipeline “{name}” is known now"),
            "lora": self.tr("The LoRA “{name}” is in your library"),
        }
        self.added.setText("\n".join(words[each.kind].format(name=each.name) for each in found))
        self.added.setVisible(bool(found))

    def _ask_token(self) -> None:
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Access token"))
        dialog.setLabelText(
            self.tr(
                "Some sets are given only to people who are signed in at the hub. Make an access token in your "
                "account there and put it here. It is kept by the system’s keyring, or in a file that only you "
                "can read. Leave it empty to forget the one that is kept."
            )
        )
        for words in dialog.findChildren(QLabel):
            words.setWordWrap(True)
        dialog.setTextEchoMode(QLineEdit.EchoMode.Password)
        dialog.setMinimumWidth(420)
        dialog.accepted.connect(lambda: self._desk.keep_token(dialog.textValue()))
        self.asking = dialog
        dialog.open()

    def _tell(self, error: OrfeasError) -> None:
        ErrorBox.show_error(self, error)
