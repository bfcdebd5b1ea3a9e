"""The same window that the window's own tests use."""

from tests.ui.conftest import look, open_running, picture, shelf, studio

__all__ = ["look", "open_running", "picture", "shelf", "studio"]
