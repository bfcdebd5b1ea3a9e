"""What a USD file holds, found by opening it anew: every level, every picture, all of UsdValidation's rules."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np

from orfeas_desktop.engine.formats.usd_stage import LEVELS
from orfeas_desktop.engine.mesh.source_files import Broken

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pxr import Usd, UsdGeom, UsdShade


@dataclass
class UsdFindings:
    """Faces of all levels and collision pieces, bounds (2, 3) in metres of what is shown, and what is wrong."""

    faces: int = 0
    bounds: NDArray[np.float64] = field(default_factory=lambda: np.array([[np.inf] * 3, [-np.inf] * 3]))
    uvs: bool = False
    colors: bool = False
    textures: int = 0
    problems: list[str] = field(default_factory=list[str])


def read_usd(path: Path) -> UsdFindings:
    """Return what the USD, or package, at `path` holds; `problems` is empty when nothing is wrong with it."""
    from pxr import UsdGeom, UsdShade

    try:
        stage = opened_stage(path)
    except Broken as problem:
        return UsdFindings(problems=[str(problem)])
    found = UsdFindings()
    found.problems += _broken_rules(stage)
    chosen = _levels(stage)
    for level in range(max((count for _, count in chosen), default=1)):
        for prim, count in chosen:
            prim.GetVariantSet(LEVELS).SetVariantSelection(f"{LEVELS}{min(level, count - 1)}")
        deep = {prim.GetPath() for prim, count in chosen if level < count}
        cache = UsdGeom.XformCache()
        for prim in stage.Traverse():
            if prim.GetTypeName() == "Mesh" and (level == 0 or prim.GetParent().GetPath() in deep):
                _look_at_mesh(UsdGeom.Mesh(prim), np.array(cache.GetLocalToWorldTransform(prim)), found)
    for prim in stage.Traverse():
        shader = UsdShade.Shader(prim) if prim.GetTypeName() == "Shader" else None
        if shader is not None and shader.GetShaderId() == "UsdUVTexture":
            found.textures += 1
            found.problems += _broken_picture(shader)
    return found


def opened_stage(path: Path) -> Usd.Stage:
    """Return the stage of a file as it is on the disk, whatever a writer left in memory. Raises Broken."""
    from pxr import Sdf, Usd

    try:
        layer = Sdf.Layer.FindOrOpen(str(path))
        if layer and layer.Reload(force=True):
            return Usd.Stage.Open(layer)
    except RuntimeError:  # what pxr's errors are
        pass
    raise Broken("it cannot be opened")


def _broken_rules(stage: Usd.Stage) -> list[str]:
    validation = import_module("pxr.UsdValidation")  # the stubs are older than it
    validators = validation.ValidationRegistry().GetOrLoadAllValidators()
    errors = validation.ValidationContext(validators).Validate(stage)
    return [str(error.GetErrorAsString()) for error in errors]


def _levels(stage: Usd.Stage) -> list[tuple[Usd.Prim, int]]:
    """Return the prims with levels of detail; a choice of level is made in the session, not in the file."""
    stage.SetEditTarget(stage.GetSessionLayer())
    sets = [(prim, prim.GetVariantSets()) for prim in stage.Traverse()]
    return [
        (prim, len(variants.GetVariantSet(LEVELS).GetVariantNames()))
        for prim, variants in sets
        if variants.HasVariantSet(LEVELS)
    ]


def _look_at_mesh(mesh: UsdGeom.Mesh, matrix: NDArray[np.float64], found: UsdFindings) -> None:
    from pxr import UsdGeom

    name = mesh.GetPath().name
    points = np.array(mesh.GetPointsAttr().Get(), np.float64)
    counts = np.array(mesh.GetFaceVertexCountsAttr().Get())
    indices = np.array(mesh.GetFaceVertexIndicesAttr().Get())
    if not len(indices) or indices.min() < 0 or indices.max() >= len(points) or counts.sum() != len(indices):
        found.problems.append(f"a face of {name} names a vertex that is not there")
    if not np.isfinite(points).all():
        found.problems.append(f"a place of {name} is not finite")
    if not len(points):
        return
    found.faces += int((counts - 2).sum())
    primvars = UsdGeom.PrimvarsAPI(mesh)
    for primvar in primvars.GetPrimvarsWithValues():
        if primvar.GetInterpolation() == UsdGeom.Tokens.vertex and len(primvar.Get()) != len(points):
            found.problems.append(f"{primvar.GetPrimvarName()} of {name} does not fit its vertices")
    found.uvs |= primvars.HasPrimvar("st")
    found.colors |= primvars.HasPrimvar("displayColor")
    if UsdGeom.Imageable(mesh).ComputePurpose() != UsdGeom.Tokens.guide:
        world = points @ matrix[:3, :3] + matrix[3, :3]
        found.bounds[0] = np.minimum(found.bounds[0], world.min(axis=0))
        found.bounds[1] = np.maximum(found.bounds[1], world.max(axis=0))


def _broken_picture(shader: UsdShade.Shader) -> list[str]:
    from PIL import Image, UnidentifiedImageError

    asset = shader.GetInput("file").Get()
    try:
        with Image.open(io.BytesIO(bytes_at(asset.resolvedPath))) as picture:
            picture.load()
    except (UnidentifiedImageError, OSError, KeyError):
        return [f"the picture {asset.path} is missing or damaged"]
    return []


def bytes_at(place: str) -> bytes:
    """Return the bytes of a file, or of one inside a package: `model.usdz[textures/wood.png]`."""
    package, _, inner = place.removesuffix("]").partition("[")
    if not inner:
        return Path(place).read_bytes()
    with ZipFile(package) as opened:
        return opened.read(inner)
