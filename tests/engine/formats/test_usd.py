"""USD files hold the scene as their readers see it, and a wrong one is found out."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image
from pxr import Usd, UsdGeom, UsdLux, UsdPhysics, UsdShade

from orfeas_desktop.engine.formats.usd_check import read_usd
from orfeas_desktop.engine.formats.usd_stage import UsdStyle, write_package, write_stage
from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Mesh, Polygons, Texture
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.scene.flatten import bounds_of
from orfeas_desktop.engine.scene.scene import Camera, Light, LightKind, Node, Scene, Transform

if TYPE_CHECKING:
    from pathlib import Path


def picture(color: tuple[int, int, int], form: str = "PNG") -> Texture:
    data = io.BytesIO()
    Image.new("RGB", (4, 4), color).save(data, form, lossless=True)
    return Texture(data.getvalue(), f"image/{form.lower()}")


SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 2, 0], [0, 2, 0]], np.float32)
FACES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


@pytest.fixture
def mesh() -> Mesh:
    wood = Material(
        "Wood",
        base_color=(0.5, 1.0, 1.0, 1.0),
        base_color_texture=picture((200, 10, 10), "WEBP"),
        metallic=1.0,
        metallic_roughness_texture=picture((0, 90, 30)),
        normal_map=picture((128, 128, 255)),
        occlusion_texture=picture((70, 70, 70)),
        emissive=(0.1, 0.2, 0.3),
        emissive_texture=picture((9, 9, 9)),
        alpha_mode=AlphaMode.mask,
    )
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], np.float32)
    materials = (wood, Material("Plain", base_color=(0.0, 0.25, 1.0, 1.0), double_sided=True))
    return Mesh(SQUARE, FACES, uvs=(uv,), materials=materials, face_materials=np.array([0, 1], np.int32))


@pytest.fixture
def scene(mesh: Mesh) -> Scene:
    coarse = mesh.changed(faces=FACES[:1], face_materials=np.zeros(1, np.int32))
    hull = Mesh(SQUARE, FACES)
    turned = Transform((0.0, 5.0, 0.0), (0.0, 0.0, math.sqrt(0.5), math.sqrt(0.5)), (-1.0, 1.0, 2.0))
    body = Node("Körper", mesh, children=(Node("arm", mesh, turned),), lods=(coarse,), collision=(hull,))
    camera = Node("camera", camera=Camera(vertical_angle=math.radians(50), aspect=2.0))
    lamps = tuple(Node(kind.value, light=Light(kind, intensity=3.0)) for kind in LightKind)
    return Scene((body, camera, *lamps), "2 chairs", {"seed": 2**40, "backend": "relief", "none": None})


def written(scene: Scene, folder: Path, *, text: bool = False, pieces: bool = True) -> Path:
    path = folder / "a.usd"
    write_stage(scene, path, UsdStyle(text=text, pieces=pieces), lambda _: None)
    return path


@pytest.mark.parametrize("text", [True, False])
def test_a_scene_is_read_as_it_was_meant(scene: Scene, tmp_path: Path, text: bool) -> None:
    path = written(scene, tmp_path, text=text)
    assert path.read_bytes().startswith(b"#usda" if text else b"PXR-USDC")
    found = read_usd(path)
    assert found.problems == []
    assert (found.faces, found.uvs, found.textures) == (7, True, 5)
    assert np.allclose(found.bounds, bounds_of(scene))
    stage = Usd.Stage.Open(str(path))
    root = stage.GetDefaultPrim()
    assert (root.GetName(), UsdGeom.GetStageUpAxis(stage), UsdGeom.GetStageMetersPerUnit(stage)) == (
        "_2_chairs",
        "Y",
        1.0,
    )
    assert stage.GetRootLayer().customLayerData["orfeas"] == {"seed": str(2**40), "backend": "relief"}
    assert [child.GetName() for child in root.GetChildren()][:3] == ["Korper", "Materials", "camera"]
    assert root.GetChild("Korper").GetDisplayName() == "Körper"


def test_levels_are_variants_and_pieces_are_guides_for_physics(scene: Scene, tmp_path: Path) -> None:
    stage = Usd.Stage.Open(str(written(scene, tmp_path)))
    prim = stage.GetPrimAtPath("/_2_chairs/Korper/Korper_geometry")
    levels = prim.GetVariantSet("LOD")
    assert levels.GetVariantNames() == ["LOD0", "LOD1"]
    counts = []
    for name in levels.GetVariantNames():
        levels.SetVariantSelection(name)
        mesh = UsdGeom.Mesh(stage.GetPrimAtPath(prim.GetPath().AppendChild("Korper_mesh")))
        counts.append(len(mesh.GetFaceVertexCountsAttr().Get()))
    assert counts == [2, 1]
    piece = stage.GetPrimAtPath("/_2_chairs/Korper/Korper_collision/piece_01")
    assert piece.HasAPI(UsdPhysics.MeshCollisionAPI)
    assert UsdGeom.Imageable(piece).ComputePurpose() == "guide"
    (tmp_path / "bare").mkdir()
    bare = Usd.Stage.Open(str(written(scene, tmp_path / "bare", pieces=False)))
    assert not bare.GetPrimAtPath("/_2_chairs/Korper/Korper_collision")


def test_materials_read_their_pictures_rightly(scene: Scene, tmp_path: Path) -> None:
    stage = Usd.Stage.Open(str(written(scene, tmp_path)))
    subset = stage.GetPrimAtPath("/_2_chairs/Korper/arm/arm_geometry/material_0")
    material = UsdShade.MaterialBindingAPI(subset).ComputeBoundMaterial()[0]
    surface = material.ComputeSurfaceSource()[0]
    pixels = {}
    for name in ("diffuseColor", "roughness", "metallic", "normal", "occlusion", "emissiveColor"):
        source, output, _ = surface.GetInput(name).GetConnectedSource()
        reader = UsdShade.Shader(source.GetPrim())
        with Image.open(reader.GetInput("file").Get().resolvedPath) as opened:
            pixels[name] = (opened.convert("RGB").getpixel((0, 0)), output)
        space = reader.GetInput("sourceColorSpace").Get()
        assert space == ("sRGB" if name in ("diffuseColor", "emissiveColor") else "raw")
    assert pixels == {
        "diffuseColor": ((200, 10, 10), "rgb"),
        "roughness": ((0, 90, 30), "g"),
        "metallic": ((0, 90, 30), "b"),
        "normal": ((128, 128, 255), "rgb"),
        "occlusion": ((70, 70, 70), "r"),
        "emissiveColor": ((9, 9, 9), "rgb"),
    }
    base = UsdShade.Shader(surface.GetInput("diffuseColor").GetConnectedSource()[0].GetPrim())
    assert tuple(base.GetInput("scale").Get()) == (0.5, 1.0, 1.0, 1.0)
    assert surface.GetInput("opacityThreshold").Get() == 0.5
    st = UsdGeom.PrimvarsAPI(stage.GetPrimAtPath("/_2_chairs/Korper/arm/arm_geometry")).GetPrimvar("st").Get()
    assert np.allclose(st, [[0, 0], [1, 0], [1, 1], [0, 1]])


def test_cameras_and_lights_keep_their_measures(scene: Scene, tmp_path: Path) -> None:
    flat = Node("flat", camera=Camera(height=3.0))
    stage = Usd.Stage.Open(str(written(replace(scene, nodes=(*scene.nodes, flat)), tmp_path)))
    view = UsdGeom.Camera(stage.GetPrimAtPath("/_2_chairs/camera")).GetCamera()
    assert view.GetFieldOfView(view.FOVVertical) == pytest.approx(50)
    assert view.aspectRatio == pytest.approx(2.0)
    ortho = UsdGeom.Camera(stage.GetPrimAtPath("/_2_chairs/flat")).GetCamera()
    assert ortho.frustum.window.GetSize()[1] == pytest.approx(3.0)
    point = UsdLux.SphereLight(stage.GetPrimAtPath("/_2_chairs/point"))
    assert point.GetNormalizeAttr().Get()
    assert point.GetIntensityAttr().Get() / 4 == pytest.approx(3.0)
    spot = UsdLux.ShapingAPI(stage.GetPrimAtPath("/_2_chairs/spot"))
    assert spot.GetShapingConeAngleAttr().Get() == pytest.approx(45)
    sun = UsdLux.DistantLight(stage.GetPrimAtPath("/_2_chairs/directional"))
    assert sun.GetNormalizeAttr().Get()
    assert sun.GetIntensityAttr().Get() == pytest.approx(3.0)


def test_quads_stay_quads_and_vertex_colours_are_linear(tmp_path: Path) -> None:
    quad = Polygons(np.array([0, 4], np.int32), np.array([0, 1, 2, 3], np.int32))
    colors = np.array([[188, 0, 255, 255]] * 3 + [[188, 0, 255, 51]], np.uint8)
    path = written(Scene((Node("a", Mesh(SQUARE, FACES, colors=colors, polygons=quad)),)), tmp_path)
    assert read_usd(path).problems == []
    assert read_usd(path).faces == 2
    stage = Usd.Stage.Open(str(path))
    mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/scene/a/a_geometry"))
    assert list(mesh.GetFaceVertexCountsAttr().Get()) == [4]
    assert np.allclose(mesh.GetDisplayColorAttr().Get()[0], (0.5028865, 0, 1), atol=1e-6)
    assert mesh.GetDisplayOpacityAttr().Get()[3] == pytest.approx(0.2)


def test_a_package_is_aligned_and_holds_everything(scene: Scene, tmp_path: Path) -> None:
    stage = written(scene, tmp_path)
    pictures = sorted((tmp_path / "textures").iterdir())
    write_package(tmp_path / "a.usdz", (stage, *pictures))
    found = read_usd(tmp_path / "a.usdz")
    assert (found.problems, found.textures) == ([], 5)
    data = (tmp_path / "a.usdz").read_bytes()
    with ZipFile(tmp_path / "a.usdz") as package:
        assert package.namelist()[0] == "a.usd"
        for entry in package.infolist():
            start = data.index(package.read(entry), entry.header_offset)
            assert (start % 64, entry.compress_type) == (0, 0)


def test_a_deep_tree_and_many_nodes_of_one_mesh_stay_small(tmp_path: Path) -> None:
    mesh = Mesh(np.tile(SQUARE, (500, 1)), np.tile(FACES, (500, 1)))
    node = Node("n", mesh)
    for _ in range(200):
        node = Node("n", mesh, Transform((0.0, 0.1, 0.0)), (node,))
    path = written(Scene((node,)), tmp_path)
    assert read_usd(path).faces == 201 * 1000
    assert path.stat().st_size < 200_000


def test_faults_are_found_out(scene: Scene, tmp_path: Path) -> None:
    path = written(scene, tmp_path)
    stage = Usd.Stage.Open(str(path))
    arm = UsdGeom.Mesh(stage.GetPrimAtPath("/_2_chairs/Korper/arm/arm_geometry"))
    arm.GetFaceVertexIndicesAttr().Set([0, 1, 99, 0, 2, 3])
    arm.GetPointsAttr().Set([(0, 0, math.nan)] * 4)
    UsdGeom.PrimvarsAPI(arm).GetPrimvar("st").Set([(0, 0)])
    stage.GetRootLayer().Save()
    first, *_ = sorted((tmp_path / "textures").iterdir())
    first.write_bytes(first.read_bytes()[:40])
    problems = " ".join(read_usd(path).problems)
    for words in ("is not there", "is not finite", "st of arm_geometry does not fit", "missing or damaged"):
        assert words in problems
    path.write_bytes(b"PXR-USDC and nothing else")
    assert read_usd(path).problems == ["it cannot be opened"]


def test_a_damaged_picture_is_refused(mesh: Mesh, tmp_path: Path) -> None:
    wrong = Material(base_color_texture=Texture(b"RIFF    WEBP", "image/webp"))
    with pytest.raises(Broken):
        written(Scene((Node("a", mesh.changed(materials=(wrong,), face_materials=None)),)), tmp_path)
