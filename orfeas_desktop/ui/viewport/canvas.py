"""The 3D canvas: whether this machine can have one, and how it is made."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from PySide6.QtGui import QOffscreenSurface, QOpenGLContext, QSurfaceFormat

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget
    from pyvistaqt import QtInteractor

_GL_RENDERER = 0x1F01
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader", "software", "gdi generic", "microsoft basic")
_SAMPLES_ON_GPU = 4
_LIBRARIES = ("vtkmodules.util.numpy_support", "vtkmodules.vtkRenderingOpenGL2", "pyvistaqt")


@dataclass(frozen=True)
class Graphics:
    """The OpenGL that this machine offers."""

    renderer: str

    @property
    def software(self) -> bool:
        """Whether the processor draws."""
        return any(name in self.renderer.lower() for name in _SOFTWARE)


def surface_format() -> QSurfaceFormat:
    """Return what VTK needs: desktop OpenGL 3.2, core profile."""
    wanted = QSurfaceFormat()
    wanted.setRenderableType(QSurfaceFormat.RenderableType.OpenGL)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    wanted.setVersion(3, 2)
    return wanted


def find_graphics() -> Graphics | None:
    """Return this machine's OpenGL, or None where it is missing or older than 3.2.

    Asked before a canvas is made: without OpenGL a canvas would spoil the whole window.
    """
    context = QOpenGLContext()
    context.setFormat(surface_format())
    if not context.create() or context.format().version() < (3, 2):
        return None
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not surface.isValid() or not context.makeCurrent(surface):
        return None
    renderer = context.functions().glGetString(_GL_RENDERER)
    context.doneCurrent()
    surface.destroy()
    return Graphics(str(renderer or ""))


def import_libraries() -> None:
    """Import what a canvas is made of; slow the first time, so done on a thread. Raises ImportError."""
    for library in _LIBRARIES:
        import_module(library)


def let_go_of_surface(canvas: QtInteractor) -> None:
    """Drop a closed canvas's names of its GL context and surface, which Qt deletes with it.

    Nothing tells the binding that they are gone: it would take what comes to lie at their addresses for them.
    """
    for name in ("_ctx", "_surface", "_gl"):
        setattr(canvas, name, None)


def make_canvas(parent: QWidget, graphics: Graphics) -> QtInteractor:
    """Return a canvas that draws only when asked."""
    from pyvistaqt import QtInteractor

    canvas = QtInteractor(
        parent, auto_update=False, multi_samples=0 if graphics.software else _SAMPLES_ON_GPU
    )
    canvas.setAcceptDrops(False)
    return canvas
