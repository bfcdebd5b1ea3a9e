"""The main window: docks, menus, and the wiring between panels and session."""

from orfeas_desktop.ui.main_window.window import MainWindow

__all__ = ["MainWindow"]
