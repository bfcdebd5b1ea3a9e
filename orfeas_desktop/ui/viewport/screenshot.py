"""Pictures of the view as PNG files."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage

from orfeas_desktop.errors import DiskFull, OrfeasError, PermissionDenied

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray


def image_of(pixels: NDArray[np.uint8]) -> QImage:
    """Return (H, W, 4) uint8 RGBA, straight alpha, as an image of its own."""
    height, width, _ = pixels.shape
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def save_image(image: QImage, path: Path) -> Path | OrfeasError:
    """Write a PNG file beside its place and move it there; return the path, or PermissionDenied or DiskFull."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # pyright: ignore[reportCallIssue, reportArgumentType]  # the stub wants bytes, Qt takes a name
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(buffer.data().data())
        beside.replace(path)
    except OSError as fault:
        if beside.is_file():
            beside.unlink()
        if fault.errno == errno.ENOSPC:
            return DiskFull(place=str(path.parent), details=str(fault))
        return PermissionDenied(place=str(path), details=str(fault))
    return path
