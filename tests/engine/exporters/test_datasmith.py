"""Datasmith folders, judged by a strict reader of their own; no Unreal is at hand."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import parse

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.datasmith_check import read_datasmith
from orfeas_desktop.engine.formats.datasmith_mesh import CENTIMETRES, read_udsmesh, udsmesh
from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.scene.scene import Camera, Light, Node, Scene, Transform
from orfeas_desktop.errors import ExportNotVerified
from tests.engine.exporters.conftest import PAINT
from tests.engine.exporters.readers import Part, assert_same, assert_same_part, parts_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from orfeas_desktop.engine.formats.datasmith_mesh import UdsMesh
    from orfeas_desktop.engine.mesh.mesh import Mesh


@pytest.fixture
def sheet(asset_file: Path, tmp_path: Path, exported: Callable[..., Path]) -> Path:
    return exported("datasmith", asset_file, tmp_path, name="Chair")


def unreal(mesh: UdsMesh, matrix: np.ndarray) -> Part:
    """Return a mesh where it stands in metres, y up, right-handed."""
    places = mesh.vertices @ matrix[:3, :3].T + matrix[:3, 3]
    normals = mesh.normals @ np.linalg.inv(matrix[:3, :3])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    soup = [
        places[mesh.corners][:, :, [0, 2, 1]] / CENTIMETRES,
        normals.reshape(-1, 3, 3)[:, :, [0, 2, 1]] if len(normals) else np.zeros((*mesh.corners.shape, 3)),
        mesh.uvs[0].reshape(-1, 3, 2),
    ]
    if np.linalg.det(matrix[:3, :3]) < 0:
        soup = [each[:, ::-1] for each in soup]
    return Part(*soup)


def test_every_actor_stands_where_it_should_with_its_levels(sheet: Path, asset: Scene) -> None:
    """Unreal is left-handed, z up, in centimetres: x stays, y and z change places."""
    scene = read_datasmith(sheet)
    wanted = parts_of(asset)
    assert {actor.name: actor.parent for actor in scene.actors} == {"Ell": "", "Arm": "Ell", "Mirrored": ""}
    found = {
        f"{actor.name}_LOD{number}" if len(actor.file.levels) > 1 else actor.name: unreal(level, actor.matrix)
        for actor in scene.actors
        for number, level in enumerate(actor.file.levels)
    }
    assert_same(found, {name: part for name, part in wanted.items() if not name.startswith("UCX")})
    assert {len(level.uvs) for actor in scene.actors for level in actor.file.levels} == {2}
    (ell,) = [actor for actor in scene.actors if actor.file.collision]
    hulls = [part for name, part in wanted.items() if name.startswith("UCX")]
    around = Part(
        *(np.concatenate([getattr(hull, kind) for hull in hulls]) for kind in ("places", "normals")), None
    )
    assert_same_part(unreal(ell.file.collision, ell.matrix), around)


def test_lights_shine_along_x_in_the_units_that_unreal_has(sheet: Path) -> None:
    lights = {each.get("name"): each for each in parse(sheet).getroot().findall("Light")}
    assert {name: each.get("type") for name, each in lights.items()} == {
        "Sun": "DirectionalLight", "Bulb": "PointLight", "Torch": "SpotLight",
    }  # fmt: skip
    told = {
        name: {part.tag: part.get("value") for part in each if part.get("value")}
        for name, each in lights.items()
    }
    assert told["Sun"] == {"Intensity": "3.000000"}
    assert told["Bulb"] == {
        "Intensity": "54.000000", "IntensityUnits": "Candelas",
    }  # fmt: skip
    assert float(told["Torch"]["OuterConeAngle"]) == pytest.approx(math.degrees(0.5))
    assert float(told["Torch"]["InnerConeAngle"]) == pytest.approx(math.degrees(0.2))
    color = lights["Sun"].find("Color")
    assert [float(color.get(part)) for part in "RGB"] == [1.0, 0.5, 0.25]
    for name in ("Sun", "Torch"):
        np.testing.assert_allclose(
            facing(lights[name])[:, 0], np.array([0, -math.sin(math.pi / 3), -0.5])[[0, 2, 1]], atol=1e-6
        )


def facing(actor: Element) -> np.ndarray:
    place = actor.find("Transform")
    turn = tuple(float(place.get(key)) for key in ("qx", "qy", "qz", "qw"))
    return Transform(rotation=turn).matrix()[:3, :3]


def test_what_datasmith_cannot_hold_is_told(cube: Mesh, make_context: Callable[..., Any]) -> None:
    """One hull a mesh, and no view without perspective; a mesh without UVs gets some: Unreal refuses it else."""
    context = make_context()
    exporter = EXPORTERS["datasmith"]
    folder = context.staging / "s"
    folder.mkdir()
    scene = Scene(
        (
            Node("a", cube, collision=(cube, cube)),
            Node("flat", camera=Camera(height=2.0)),
            Node("near", light=Light(reach=12.0)),
        )
    )
    exporter.write(scene, folder, exporter.params(), context)
    assert [words.split(" ")[0:3] for words in context.warnings] == [
        ["Datasmith", "takes", "one"],
        ["Datasmith", "has", "no"],
    ]
    (light,) = parse(folder / "s.udatasmith").getroot().findall("Light")
    assert float(light.find("AttenuationRadius").get("value")) == 1200.0
    (actor,) = read_datasmith(folder / "s.udatasmith").actors
    uv = actor.file.levels[0].uvs[0]
    assert uv.shape == (36, 2)
    assert np.ptp(uv, axis=0).tolist() == [1.0, 1.0]
    sides = np.stack([uv[1::3] - uv[::3], uv[2::3] - uv[::3]], axis=1)
    assert (np.abs(np.linalg.det(sides)) > 0.5).all(), "no face lies on a line of the texture"


def test_tints_strengths_and_other_uv_sets_reach_unreal(cube: Mesh, make_context: Callable[..., Any]) -> None:
    uv = cube.vertices[:, :2].copy()
    paint = replace(
        PAINT,
        base_color=(0.5, 1.0, 1.0, 0.5),
        alpha_mode=AlphaMode.mask,
        emissive=(4.0, 2.0, 2.0),
        base_color_texture=replace(PAINT.base_color_texture, uv_set=1),
    )
    context = make_context()
    exporter = EXPORTERS["datasmith"]
    folder = context.staging / "s"
    folder.mkdir()
    exporter.write(
        Scene((Node("a", cube.changed(uvs=(uv, uv), materials=(paint,))),)),
        folder,
        exporter.params(),
        context,
    )
    root = parse(folder / "s.udatasmith").getroot()
    surface = root.find("UEPbrMaterial")
    steps = list(surface.find("Expressions"))
    driven = {each.get("Name"): each for each in surface.findall("Input")}
    base = steps[int(driven["BaseColor"].get("expression"))]
    where = steps[int(base.find("Input").get("expression"))]
    assert (where.tag, where.get("Index")) == ("TextureCoordinate", "1")
    glow = steps[int(driven["EmissiveColor"].get("expression"))]
    _, strength = (steps[int(each.get("expression"))] for each in glow.findall("Input"))
    assert (glow.tag, float(strength.get("constant"))) == ("Multiply", 4.0)
    assert driven["Opacity"].get("OutputIndex") == "4"
    assert surface.find("BlendMode").get("value") == "1"
    files = {each.get("name"): folder / each.get("file") for each in root.findall("Texture")}
    with Image.open(files["T_Red_paint_BaseColor"]) as picture:
        assert picture.convert("RGBA").getpixel((0, 0)) == (184, 10, 20, 128)


def test_the_sheet_says_materials_textures_and_camera(sheet: Path, asset: Scene) -> None:
    root = parse(sheet).getroot()
    assert root.tag == "DatasmithUnrealScene"
    surfaces = {each.get("name"): each for each in root.findall("UEPbrMaterial")}
    assert set(surfaces) == {"Red_paint", "Steel"}
    inputs = {each.get("Name"): each.get("OutputIndex") for each in surfaces["Red_paint"].findall("Input")}
    assert inputs == {
        "BaseColor": "0", "AmbientOcclusion": "1", "Roughness": "2", "Metallic": "3", "Normal": "0", "EmissiveColor": "0",
    }  # fmt: skip
    colour = surfaces["Steel"].find("Expressions/Color").get("constant")
    assert colour == "(R=0.250000,G=0.500000,B=0.750000,A=1.000000)"
    textures = {each.get("name"): each for each in root.findall("Texture")}
    assert textures["T_Red_paint_Normal"].get("texturemode") == "2"
    assert textures["T_Red_paint_ORM"].get("srgb") == "2"
    packed = np.asarray(Image.open(sheet.parent / textures["T_Red_paint_ORM"].get("file")))
    assert packed.shape[2] == 3
    (camera,) = root.findall("Camera")
    place = camera.find("Transform")
    assert [float(place.get(key)) for key in ("tx", "ty", "tz")] == pytest.approx([0, 400, 100])
    eye = asset.nodes[2].transform.matrix()[:3, :3]
    np.testing.assert_allclose(facing(camera)[:, 0], (eye @ [0, 0, -1])[[0, 2, 1]], atol=1e-6)
    np.testing.assert_allclose(facing(camera)[:, 2], (eye @ [0, 1, 0])[[0, 2, 1]], atol=1e-6)


def test_sheared_places_go_into_the_mesh(cube: Mesh, make_context: Callable[..., Any]) -> None:
    inner = Node("in", cube, Transform(rotation=(0, 0, 0.38268343, 0.92387953)))
    glass = Material("Glass", base_color=(1, 1, 1, 0.5), alpha_mode=AlphaMode.blend, emissive=(0, 1, 0))
    leaf = cube.changed(materials=(glass,), colors=np.full((8, 4), 9, np.uint8))
    scene = Scene(
        (
            Node("out", None, Transform(scale=(2, 1, 1)), (inner,)),
            Node("leaf", leaf, Transform((9, 0, 0)), lods=(cube,)),
        )
    )
    context = make_context()
    exporter = EXPORTERS["datasmith"]
    folder = context.staging / "s"
    folder.mkdir()
    exporter.write(scene, folder, exporter.params(), context)
    found = {actor.name: actor for actor in read_datasmith(folder / "s.udatasmith").actors}
    matrix = np.diag([2, 1, 1]) @ inner.transform.matrix()[:3, :3]
    np.testing.assert_allclose(
        found["in"].file.levels[0].vertices[:, [0, 2, 1]] / CENTIMETRES, cube.vertices @ matrix.T, atol=1e-5
    )
    assert len(found["leaf"].file.levels[0].colors) == 36
    assert [set(level.materials.tolist()) for level in found["leaf"].file.levels] == [{0}, {1}]


def test_what_does_not_fit_is_named(cube: Mesh) -> None:
    good = udsmesh("a", (cube, cube), (cube,))
    assert [len(level.corners) for level in read_udsmesh(good).levels] == [12, 12]
    for end in range(0, len(good), 97):
        with pytest.raises(Broken):
            read_udsmesh(good[:end])
    for at, value in ((0, 1), (0, 3), (len(good) - 4, 1)):
        torn = bytearray(good)
        struct.pack_into("<I", torn, at, value)
        with pytest.raises(Broken):
            read_udsmesh(bytes(torn))


def test_a_missing_file_or_name_is_noticed(sheet: Path) -> None:
    reader = EXPORTERS["datasmith"].read_back
    text = sheet.read_text()
    for old, new, said in (
        ('PathName="T_Red_paint_BaseColor"', 'PathName="T_None"', "names a texture"),
        ('<mesh name="SM_Ell"', '<mesh name="SM_None"', "names a mesh"),
        ('<Material id="1" name="Steel"', '<Material id="1" name="None"', "names a material"),
        ("<DatasmithUnrealScene>", "<Other>", "cannot be read"),
        ('tx="', 'tx="a', "not a number"),
    ):
        sheet.write_text(text.replace(old, new))
        with pytest.raises(ExportNotVerified, match=said):
            reader(sheet.parent)
    sheet.write_text(text)
    assert reader(sheet.parent).faces > 0
    next((sheet.parent / "Chair_Assets").glob("*.udsmesh")).unlink()
    with pytest.raises(ExportNotVerified, match="missing"):
        reader(sheet.parent)
