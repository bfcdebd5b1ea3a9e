"""The command palette: type a few letters, run an action or go to an asset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QIcon, QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from orfeas_desktop.ui.pieces.labels import Role, label
from orfeas_desktop.ui.signals import signal
from orfeas_desktop.ui.theme import Look

AnyIndex = QModelIndex | QPersistentModelIndex
ROWS_SHOWN = 9
ROW_HEIGHT = 34
_ITEM = int(Qt.ItemDataRole.UserRole)


@dataclass(frozen=True)
class PaletteItem:
    """One line: `id` comes back when it is chosen; `note` stands at its right end."""

    id: str
    title: str
    note: str = ""
    icon: QIcon | None = None
    enabled: bool = True


class _Row(QStyledItemDelegate):
    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self._look = look

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        item = index.data(_ITEM)
        rect = QRect(option.rect)
        state = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._look.color("hover"))
            painter.drawRoundedRect(rect, 6, 6)
        if item.icon is not None:
            mode = QIcon.Mode.Normal if item.enabled else QIcon.Mode.Disabled
            item.icon.paint(painter, QRect(rect.left() + 8, rect.top() + 9, 16, 16), mode=mode)
        metrics = painter.fontMetrics()
        note_width = metrics.horizontalAdvance(item.note)
        painter.setPen(self._look.color("muted"))
        painter.drawText(
            rect.adjusted(0, 0, -10, 0),
            int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight),
            item.note,
        )
        painter.setPen(self._look.color("text" if item.enabled else "disabled"))
        room = rect.adjusted(34, 0, -note_width - 24, 0)
        title = metrics.elidedText(item.title, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), title)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        del option, index
        return QSize(100, ROW_HEIGHT)


class CommandPalette(QFrame):
    """A field and the lines that match it; Up and Down move, Return chooses, Escape closes."""

    chosen = signal(str)
    closed = Signal()

    def __init__(self, look: Look, find: Callable[[str], Sequence[PaletteItem]], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("palette")
        self.setAccessibleName(self.tr("Search or run a command"))
        self._find = find
        self.field = QLineEdit()
        self.field.setPlaceholderText(self.tr("Search or run a command"))
        self.field.setAccessibleName(self.tr("Search or run a command"))
        self.field.installEventFilter(self)
        self.list = QListView()
        self.list.setAccessibleName(self.tr("Matches"))
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(_Row(look, self))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._model = QStandardItemModel(self)
        self.list.setModel(self._model)
        self.nothing = label(self.tr("No command or asset has this name"), Role.muted)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        for widget in (self.field, self.list, self.nothing):
            column.addWidget(widget)
        self.field.textChanged.connect(self._show_matching)
        self.list.entered.connect(self.list.setCurrentIndex)
        self.list.clicked.connect(self._choose)

    def open_at(self, corner: QPoint, width: int) -> None:
        """Open below the global point `corner`."""
        self.field.clear()
        self.setFixedWidth(max(360, width))
        self._show_matching("")
        self.move(corner)
        self.show()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    def titles(self) -> tuple[str, ...]:
        """Return the lines as they stand."""
        return tuple(self._model.item(row).text() for row in range(self._model.rowCount()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            key = event.key()
            if key in {Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp}:
                QApplication.sendEvent(self.list, event)
                return True
            if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self._choose()
                return True
        return super().eventFilter(watched, event)

    def hideEvent(self, event: object) -> None:
        del event
        self.closed.emit()

    def _show_matching(self, text: str) -> None:
        self._model.clear()
        for found in self._find(text.strip()):
            row = QStandardItem(found.title)
            row.setData(found, _ITEM)
            row.setData(f"{found.title} {found.note}", int(Qt.ItemDataRole.AccessibleTextRole))
            row.setEnabled(True)
            self._model.appendRow(row)
        count = self._model.rowCount()
        self.list.setFixedHeight(min(count, ROWS_SHOWN) * ROW_HEIGHT)
        self.list.setVisible(count > 0)
        self.nothing.setVisible(count == 0)
        if count:
            self.list.setCurrentIndex(self._model.index(0, 0))
        self.adjustSize()

    def _choose(self) -> None:
        item = self.list.currentIndex().data(_ITEM)
        if isinstance(item, PaletteItem) and item.enabled:
            self.hide()
            self.chosen.emit(item.id)
