"""OBJ, STL and PLY files of a tree, judged by assimp and admesh."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from orfeas_desktop.engine.scene.flatten import flat_mesh
from tests.engine.exporters.readers import (
    Part,
    assert_same,
    assert_same_part,
    assimp_parts,
    assimp_scene,
    parts_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.scene.scene import Scene


def test_obj_names_every_part(
    asset_file: Path, asset: Scene, tmp_path: Path, exported: Callable[..., Path]
) -> None:
    path = exported("obj", asset_file, tmp_path, name="flat", unit="cm")
    found = assimp_parts(assimp_scene(path, tmp_path))
    wanted = {
        name: part
        for name, part in parts_of(asset, levels="{name}{level}").items()
        if not name.startswith("UCX")
    }
    finest = {name.removesuffix("0"): part for name, part in wanted.items() if not name.endswith(("1", "2"))}
    assert_same(found, finest, unit=100.0)


def test_stl_and_ply_hold_the_whole_tree(
    asset_file: Path, asset: Scene, tmp_path: Path, exported: Callable[..., Path]
) -> None:
    flat = flat_mesh(asset)
    wanted = Part(flat.vertices[flat.faces], flat.normals[flat.faces], flat.uvs[0][flat.faces])
    ply = assimp_parts(assimp_scene(exported("ply", asset_file, tmp_path, name="ply"), tmp_path))
    (part,) = ply.values()
    assert_same_part(part, wanted, uvs=False)
    stl = exported("stl", asset_file, tmp_path, name="stl", up="y", floor=False)
    (part,) = assimp_parts(assimp_scene(stl, tmp_path)).values()
    assert_same_part(part, wanted, unit=1000.0, uvs=False)
    said = subprocess.run(["admesh", str(stl)], capture_output=True, text=True, check=True).stdout
    facets = re.search(r"Number of facets\s*:\s*(\d+)", said)
    assert facets is not None
    assert int(facets[1]) == flat.face_count
