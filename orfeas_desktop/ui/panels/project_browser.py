"""The library: the assets of the open project, and its recycle bin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelection, QLocale, QModelIndex, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QDrag, QKeyEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListView,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from orfeas_desktop.ui.panels.asset_card import BAR, AssetCard
from orfeas_desktop.ui.pieces.buttons import IconName, icon_button, text_button
from orfeas_desktop.ui.pieces.frames import EmptyState, Panel, holder, row_of
from orfeas_desktop.ui.pieces.labels import Role, label
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.state.library_model import AssetRole

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint

    from orfeas_desktop.ui.state.library_model import DragFiles, LibraryModel
    from orfeas_desktop.ui.theme import Look

TYPING_PAUSE_MS = 150
DRAGGED_PX = 72
OVERHANG = 11
"""How far the grid reaches into the panel's right margin, so that its cards end where the field does."""


class AssetGrid(QListView):
    """Cards in as many columns as fit; F2 renames, Del deletes, dragging takes the mesh files along."""

    rename_wanted: TypedSignal[tuple[int, str]] = signal(tuple)  # pyright: ignore[reportAssignmentType]  # a tuple of two

    def __init__(
        self, look: Look, model: LibraryModel, files: DragFiles, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._files = files
        self._assets = model
        self.card = AssetCard(look, self)
        self.setModel(model)
        self.setItemDelegate(self.card)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(400)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setFixedWidth(BAR)
        self.verticalScrollBar().setSingleStep(40)
        self.setDragEnabled(True)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Assets"))
        look.changed.connect(self.viewport().update)

    def chosen(self) -> tuple[int, ...]:
        """Return the ids of the selected assets, in their order."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        assets = (self._assets.asset_at(self._assets.index(row)) for row in rows)
        return tuple(asset.id for asset in assets if asset is not None)

    def choose(self, asset_id: int | None) -> None:
        """Select that asset and scroll to it."""
        row = self._assets.row_of(asset_id) if asset_id is not None else None
        if row is None:
            self.clearSelection()
            return
        index = self._assets.index(row)
        if not self.selectionModel().isSelected(index):
            self.setCurrentIndex(index)
        self.scrollTo(index)

    def resizeEvent(self, event: QResizeEvent) -> None:
        cell = self.card.fit(self.width() - BAR - 1)
        if cell != self.gridSize():
            self.setGridSize(cell)
        super().resizeEvent(event)

    def startDrag(self, supportedActions: Qt.DropAction) -> None:
        del supportedActions
        rows = self.selectionModel().selectedIndexes()
        assets = [asset for index in rows if (asset := self._assets.asset_at(index)) is not None]
        data = self._files.mime_data(assets)
        if data.urls():
            drag = QDrag(self)
            picture = self.currentIndex().data(AssetRole.thumbnail)
            if isinstance(picture, QPixmap):
                drag.setPixmap(picture.scaledToWidth(DRAGGED_PX, Qt.TransformationMode.SmoothTransformation))
            drag.setMimeData(data)
            drag.exec(Qt.DropAction.CopyAction)

    def commitData(self, editor: QWidget) -> None:
        asset = self._assets.asset_at(self.currentIndex())
        name = editor.text().strip() if isinstance(editor, QLineEdit) else ""
        if asset is not None and name and name != asset.name:
            self.rename_wanted.emit((asset.id, name))

    def sizeHint(self) -> QSize:
        return QSize(268, 400)


class ProjectBrowser(Panel):
    """Shows the library model; emits what the user wants done with its assets."""

    assets_chosen: TypedSignal[tuple[int, ...]] = signal(tuple)
    opened = signal(int)
    rename_wanted: TypedSignal[tuple[int, str]] = signal(tuple)  # pyright: ignore[reportAssignmentType]  # a tuple of two
    search_changed = signal(str)
    action_wanted = signal(str)
    restore_wanted: TypedSignal[tuple[int, ...]] = signal(tuple)
    bin_left = Signal()

    def __init__(
        self, look: Look, model: LibraryModel, files: DragFiles, parent: QWidget | None = None
    ) -> None:
        super().__init__(self.tr("Library"), parent)
        self._model = model
        self._bin = False
        self.title = label(self.tr("Library"), Role.heading)
        self.count = label("", Role.caption)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Filter by name"))
        self.search.setAccessibleName(self.tr("Filter the library"))
        self.search.setClearButtonEnabled(True)
        self.grid = AssetGrid(look, model, files)
        self.grid.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.grid.customContextMenuRequested.connect(self._show_menu)
        self.pages = QStackedWidget()
        self.empty = EmptyState(self.tr("Your first mesh appears here"))
        self.empty_bin = EmptyState(self.tr("The recycle bin is empty"))
        self.no_match = EmptyState(
            self.tr("No asset has this name"), (("clear", self.tr("Clear the filter")),)
        )
        self.opening = EmptyState(self.tr("Opening the library…"))
        for page in (self.opening, self.grid, self.empty, self.empty_bin, self.no_match):
            self.pages.addWidget(page)
        self.bin_row = self._make_bin_row()
        self.bin_button = icon_button(look, IconName("ph.trash"), self.tr("Recycle bin"))
        self.bin_button.setCheckable(True)
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        margins = self.column.contentsMargins()
        self.column.setContentsMargins(
            margins.left(), margins.top(), margins.right() - OVERHANG, margins.bottom()
        )
        self.fill_head(self.title, None, self.count, self.bin_button, spacing=4)
        head = QVBoxLayout()
        head.setContentsMargins(0, 0, OVERHANG, 0)
        head.setSpacing(self.column.spacing())
        head.addWidget(self.search)
        head.addWidget(self.bin_row)
        self.column.addLayout(head)
        self.column.addWidget(self.pages, 1)

    def _wire(self) -> None:
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_PAUSE_MS)
        self._typing.timeout.connect(lambda: self.search_changed.emit(self.search.text().strip()))
        self.search.textChanged.connect(self._start_typing_pause)
        self.search.installEventFilter(self)
        self.no_match.chosen.connect(self._clear_search)
        self.grid.selectionModel().selectionChanged.connect(self._tell_chosen)
        self.grid.doubleClicked.connect(self._tell_opened)
        self.grid.rename_wanted.connect(self.rename_wanted.emit)
        self.bin_button.clicked.connect(lambda: self.action_wanted.emit("show-bin"))
        for happening in (self._model.modelReset, self._model.rowsInserted, self._model.rowsRemoved):
            happening.connect(self.refresh)

    def show_bin(self, shown: bool) -> None:
        """Show the recycle bin, or the assets."""
        self._bin = shown
        self.title.setText(self.tr("Recycle bin") if shown else self.tr("Library"))
        self.bin_button.setChecked(shown)
        self.bin_button.setToolTip(
            self.tr("Back to the library") if shown else self.tr("Show the recycle bin")
        )
        self.bin_row.setVisible(shown)
        self.grid.setDragEnabled(not shown)
        self.refresh()

    def refresh(self) -> None:
        """Show the count and the page that fits."""
        total = self._model.total()
        words = self.tr("1 asset") if total == 1 else self.tr("{count} assets")
        self.count.setText(words.format(count=QLocale().toString(total)))
        self.empty_all.setEnabled(total > 0)
        self.restore.setEnabled(bool(self.grid.chosen()))
        if total:
            self.pages.setCurrentWidget(self.grid)
        elif self.search.text().strip():
            self.pages.setCurrentWidget(self.no_match)
        else:
            self.pages.setCurrentWidget(self.empty_bin if self._bin else self.empty)

    def rename(self) -> None:
        """Edit the name of the current card."""
        index = self.grid.currentIndex()
        if index.isValid() and not self._bin:
            self.grid.edit(index)

    def focus_search(self) -> None:
        """Put the keyboard into the filter."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
            if event.key() == Qt.Key.Key_Down and self._model.rowCount():
                self.grid.setFocus(Qt.FocusReason.TabFocusReason)
                return True
        return super().eventFilter(watched, event)

    def _start_typing_pause(self, text: str) -> None:
        del text
        self._typing.start()

    def _clear_search(self, action: str) -> None:
        del action
        self.search.clear()

    def _make_bin_row(self) -> QWidget:
        self.restore = text_button(self.tr("Restore"))
        self.restore.setEnabled(False)
        self.restore.clicked.connect(lambda: self.restore_wanted.emit(self.grid.chosen()))
        self.empty_all = text_button(self.tr("Empty…"), tip=self.tr("Delete everything in the bin for good"))
        self.empty_all.clicked.connect(lambda: self.action_wanted.emit("empty-bin"))
        row = holder(row_of(self.restore, self.empty_all, None))
        row.hide()
        return row

    def _tell_chosen(self, chosen: QItemSelection, dropped: QItemSelection) -> None:
        del chosen, dropped
        ids = self.grid.chosen()
        self.restore.setEnabled(bool(ids))
        self.assets_chosen.emit(ids)

    def _tell_opened(self, index: QModelIndex) -> None:
        asset = self._model.asset_at(index)
        if asset is not None:
            self.opened.emit(asset.id)

    def _show_menu(self, at: QPoint) -> None:
        if not self.grid.indexAt(at).isValid():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._bin:
            menu.addAction(self.tr("Restore")).triggered.connect(
                lambda: self.restore_wanted.emit(self.grid.chosen())
            )
        else:
            for action_id, title in (
                ("export", self.tr("Export…")),
                ("make-again", self.tr("Make again")),
                ("rename-asset", self.tr("Rename")),
                ("delete-asset", self.tr("Move to recycle bin")),
            ):
                line = menu.addAction(title)
                line.triggered.connect(lambda _=False, wanted=action_id: self.action_wanted.emit(wanted))
        menu.popup(self.grid.viewport().mapToGlobal(at))
