"""How each mode draws a surface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.render.drawing import set_finish, texture_of
from orfeas_desktop.engine.render.surface import Finish
from orfeas_desktop.ui.viewport.modes import Mode

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QColor
    from vtkmodules.vtkRenderingCore import vtkActor, vtkTexture

    from orfeas_desktop.engine.render.surface import Surface
    from orfeas_desktop.ui.viewport.modes import ViewportColours

_CLAY = Finish(roughness=0.6)
_AFTER_LIGHT = "//VTK::Light::Impl"
_SHADERS = {
    Mode.normals: "fragOutput0 = vec4(normalVCVSOutput * 0.5 + 0.5, 1.0);",
    Mode.matcap: """
  float above = normalVCVSOutput.y * 0.5 + 0.5;
  float facing = clamp(normalVCVSOutput.z, 0.0, 1.0);
  vec3 body = mix(vec3(0.16, 0.13, 0.15), vec3(0.80, 0.62, 0.54), above * (0.35 + 0.65 * facing));
  float spot = pow(clamp(dot(normalVCVSOutput, normalize(vec3(-0.45, 0.60, 0.66))), 0.0, 1.0), 24.0);
  float rim = pow(1.0 - facing, 3.0) * 0.28;
  fragOutput0 = vec4(body + spot * 0.35 + rim, 1.0);
""",
}


def shade(
    actor: vtkActor, surface: Surface, texture: vtkTexture | None, mode: Mode, colours: ViewportColours
) -> None:
    """Draw the surface's actor in that mode; `texture` is the surface's own or the checker, where the mode has one."""
    prop = actor.GetProperty()
    own = mode is Mode.textured
    set_finish(prop, surface.finish if own else _CLAY, textured=texture is not None)
    if mode in (Mode.solid, Mode.wireframe):
        prop.SetColor(*rgb(colours.mesh))
    prop.SetEdgeVisibility(mode is Mode.wireframe)
    prop.SetEdgeColor(*rgb(colours.edge))
    prop.SetEdgeOpacity(0.55)
    actor.GetMapper().SetScalarVisibility(own and surface.colors is not None)
    actor.SetTexture(texture)  # pyright: ignore[reportArgumentType]  # VTK takes a null here
    shader = actor.GetShaderProperty()
    shader.ClearAllFragmentShaderReplacements()
    if mode in _SHADERS:
        shader.AddFragmentShaderReplacement(_AFTER_LIGHT, True, f"{_AFTER_LIGHT}\n{_SHADERS[mode]}", False)


def checker_texture() -> vtkTexture:
    """Return sixteen by sixteen squares over the UV square, coloured by where they are."""
    return texture_of(checker_pixels())


def checker_pixels(squares: int = 16, pixels_each: int = 32) -> NDArray[np.uint8]:
    """Return the checker as (S, S, 3) uint8: red grows with u, green with v, every other square is darker."""
    side = squares * pixels_each
    across, down = np.meshgrid(np.arange(side), np.arange(side))
    tint = np.stack((across / side, down / side, np.full((side, side), 0.55)), axis=2) * 0.55 + 0.4
    dark = ((across // pixels_each + down // pixels_each) % 2)[..., None]
    return np.round(255 * np.clip(tint * np.where(dark, 0.55, 1.0), 0.0, 1.0)).astype(np.uint8)


def rgb(color: QColor) -> tuple[float, float, float]:
    """Return the colour's channels, 0..1."""
    return color.redF(), color.greenF(), color.blueF()
