"""Paints a job as a row: name, stage, bar, time left, and what can be pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractItemModel,
    QCoreApplication,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QIcon, QMouseEvent, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from orfeas_desktop.requests import JobState
from orfeas_desktop.ui.signals import signal
from orfeas_desktop.ui.state.job_list import JobRole
from orfeas_desktop.ui.theme import Ink, Look, tabular

if TYPE_CHECKING:
    from orfeas_desktop.ui.state.job_list import JobList, JobRow

AnyIndex = QModelIndex | QPersistentModelIndex

HEIGHT = 28
NAME_WIDTH = 150
STAGE_WIDTH = 128
TIME_WIDTH = 96
BUTTON = 24
LEFT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
RIGHT = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
_STATE_INK = {JobState.failed: "danger", JobState.done: "success"}


class JobRowPainter(QStyledItemDelegate):
    """Draws rows and hears clicks on their cross and their retry arrow."""

    cross_pressed = signal(str)
    retry_pressed = signal(str)
    row_pressed = signal(str)

    def __init__(self, look: Look, jobs: JobList, parent: QObject) -> None:
        super().__init__(parent)
        self._look = look
        self._jobs = jobs

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        del option, index
        return QSize(320, HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        row: JobRow = index.data(JobRole.row)
        rect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if (
            option.state & QStyle.StateFlag.State_Selected and option.state & QStyle.StateFlag.State_HasFocus
        ) or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(self._look.color("raised"))
            painter.drawRoundedRect(rect, 6, 6)
        name, stage, bar, time = _columns(rect)
        painter.setFont(tabular(option.font))
        self._write(painter, name, row.job.title, "muted" if row.ended else "text", LEFT)
        if row.state is JobState.failed:
            self._write(
                painter, stage.united(time), row.problem or self._jobs.state_words(row), "danger", LEFT
            )
        elif row.ended:
            self._write(
                painter,
                stage.united(bar),
                self._jobs.state_words(row),
                _STATE_INK.get(row.state, "muted"),
                LEFT,
            )
        else:
            self._write(painter, stage, self._stage(row), "muted", LEFT)
            self._paint_bar(painter, bar, row)
            self._write(painter, time, self._time(row), "muted", RIGHT)
        self._paint_buttons(painter, option, row)
        painter.restore()

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: AnyIndex
    ) -> bool:
        del model
        row = index.data(JobRole.row)
        if row is None or not isinstance(event, QMouseEvent):
            return False
        if (
            event.type() is not QEvent.Type.MouseButtonRelease
            or event.button() is not Qt.MouseButton.LeftButton
        ):
            return False
        at = event.position().toPoint()
        if cross_of(option.rect).contains(at):
            self.cross_pressed.emit(row.id)
        elif row.state in {JobState.failed, JobState.cancelled} and retry_of(option.rect).contains(at):
            self.retry_pressed.emit(row.id)
        else:
            self.row_pressed.emit(row.id)
        return True

    def _write(self, painter: QPainter, room: QRect, words: str, token: str, flags: int) -> None:
        painter.setPen(self._look.color(token))
        painter.drawText(
            room, flags, painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room.width())
        )

    def _stage(self, row: JobRow) -> str:
        if row.progress is not None and row.progress.stage:
            return QCoreApplication.translate("Stages", row.progress.stage)
        return self._jobs.state_words(row)

    def _time(self, row: JobRow) -> str:
        if row.progress is None:
            return ""
        if row.progress.seconds_left is not None:
            return self.tr("{time} left").format(time=clock(row.progress.seconds_left))
        return clock(row.progress.seconds)

    def _paint_bar(self, painter: QPainter, room: QRect, row: JobRow) -> None:
        groove = QRectF(room.left(), room.center().y() - 2, room.width(), 6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.color("groove"))
        painter.drawRoundedRect(groove, 3, 3)
        fraction = row.progress.fraction if row.progress else None
        if row.state is JobState.running and fraction is None:
            fraction = row.progress.stage_fraction if row.progress else None
        if fraction:
            done = QRectF(groove.left(), groove.top(), max(6.0, groove.width() * min(1.0, fraction)), 6)
            painter.setBrush(self._look.color("accent"))
            painter.drawRoundedRect(done, 3, 3)

    def _paint_buttons(self, painter: QPainter, option: QStyleOptionViewItem, row: JobRow) -> None:
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        ink = Ink.text if hovered else Ink.muted
        self._look.icon("ph.x", ink).paint(painter, _icon_in(cross_of(option.rect)), mode=QIcon.Mode.Normal)
        if row.state in {JobState.failed, JobState.cancelled}:
            self._look.icon("ph.arrow-clockwise", ink).paint(painter, _icon_in(retry_of(option.rect)))


def cross_of(row: QRect) -> QRect:
    """Return where the cross of that row is."""
    return QRect(row.right() - BUTTON - 2, row.top() + 2, BUTTON, BUTTON)


def retry_of(row: QRect) -> QRect:
    """Return where the retry arrow of that row is."""
    return cross_of(row).translated(-BUTTON - 2, 0)


def clock(seconds: float) -> str:
    """Return seconds as `m:ss`, or `h:mm:ss` from an hour on."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _icon_in(room: QRect) -> QRect:
    return room.adjusted(5, 5, -5, -5)


def _columns(row: QRect) -> tuple[QRect, QRect, QRect, QRect]:
    inside = row.adjusted(8, 0, -2 * BUTTON - 14, 0)
    scale = min(1.0, inside.width() / 720)
    wide = min(2.0, inside.width() / 720)
    name = QRect(inside.left(), inside.top(), round(NAME_WIDTH * wide), inside.height())
    stage = QRect(name.right() + 12, inside.top(), round(STAGE_WIDTH * scale), inside.height())
    time = QRect(inside.right() - TIME_WIDTH, inside.top(), TIME_WIDTH, inside.height())
    bar = QRect(stage.right() + 8, inside.top(), max(8, time.left() - stage.right() - 16), inside.height())
    return name, stage, bar, time
