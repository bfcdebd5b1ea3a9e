"""What a surface has beyond metal and roughness comes in by glTF and leaves by every format that can hold it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.chores import CHORES
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.blender_exchange import Exchange
from orfeas_desktop.engine.jobs.context import JobContext
from orfeas_desktop.engine.mesh.files import read_mesh
from orfeas_desktop.engine.mesh.finish import (
    ALL,
    PLAIN,
    Anisotropy,
    Clearcoat,
    Finish,
    Iridescence,
    Sheen,
    Specular,
    Transmission,
    Volume,
)
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.gltf_left_out import left_out
from orfeas_desktop.engine.mesh.mesh import Material, Mesh
from orfeas_desktop.engine.mesh.textures import pixels_of
from orfeas_desktop.engine.scene.reading import read_scene
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import BadMesh
from tests.engine.conftest import RecordingContext
from tests.engine.exporters.conftest import picture, prism
from tests.engine.exporters.readers import gltf_report
from tests.engine.mesh.test_gltf_compressed import opened, put

if TYPE_CHECKING:
    from pathlib import Path

MAP = picture((250, 10, 20), (10, 240, 30), (20, 30, 230), (200, 190, 40))
OTHER = replace(picture((128, 128, 255), (140, 120, 250), (120, 150, 245), (128, 128, 255)), uv_set=1)
GLASS = Finish(
    ior=1.33,
    dispersion=0.2,
    clearcoat=Clearcoat(0.75, MAP, 0.25, OTHER, OTHER, 0.5),
    sheen=Sheen((0.5, 0.25, 0.125), MAP, 0.5, OTHER),
    specular=Specular(0.75, MAP, (1.5, 0.5, 0.25), OTHER),
    transmission=Transmission(0.5, MAP),
    volume=Volume(0.125, MAP, 2.5, (0.5, 0.75, 1.0)),
    iridescence=Iridescence(0.5, MAP, 1.5, 200.0, 500.0, OTHER),
    anisotropy=Anisotropy(0.5, 1.25, OTHER),
)


@pytest.fixture
def glass(tmp_path: Path) -> Path:
    material = Material("glass", base_color_texture=MAP, emissive=(4.0, 2.0, 1.0), finish=GLASS)
    bright = Material("bright", finish=Finish(unlit=True))
    write_glb(prism(1).changed(materials=(material, bright)), tmp_path / "glass.glb")
    return tmp_path / "glass.glb"


def export(entry: str, path: Path, folder: Path, **settings: Any) -> tuple[Path, RecordingContext]:
    staging = folder / f"as_{entry}"
    staging.mkdir()
    context = RecordingContext(staging, folder)
    exporter = EXPORTERS[entry]
    file = local_file(path, AssetKind.mesh)
    return exporter.run({"mesh": (file,)}, exporter.params.check(entry, settings), context)[0].path, context


def test_a_glb_keeps_every_extension(glass: Path, tmp_path: Path) -> None:
    out, context = export("glb", glass, tmp_path)
    report = gltf_report(out)
    assert report["issues"]["numErrors"] == 0, report["issues"]["messages"]
    used = {name.removeprefix("KHR_materials_") for name in report["info"]["extensionsUsed"]}
    assert used == {*ALL, "emissive_strength"}
    first, second = read_mesh(out).materials
    assert first.finish == GLASS
    assert first.emissive == (4.0, 2.0, 1.0)
    assert second.finish == Finish(unlit=True)
    assert context.warnings == []


def test_textures_of_a_finish_are_made_smaller_too(glass: Path, tmp_path: Path) -> None:
    out, _ = export("glb", glass, tmp_path, texture_format="webp")
    textures = read_mesh(out).materials[0].finish.textures()
    assert {texture.media_type for texture in textures.values()} == {"image/webp"}
    np.testing.assert_array_equal(pixels_of(textures["clearcoat_normal_texture"]), pixels_of(OTHER))
    assert len(textures) == 12


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ("obj", {"ior", "clearcoat", "sheen", "anisotropy"}),
        ("usdz", {"ior", "clearcoat", "transmission"}),
        ("fbx", set()),
    ],
)
def test_what_a_format_cannot_hold_is_told(glass: Path, tmp_path: Path, entry: str, kept: set[str]) -> None:
    out, context = export(entry, glass, tmp_path, report=True)
    (said,) = [words for words in context.warnings if "surfaces" in words]
    lost = sorted(ALL - kept)
    assert said.endswith(f": {', '.join(lost)}.")
    (report,) = out.parent.glob("*-report.json")
    assert json.loads(report.read_text())["left_out"] == lost


def test_formats_hold_what_they_can(glass: Path, tmp_path: Path) -> None:
    from pxr import Usd, UsdShade

    export("obj", glass, tmp_path)
    lines = (tmp_path / "as_obj" / "glass.mtl").read_text().splitlines()
    assert {"Ni 1.33", "Pc 0.75", "Pcr 0.25", "Ps 0.5", "aniso 0.5", "anisor 0.198944"} <= set(lines)
    out, _ = export("usdz", glass, tmp_path)
    stage = Usd.Stage.Open(str(out))
    surfaces = [UsdShade.Shader(prim) for prim in stage.Traverse() if prim.GetName() == "surface"]
    (found,) = [one for one in surfaces if one.GetInput("clearcoat")]
    values = {
        name: found.GetInput(name).Get() for name in ("ior", "opacity", "clearcoat", "clearcoatRoughness")
    }
    np.testing.assert_allclose(list(values.values()), [1.33, 0.5, 0.75, 0.25])
    assert found.GetInput("clearcoat").HasConnectedSource()


def test_blender_is_given_numbers_under_the_names_it_had(glass: Path, tmp_path: Path) -> None:
    scene = read_scene(local_file(glass, AssetKind.mesh))
    Exchange(tmp_path).write(scene, lambda _: None)
    (told,) = [
        each["finish"]
        for file in tmp_path.glob("*.json")
        for each in json.loads(file.read_text())["materials"]
        if each["name"] == "glass"
    ]
    wanted = {"IOR": 1.33, "Coat Weight|Clearcoat": 0.75, "Specular IOR Level|Specular": 0.375}
    assert wanted.items() <= told.items()
    assert told["Transmission Weight|Transmission"] == told["Sheen Weight|Sheen"] == 0.5


def test_a_new_layout_keeps_factors_and_drops_the_pictures(glass: Path, tmp_path: Path) -> None:
    context: JobContext = RecordingContext(tmp_path, tmp_path)
    tool = TOOLS["unwrap"]
    (output, *_) = tool.run({"mesh": (local_file(glass, AssetKind.mesh),)}, tool.params(), context)
    made = read_mesh(output.path).materials[0].finish
    bare = GLASS.without_textures()
    assert made == replace(bare, clearcoat=replace(bare.clearcoat, clearcoat_normal_scale=1.0))
    assert made.textures() == {}
    assert made.clearcoat.clearcoat_factor == 0.75
    assert PLAIN.without_textures() is PLAIN


def test_factors_out_of_range_are_brought_into_it(glass: Path, tmp_path: Path) -> None:
    content, binary = opened(glass)
    extensions = content["materials"][0]["extensions"]
    extensions["KHR_materials_clearcoat"]["clearcoatFactor"] = 7
    extensions["KHR_materials_ior"]["ior"] = 0.5
    extensions["KHR_materials_iridescence"]["iridescenceIor"] = 0
    extensions["KHR_materials_volume"]["attenuationDistance"] = 0
    extensions["KHR_materials_sheen"]["sheenColorFactor"] = [-1, 2, 0.5]
    extensions["KHR_materials_dispersion"]["dispersion"] = -3
    read = read_mesh(put(tmp_path / "odd.glb", content, binary)).materials[0].finish
    assert read.clearcoat.clearcoat_factor == 1.0
    assert (read.ior, read.iridescence.iridescence_ior, read.dispersion) == (1.0, 1.0, 0.0)
    assert read.volume.attenuation_distance is None
    assert read.sheen.sheen_color_factor == (0.0, 1.0, 0.5)
    out, _ = export("glb", tmp_path / "odd.glb", tmp_path)
    assert gltf_report(out)["issues"]["numErrors"] == 0


def test_the_older_way_to_tell_a_surface_is_understood(glass: Path, tmp_path: Path) -> None:
    content, binary = opened(glass)
    content["materials"][0] = {
        "extensions": {
            "KHR_materials_pbrSpecularGlossiness": {
                "diffuseFactor": [0.5, 0.25, 1, 1],
                "diffuseTexture": {"index": 0},
                "glossinessFactor": 0.75,
            }
        }
    }
    read = read_mesh(put(tmp_path / "old.glb", content, binary)).materials[0]
    assert (read.base_color, read.metallic, read.roughness) == ((0.5, 0.25, 1.0, 1.0), 0.0, 0.25)
    assert read.base_color_texture is not None


def test_each_way_that_textures_are_moved_is_a_uv_set(glass: Path, tmp_path: Path) -> None:
    content, binary = opened(glass)
    material = content["materials"][0]
    del material["extensions"]
    index = material["pbrMetallicRoughness"]["baseColorTexture"]["index"]

    def use(**moved: object) -> dict[str, object]:
        return {"index": index, "extensions": {"KHR_texture_transform": moved}}

    material["pbrMetallicRoughness"]["baseColorTexture"] = use(scale=[4, 4])
    material["emissiveTexture"] = use(offset=[0.5, 0])
    material["occlusionTexture"] = {"index": index}
    material["normalTexture"] = use(scale=[4, 4])
    read = read_mesh(put(tmp_path / "moved.glb", content, binary))
    first = read.materials[0]
    sets = [first.occlusion_texture, first.base_color_texture, first.normal_map, first.emissive_texture]
    assert [texture.uv_set for texture in sets] == [0, 2, 2, 3]
    rows = np.unique(read.faces[read.face_materials == 0])
    plain, scaled, shifted = (read.uvs[index][rows] for index in (0, 2, 3))
    np.testing.assert_allclose(scaled, plain * 4, rtol=1e-6)
    np.testing.assert_allclose(shifted, plain + [0.5, 0], rtol=1e-6)
    out, _ = export("glb", tmp_path / "moved.glb", tmp_path)
    assert gltf_report(out)["issues"]["numErrors"] == 0


def test_what_an_import_leaves_out_is_told(glass: Path, tmp_path: Path) -> None:
    content, binary = opened(glass)
    primitive = content["meshes"][0]["primitives"][0]
    primitive["targets"] = [{"POSITION": primitive["attributes"]["POSITION"]}]
    content["skins"] = [{"joints": [0]}]
    content["animations"] = [{"channels": [], "samplers": []}]
    content["scenes"].append({"nodes": []})
    content["extensionsUsed"].append("KHR_materials_variants")
    path = put(tmp_path / "moving.glb", content, binary)
    context = RecordingContext(tmp_path, tmp_path)
    CHORES["import"].run({"file": (local_file(path, AssetKind.file),)}, CHORES["import"].params(), context)
    names = "animations, skeletons, morph targets, further scenes, material variants"
    assert context.warnings == [f"The file also holds {names}; they were left out."]
    (tmp_path / "text.gltf").write_text("no glTF")
    assert left_out(tmp_path / "text.gltf") == ()


def test_every_part_of_a_finish_can_differ() -> None:
    assert set(GLASS.used()) == {each.name for each in fields(Finish)} - {"unlit"}
    assert isinstance(prism(1), Mesh)
    assert PLAIN.used() == ()


def test_pictures_for_graphics_cards_need_another_beside_them(glass: Path, tmp_path: Path) -> None:
    content, binary = opened(glass)
    content["extensionsRequired"] = ["KHR_texture_basisu"]
    (source, texture) = next((each["source"], each) for each in content["textures"])
    texture["extensions"] = {"KHR_texture_basisu": {"source": source}}
    assert read_mesh(put(tmp_path / "both.glb", content, binary)).materials[0].base_color_texture is not None
    del texture["source"]
    with pytest.raises(BadMesh, match="KTX2"):
        read_mesh(put(tmp_path / "alone.glb", content, binary))
