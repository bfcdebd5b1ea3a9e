"""Pictures of a mesh, drawn off screen with or without a display."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.render.camera import THREE_QUARTER, VIEW_ANGLE_DEG, pose_to_fit
from orfeas_desktop.engine.render.drawing import actor_of, light_studio
from orfeas_desktop.engine.render.surface import surfaces_of
from orfeas_desktop.errors import ProgramMissing

if TYPE_CHECKING:
    from pathlib import Path

    from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow

    from orfeas_desktop.engine.mesh.mesh import Bytes, Mesh

_SMOOTH_UP_TO = 2048
"""Pixels a side up to which a picture is drawn twice as large and averaged."""
_FITTED_POINTS = 20_000


class Ground(StrEnum):
    """What is behind the mesh."""

    transparent = "transparent"
    dark = "dark"
    light = "light"


_GROUNDS: dict[Ground, tuple[float, float, float]] = {
    Ground.transparent: (0.0, 0.0, 0.0),
    Ground.dark: (0x12 / 255, 0x14 / 255, 0x17 / 255),
    Ground.light: (0xF2 / 255, 0xF4 / 255, 0xF7 / 255),
}


@dataclass(frozen=True)
class Shot:
    """What picture is wanted: pixels, ground, and from where (degrees, see `axes_of`)."""

    width: int = 256
    height: int = 256
    ground: Ground = Ground.transparent
    yaw_deg: float = THREE_QUARTER[0]
    pitch_deg: float = THREE_QUARTER[1]


def draw_mesh(mesh: Mesh, shot: Shot) -> Bytes:
    """Return the picture as (height, width, 4) uint8 RGBA, straight alpha, first row on top.

    Raises BadMesh for a texture that is no picture, ProgramMissing when this machine offers no OpenGL.
    """
    from vtkmodules.vtkRenderingCore import vtkRenderer

    scale = 2 if max(shot.width, shot.height) <= _SMOOTH_UP_TO else 1
    surfaces = surfaces_of(mesh, max_texture_side=2048 if scale == 2 else 4096)
    window = _off_screen_window()
    renderer = vtkRenderer()
    window.SetSize(shot.width * scale, shot.height * scale)
    window.AddRenderer(renderer)
    renderer.SetBackground(*_GROUNDS[shot.ground])
    renderer.SetBackgroundAlpha(0.0 if shot.ground is Ground.transparent else 1.0)
    renderer.SetUseFXAA(scale == 1)
    for surface in surfaces:
        renderer.AddActor(actor_of(surface))
    light_studio(renderer)
    _aim(renderer, mesh, shot)
    window.Render()
    pixels = _pixels(window)
    window.Finalize()
    return _averaged(pixels) if scale == 2 else pixels


def save_picture(pixels: Bytes, path: Path) -> None:
    """Write (H, W, 4) uint8 RGBA as a PNG file."""
    from PIL import Image

    Image.fromarray(pixels).save(path, format="PNG", compress_level=6)


def _off_screen_window() -> vtkRenderWindow:
    """Return a window without a screen: EGL on Linux, which needs no display, else the system's own.

    Rendering without working OpenGL would crash the process, so each candidate is asked first.
    """
    from vtkmodules import vtkRenderingOpenGL2
    from vtkmodules.vtkCommonCore import vtkObject
    from vtkmodules.vtkRenderingCore import vtkRenderWindow

    candidates: list[type[vtkRenderWindow]] = [vtkRenderWindow]
    if sys.platform == "linux":
        candidates = [vtkRenderingOpenGL2.vtkEGLRenderWindow]
        if os.environ.get("DISPLAY"):
            candidates.append(vtkRenderingOpenGL2.vtkXOpenGLRenderWindow)
    warned = vtkObject.GetGlobalWarningDisplay()
    vtkObject.GlobalWarningDisplayOff()
    try:
        for candidate in candidates:
            window = candidate()
            window.SetOffScreenRendering(True)
            window.SetMultiSamples(0)
            window.SetAlphaBitPlanes(True)
            if window.SupportsOpenGL():
                return window
    finally:
        vtkObject.SetGlobalWarningDisplay(warned)
    raise ProgramMissing(program="OpenGL 3.2")


def _aim(renderer: vtkRenderer, mesh: Mesh, shot: Shot) -> None:
    points = mesh.vertices[:: max(1, mesh.vertex_count // _FITTED_POINTS)]
    points = np.vstack(
        (points, mesh.vertices[mesh.vertices.argmin(axis=0)], mesh.vertices[mesh.vertices.argmax(axis=0)])
    )
    pose = pose_to_fit(points, shot.yaw_deg, shot.pitch_deg, aspect=shot.width / shot.height)
    camera = renderer.GetActiveCamera()
    camera.SetViewAngle(VIEW_ANGLE_DEG)
    camera.SetFocalPoint(*pose.focal_point)
    camera.SetPosition(*pose.position)
    camera.SetViewUp(*pose.up)
    renderer.ResetCameraClippingRange()


def _pixels(window: vtkRenderWindow) -> Bytes:
    from vtkmodules.util.numpy_support import vtk_to_numpy
    from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

    width, height = window.GetSize()
    read = vtkUnsignedCharArray()
    window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, read)  # pyright: ignore[reportArgumentType]  # the stub knows one of two overloads
    return np.ascontiguousarray(vtk_to_numpy(read).reshape(height, width, 4)[::-1])


def _averaged(pixels: Bytes) -> Bytes:
    """Return half the size; colours are weighted by their alpha, so that no ground shines through edges."""
    height, width, _ = pixels.shape
    blocks = pixels.reshape(height // 2, 2, width // 2, 2, 4).astype(np.float32)
    alpha = blocks[..., 3:]
    total = alpha.sum(axis=(1, 3))
    color = (blocks[..., :3] * alpha).sum(axis=(1, 3)) / np.maximum(total, 1.0)
    return np.dstack((color, total / 4)).round().astype(np.uint8)
