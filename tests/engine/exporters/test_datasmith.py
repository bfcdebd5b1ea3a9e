"""Datasmith folders, judged by a strict reader of their own; no Unreal is at hand."""

from __future__ import annotations

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
from orfeas_desktop.engine.scene.scene import Node, Scene, Transform
from orfeas_desktop.errors import ExportNotVerified
from tests.engine.exporters.readers import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh


@pytest.fixture
def sheet(asset_file: Path, tmp_path: Path, exported: Callable[..., Path]) -> Path:
    return exported("datasmith", asset_file, tmp_path, name="Chair")


def test_every_actor_stands_where_it_should(sheet: Path, asset: Scene) -> None:
    """Unreal is left-handed, z up, in centimetres: x stays, y and z change places."""
    scene = read_datasmith(sheet)
    finest = parts_of(replace(asset, nodes=tuple(bare(node) for node in asset.nodes)))
    assert {actor.name for actor in scene.actors} == set(finest)
    assert {actor.name: actor.parent for actor in scene.actors} == {"Ell": "", "Arm": "Ell", "Mirrored": ""}
    for actor in scene.actors:
        wanted = finest[actor.name]
        places = actor.mesh.vertices @ actor.matrix[:3, :3].T + actor.matrix[:3, 3]
        found = places[actor.mesh.corners][:, :, [0, 2, 1]] / CENTIMETRES
        if np.linalg.det(actor.matrix[:3, :3]) < 0:
            found = found[:, ::-1]
        np.testing.assert_allclose(found, wanted.places, atol=1e-5)
        normals = actor.mesh.normals @ np.linalg.inv(actor.matrix[:3, :3])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        rows = normals.reshape(-1, 3, 3)[:, :, [0, 2, 1]]
        flat = rows[:, ::-1] if np.linalg.det(actor.matrix[:3, :3]) < 0 else rows
        np.testing.assert_allclose(flat, wanted.normals, atol=2e-3)
        assert len(actor.mesh.uvs) == 2
    uv = scene.actors[0].mesh.uvs[0].reshape(-1, 3, 2)
    np.testing.assert_allclose(uv, finest["Ell"].uvs, atol=1e-6)


def bare(node: Node) -> Node:
    return replace(node, lods=(), collision=(), children=tuple(map(bare, node.children)))


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
    q = Transform(rotation=tuple(float(place.get(key)) for key in ("qx", "qy", "qz", "qw"))).matrix()
    eye = asset.nodes[2].transform.matrix()[:3, :3]
    np.testing.assert_allclose(q[:3, 0], (eye @ [0, 0, -1])[[0, 2, 1]], atol=1e-6)
    np.testing.assert_allclose(q[:3, 2], (eye @ [0, 1, 0])[[0, 2, 1]], atol=1e-6)


def test_sheared_places_go_into_the_mesh(cube: Mesh, make_context: Callable[..., Any]) -> None:
    inner = Node("in", cube, Transform(rotation=(0, 0, 0.38268343, 0.92387953)))
    glass = Material("Glass", base_color=(1, 1, 1, 0.5), alpha_mode=AlphaMode.blend, emissive=(0, 1, 0))
    leaf = cube.changed(materials=(glass,), colors=np.full((8, 4), 9, np.uint8))
    scene = Scene(
        (Node("out", None, Transform(scale=(2, 1, 1)), (inner,)), Node("leaf", leaf, Transform((9, 0, 0))))
    )
    context = make_context()
    exporter = EXPORTERS["datasmith"]
    folder = context.staging / "s"
    folder.mkdir()
    exporter.write(scene, folder, exporter.params(), context)
    found = {actor.name: actor for actor in read_datasmith(folder / "s.udatasmith").actors}
    matrix = np.diag([2, 1, 1]) @ inner.transform.matrix()[:3, :3]
    np.testing.assert_allclose(
        found["in"].mesh.vertices[:, [0, 2, 1]] / CENTIMETRES, cube.vertices @ matrix.T, atol=1e-5
    )
    assert len(found["leaf"].mesh.colors) == 36


def test_what_does_not_fit_is_named(cube: Mesh) -> None:
    good = udsmesh("a", cube)
    assert len(read_udsmesh(good).corners) == 12
    for end in range(0, len(good), 97):
        with pytest.raises(Broken):
            read_udsmesh(good[:end])
    for at, value in ((0, 2), (len(good) - 4, 1)):
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
