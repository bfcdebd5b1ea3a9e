"""Reads pictures for showing: a small copy as a QImage, off the thread of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from orfeas_desktop.pictures import read_picture

if TYPE_CHECKING:
    from pathlib import Path

SHOWN_SIDE = 640


def read_shown(path: Path, max_megapixels: float) -> QImage:
    """Return the picture at `path`, upright, at most `SHOWN_SIDE` pixels a side. Raises what `read_picture` raises."""
    picture = read_picture(path, max_side=SHOWN_SIDE, max_megapixels=max_megapixels)
    data = picture.tobytes()
    image = QImage(data, picture.width, picture.height, 4 * picture.width, QImage.Format.Format_RGBA8888)
    return image.copy()
