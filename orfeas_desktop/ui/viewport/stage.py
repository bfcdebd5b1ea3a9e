"""The stage: what the renderer holds besides the mesh, and how the camera is set on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.render.camera import VIEW_ANGLE_DEG
from orfeas_desktop.engine.render.drawing import light_studio
from orfeas_desktop.ui.viewport.display_mesh import DisplayMesh
from orfeas_desktop.ui.viewport.grid import grid_actor, spacing_for
from orfeas_desktop.ui.viewport.marks import Marks
from orfeas_desktop.ui.viewport.shading import rgb

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from vtkmodules.vtkRenderingCore import vtkActor, vtkRenderer, vtkRenderWindow

    from orfeas_desktop.ui.viewport.modes import ViewportColours
    from orfeas_desktop.ui.viewport.navigation import CameraRig

SLOW_FRAME_S = 0.04
"""Above it a stand-in is drawn while the camera moves."""


class Stage:
    """Ground, lights, grid and the shown mesh in one renderer; answers for what a frame holds."""

    def __init__(self, renderer: vtkRenderer, rig: CameraRig, colours: ViewportColours) -> None:
        self._renderer = renderer
        self._rig = rig
        self._colours = colours
        self._grid: vtkActor | None = None
        self._grid_shown = True
        self._line_width = 1.0
        self._settled = True
        self.mesh = DisplayMesh(renderer, colours)
        self.marks = Marks(renderer)
        light_studio(renderer)
        renderer.SetUseFXAA(True)
        renderer.GetActiveCamera().SetViewAngle(VIEW_ANGLE_DEG)
        self.set_colours(colours)

    @property
    def grid_spacing(self) -> float:
        """Edge of a grid cell in metres."""
        box = self.mesh.box()
        return spacing_for(float((box.max(axis=0) - box.min(axis=0)).max()))

    def set_colours(self, colours: ViewportColours) -> None:
        """Draw with these colours."""
        self._colours = colours
        self._renderer.GradientBackgroundOn()
        self._renderer.SetBackground(*rgb(colours.bottom))
        self._renderer.SetBackground2(*rgb(colours.top))
        self.mesh.set_colours(colours)
        self.lay_grid()

    def set_line_width(self, device_pixels: float) -> None:
        """Draw lines that wide."""
        if device_pixels != self._line_width:
            self._line_width = device_pixels
            self.lay_grid()

    def show_grid(self, shown: bool) -> None:
        """Draw the floor's grid or not."""
        self._grid_shown = shown
        if self._grid is not None:
            self._grid.SetVisibility(shown)

    def lay_grid(self) -> None:
        """Lay the grid anew: under the mesh's lowest point, its cells by the mesh's size."""
        if self._grid is not None:
            self._renderer.RemoveActor(self._grid)
        height = min(0.0, float(self.mesh.box()[:, 1].min()))
        self._grid = grid_actor(self.grid_spacing, height, self._colours, self._line_width)
        self._grid.SetVisibility(self._grid_shown)
        self._renderer.AddActor(self._grid)

    def aim(self) -> None:
        """Set the camera as the rig says."""
        camera = self._renderer.GetActiveCamera()
        camera.SetFocalPoint(*self._rig.focal_point)
        camera.SetPosition(*self._rig.position)
        camera.SetViewUp(*self._rig.axes[1])
        camera.SetParallelProjection(self._rig.parallel)
        camera.SetParallelScale(self._rig.parallel_scale)
        self._renderer.ResetCameraClippingRange()

    def start_moving(self) -> None:
        """Draw what is quick enough to follow the pointer."""
        if not self._settled:
            return
        self._settled = False
        slow = self._renderer.GetLastRenderTimeInSeconds() > SLOW_FRAME_S
        self._renderer.SetUseFXAA(not slow)
        self.mesh.choose(reduced=slow)

    def settle(self) -> None:
        """Draw everything, with smooth edges."""
        self._settled = True
        self._renderer.SetUseFXAA(True)
        self.mesh.choose(reduced=False)

    def point_at(self, x_px: int, y_px: int) -> tuple[float, float, float] | None:
        """Return the point of the surface in metres at that device pixel (from the lower left), or None.

        Read from the depth buffer of the last frame.
        """
        depth = self._renderer.GetZ(x_px, y_px)
        if depth >= 1.0:
            return None
        self._renderer.SetDisplayPoint(x_px, y_px, depth)
        self._renderer.DisplayToWorld()
        x, y, z, w = self._renderer.GetWorldPoint()
        return (x / w, y / w, z / w) if w else None

    def picture(self, window: vtkRenderWindow, *, transparent: bool) -> NDArray[np.uint8]:
        """Draw a frame and return it as (H, W, 4) uint8, first row on top; grid and ground stay out if transparent."""
        if transparent:
            self._renderer.GradientBackgroundOff()
            self._renderer.SetBackground(0.0, 0.0, 0.0)
            self._renderer.SetBackgroundAlpha(0.0)
            if self._grid is not None:
                self._grid.VisibilityOff()
        self.settle()
        self.aim()
        window.Render()
        pixels = _read(window)
        if transparent:
            self._renderer.SetBackgroundAlpha(1.0)
            self.show_grid(self._grid_shown)
            self.set_colours(self._colours)
        else:
            pixels[..., 3] = 255
        return pixels


def _read(window: vtkRenderWindow) -> NDArray[np.uint8]:
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

    width, height = window.GetSize()
    read = vtkUnsignedCharArray()
    window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, read)  # pyright: ignore[reportArgumentType]  # the stub knows one of two overloads
    return np.ascontiguousarray(vtk_to_numpy(read).reshape(height, width, 4)[::-1])
