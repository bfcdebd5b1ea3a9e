"""The tools by group, found by what they are called or do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from orfeas_desktop.params import Scalar
from orfeas_desktop.ui.pieces.labels import Role, label
from orfeas_desktop.ui.pieces.scroll_column import OVERHANG
from orfeas_desktop.ui.signals import signal

if TYPE_CHECKING:
    from orfeas_desktop.params import Params, PlainParams

_ID = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True)
class ToolChoice:
    """A tool as the panel offers it; `group` is a marked title."""

    id: str
    title: str
    summary: str
    group: str
    params: type[Params] = field(repr=False)
    takes_other: bool = False
    other_required: bool = True
    begun: PlainParams = field(default_factory=dict[str, Scalar])
    """What the settings stand in with for defaults of `params`."""

    @property
    def name(self) -> str:
        """The translated title."""
        return tool_words(self.title)

    def matches(self, text: str) -> bool:
        """Whether every word of `text` stands in what the tool is called or does."""
        said = f"{self.id} {self.name} {tool_words(self.summary)}".casefold()
        return all(word in said for word in text.casefold().split())


def tool_words(text: str) -> str:
    """Translate words that were marked by a tool."""
    return QCoreApplication.translate("Tools", text) if text else ""


class ToolList(QWidget):
    """A field to find a tool with and the list of those that match; `chosen` tells which."""

    chosen = signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices: tuple[ToolChoice, ...] = ()
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Find a tool"))
        self.search.setAccessibleName(self.tr("Find a tool"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._show_matching)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setObjectName("toolList")
        self.list.setAccessibleName(self.tr("Tools"))
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(False)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self.nothing = label(self.tr("No tool is called that"), Role.muted)
        head = QVBoxLayout()
        head.setContentsMargins(0, 0, OVERHANG, 0)
        head.addWidget(self.search)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.nothing)
        column.addWidget(self.list, 1)

    def offer(self, choices: Sequence[ToolChoice]) -> None:
        """Offer these tools, in this order within their groups."""
        self._choices = tuple(choices)
        self._show_matching(self.search.text())

    def titles(self) -> tuple[str, ...]:
        """Return the tools as they stand, group headings left out."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return tuple(item.text() for item in items if item.data(_ID))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self._choose(self._first())
                return True
            if event.key() == Qt.Key.Key_Down:
                first = self._first()
                if first is not None:
                    self.list.setCurrentItem(first)
                self.list.setFocus(Qt.FocusReason.TabFocusReason)
                return True
        return super().eventFilter(watched, event)

    def _first(self) -> QListWidgetItem | None:
        items = (self.list.item(row) for row in range(self.list.count()))
        return next((item for item in items if item.data(_ID)), None)

    def _show_matching(self, text: str) -> None:
        self.list.clear()
        found = [choice for choice in self._choices if choice.matches(text)]
        for group in dict.fromkeys(choice.group for choice in found):
            self._add_heading(tool_words(group))
            for choice in found:
                if choice.group == group:
                    item = QListWidgetItem(choice.name)
                    item.setData(_ID, choice.id)
                    item.setToolTip(tool_words(choice.summary))
                    item.setData(int(Qt.ItemDataRole.AccessibleDescriptionRole), tool_words(choice.summary))
                    self.list.addItem(item)
        self.list.setVisible(bool(found))
        self.nothing.setVisible(not found)

    def _add_heading(self, title: str) -> None:
        item = QListWidgetItem(title)
        font = item.font()
        font.setPixelSize(11)
        item.setFont(font)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.list.addItem(item)

    def _choose(self, item: QListWidgetItem | None) -> None:
        tool = item.data(_ID) if item is not None else None
        if isinstance(tool, str):
            self.chosen.emit(tool)
