"""GLB files, judged by the Khronos validator, assimp and Godot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.scene.reading import read_scene
from tests.engine.exporters.readers import (
    assert_same,
    assimp_parts,
    assimp_scene,
    gltf_report,
    godot_parts,
    parts_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.scene.scene import Scene

STYLES: dict[str, dict[str, Any]] = {
    "plain": {},
    "nodes": {"levels": "nodes", "pieces": True},
    "none": {"levels": "none", "recipe": False},
    "jpeg": {"texture_format": "jpeg", "texture_side": "512"},
    "webp": {"texture_format": "webp"},
    "tangents": {"tangents": True},
}


@pytest.fixture(scope="module")
def files(
    asset_file: Path, tmp_path_factory: pytest.TempPathFactory, exported: Callable[..., Path]
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("glb")
    return {name: exported("glb", asset_file, folder, name=name, **style) for name, style in STYLES.items()}


@pytest.mark.parametrize("style", STYLES)
def test_the_validator_finds_no_errors(files: dict[str, Path], style: str) -> None:
    report = gltf_report(files[style])
    assert report["issues"]["numErrors"] == 0, report["issues"]["messages"]
    warned = {issue["code"] for issue in report["issues"]["messages"] if issue["severity"] == 1}
    assert warned <= (set() if style == "tangents" else {"MESH_PRIMITIVE_GENERATED_TANGENT_SPACE"})


def test_assimp_and_godot_find_everything_in_its_place(
    files: dict[str, Path], asset: Scene, tmp_path: Path, godot: dict[str, Any]
) -> None:
    wanted = parts_of(asset)
    assert_same(assimp_parts(assimp_scene(files["nodes"], tmp_path)), wanted)
    found = godot_parts(godot["god_glb"])
    assert_same(found, wanted, coarse=True)


@pytest.mark.parametrize("style", ["plain", "nodes", "webp", "tangents"])
def test_it_is_read_as_it_was(files: dict[str, Path], asset: Scene, style: str) -> None:
    read = read_scene(local_file(files[style], AssetKind.mesh))
    assert read.levels() == asset.levels()
    assert dict(read.extras) == dict(asset.extras)
    finest = parts_of(read, levels="{name}_LOD{level}")
    assert_same(finest, {name: part for name, part in parts_of(asset).items() if name in finest})
    assert (read.nodes[0].mesh.tangents is not None) is (style == "tangents")
