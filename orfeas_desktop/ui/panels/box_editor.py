"""Draw a box around the object, on the picture itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from orfeas_desktop.ui.panels.picture_tile import RADIUS, fitted
from orfeas_desktop.ui.signals import signal

if TYPE_CHECKING:
    from orfeas_desktop.ui.theme import Look

SMALLEST = 8


class BoxEditor(QWidget):
    """A picture with a box that the mouse draws and the arrow keys move; emits it in picture pixels."""

    box_drawn = signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._image = QImage()
        self._mask = QImage()
        self._size = QSize(1, 1)
        self._box: QRectF | None = None
        self._start: QPointF | None = None
        self.setAccessibleName(self.tr("Box around the object"))
        self.setAccessibleDescription(
            self.tr("Drag to draw a box; the arrow keys move it, with Shift they resize it")
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(160)

    def show_picture(self, image: QImage, width: int, height: int, mask: QImage | None, box: str) -> None:
        """Show a picture of `width` × `height` pixels by its small copy, its mask, and the box so far."""
        self._image = image
        self._mask = mask if mask is not None else QImage()
        self._size = QSize(width, height)
        self._box = _read_box(box)
        self.update()

    def box(self) -> str:
        """Return the box as `x0,y0,x1,y1` in picture pixels, or nothing."""
        if self._box is None:
            return ""
        box = self._box
        return ",".join(str(round(edge)) for edge in (box.left(), box.top(), box.right(), box.bottom()))

    def clear(self) -> None:
        """Take the box away."""
        self._box = None
        self.update()
        self.box_drawn.emit("")

    def sizeHint(self) -> QSize:
        return QSize(300, 300)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), RADIUS, RADIUS)
        painter.fillPath(shape, self._look.color("field"))
        if self._image.isNull():
            return
        painter.setClipPath(shape)
        place = self._place()
        painter.drawImage(place, self._image)
        if not self._mask.isNull():
            painter.setOpacity(0.65)
            painter.drawImage(place, _outside(self._mask, self._look))
            painter.setOpacity(1)
        if self._box is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._look.color("on_accent"), 4))
            painter.drawRect(self._to_widget(self._box))
            painter.setPen(QPen(self._look.color("accent"), 2))
            painter.drawRect(self._to_widget(self._box))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and not self._image.isNull():
            self._start = self._to_picture(event.position())
            self._box = None
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._start is not None:
            self._box = QRectF(self._start, self._to_picture(event.position())).normalized()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._start is None:
            return
        self.mouseMoveEvent(event)
        self._start = None
        if self._box is not None and min(self._box.width(), self._box.height()) < SMALLEST:
            self._box = None
            self.update()
        self.box_drawn.emit(self.box())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None or self._image.isNull():
            super().keyPressEvent(event)
            return
        whole = QRectF(0, 0, self._size.width(), self._size.height())
        box = self._box or whole.adjusted(*(edge * whole.width() / 4 for edge in (1, 1, -1, -1)))
        by = QPointF(step[0], step[1]) * max(1.0, whole.width() / 100)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            box = QRectF(box.topLeft(), box.bottomRight() + by).normalized()
        else:
            box = box.translated(by)
        self._box = box.intersected(whole)
        self.update()
        self.box_drawn.emit(self.box())

    def _place(self) -> QRectF:
        return fitted(self._image, QRectF(self.rect()))

    def _to_picture(self, point: QPointF) -> QPointF:
        place = self._place()
        x = (point.x() - place.left()) / place.width() * self._size.width()
        y = (point.y() - place.top()) / place.height() * self._size.height()
        return QPointF(min(max(0.0, x), self._size.width()), min(max(0.0, y), self._size.height()))

    def _to_widget(self, box: QRectF) -> QRectF:
        place = self._place()
        across = place.width() / self._size.width()
        down = place.height() / self._size.height()
        return QRectF(
            place.left() + box.left() * across,
            place.top() + box.top() * down,
            box.width() * across,
            box.height() * down,
        )


_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


def _read_box(text: str) -> QRectF | None:
    edges = [float(part) for part in text.split(",")] if text else []
    if len(edges) != 4:
        return None
    return QRectF(QPointF(edges[0], edges[1]), QPointF(edges[2], edges[3]))


def _outside(mask: QImage, look: Look) -> QImage:
    """Return a veil over everything that the mask leaves out."""
    veil = QImage(mask.size(), QImage.Format.Format_ARGB32_Premultiplied)
    veil.fill(look.color("window"))
    inverted = mask.convertToFormat(QImage.Format.Format_Grayscale8)
    inverted.invertPixels()
    alpha = inverted.copy()
    alpha.reinterpretAsFormat(QImage.Format.Format_Alpha8)
    painter = QPainter(veil)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
    painter.drawImage(0, 0, alpha)
    painter.end()
    return veil
