"""Surfaces as VTK objects, and the lights that all pictures share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vtkmodules.vtkCommonDataModel import vtkPolyData
    from vtkmodules.vtkRenderingCore import vtkActor, vtkLight, vtkProperty, vtkRenderer, vtkTexture

    from orfeas_desktop.engine.mesh.mesh import Bytes
    from orfeas_desktop.engine.render.surface import Finish, Surface

AMBIENT = 0.34
"""Share of a surface's colour that needs no light."""


def polydata_of(surface: Surface) -> vtkPolyData:
    """Return the surface's arrays as VTK's own, without a copy: the result keeps them alive."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

    points = vtkPoints()
    points.SetData(numpy_to_vtk(surface.vertices))
    triangles = vtkCellArray()
    triangles.SetData(3, numpy_to_vtk(surface.faces.reshape(-1)))
    data = vtkPolyData()
    data.SetPoints(points)
    data.SetPolys(triangles)
    attributes = data.GetPointData()
    if surface.normals is not None:
        attributes.SetNormals(numpy_to_vtk(surface.normals))
    if surface.uv is not None:
        attributes.SetTCoords(numpy_to_vtk(surface.uv))
    if surface.colors is not None:
        attributes.SetScalars(numpy_to_vtk(surface.colors))
    return data


def texture_of(picture: Bytes, *, sharp: bool = False) -> vtkTexture:
    """Return (H, W, 3 or 4) uint8 as a repeating texture; its first row is v = 0, as glTF counts."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkRenderingCore import vtkTexture

    height, width, channels = picture.shape
    image = vtkImageData()
    image.SetDimensions(width, height, 1)
    image.GetPointData().SetScalars(numpy_to_vtk(np.ascontiguousarray(picture).reshape(-1, channels)))
    texture = vtkTexture()
    texture.SetInputData(image)
    texture.SetColorModeToDirectScalars()
    texture.RepeatOn()
    if not sharp:
        texture.InterpolateOn()
        texture.MipmapOn()
    return texture


def set_finish(prop: vtkProperty, finish: Finish, *, textured: bool) -> None:
    """Set how the surface takes light: Blinn-Phong with the highlight that roughness leaves.

    The exponent is 2 / roughness⁴ - 2 (Karis 2013, after Walter et al. 2007).
    """
    red, green, blue, alpha = finish.color
    base = (red, green, blue)
    roughness = min(max(finish.roughness, 0.25), 1.0)
    prop.SetInterpolationToPhong()
    prop.SetColor(red, green, blue)
    prop.SetAmbient(AMBIENT)
    prop.SetDiffuse(1.0 - 0.35 * finish.metallic)
    shine = (1.0 - roughness) ** 2 * (0.35 + 0.65 * finish.metallic)
    prop.SetSpecular(shine)
    prop.SetSpecularPower(min(max(2.0 / roughness**4 - 2.0, 1.0), 128.0))
    mixed = (1.0, 1.0, 1.0) if textured else tuple(1.0 + finish.metallic * (one - 1.0) for one in base)
    prop.SetSpecularColor(*mixed)
    prop.SetOpacity(alpha)
    if max(finish.emissive) > 0:
        prop.SetAmbient(1.0)
        prop.SetAmbientColor(
            tuple(min(1.0, AMBIENT * one + glow) for one, glow in zip(base, finish.emissive, strict=True))
        )


def actor_of(surface: Surface) -> vtkActor:
    """Return the surface as it looks with its own material."""
    from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

    mapper = vtkPolyDataMapper()
    mapper.SetInputDataObject(polydata_of(surface))
    mapper.SetColorModeToDirectScalars()
    mapper.SetScalarVisibility(surface.colors is not None)
    actor = vtkActor()
    actor.SetMapper(mapper)
    set_finish(actor.GetProperty(), surface.finish, textured=surface.texture is not None)
    if surface.texture is not None:
        actor.SetTexture(texture_of(surface.texture))
    return actor


def light_studio(renderer: vtkRenderer) -> None:
    """Replace the lights by three that move with the camera: key upper left, fill right, rim from behind."""
    renderer.RemoveAllLights()
    renderer.AutomaticLightCreationOff()
    for position, intensity, color in (
        ((-0.55, 0.8, 1.0), 0.6, (1.0, 0.985, 0.96)),
        ((1.0, 0.1, 0.7), 0.2, (0.93, 0.96, 1.0)),
        ((0.4, 0.9, -1.0), 0.25, (1.0, 1.0, 1.0)),
    ):
        renderer.AddLight(_camera_light(position, intensity, color))


def _camera_light(
    position: tuple[float, float, float], intensity: float, color: tuple[float, float, float]
) -> vtkLight:
    """Return a directional light in camera coordinates: the camera at (0, 0, 1) looks at the origin."""
    from vtkmodules.vtkRenderingCore import vtkLight

    light = vtkLight()
    light.SetLightTypeToCameraLight()
    light.SetPosition(*position)
    light.SetFocalPoint(0.0, 0.0, 0.0)
    light.SetIntensity(intensity)
    light.SetColor(*color)
    return light
