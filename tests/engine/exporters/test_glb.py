"""GLB files, judged by the Khronos validator, assimp and Godot."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.mesh.glb import read_glb, read_gltf, write_glb
from orfeas_desktop.engine.mesh.textures import pixels_of
from orfeas_desktop.engine.scene.reading import read_scene
from tests.engine.conftest import RecordingContext
from tests.engine.exporters.conftest import PAINT, picture
from tests.engine.exporters.readers import (
    assert_same,
    assimp_parts,
    assimp_scene,
    gltf_report,
    godot_parts,
    parts_of,
    transform_parts,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Scene

STYLES: dict[str, dict[str, Any]] = {
    "plain": {},
    "nodes": {"levels": "nodes", "pieces": True},
    "none": {"levels": "none", "recipe": False},
    "jpeg": {"texture_format": "jpeg", "texture_side": "512"},
    "webp": {"texture_format": "webp"},
    "tangents": {"tangents": True},
    "packed": {"pack": True},
    "draco": {"compression": "draco", "levels": "nodes", "pieces": True},
    "meshopt": {"compression": "meshopt", "levels": "nodes", "pieces": True, "tangents": True},
}


@pytest.fixture(scope="module")
def files(
    asset_file: Path, tmp_path_factory: pytest.TempPathFactory, exported: Callable[..., Path]
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("glb")
    files = {name: exported("glb", asset_file, folder, name=name, **style) for name, style in STYLES.items()}
    return files | {"gltf": exported("gltf", asset_file, folder, name="gltf")}


@pytest.mark.parametrize("style", [*STYLES, "gltf"])
def test_the_validator_finds_no_errors(files: dict[str, Path], style: str) -> None:
    report = gltf_report(files[style])
    assert report["issues"]["numErrors"] == 0, report["issues"]["messages"]
    warned = {issue["code"] for issue in report["issues"]["messages"] if issue["severity"] == 1}
    assert warned <= (
        set() if "tangents" in STYLES.get(style, {}) else {"MESH_PRIMITIVE_GENERATED_TANGENT_SPACE"}
    )


def test_assimp_and_godot_find_everything_in_its_place(
    dark_file: Path, exported: Callable[..., Path], asset: Scene, tmp_path: Path, godot: dict[str, Any]
) -> None:
    wanted = parts_of(asset)
    path = exported("glb", dark_file, tmp_path, **STYLES["nodes"])
    assert_same(assimp_parts(assimp_scene(path, tmp_path)), wanted)
    found = godot_parts(godot["god_glb"])
    assert_same(found, wanted, coarse=True)


@pytest.mark.parametrize("style", ["plain", "nodes", "webp", "tangents", "packed"])
def test_it_is_read_as_it_was(files: dict[str, Path], asset: Scene, style: str) -> None:
    read = read_scene(local_file(files[style], AssetKind.mesh))
    assert read.levels() == asset.levels()
    assert dict(read.extras) == dict(asset.extras)
    finest = parts_of(read, levels="{name}_LOD{level}")
    assert_same(finest, {name: part for name, part in parts_of(asset).items() if name in finest})
    assert (read.nodes[0].mesh.tangents is not None) is (style == "tangents")


def test_independent_decoders_find_compressed_geometry(
    files: dict[str, Path], asset: Scene, dark_file: Path, tmp_path: Path, exported: Callable[..., Path]
) -> None:
    wanted = parts_of(asset)
    dark = exported("glb", dark_file, tmp_path, name="dark", **STYLES["draco"])
    draco = assimp_parts(assimp_scene(dark, tmp_path))
    for found in (draco, transform_parts(files["meshopt"])):
        assert_same(found, wanted, coarse=True, places=5e-5)
    for style in ("draco", "meshopt"):
        read = parts_of(read_scene(local_file(files[style], AssetKind.mesh)))
        assert_same(read, wanted, coarse=True, places=5e-5)


@pytest.mark.parametrize(("compression", "reader"), [("draco", "trimesh"), ("meshopt", "Orfeas Desktop")])
def test_compressed_geometry_beside_a_gltf(
    asset_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str, reader: str
) -> None:
    monkeypatch.setenv("PATH", "")  # the report asks no other programs
    context = RecordingContext(tmp_path, tmp_path)
    settings = EXPORTERS["gltf"].params.check("gltf", {"compression": compression, "report": True})
    outputs = EXPORTERS["gltf"].run({"mesh": (local_file(asset_file, AssetKind.mesh),)}, settings, context)
    assert context.facts["verified_by"] == reader
    assert gltf_report(outputs[0].path)["issues"]["numErrors"] == 0
    (report,) = [output.path for output in outputs if output.path.suffix == ".json"]
    assert reader in report.read_text()


def test_occlusion_roughness_and_metal_share_a_picture(files: dict[str, Path], asset: Scene) -> None:
    (paint, _) = read_scene(local_file(files["packed"], AssetKind.mesh)).nodes[0].mesh.materials
    before = asset.nodes[0].mesh.materials[0]
    assert paint.occlusion_texture == paint.metallic_roughness_texture
    whole = pixels_of(paint.occlusion_texture)
    np.testing.assert_array_equal(whole[..., 0], pixels_of(before.occlusion_texture)[..., 0])
    np.testing.assert_array_equal(whole[..., 1:3], pixels_of(before.metallic_roughness_texture)[..., 1:3])
    (loose, _) = read_scene(local_file(files["plain"], AssetKind.mesh)).nodes[0].mesh.materials
    assert loose == before


def test_a_material_of_many_meshes_is_there_once_and_pictures_have_names(files: dict[str, Path]) -> None:
    said = json.loads(files["gltf"].read_text("utf-8"))
    assert [material["name"] for material in said["materials"]] == ["Red paint", "Steel"]
    assert [image["name"] for image in said["images"]] == [
        "Red paint_base_color", "Red paint_metallic_roughness", "Red paint_normal", "Red paint_occlusion",
        "Red paint_emissive",
    ]  # fmt: skip


def test_pictures_of_other_sizes_or_sets_stay_apart(
    exported: Callable[..., Path], cube: Mesh, tmp_path: Path
) -> None:
    small, large = (
        picture((1, 2, 3), (4, 5, 6), (7, 8, 9), (1, 1, 1), size=8),
        PAINT.metallic_roughness_texture,
    )
    lamp = replace(PAINT, occlusion_texture=small, emissive=(8.0, 4.0, 2.0), emissive_texture=None)
    mesh = cube.changed(materials=(lamp,), uvs=(cube.vertices[:, :2].copy(), cube.vertices[:, 1:].copy()))
    write_glb(mesh, tmp_path / "in.glb")
    path = exported("glb", tmp_path / "in.glb", tmp_path, name="lamp", pack=True)
    assert gltf_report(path)["issues"]["numErrors"] == 0
    (found,) = read_glb(path).materials
    assert found.occlusion_texture == small
    assert found.metallic_roughness_texture == large
    assert found.emissive == (8.0, 4.0, 2.0)


def test_a_gltf_has_its_files_beside_it(files: dict[str, Path], asset: Scene) -> None:
    path = files["gltf"]
    beside = {file.name for file in path.parent.iterdir()}
    assert beside == {
        "gltf.gltf", "gltf.bin", "gltf_1.png", "gltf_2.png", "gltf_3.png", "gltf_4.png", "gltf_5.png", "gltf-NOTICE.txt",
    }  # fmt: skip
    assert read_gltf(path).face_count == sum(asset.levels()[:1])
