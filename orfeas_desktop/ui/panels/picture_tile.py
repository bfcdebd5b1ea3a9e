"""A tile that shows one picture and takes another: dropped, or picked with a click."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QMimeData, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from orfeas_desktop.ui.pieces.buttons import IconName, icon_button
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.theme import CAPTION_PX, Ink, Look

if TYPE_CHECKING:
    from PySide6.QtGui import QEnterEvent, QResizeEvent

RADIUS = 8
LONGEST_ADDRESS = 64_000_000
_INSIDE = re.compile(r"data:image/[a-z+.-]+;base64,([A-Za-z0-9+/=]+)")


def files_in(data: QMimeData) -> tuple[Path, ...]:
    """Return the local files that were dropped or pasted."""
    return tuple(Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile())


def image_in(data: QMimeData) -> QImage | None:
    """Return the picture that a browser or an image program handed over as pixels, or inside its address."""
    if data.hasImage():
        image = data.imageData()
        return image if isinstance(image, QImage) and not image.isNull() else None
    text = data.html() if data.hasHtml() else "".join(url.toString() for url in data.urls())
    found = _INSIDE.search(text[:LONGEST_ADDRESS])
    if found is None:
        return None
    image = QImage.fromData(QByteArray.fromBase64(found[1].encode()))
    return None if image.isNull() else image


def only_address_in(data: QMimeData) -> bool:
    """Say whether a browser handed over no more than where in the web a picture is."""
    return image_in(data) is None and any(url.scheme() in {"http", "https"} for url in data.urls())


def holds_picture(data: QMimeData) -> bool:
    """Say whether there is anything to take, or to answer."""
    return bool(files_in(data)) or data.hasImage() or image_in(data) is not None or only_address_in(data)


class PictureTile(QWidget):
    """Shows a picture inside a rounded square; emits what the user gives it."""

    given: TypedSignal[Path] = signal(Path)
    image_given: TypedSignal[QImage] = signal(QImage)
    address_given = Signal()
    """A place in the web and no picture."""
    pick_wanted = Signal()
    removed = Signal()

    def __init__(
        self, look: Look, name: str, hint: str, *, takes: bool = True, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._image: QImage | None = None
        self._over = False
        self.hint = hint
        self.caption = ""
        self.takes = takes
        self.setAccessibleName(name)
        self.setAcceptDrops(takes)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if takes else Qt.FocusPolicy.NoFocus)
        if takes:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumSize(64, 64)
        self.remove = icon_button(look, IconName("ph.x"), self.tr("Remove {name}").format(name=name), size=14)
        self.remove.setParent(self)
        self.remove.setFixedSize(24, 24)
        self.remove.clicked.connect(self.removed)
        self.remove.hide()
        look.changed.connect(self.update)

    def image(self) -> QImage | None:
        """Return what is shown."""
        return self._image

    def show_image(self, image: QImage | None) -> None:
        """Show `image`, or the hint."""
        self._image = image
        if image is None:
            self.remove.hide()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return width

    def sizeHint(self) -> QSize:
        return QSize(144, 144)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.remove.move(self.width() - 28, 4)
        if self.height() != self.width():
            self.setFixedHeight(self.width())

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        shape = QPainterPath()
        shape.addRoundedRect(frame, RADIUS, RADIUS)
        painter.fillPath(shape, self._look.color("field" if self._image is None else "raised"))
        if self._image is not None:
            painter.setClipPath(shape)
            painter.drawImage(fitted(self._image, frame), self._image)
            painter.setClipping(False)
            self._paint_caption(painter, frame)
        else:
            self._paint_hint(painter, frame)
        if self._over or self._image is None:
            pen = QPen(self._look.color("accent" if self._over else "border"), 2 if self._over else 1)
            pen.setStyle(Qt.PenStyle.SolidLine if self._over or not self.takes else Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)

    def _paint_hint(self, painter: QPainter, frame: QRectF) -> None:
        font = self.font()
        font.setPixelSize(CAPTION_PX)
        painter.setFont(font)
        words = frame.adjusted(8, 8, -8, -8)
        if self.takes:
            icon = self._look.icon("ph.image", Ink.muted)
            icon.paint(painter, int(frame.center().x()) - 10, int(frame.center().y()) - 24, 20, 20)
            words = frame.adjusted(8, frame.height() / 2, -8, -4)
        painter.setPen(self._look.color("muted"))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
        if self.takes:
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        painter.drawText(words, int(flags | Qt.TextFlag.TextWordWrap), self.hint)

    def _paint_caption(self, painter: QPainter, frame: QRectF) -> None:
        if not self.caption:
            return
        font = self.font()
        font.setPixelSize(CAPTION_PX)
        painter.setFont(font)
        width = painter.fontMetrics().horizontalAdvance(self.caption) + 12
        pill = QRectF(frame.left() + 6, frame.bottom() - 24, width, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.color("panel"))
        painter.drawRoundedRect(pill, 6, 6)
        painter.setPen(self._look.color("text"))
        painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), self.caption)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.remove.setVisible(self.takes and self._image is not None)
        super().enterEvent(event)

    def leaveEvent(self, event: object) -> None:
        del event
        self.remove.hide()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        inside = self.rect().contains(event.position().toPoint())
        if self.takes and inside and event.button() is Qt.MouseButton.LeftButton:
            self.pick_wanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.takes and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.pick_wanted.emit()
        elif self.takes and event.key() == Qt.Key.Key_Delete and self._image is not None:
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if holds_picture(event.mimeData()):
            event.acceptProposedAction()
            self._set_over(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        del event
        self._set_over(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_over(False)
        event.acceptProposedAction()
        files = files_in(event.mimeData())
        if files:
            self.given.emit(files[0])
            return
        image = image_in(event.mimeData())
        if image is not None:
            self.image_given.emit(image)
        elif only_address_in(event.mimeData()):
            self.address_given.emit()

    def _set_over(self, over: bool) -> None:
        self._over = over
        self.update()


def fitted(image: QImage, room: QRectF) -> QRectF:
    """Return the largest rectangle of the image's shape in the middle of `room`."""
    size = image.size().scaled(room.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRectF(0, 0, size.width(), size.height())
    target.moveCenter(room.center())
    return target
