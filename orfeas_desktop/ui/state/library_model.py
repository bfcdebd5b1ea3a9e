"""The assets of one project as a list model: read page by page, thumbnails loaded beside."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractListModel,
    QLocale,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRunnable,
    Qt,
    QThreadPool,
    QUrl,
    Slot,
)
from PySide6.QtGui import QImage, QPixmap

from orfeas_desktop.ui.signals import TypedSignal, signal

if TYPE_CHECKING:
    from orfeas_desktop.projects.records import Asset

AnyIndex = QModelIndex | QPersistentModelIndex

PAGE = 60
THUMBNAILS_KEPT = 600
GRACE = timedelta(seconds=20)
"""How long a new version may be without a thumbnail: whoever made it makes that too."""


class AssetRole(IntEnum):
    """What the model tells of a row besides its words."""

    asset = int(Qt.ItemDataRole.UserRole)
    thumbnail = int(Qt.ItemDataRole.UserRole) + 1


Page = Callable[[int, int], Sequence["Asset"]]
"""(offset, limit) -> assets in the order they are shown."""


class _Arrived(QObject):
    picture: TypedSignal[tuple[str, QImage]] = signal(tuple)  # pyright: ignore[reportAssignmentType]  # a tuple of two


class _Load(QRunnable):
    def __init__(self, digest: str, path: Path, arrived: _Arrived) -> None:
        super().__init__()
        self._digest = digest
        self._path = path
        self._arrived = arrived

    def run(self) -> None:
        image = QImage(str(self._path))
        self._arrived.picture.emit((self._digest, image))


class LibraryModel(QAbstractListModel):
    """Rows are assets. The owner says where pages and files come from and when something changed."""

    thumbnail_missing = signal(int)
    """A version has a mesh and still no picture some time after it was made."""

    def __init__(
        self,
        blob_path: Callable[[str], Path | None],
        parent: QObject | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._blob_path = blob_path
        self._page: Page | None = None
        self._total = 0
        self._assets: list[Asset] = []
        self._merging = False
        self._pixmaps: OrderedDict[str, QPixmap] = OrderedDict()
        self._loading: set[str] = set()
        self._arrived = _Arrived(self)
        self._arrived.picture.connect(self._take_picture, Qt.ConnectionType.QueuedConnection)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)

    def show_pages(self, page: Page, total: int) -> None:
        """Start over with the first page of `page`; `total` rows are there in all."""
        self.beginResetModel()
        self._page = page
        self._total = total
        self._assets = list(page(0, PAGE))
        self.endResetModel()

    def renew(self, assets: Sequence[Asset], total: int) -> None:
        """Show these first assets of `total`: rows that stay keep their place, so that the view does not jump."""
        fresh = list(assets)
        self._total = total
        if [asset.id for asset in fresh] == [asset.id for asset in self._assets]:
            self._assets = fresh
            if fresh:
                self.dataChanged.emit(self.index(0), self.index(len(fresh) - 1))
            return
        self._merging = True
        self._merge(fresh)
        self._merging = False

    def _merge(self, fresh: list[Asset]) -> None:
        wanted = {asset.id for asset in fresh}
        for row in reversed(range(len(self._assets))):
            if self._assets[row].id not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._assets[row]
                self.endRemoveRows()
        for row, asset in enumerate(fresh):
            self._place(row, asset)
        del self._assets[len(fresh) :]

    def _place(self, row: int, asset: Asset) -> None:
        here = next((at for at in range(row, len(self._assets)) if self._assets[at].id == asset.id), None)
        if here is None:
            self.beginInsertRows(QModelIndex(), row, row)
            self._assets.insert(row, asset)
            self.endInsertRows()
            return
        if here != row:
            self.beginMoveRows(QModelIndex(), here, here, QModelIndex(), row)
            self._assets.insert(row, self._assets.pop(here))
            self.endMoveRows()
        self._assets[row] = asset
        self.dataChanged.emit(self.index(row), self.index(row))

    def put(self, asset: Asset) -> bool:
        """Show the asset as it is now; says no when it is not here or belongs in another place now."""
        row = self.row_of(asset.id)
        if (
            row is None
            or self._assets[row].changed != asset.changed
            or self._assets[row].deleted != asset.deleted
        ):
            return False
        self._assets[row] = asset
        self.dataChanged.emit(self.index(row), self.index(row))
        return True

    def known(self, asset_id: int) -> Asset | None:
        """Return that asset as it is shown, when it has been read."""
        row = self.row_of(asset_id)
        return None if row is None else self._assets[row]

    def total(self) -> int:
        """Return how many assets there are, read or not."""
        return self._total

    def asset_at(self, index: AnyIndex) -> Asset | None:
        """Return the asset of that row."""
        row = index.row()
        return self._assets[row] if 0 <= row < len(self._assets) else None

    def row_of(self, asset_id: int) -> int | None:
        """Return the row of that asset, when it has been read."""
        return next((row for row, asset in enumerate(self._assets) if asset.id == asset_id), None)

    def close(self) -> None:
        """Wait for the pictures that are being loaded."""
        self._pool.clear()
        self._pool.waitForDone()

    def rowCount(self, parent: AnyIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._assets)

    def canFetchMore(self, parent: AnyIndex) -> bool:
        return not parent.isValid() and not self._merging and len(self._assets) < self._total

    def fetchMore(self, parent: AnyIndex) -> None:
        if self._page is None or parent.isValid() or self._merging:
            return
        count = len(self._assets)
        more = self._page(count, PAGE)
        if not more:
            self._total = count
            return
        self.beginInsertRows(QModelIndex(), count, count + len(more) - 1)
        self._assets.extend(more)
        self.endInsertRows()

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        asset = self.asset_at(index)
        if asset is None:
            return None
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole}:
            return asset.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.tr("{name}, version {number}").format(name=asset.name, number=_number(asset))
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{asset.name}\n{self._score_words(asset)}".strip()
        if role == AssetRole.asset:
            return asset
        if role == AssetRole.thumbnail:
            return self._thumbnail(asset)
        return None

    def _score_words(self, asset: Asset) -> str:
        """Return the scorecard's badges in words."""
        score = (asset.latest.score if asset.latest else None) or {}
        closed, faces, like = score.get("closed"), score.get("faces"), score.get("silhouette_iou")
        words: list[str] = []
        if isinstance(faces, int):
            words.append(self.tr("{count} faces").format(count=QLocale().toString(faces)))
        if isinstance(closed, bool):
            words.append(self.tr("closed") if closed else self.tr("open"))
        if isinstance(like, int | float):
            words.append(self.tr("{share} % like the picture").format(share=f"{100 * like:.0f}"))
        return ", ".join(words)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return (
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsDragEnabled
            | Qt.ItemFlag.ItemIsEditable
            | Qt.ItemFlag.ItemNeverHasChildren
        )

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def _thumbnail(self, asset: Asset) -> QPixmap | None:
        file = asset.latest.files.get("thumbnail") if asset.latest else None
        if file is None:
            self._miss(asset)
            return None
        known = self._pixmaps.get(file.digest)
        if known is not None:
            self._pixmaps.move_to_end(file.digest)
            return known
        path = self._blob_path(file.digest)
        if path is not None and file.digest not in self._loading:
            self._loading.add(file.digest)
            self._pool.start(_Load(file.digest, path, self._arrived))
        return None

    def _miss(self, asset: Asset) -> None:
        latest = asset.latest
        if latest is not None and "mesh" in latest.files and self._clock() - latest.created > GRACE:
            self.thumbnail_missing.emit(latest.id)

    @Slot(object)
    def _take_picture(self, arrived: tuple[str, QImage]) -> None:
        digest, image = arrived
        self._loading.discard(digest)
        if image.isNull():
            return
        self._pixmaps[digest] = QPixmap.fromImage(image)
        while len(self._pixmaps) > THUMBNAILS_KEPT:
            self._pixmaps.popitem(last=False)
        for row, asset in enumerate(self._assets):
            file = asset.latest.files.get("thumbnail") if asset.latest else None
            if file is not None and file.digest == digest:
                self.dataChanged.emit(self.index(row), self.index(row), [AssetRole.thumbnail])


class DragFiles:
    """Makes files with readable names for assets that are dragged out of the window."""

    def __init__(self, name_file: Callable[[Asset], Path | None]) -> None:
        self._name_file = name_file

    def mime_data(self, assets: Iterable[Asset]) -> QMimeData:
        """Return the files of these assets as a list of URLs."""
        paths = [path for asset in assets if (path := self._name_file(asset)) is not None]
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        return data


def _number(asset: Asset) -> int:
    return asset.latest.number if asset.latest else 0
