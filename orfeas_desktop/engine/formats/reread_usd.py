"""A USD stage or package as OpenUSD reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.formats.usd_check import bytes_at, opened_stage
from orfeas_desktop.engine.mesh.color import encoded_bytes
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.mesh.source_files import require
from orfeas_desktop.engine.mesh.textures import media_type_of
from orfeas_desktop.engine.scene.flatten import moved

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pxr import Usd, UsdShade

_WHITE = (1.0, 1.0, 1.0)


def usd_mesh(path: Path) -> Mesh:
    """Return what the stage shows, in metres and y up. Raises Broken, OSError, KeyError."""
    from pxr import UsdGeom

    stage = opened_stage(path)
    unit = UsdGeom.GetStageMetersPerUnit(stage)
    cache = UsdGeom.XformCache()
    looks: dict[str, Material] = {}
    parts: list[Mesh] = []
    for prim in stage.Traverse():
        if prim.GetTypeName() != "Mesh" or UsdGeom.Imageable(prim).ComputePurpose() == UsdGeom.Tokens.guide:
            continue
        matrix = np.array(cache.GetLocalToWorldTransform(prim)).T
        matrix[:3] *= unit
        parts.append(moved(_shape(prim, looks), matrix))
    require(bool(parts), "it shows no mesh")
    return merged(parts).changed(name=path.stem)


def _shape(prim: Usd.Prim, looks: dict[str, Material]) -> Mesh:
    from pxr import UsdGeom

    mesh, primvars = UsdGeom.Mesh(prim), UsdGeom.PrimvarsAPI(prim)
    counts = np.array(mesh.GetFaceVertexCountsAttr().Get(), np.int64)
    corners = np.array(mesh.GetFaceVertexIndicesAttr().Get(), np.int32)
    starts = np.repeat(np.cumsum(counts) - counts, counts - 2)
    step = np.arange(len(starts)) - np.repeat(np.cumsum(counts - 2) - (counts - 2), counts - 2)
    owners = np.repeat(np.arange(len(counts)), counts - 2)
    normals, st = mesh.GetNormalsAttr().Get(), primvars.GetPrimvar("st")
    colors = primvars.GetPrimvar("displayColor").Get()
    materials, groups = _looks(prim, looks, len(counts))
    return Mesh(
        np.array(mesh.GetPointsAttr().Get(), np.float32),
        np.stack([corners[starts], corners[starts + step + 1], corners[starts + step + 2]], axis=1),
        normals=None if normals is None else np.array(normals, np.float32),
        uvs=(_upright(np.array(st.Get(), np.float32)),) if st else (),
        colors=encoded_bytes(np.array(colors, np.float32)) if colors is not None else None,
        materials=materials,
        face_materials=groups[owners],
    )


def _upright(st: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack([st[:, 0], np.float32(1) - st[:, 1]], axis=1)


def _looks(
    prim: Usd.Prim, known: dict[str, Material], faces: int
) -> tuple[tuple[Material, ...], NDArray[np.int32]]:
    """Return the materials of a mesh, and which of them each face has."""
    from pxr import UsdShade

    groups = np.zeros(faces, np.int32)
    binding = UsdShade.MaterialBindingAPI(prim)
    subsets = binding.GetMaterialBindSubsets()
    found = [_look(UsdShade.MaterialBindingAPI(each.GetPrim()), known) for each in subsets]
    for number, subset in enumerate(subsets):
        groups[np.array(subset.GetIndicesAttr().Get())] = number
    return tuple(found) or (_look(binding, known),), groups


def _look(binding: UsdShade.MaterialBindingAPI, known: dict[str, Material]) -> Material:
    material, _ = binding.ComputeBoundMaterial()
    path = str(material.GetPath())
    if path not in known:
        known[path] = _material(material)
    return known[path]


def _material(material: UsdShade.Material) -> Material:
    from pxr import UsdShade

    surface = material.ComputeSurfaceSource()[0] if material else None
    base = surface.GetInput("diffuseColor") if surface else None
    if base is None or not base:
        return Material()
    name = material.GetPrim().GetDisplayName() or material.GetPrim().GetName()
    if not base.HasConnectedSource():
        red, green, blue = base.Get() or _WHITE
        return Material(name, base_color=(red, green, blue, 1.0))
    reader = UsdShade.Shader(base.GetConnectedSource()[0].GetPrim())
    file, scale = reader.GetInput("file"), reader.GetInput("scale")
    if not file:
        return Material(name)
    data = bytes_at(file.Get().resolvedPath)
    red, green, blue, _ = scale.Get() if scale else (*_WHITE, 1.0)
    return Material(
        name, base_color=(red, green, blue, 1.0), base_color_texture=Texture(data, media_type_of(data))
    )
