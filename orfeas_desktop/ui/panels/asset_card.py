"""Paints an asset as a card: thumbnail, name, version, and a ring when it is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from orfeas_desktop.ui.panels.badges import badges_of, paint_badges
from orfeas_desktop.ui.state.library_model import AssetRole
from orfeas_desktop.ui.theme import CAPTION_PX, Ink, Look

if TYPE_CHECKING:
    from orfeas_desktop.projects.records import Asset

AnyIndex = QModelIndex | QPersistentModelIndex

GAP = 6
BAR = 6
LEAST_CARD = 112
PADDING = 6
NAME_HEIGHT = 26
RADIUS = 8


class AssetCard(QStyledItemDelegate):
    """One cell of the library grid; `GAP` of it, right and below, stays free."""

    def __init__(self, look: Look, parent: QObject) -> None:
        super().__init__(parent)
        self._look = look
        self.cell = QSize(138, 140)

    def fit(self, width: int) -> QSize:
        """Return the cell for a view of that inner width: as many columns as fit at `LEAST_CARD` and more."""
        columns = max(1, width // (LEAST_CARD + GAP))
        card = max(80, width // columns - GAP)
        height = round((card - 2 * PADDING) * 0.84) + PADDING + NAME_HEIGHT
        self.cell = QSize(card + GAP, height + GAP + 2)
        return self.cell

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        del option, index
        return self.cell

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        asset: Asset = index.data(AssetRole.asset)
        card = QRectF(_card_of(option.rect))
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_ground(painter, option, card)
        picture = self._picture_of(card)
        shape = QPainterPath()
        shape.addRoundedRect(picture, 5, 5)
        painter.fillPath(shape, self._look.color("field"))
        thumbnail = index.data(AssetRole.thumbnail)
        if isinstance(thumbnail, QPixmap):
            painter.setClipPath(shape)
            _paint_whole(painter, thumbnail, picture)
            painter.setClipping(False)
        else:
            icon = QRect(0, 0, 24, 24)
            icon.moveCenter(picture.center().toPoint())
            self._look.icon("ph.cube", Ink.disabled).paint(painter, icon)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        paint_badges(painter, self._look, picture, badges_of(asset, whole=hovered))
        self._paint_words(painter, option, card, asset)
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> QWidget:
        del option, index
        editor = QLineEdit(parent)
        editor.setAccessibleName(self.tr("New name"))
        editor.setMaxLength(200)
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        del index
        card = _card_of(option.rect)
        editor.setGeometry(card.left() + 2, card.bottom() - 30, card.width() - 4, 28)

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, card: QRectF) -> None:
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.setPen(QPen(self._look.color("border"), 1))
        painter.setBrush(self._look.color("hover" if hovered and not chosen else "raised"))
        painter.drawRoundedRect(card.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        if chosen:
            painter.setPen(QPen(self._look.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(card.adjusted(1, 1, -1, -1), RADIUS - 1, RADIUS - 1)

    def _picture_of(self, card: QRectF) -> QRectF:
        return card.adjusted(PADDING, PADDING, -PADDING, -NAME_HEIGHT)

    def _paint_words(
        self, painter: QPainter, option: QStyleOptionViewItem, card: QRectF, asset: Asset
    ) -> None:
        words = QRectF(
            card.left() + PADDING + 2,
            card.bottom() - NAME_HEIGHT,
            card.width() - 2 * PADDING - 4,
            NAME_HEIGHT,
        )
        small = option.font
        small.setPixelSize(CAPTION_PX)
        painter.setFont(small)
        version = self.tr("v{number}").format(number=asset.latest.number) if asset.latest else ""
        width = painter.fontMetrics().horizontalAdvance(version)
        painter.setPen(self._look.color("muted"))
        painter.drawText(words, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), version)
        name_font = option.font
        name_font.setPixelSize(13)
        painter.setFont(name_font)
        painter.setPen(self._look.color("text"))
        room = words.adjusted(0, 0, -width - 6, 0)
        name = painter.fontMetrics().elidedText(asset.name, Qt.TextElideMode.ElideRight, int(room.width()))
        painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), name)


def _card_of(cell: QRect) -> QRect:
    return cell.adjusted(0, 0, -GAP, -GAP - 2)


def _paint_whole(painter: QPainter, pixmap: QPixmap, room: QRectF) -> None:
    scale = min(room.width() / pixmap.width(), room.height() / pixmap.height())
    size = QPointF(pixmap.width() * scale, pixmap.height() * scale)
    target = QRectF(0, 0, size.x(), size.y())
    target.moveCenter(room.center())
    painter.drawPixmap(target, pixmap, QRectF(pixmap.rect()))
