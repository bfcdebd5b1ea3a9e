"""The pictures that words became: one large, the others small beside it, and the ways on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from orfeas_desktop.ui.panels.picture_tile import PictureTile, fitted
from orfeas_desktop.ui.pieces.buttons import Kind, text_button
from orfeas_desktop.ui.signals import TypedSignal, signal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.ui.state.words_desk import WordsPicture
    from orfeas_desktop.ui.theme import Look

SMALL = 56
LARGE = 172
RADIUS = 6


class Thumb(QWidget):
    """A small picture that can be chosen."""

    chosen = Signal()

    def __init__(self, look: Look, picture: WordsPicture, name: str) -> None:
        super().__init__()
        self.picture = picture
        self.current = False
        self._look = look
        self._image = picture.shown.scaled(
            2 * SMALL,
            2 * SMALL,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        self.setFixedSize(SMALL, SMALL)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape = QPainterPath()
        shape.addRoundedRect(frame, RADIUS, RADIUS)
        painter.fillPath(shape, self._look.color("raised"))
        painter.setClipPath(shape)
        painter.drawImage(fitted(self._image, frame), self._image)
        painter.setClipping(False)
        if self.current or self.hasFocus():
            painter.setPen(QPen(self._look.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, RADIUS, RADIUS)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.chosen.emit()
        else:
            super().keyPressEvent(event)


class PictureStrip(QWidget):
    """Shows pictures; emits which is to be used, built from, saved or made anew."""

    use_wanted: TypedSignal[object] = signal(object)
    build_wanted: TypedSignal[object] = signal(object)
    save_wanted: TypedSignal[object] = signal(object)
    redo_wanted = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.current: WordsPicture | None = None
        self.thumbs: list[Thumb] = []
        self.large = PictureTile(look, self.tr("Picture"), self.tr("The picture appears here"), takes=False)
        self.use = text_button(
            self.tr("Use picture"), tip=self.tr("Take it to “Picture”, to mend its mask first")
        )
        self.build = text_button(self.tr("Build mesh"), tip=self.tr("Build a mesh from this very picture"))
        self.redo = text_button(
            self.tr("Another seed"), Kind.plain, self.tr("Make it again, a little otherwise")
        )
        self.save = text_button(self.tr("Save…"), Kind.plain, self.tr("Write the picture to a file"))
        self.use.clicked.connect(lambda: self.use_wanted.emit(self.current))
        self.build.clicked.connect(lambda: self.build_wanted.emit(self.current))
        self.save.clicked.connect(lambda: self.save_wanted.emit(self.current))
        self.redo.clicked.connect(self.redo_wanted)
        self._row = QWidget()
        self._thumbs = QHBoxLayout(self._row)
        self._thumbs.setContentsMargins(0, 0, 0, 0)
        self._thumbs.setSpacing(6)
        self._thumbs.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidget(self._row)
        self.area.setWidgetResizable(True)
        self.area.setFixedHeight(SMALL + 14)
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.large.setFixedSize(LARGE, LARGE)
        ways = QVBoxLayout()
        ways.setSpacing(6)
        for button in (self.use, self.build, self.redo, self.save):
            ways.addWidget(button)
        ways.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.large)
        head.addLayout(ways, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.area)
        self.show_pictures(())

    def show_pictures(self, pictures: Sequence[WordsPicture]) -> None:
        """Show these, the first large."""
        for thumb in self.thumbs:
            self._thumbs.removeWidget(thumb)
            thumb.deleteLater()
        self.thumbs = []
        for place, picture in enumerate(pictures):
            said = self.tr("{name}, seed {seed}").format(name=picture.name, seed=picture.seed)
            thumb = Thumb(self._look, picture, said)
            thumb.chosen.connect(lambda chosen=picture: self.choose(chosen))
            self._thumbs.insertWidget(place, thumb)
            self.thumbs.append(thumb)
        self.area.setVisible(len(pictures) > 1)
        self.choose(pictures[0] if pictures else None)

    def choose(self, picture: WordsPicture | None) -> None:
        """Show that one large."""
        self.current = picture
        self.large.show_image(picture.shown if picture else None)
        self.large.setToolTip("" if picture is None else picture.name)
        for thumb in self.thumbs:
            thumb.current = thumb.picture is picture
            thumb.update()
        for button in (self.use, self.build, self.save, self.redo):
            button.setVisible(picture is not None)
        self.setVisible(picture is not None)

    def show_preview(self, image: QImage) -> None:
        """Show how far the work is."""
        self.setVisible(True)
        self.large.show_image(image)
