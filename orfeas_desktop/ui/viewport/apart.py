"""Sets the 3D view apart from its window, so that the rest of the window does not pay for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRect, Qt

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_CORNER = QRect(0, 0, 1, 1)


def stand_apart(view: QWidget) -> None:
    """Make `view` a native window inside its window, alone.

    A window that holds a GL canvas is composed with GL at every repaint of any part of it, which takes a processor
    that draws 10 ms and more; so only this part of the window is.
    """
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_DontCreateNativeWidgetSiblings)
    view.setAttribute(Qt.WidgetAttribute.WA_DontCreateNativeAncestors)
    view.setAttribute(Qt.WidgetAttribute.WA_NativeWindow)
    _Uncovered(view)


class _Uncovered(QObject):
    """Shows again what another window covered.

    Qt takes a window with a GL canvas somewhere inside it for one that is composed, and where the processor draws
    it shows nothing of what was uncovered, unless there is something to paint as well: so there is.
    """

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._window = view.window()
        handle = self._window.windowHandle()
        if handle is not None:  # pyright: ignore[reportUnnecessaryComparison]  # a window that was never shown has none
            handle.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        del watched
        if event.type() is QEvent.Type.Expose:
            self._window.update(_CORNER)
        return False
