"""USD folders and packages hold the asset as it was, looked at with the pixels and numbers of their own files."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image
from pxr import Usd, UsdGeom, UsdLux, UsdShade

from tests.engine.exporters.readers import Part, assert_same, parts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.scene.scene import Scene


@pytest.fixture(scope="module", params=["usd", "usdz"])
def stage(
    request: pytest.FixtureRequest,
    asset_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
    exported: Callable[..., Path],
) -> Usd.Stage:
    path = exported(request.param, asset_file, tmp_path_factory.mktemp(request.param))
    assert path.suffix == (".usdz" if request.param == "usdz" else ".usdc")
    return Usd.Stage.Open(str(path))


def packed(stage: Usd.Stage) -> bool:
    """Return whether it is a package for AR, which may hold neither lights nor collision."""
    return stage.GetRootLayer().identifier.endswith(".usdz")


def usd_parts(stage: Usd.Stage) -> dict[str, Part]:
    """Return the meshes of every level by the name of their node; corners without a vertex of their own are taken apart."""
    stage.SetEditTarget(stage.GetSessionLayer())
    parts: dict[str, Part] = {}
    for prim in list(stage.Traverse()):
        variants = prim.GetVariantSets()
        levels = variants.GetVariantSet("LOD").GetVariantNames() if variants.HasVariantSet("LOD") else []
        for level in levels:
            variants.GetVariantSet("LOD").SetVariantSelection(level)
            (mesh,) = prim.GetChildren()
            parts[f"{prim.GetParent().GetName()}_{level}"] = usd_part(mesh)
        if prim.GetTypeName() == "Mesh" and not prim.GetName().endswith("_mesh"):
            owner = prim.GetParent()
            piece = prim.GetName().startswith("piece_")
            number = prim.GetName().removeprefix("piece_")
            parts[f"UCX_{owner.GetParent().GetName()}_{number}" if piece else owner.GetName()] = usd_part(
                prim
            )
    return parts


def usd_part(prim: Usd.Prim) -> Part:
    mesh = UsdGeom.Mesh(prim)
    assert mesh.GetOrientationAttr().Get() == "rightHanded"
    matrix = np.array(UsdGeom.XformCache().GetLocalToWorldTransform(prim))
    points = np.array(mesh.GetPointsAttr().Get(), np.float64)
    corners = np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3)
    if np.linalg.det(matrix[:3, :3]) < 0:
        corners = corners[:, ::-1]
    normals = np.array(mesh.GetNormalsAttr().Get() or np.zeros_like(points))
    normals = normals @ np.linalg.inv(matrix[:3, :3]).T
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    st = UsdGeom.PrimvarsAPI(prim).GetPrimvar("st")
    uv = None if not st else np.array([0, 1]) + np.array(st.Get()) * [1, -1]
    return Part(
        (points @ matrix[:3, :3] + matrix[3, :3])[corners],
        normals[corners],
        None if uv is None else uv[corners],
    )


def test_every_mesh_stands_where_it_should(stage: Usd.Stage, asset: Scene) -> None:
    wanted = {
        name: part for name, part in parts_of(asset).items() if not (packed(stage) and name.startswith("UCX"))
    }
    assert_same(usd_parts(stage), wanted)
    assert (UsdGeom.GetStageMetersPerUnit(stage), UsdGeom.GetStageUpAxis(stage)) == (1.0, "Y")
    assert not any(prim.HasAuthoredReferences() for prim in stage.Traverse()), (
        "few nodes have meshes of their own"
    )


def test_the_tree_and_its_names_stay(stage: Usd.Stage) -> None:
    root = stage.GetDefaultPrim()
    assert [child.GetName() for child in root.GetChildren() if child.GetName() != "Materials"] == [
        "Ell", "Mirrored", "Eye", "Sun", "Bulb", "Torch",
    ]  # fmt: skip
    assert stage.GetPrimAtPath(root.GetPath().AppendPath("Ell/Arm"))


def test_materials_and_pixels_stay(stage: Usd.Stage, asset: Scene) -> None:
    paint, steel = asset.nodes[0].mesh.materials
    root = stage.GetDefaultPrim().GetPath()
    found: dict[str, Any] = {}
    for subset in UsdShade.MaterialBindingAPI(
        stage.GetPrimAtPath(root.AppendPath("Ell/Ell_geometry/Ell_mesh"))
    ).GetMaterialBindSubsets():
        material, _ = UsdShade.MaterialBindingAPI(subset.GetPrim()).ComputeBoundMaterial()
        found[material.GetPrim().GetName()] = material.ComputeSurfaceSource()[0]
        assert material.GetPrim().GetDisplayName() in ("Red paint", "")
    assert set(found) == {"Red_paint", "Steel"}
    assert found["Steel"].GetInput("diffuseColor").Get() == pytest.approx(steel.base_color[:3])
    assert found["Steel"].GetInput("roughness").Get() == pytest.approx(steel.roughness)
    assert found["Steel"].GetInput("metallic").Get() == 1.0
    sources = {
        "diffuseColor": (paint.base_color_texture, "sRGB"),
        "normal": (paint.normal_map, "raw"),
        "roughness": (paint.metallic_roughness_texture, "raw"),
        "metallic": (paint.metallic_roughness_texture, "raw"),
        "occlusion": (paint.occlusion_texture, "raw"),
        "emissiveColor": (paint.emissive_texture, "sRGB"),
    }
    for name, (texture, space) in sources.items():
        reader = UsdShade.Shader(found["Red_paint"].GetInput(name).GetConnectedSource()[0].GetPrim())
        assert reader.GetInput("sourceColorSpace").Get() == space
        assert "textures/Red_paint_" in reader.GetInput("file").Get().path
        np.testing.assert_array_equal(
            pixels(bytes_at(reader.GetInput("file").Get().resolvedPath)), pixels(texture.data)
        )


def bytes_at(place: str) -> bytes:
    package, _, inner = place.removesuffix("]").partition("[")
    return ZipFile(package).read(inner) if inner else Path(place).read_bytes()


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture)


def test_lights_and_the_camera_look_along_minus_z_in_physical_units(stage: Usd.Stage) -> None:
    root = stage.GetDefaultPrim().GetPath()
    cache = UsdGeom.XformCache()
    eye = UsdGeom.Camera(stage.GetPrimAtPath(root.AppendChild("Eye"))).GetCamera()
    assert eye.GetFieldOfView(eye.FOVVertical) == pytest.approx(math.degrees(0.8))
    assert eye.clippingRange.min == pytest.approx(0.05)
    facing = {
        name: -np.array(cache.GetLocalToWorldTransform(stage.GetPrimAtPath(root.AppendChild(name))))[2, :3]
        for name in ("Eye", "Sun", "Torch")
    }
    np.testing.assert_allclose(facing["Eye"], [0, -math.sin(math.radians(20)), -math.cos(math.radians(20))])
    for name in ("Sun", "Torch"):
        np.testing.assert_allclose(facing[name], [0, -math.sin(math.pi / 3), -0.5], atol=1e-12)
    if packed(stage):
        assert not {prim.GetTypeName() for prim in stage.Traverse()} & {"DistantLight", "SphereLight"}
        return
    sun = UsdLux.DistantLight(stage.GetPrimAtPath(root.AppendChild("Sun")))
    assert (sun.GetIntensityAttr().Get(), sun.GetNormalizeAttr().Get()) == (3.0, True)
    assert tuple(sun.GetColorAttr().Get()) == (1.0, 0.5, 0.25)
    bulb = UsdLux.SphereLight(stage.GetPrimAtPath(root.AppendChild("Bulb")))
    assert (bulb.GetIntensityAttr().Get(), bulb.GetNormalizeAttr().Get()) == (4 * 54.0, True)
    torch = UsdLux.ShapingAPI(stage.GetPrimAtPath(root.AppendChild("Torch")))
    assert torch.GetShapingConeAngleAttr().Get() == pytest.approx(math.degrees(0.5))
    assert torch.GetShapingConeSoftnessAttr().Get() == pytest.approx(0.6)
