"""FBX files, judged by assimp, ufbx and Godot."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.mesh.color import encoded_of, linear_of
from tests.engine.exporters.readers import (
    Part,
    assert_same,
    assert_same_part,
    assimp_parts,
    assimp_scene,
    godot_parts,
    parts_of,
    ufbx_parts,
    ufbx_scene,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.scene.scene import Scene

UNITS = {"unreal": 100.0, "unity": 100.0, "maya": 100.0, "3dsmax": 100.0, "blender": 1.0}
Z_UP = ("unreal", "3dsmax", "blender")
PREFIX = {"unreal": "SM_"}


def expected(scene: Scene, preset: str) -> dict[str, Part]:
    """Return the parts by the names that the preset gives."""
    prefix = PREFIX.get(preset, "")
    parts = parts_of(
        scene, levels=prefix + "{name}_LOD{level}", pieces="UCX_" + prefix + "{name}_LOD0_{number:02d}"
    )
    return {
        name if name.startswith(("UCX_", prefix)) else prefix + name: part for name, part in parts.items()
    }


def turned(part: Part, preset: str) -> Part:
    """Return what stands y up with z up, where the preset has it so."""
    if preset not in Z_UP:
        return part
    turn = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    return Part(part.places @ turn.T, part.normals @ turn.T, part.uvs)


@pytest.fixture(scope="module")
def files(
    asset_file: Path, tmp_path_factory: pytest.TempPathFactory, exported: Callable[..., Path]
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("fbx")
    return {
        preset: exported("fbx", asset_file, folder, preset=preset, name=f"made_{preset}", textures=where)
        for preset, where in zip(
            UNITS, ("beside", "embedded", "embedded", "embedded", "embedded"), strict=True
        )
    }


@pytest.mark.parametrize("preset", UNITS)
def test_assimp_finds_everything_in_its_place(
    files: dict[str, Path], asset: Scene, tmp_path: Path, preset: str
) -> None:
    found = assimp_parts(assimp_scene(files[preset], tmp_path))
    wanted = {name: turned(part, preset) for name, part in expected(asset, preset).items()}
    assert_same(found, wanted, unit=UNITS[preset])


@pytest.mark.parametrize("preset", UNITS)
def test_ufbx_finds_everything_in_its_place(files: dict[str, Path], asset: Scene, preset: str) -> None:
    scene = ufbx_scene(files[preset])
    wanted = {name: turned(part, preset) for name, part in expected(asset, preset).items()}
    assert_same(ufbx_parts(scene), wanted, unit=UNITS[preset])
    assert scene["unit_meters"] == pytest.approx(1 / UNITS[preset])
    assert scene["up"] == (4 if preset in Z_UP else 2)
    assert [mesh["uv_sets"] for mesh in scene["meshes"] if mesh["faces"] > 12] == [2, 2, 2, 2]
    assert {name.replace("_", " ") for name in scene["materials"]} == {"Red paint", "Steel"}
    assert scene["cameras"] == [pytest.approx([np.degrees(0.8), 0.05 * UNITS[preset], 40 * UNITS[preset]])]
    watts = 4 * np.pi / 683 if preset == "blender" else 1.0
    sun = 3.0 / 683 if preset == "blender" else 3.0
    assert sorted(scene["lights"]) == [
        [0, pytest.approx(54 * watts)], [1, pytest.approx(sun)], [2, pytest.approx(54 * watts)],
    ]  # fmt: skip
    if preset == "maya":
        check_tree(scene)
    if preset == "blender":
        check_pictures(scene, asset)


def check_tree(scene: dict[str, Any]) -> None:
    nodes = [node for mesh in scene["meshes"] for node in mesh["instances"]]
    assert {node["name"]: node["parent"] for node in nodes} == {
        "Ell_LOD0": "Ell_levels", "Ell_LOD1": "Ell_levels", "Ell_LOD2": "Ell_levels", "Arm": "Ell",
        "Mirrored": "", "UCX_Ell_LOD0_01": "", "UCX_Ell_LOD0_02": "",
    }  # fmt: skip
    assert {node["mode"] for node in nodes} == {0}, "a child takes the whole place of its parent"
    (distances,) = scene["levels"]
    assert distances[0] == 0.0
    assert distances == sorted(distances)
    assert len(distances) == 3


def check_pictures(scene: dict[str, Any], asset: Scene) -> None:
    paint = asset.nodes[0].mesh.materials[0]
    found = {
        name.rpartition("_")[2]: pixels(base64.b64decode(content))
        for name, content in scene["textures"].items()
    }
    np.testing.assert_array_equal(found["BaseColor.png"], pixels(paint.base_color_texture.data))
    np.testing.assert_array_equal(found["Normal.png"], pixels(paint.normal_map.data))
    light = linear_of(pixels(paint.emissive_texture.data) / 255.0) * np.array(paint.emissive)
    np.testing.assert_allclose(found["Emissive.png"], encoded_of(light) * 255, atol=0.51)
    surface = pixels(paint.metallic_roughness_texture.data)
    np.testing.assert_array_equal(found["Roughness.png"], surface[..., 1])
    np.testing.assert_array_equal(found["Metallic.png"], surface[..., 2])


def test_only_geometry_with_materials_says_which_its_faces_have(files: dict[str, Path]) -> None:
    """Autodesk's reader warns of a "reference to missing surface material" else."""
    data = files["maya"].read_bytes()
    geometries, hulls = data.count(b"\0\1Geometry"), 2
    assert data.count(b"LayerElementMaterial") == 2 * (geometries - hulls)


def test_unreal_gets_packed_pictures_beside_the_file_and_its_normals(
    files: dict[str, Path], asset: Scene
) -> None:
    beside = {path.name.rpartition("_")[2]: path for path in files["unreal"].parent.glob("made_unreal_*.png")}
    assert set(beside) == {"BaseColor.png", "Normal.png", "Emissive.png", "ORM.png"}
    paint = asset.nodes[0].mesh.materials[0]
    surface, shade = pixels(paint.metallic_roughness_texture.data), pixels(paint.occlusion_texture.data)
    packed = pixels(beside["ORM.png"].read_bytes())
    np.testing.assert_array_equal(
        packed, np.stack([shade[..., 0], surface[..., 1], surface[..., 2]], axis=-1)
    )
    normal, flipped = pixels(paint.normal_map.data), pixels(beside["Normal.png"].read_bytes())
    np.testing.assert_array_equal(flipped[..., 1], 255 - normal[..., 1])
    np.testing.assert_array_equal(flipped[..., [0, 2]], normal[..., [0, 2]])


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize("preset", ["maya", "3dsmax"])
def test_godot_imports_them(asset: Scene, godot: dict[str, Any], preset: str) -> None:
    """Godot 3 numbers the names anew and leaves a file's up axis as it is."""
    found = list(godot_parts(godot[f"god_{preset}"]).values())
    wanted = [turned(part, preset) for part in parts_of(asset).values()]
    assert len(found) == len(wanted)
    for part in wanted:
        (best,) = [each for each in found if is_same(each, part)]
        found.remove(best)


def is_same(found: Part, wanted: Part) -> bool:
    try:
        assert_same_part(found, wanted, coarse=True)
    except AssertionError:
        return False
    return True
