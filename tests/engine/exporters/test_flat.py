"""OBJ, STL, PLY and 3MF files of a tree, judged by assimp, admesh and lib3mf."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np
from PIL import Image

from orfeas_desktop.engine.mesh.sample import surface_colors
from orfeas_desktop.engine.mesh.textures import pixels_of
from orfeas_desktop.engine.scene.flatten import flat_mesh
from tests.engine.exporters.readers import (
    Part,
    assert_same,
    assert_same_part,
    assimp_parts,
    assimp_scene,
    parts_of,
)
from tests.printing_files import read_model

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
    ply = assimp_scene(exported("ply", asset_file, tmp_path, name="ply"), tmp_path)
    (part,) = assimp_parts(ply).values()
    assert_same_part(part, wanted, uvs=False)
    colors = np.rint(np.array(ply["meshes"][0]["colors"][0]).reshape(-1, 4) * 255)
    np.testing.assert_array_equal(colors, surface_colors(flat))
    assert len(np.unique(colors, axis=0)) > 4
    stl = exported("stl", asset_file, tmp_path, name="stl", up="y", floor=False)
    (part,) = assimp_parts(assimp_scene(stl, tmp_path)).values()
    assert_same_part(part, wanted, unit=1000.0, uvs=False)
    said = subprocess.run(["admesh", str(stl)], capture_output=True, text=True, check=True).stdout
    facets = re.search(r"Number of facets\s*:\s*(\d+)", said)
    assert facets is not None
    assert int(facets[1]) == flat.face_count


def test_3mf_holds_every_part_in_millimetres_on_the_floor(
    asset_file: Path, asset: Scene, tmp_path: Path, exported: Callable[..., Path]
) -> None:
    """lib3mf, strict: names, places, handedness, and the pixels of the texture where it lies."""
    path = exported("3mf", asset_file, tmp_path, name="print")
    model = read_model(path)
    bodies = model.GetMeshObjects()
    found: dict[str, Part] = {}
    while bodies.MoveNext():
        body = bodies.GetCurrentMeshObject()
        places = np.array([tuple(row.Coordinates) for row in body.GetVertices()])
        faces = np.array([tuple(row.Indices) for row in body.GetTriangleIndices()])
        found[body.GetName()] = Part(places[faces], places[faces] * 0, None)
    turn = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    finest = {name.removesuffix("_LOD0"): part for name, part in parts_of(asset).items() if name in (
        "Ell_LOD0", "Arm", "Mirrored")}  # fmt: skip
    floor = [0, 0, min((part.places @ turn.T)[..., 2].min() for part in finest.values())]
    wanted = {
        name: Part(part.places @ turn.T - floor, part.normals * 0, None) for name, part in finest.items()
    }
    assert_same(found, wanted, unit=1000.0)
    paint = asset.nodes[0].mesh.materials[0]
    with ZipFile(path) as package:
        assert package.read("3D/Textures/texture1.png") == paint.base_color_texture.data


def test_pictures_of_an_obj_have_the_pixels_they_had(
    asset_file: Path, asset: Scene, tmp_path: Path, exported: Callable[..., Path]
) -> None:
    folder = exported("obj", asset_file, tmp_path, name="flat").parent
    paint = asset.nodes[0].mesh.materials[0]
    surface = pixels_of(paint.metallic_roughness_texture)
    for name, wanted in (
        ("base_color", pixels_of(paint.base_color_texture)[..., :3]),
        ("normal", pixels_of(paint.normal_map)[..., :3]),
        ("emissive", pixels_of(paint.emissive_texture)[..., :3]),
        ("roughness", surface[..., 1]),
        ("metallic", surface[..., 2]),
    ):
        with Image.open(folder / f"flat_Red_paint_{name}.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture), wanted)
