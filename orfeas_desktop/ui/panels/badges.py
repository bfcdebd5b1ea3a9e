"""The scorecard of an asset as badges on its card: closed or open, faces, likeness to the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from orfeas_desktop.ui.theme import CAPTION_PX, Ink, Look

if TYPE_CHECKING:
    from orfeas_desktop.projects.records import Asset

HEIGHT = 18.0
_ICON = 14


@dataclass(frozen=True)
class Badge:
    """An icon and a few letters on a card."""

    text: str
    icon: str
    ink: Ink = Ink.muted


def badges_of(asset: Asset, *, whole: bool) -> tuple[Badge, ...]:
    """Return what the scorecard of an asset's version has to say; with `whole` all of it."""
    score = asset.latest.score if asset.latest is not None else None
    if not score:
        return ()
    closed, faces, like = score.get("closed"), score.get("faces"), score.get("silhouette_iou")
    badges: list[Badge] = []
    if isinstance(faces, int) and isinstance(closed, bool):
        icon, ink = ("ph.check-circle", Ink.success) if closed else ("ph.warning-circle", Ink.warning)
        badges.append(Badge(short_count(faces), icon, ink))
    if whole and isinstance(like, int | float):
        badges.append(Badge(f"{100 * like:.0f} %", "ph.image"))
    return tuple(badges)


def short_count(count: int) -> str:
    """Return a count in few letters: 812, 9.2k, 154k, 1.5M."""
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if count >= size:
            return f"{count / size:.1f}{letter}" if count < 10 * size else f"{count / size:.0f}{letter}"
    return str(count)


def paint_badges(painter: QPainter, look: Look, picture: QRectF, badges: Sequence[Badge]) -> None:
    """Paint badges at the lower left of `picture`, as many as fit."""
    font = painter.font()
    font.setPixelSize(CAPTION_PX)
    painter.setFont(font)
    left = picture.left() + 4
    for badge in badges:
        width = painter.fontMetrics().horizontalAdvance(badge.text) + _ICON + 14
        if left + width > picture.right() - 2:
            return
        place = QRectF(left, picture.bottom() - HEIGHT - 4, width, HEIGHT)
        painter.setPen(QPen(look.color("border"), 1))
        painter.setBrush(look.color("panel"))
        painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        icon = QRect(int(place.left()) + 4, int(place.top()) + 2, _ICON, _ICON)
        look.icon(badge.icon, badge.ink, badge.ink).paint(painter, icon)
        painter.setPen(look.color("text"))
        words = place.adjusted(_ICON + 8, 0, 0, 0)
        painter.drawText(words, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), badge.text)
        left += width + 3
