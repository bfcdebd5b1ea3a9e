"""3MF files hold millimetres, groups and colours, as other readers see them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.reread import reread
from orfeas_desktop.engine.formats.threemf import read_3mf_contents
from orfeas_desktop.engine.jobs.recipe import NOTICE
from orfeas_desktop.engine.layouts import LAYOUTS
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.errors import BadMesh, ExportNotVerified
from tests.print_bodies import box, mesh_of_body
from tests.printing_files import read_3mf, read_model, slicer_says

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def export(make_context: Callable[..., Any], tmp_path: Path) -> Callable[..., Path]:
    def run(mesh: Mesh, **settings: object) -> Path:
        write_glb(mesh, tmp_path / "in.glb")
        exporter = EXPORTERS["3mf"]
        given = local_file(tmp_path / "in.glb", AssetKind.mesh, f"{mesh.name}.glb")
        output, *_ = exporter.run({"mesh": (given,)}, exporter.params.check("3mf", settings), make_context())
        return output.path

    return run


def test_readers_agree_on_place_size_and_faces(export: Callable[..., Path], ball: Mesh) -> None:
    path = export(ball)
    read, said = read_3mf(path), slicer_says(path)
    other = trimesh.load(path, force="mesh")
    assert read.mesh.face_count == len(other.faces) == int(said["number_of_facets"]) == ball.face_count
    assert (read.manifold, said["manifold"], other.is_watertight) == (True, "yes", True)
    np.testing.assert_allclose(read.mesh.bounds, other.bounds, atol=1e-6)
    assert read.mesh.bounds[0][2] == 0
    assert read.mesh.bounds[1][2] == pytest.approx(40, abs=1e-5)
    assert float(said["size_z"]) == pytest.approx(40, abs=1e-5)
    assert read.mesh.name == "ball"


def test_millimetres_are_exact(export: Callable[..., Path], cube: Mesh) -> None:
    for size in (0.125, 1.0, 12.5, 150.0):
        path = export(cube.changed(vertices=cube.vertices * np.float32(size / 2), metres_per_unit=0.001))
        low, high = read_3mf(path).mesh.bounds
        np.testing.assert_allclose(high - low, size, rtol=2e-7)


def test_textures_lie_where_they_lay(export: Callable[..., Path], ball: Mesh) -> None:
    """Corner by corner: the same place has the same texture coordinate, counted from the bottom."""
    read = read_3mf(export(ball))
    groups: dict[int, np.ndarray] = {}
    found = read.model.GetTexture2DGroups()
    while found.MoveNext():
        group = found.GetCurrentTexture2DGroup()
        groups[group.GetResourceID()] = group
    places = ball.vertices.astype(np.float64)[:, [0, 2, 1]] * [1, -1, 1]
    places[:, 2] -= places[:, 2].min()
    known = {tuple(np.round(place, 3) + 0.0) for place in places}
    for face in range(0, ball.face_count, 37):
        resource, *corners = read.properties[face].tolist()
        for vertex, corner in zip(read.mesh.faces[face], corners, strict=True):
            spot = groups[resource].GetTex2Coord(corner)
            near = np.flatnonzero(np.abs(places - read.mesh.vertices[vertex]).max(axis=1) < 1e-3)
            uvs = ball.uvs[0][near]
            assert np.abs(uvs - [spot.U, 1 - spot.V]).max(axis=1).min() < 1e-5
            assert tuple(np.round(places[near[0]], 3) + 0.0) in known
    with zipfile.ZipFile(export(ball)) as archive:
        assert [name for name in archive.namelist() if "Textures" in name] == [
            "3D/Textures/texture1.png",
            "3D/Textures/texture2.png",
        ]


def test_a_factor_is_multiplied_into_the_texture_and_webp_becomes_png(
    export: Callable[..., Path], ball: Mesh, encoded_picture: Callable[..., bytes]
) -> None:
    webp = Texture(encoded_picture("WEBP"), "image/webp")
    half = replace(
        ball.materials[1],
        base_color=(0.5, 0.5, 0.5, 1.0),
        base_color_texture=ball.materials[0].base_color_texture,
    )
    path = export(ball.changed(materials=(Material("w", base_color_texture=webp), half)))
    with zipfile.ZipFile(path) as archive:
        pictures = [
            Image.open(io.BytesIO(archive.read(f"3D/Textures/texture{number}.png"))) for number in (1, 2)
        ]
    assert [picture.format for picture in pictures] == ["PNG", "PNG"]
    assert pictures[1].convert("RGB").getpixel((15, 0))[0] == pytest.approx(188, abs=1)


def test_materials_are_groups_and_corners_can_have_colours(export: Callable[..., Path], cube: Mesh) -> None:
    groups = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], np.int32)
    materials = (Material("skin \x07", base_color=(1.0, 0.0, 0.0, 1.0)), Material("bone"))
    plain = cube.changed(materials=materials, face_materials=groups, metres_per_unit=0.001)
    read = read_3mf(export(plain))
    assert np.unique(read.properties[:, 1], return_counts=True)[1].tolist() == [4, 8]
    base = read.model.GetBaseMaterialGroups()
    base.MoveNext()
    group = base.GetCurrentBaseMaterialGroup()
    names = {group.GetName(number): group.GetDisplayColor(number) for number in (1, 2)}
    assert names["skin"].Red == 255
    assert names["skin"].Green == 0
    colors = np.random.default_rng(1).integers(0, 256, (8, 4), np.uint8)
    for settings in ({}, {"coloring": "vertices"}):
        path = export(plain.changed(colors=colors), **settings)
        assert len(np.unique(read_3mf(path).properties[:, 1:])) == 8
        assert read_3mf_contents(path).colors
    bare = export(plain, coloring="none")
    assert not read_3mf_contents(bare).colors
    assert slicer_says(bare)["manifold"] == "yes"


def test_the_parts_of_a_scene_are_objects(
    export: Callable[..., Path], tmp_path: Path, make_context: Callable[..., Any]
) -> None:
    sources = []
    for name in ("left", "right"):
        write_glb(mesh_of_body(box(10, 10, 10), name), tmp_path / f"{name}.glb")
        sources.append(local_file(tmp_path / f"{name}.glb", AssetKind.mesh, f"{name}.glb"))
    row = LAYOUTS["row"]
    output, *_ = row.run({"meshes": tuple(sources)}, row.params(), make_context())
    exporter = EXPORTERS["3mf"]
    given = local_file(output.path, AssetKind.mesh, "row.glb")
    made, *_ = exporter.run({"mesh": (given,)}, exporter.params(), make_context())
    objects = read_model(made.path).GetMeshObjects()
    assert objects.Count() == 2
    assert slicer_says(made.path)["number_of_facets"] == "12"


@pytest.mark.parametrize(
    ("coloring", "seen", "apart"), [("textures", True, 0.002), ("vertices", True, 0.05), ("none", False, 1.0)]
)
def test_the_picture_is_compared_in_colour(
    asset_file: Path,
    exported: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    coloring: str,
    seen: bool,
    apart: float,
) -> None:
    monkeypatch.setenv("PATH", "")  # the report asks no other programs
    path = exported("3mf", asset_file, tmp_path, name=coloring, coloring=coloring, report=True)
    (told,) = (json.loads(file.read_text("utf-8")) for file in path.parent.glob("*-report.json"))
    picture = told["picture"]
    assert (picture["reader"], picture["colors"]) == ("lib3mf", seen)
    assert picture["likeness"]["outline"] >= 0.999
    assert picture["likeness"]["color"] <= apart


def test_a_file_that_builds_nothing_shows_nothing(export: Callable[..., Path], cube: Mesh) -> None:
    path = export(cube)
    with zipfile.ZipFile(path) as package:
        model = package.read("3D/3dmodel.model").decode()
    emptied = re.sub(r"<item [^>]*/>", "", model)
    assert emptied != model
    assert reread(packed(emptied, path.parent)) is None


def test_a_notice_goes_along(export: Callable[..., Path], cube: Mesh) -> None:
    path = export(cube.changed(extras={NOTICE: "Made with weights under a licence."}))
    with zipfile.ZipFile(path) as archive:
        assert b"Made with weights under a licence." in archive.read("3D/3dmodel.model")


def test_what_cannot_be_written_or_read_back_is_said(
    export: Callable[..., Path], cube: Mesh, ball: Mesh, tmp_path: Path
) -> None:
    with pytest.raises(BadMesh, match="without area"):
        export(cube.changed(vertices=cube.vertices * np.float32([1, 0, 0])))
    torn = Texture(ball.materials[0].base_color_texture.data[:-40], "image/png")
    with pytest.raises(BadMesh, match="damaged"):
        export(ball.changed(materials=tuple(Material("m", (0.5, 1, 1, 1), torn) for _ in range(2))))
    path = export(ball)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("3D/3dmodel.model").decode()
    inch = text.replace('unit="millimeter"', 'unit="inch"')
    words = text.replace("<model", '<!DOCTYPE model [<!ENTITY a "b">]><model', 1)
    for model, told in ((inch, "inch"), (text[:-40], "XML"), (words, "words of its own")):
        with pytest.raises(Broken, match=told):
            read_3mf_contents(packed(model, tmp_path))
        with pytest.raises(ExportNotVerified, match=told):
            EXPORTERS["3mf"].read_back(tmp_path / "model.3mf")


def test_the_order_of_attributes_is_free_and_a_file_may_be_empty(
    export: Callable[..., Path], ball: Mesh, tmp_path: Path
) -> None:
    path = export(ball)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("3D/3dmodel.model").decode()
    turned = re.sub(r'<vertex (x="[^"]*") (y="[^"]*") (z="[^"]*")', r"<vertex \3 \1 \2", text)
    assert turned != text
    assert read_3mf_contents(packed(turned, tmp_path)) == read_3mf_contents(path)
    empty = read_3mf_contents(packed("<model/>", tmp_path))
    assert (empty.faces, np.isnan(empty.low).all()) == (0, True)


def packed(model: str, folder: Path) -> Path:
    """Write a 3MF file of nothing but that part."""
    path = folder / "model.3mf"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("3D/3dmodel.model", model)
    return path
