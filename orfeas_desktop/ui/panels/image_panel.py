"""The pictures that the next generation starts from, and the mask that was found in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from orfeas_desktop.pictures import SUFFIXES
from orfeas_desktop.ui.panels.box_editor import BoxEditor
from orfeas_desktop.ui.panels.picture_tile import PictureTile
from orfeas_desktop.ui.pieces.buttons import IconName, text_button
from orfeas_desktop.ui.pieces.frames import row_of
from orfeas_desktop.ui.pieces.icon_label import IconLabel
from orfeas_desktop.ui.pieces.labels import ElidedLabel, Role, label, set_role
from orfeas_desktop.ui.pieces.places import Place
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.state.draft import FRONT, SURE, VIEWS, Draft
from orfeas_desktop.ui.theme import Ink

if TYPE_CHECKING:
    from orfeas_desktop.ui.pieces.places import Places
    from orfeas_desktop.ui.theme import Look

PICTURE, ALL_VIEWS, MASK = range(3)

GivenFile = tuple[str, Path]
GivenImage = tuple[str, QImage]


class ImagePanel(QWidget):
    """Shows a draft; emits pictures by view, and what the user says about the mask."""

    picture_given: TypedSignal[GivenFile] = signal(tuple)  # pyright: ignore[reportAssignmentType]  # a tuple of two
    image_given: TypedSignal[GivenImage] = signal(tuple)  # pyright: ignore[reportAssignmentType]  # a tuple of two
    picture_removed = signal(str)
    box_drawn = signal(str)
    mask_file_given: TypedSignal[Path] = signal(Path)
    mask_reset = Signal()
    mask_accepted = Signal()

    def __init__(self, look: Look, places: Places, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._places = places
        self._draft = Draft()
        self.setAccessibleName(self.tr("Pictures"))
        self.front_tile = self._tile(
            FRONT, self.tr("Picture"), self.tr("Drop a picture here, or click to choose")
        )
        self.mask_tile = PictureTile(look, self.tr("Mask"), self.tr("The mask appears here"), takes=False)
        self.views = {
            view: self._tile(view, title, self.tr("Drop the {view} here").format(view=title.lower()))
            for view, title in self._view_titles().items()
        }
        self.pages = (self._picture_page(), self._views_page(), self._mask_page())
        self._page = PICTURE
        self.mask_row = self._mask_row()
        self.notice = self._notice()
        self.problem = label("", Role.danger, wrap=True)
        self.remedy = label("", Role.muted, wrap=True)
        self.problem.setAccessibleName(self.tr("Problem"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for part in (*self.pages, self.problem, self.remedy, self.mask_row, self.notice):
            column.addWidget(part)
        self.show_problem("")
        self._turn_to(PICTURE)

    def show_problem(self, problem: str, remedy: str = "") -> None:
        """Say what is wrong with what was given, and what to do; nothing hides it."""
        for words, part in ((problem, self.problem), (remedy, self.remedy)):
            part.setText(words)
            part.setVisible(bool(words))

    def refuse_address(self) -> None:
        """Say what to do with a picture that is still in the web."""
        self.show_problem(
            self.tr("This picture is still in the web, and pictures are never fetched from there."),
            self.tr(
                "Copy the picture in the browser and paste it here with Ctrl+V, or save it and drop the file."
            ),
        )

    def show_page(self, views: bool) -> None:
        """Show the one picture and its mask, or all views."""
        self._turn_to(ALL_VIEWS if views else PICTURE)

    def show_draft(self, draft: Draft) -> None:
        """Show these pictures and this mask."""
        if draft.pictures != self._draft.pictures or draft.found is not None:
            self.show_problem("")
        self._draft = draft
        for view, tile in ((FRONT, self.front_tile), *self.views.items()):
            picture = draft.pictures.get(view)
            tile.show_image(picture.shown if picture else None)
        self.mask_tile.show_image(draft.found.shown if draft.found else None)
        self.mask_tile.hint = (
            self.tr("Looking for the object…") if draft.finding else self.tr("The mask appears here")
        )
        self.mask_tile.update()
        front = draft.front
        if front is None and self._page == MASK:
            self._turn_to(PICTURE)
        if front is not None:
            found = draft.found.shown if draft.found else None
            self.editor.show_picture(front.shown, front.width, front.height, found, draft.box)
        self._dress()

    def edit_mask(self, editing: bool) -> None:
        """Open or leave the place where a box is drawn."""
        self._turn_to(MASK if editing else PICTURE)
        (self.editor if editing else self.mask_edit).setFocus(Qt.FocusReason.OtherFocusReason)

    def pick(self, slot: str = FRONT) -> None:
        """Ask for a picture file."""
        path = self._places.open_file(self, Place.pictures, self.tr("Open picture"), SUFFIXES)
        if path is not None:
            self.picture_given.emit((slot, path))

    def _view_titles(self) -> dict[str, str]:
        titles = (self.tr("Front"), self.tr("Left side"), self.tr("Back"), self.tr("Right side"))
        return dict(zip(VIEWS, titles, strict=True))

    def _tile(self, slot: str, name: str, hint: str) -> PictureTile:
        tile = PictureTile(self._look, name, hint)
        tile.caption = name if slot in VIEWS and name != self.tr("Picture") else ""
        tile.given.connect(lambda path: self.picture_given.emit((slot, path)))
        tile.image_given.connect(lambda image: self.image_given.emit((slot, image)))
        tile.address_given.connect(self.refuse_address)
        tile.pick_wanted.connect(lambda: self.pick(slot))
        tile.removed.connect(lambda: self.picture_removed.emit(slot))
        return tile

    def _picture_page(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.front_tile)
        row.addWidget(self.mask_tile)
        return page

    def _views_page(self) -> QWidget:
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(8)
        for place, tile in enumerate(self.views.values()):
            grid.addWidget(tile, place // 2, place % 2)
        return page

    def _mask_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self.editor = BoxEditor(self._look)
        self.editor.box_drawn.connect(self.box_drawn.emit)
        hint = label(self.tr("Drag a box around the object."), Role.caption, wrap=True)
        self.mask_file = text_button(
            self.tr("Use a mask file…"), tip=self.tr("White is the object, black is not")
        )
        self.mask_file.clicked.connect(self._pick_mask)
        self.mask_reset_button = text_button(
            self.tr("Start over"), tip=self.tr("Find the object by itself again")
        )
        self.mask_reset_button.clicked.connect(self.mask_reset)
        self.mask_done = text_button(self.tr("Done"))
        self.mask_done.clicked.connect(lambda: self.edit_mask(False))
        column.addWidget(self.editor, 1)
        told = row_of(hint, self.mask_done)
        told.setStretch(0, 1)
        column.addLayout(told)
        column.addLayout(row_of(self.mask_file, self.mask_reset_button, None))
        return page

    def _mask_row(self) -> QWidget:
        holder = QWidget()
        self.mask_icon = IconLabel(self._look, IconName("ph.check-circle", Ink.success))
        self.mask_text = ElidedLabel("", Role.muted)
        self.mask_edit = text_button(
            self.tr("Edit mask"), tip=self.tr("Draw a box around the object, or give a mask file")
        )
        self.mask_edit.clicked.connect(lambda: self.edit_mask(True))
        row = row_of(self.mask_icon, self.mask_text, self.mask_edit)
        row.setStretch(1, 1)
        holder.setLayout(row)
        return holder

    def _notice(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("notice")
        column = QVBoxLayout(frame)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(6)
        words = label(
            self.tr("Please look at the mask: the object may not be found right."), Role.body, wrap=True
        )
        set_role(words, Role.warning)
        self.accept = text_button(self.tr("The mask is right"))
        self.accept.clicked.connect(self.mask_accepted)
        self.correct = text_button(self.tr("Edit mask"))
        self.correct.clicked.connect(lambda: self.edit_mask(True))
        column.addWidget(words)
        column.addLayout(row_of(self.accept, self.correct, None))
        return frame

    def _pick_mask(self) -> None:
        path = self._places.open_file(self, Place.pictures, self.tr("Open mask"), SUFFIXES)
        if path is not None:
            self.mask_file_given.emit(path)

    def _dress(self) -> None:
        draft = self._draft
        editing = self._page == MASK
        self.mask_row.setVisible(draft.front is not None and not editing)
        self.notice.setVisible(draft.doubtful and not editing)
        self.mask_edit.setEnabled(draft.front is not None)
        self.mask_reset_button.setEnabled(bool(draft.box) or draft.mask_file is not None)
        if draft.finding:
            self._say_mask(IconName("ph.circle-dashed"), self.tr("Looking for the object…"))
        elif draft.found is None:
            self._say_mask(IconName("ph.warning", Ink.warning), self.tr("No mask yet"))
        else:
            sure = draft.found.confidence >= SURE
            icon = IconName("ph.check-circle", Ink.success) if sure else IconName("ph.warning", Ink.warning)
            self._say_mask(icon, self._how(draft.found.how, draft.found.confidence))

    def _how(self, how: str, confidence: float) -> str:
        words = {
            "alpha": self.tr("From transparency"),
            "plain": self.tr("On plain ground"),
            "saliency": self.tr("Guessed"),
            "box": self.tr("From your box"),
            "mask": self.tr("From your file"),
        }.get(how, self.tr("Found"))
        if confidence >= 1:
            return words
        return self.tr("{words}, {percent} % sure").format(words=words, percent=round(confidence * 100))

    def _say_mask(self, icon: IconName, words: str) -> None:
        self.mask_icon.set_icon(icon)
        self.mask_icon.setAccessibleName(words)
        self.mask_text.set_text(words)

    def _turn_to(self, page: int) -> None:
        self._page = page
        for place, widget in enumerate(self.pages):
            widget.setVisible(place == page)
        self._dress()
