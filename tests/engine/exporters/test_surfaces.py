"""Pictures as engines want them, see-through materials, tangents, and files that cannot be read."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.reread import plain, reread
from orfeas_desktop.engine.formats.surface_pictures import Picture, Role, SurfacePictures
from orfeas_desktop.engine.formats.unity_materials import Pipeline, material_file
from orfeas_desktop.engine.mesh.files import read_mesh
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Mesh, Polygons, Texture
from orfeas_desktop.engine.render.likeness import likeness
from tests.engine.exporters.conftest import PAINT, picture
from tests.engine.exporters.readers import ufbx_scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def pixels(made: Picture | None) -> np.ndarray:
    assert made is not None
    with Image.open(io.BytesIO(made.data)) as image:
        return np.asarray(image)


def test_a_picture_is_made_once_and_only_where_there_are_uvs() -> None:
    makers = SurfacePictures()
    assert makers.picture(PAINT, Role.base_color, 0) is None
    assert makers.picture(PAINT, Role.roughness, 1) is makers.picture(PAINT, Role.roughness, 2)
    assert makers.picture(Material(), Role.orm, 1) is None
    assert makers.picture(PAINT, Role.opacity, 1) is None


def test_one_channel_alone_and_webp_as_png() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (4, 4), (10, 20, 30, 40)).save(out, "WEBP", lossless=True)
    glass = Material(base_color_texture=Texture(out.getvalue(), "image/webp"), alpha_mode=AlphaMode.blend)
    makers = SurfacePictures()
    assert set(np.unique(pixels(makers.picture(glass, Role.opacity, 1)))) == {40}
    base = makers.picture(glass, Role.base_color, 1)
    assert base is not None
    assert base.suffix == ".png"
    shade = makers.picture(PAINT, Role.occlusion, 1)
    assert sorted(np.unique(pixels(shade))) == [100, 150, 200, 250]


def test_factors_and_missing_or_smaller_pictures_are_packed_in() -> None:
    makers = SurfacePictures()
    only_shade = Material(
        occlusion_texture=PAINT.occlusion_texture, roughness=0.5, metallic=0.25, occlusion_strength=0.5
    )
    packed = pixels(makers.picture(only_shade, Role.orm, 1))
    assert sorted(np.unique(packed[..., 0])) == pytest.approx([178, 202, 228, 252], abs=1)
    assert set(np.unique(packed[..., 1])) == {128}
    assert set(np.unique(packed[..., 2])) == {64}
    only_metal = replace(PAINT, occlusion_texture=None)
    assert set(np.unique(pixels(makers.picture(only_metal, Role.orm, 1))[..., 0])) == {255}
    small = replace(PAINT, occlusion_texture=picture((9, 0, 0), (9, 0, 0), (9, 0, 0), (9, 0, 0), size=8))
    assert pixels(makers.picture(small, Role.orm, 1)).shape == (16, 16, 3)
    other_set = replace(PAINT, occlusion_texture=replace(PAINT.occlusion_texture, uv_set=1))
    assert set(np.unique(pixels(makers.picture(other_set, Role.orm, 2))[..., 0])) == {255}


@pytest.mark.parametrize("pipeline", list(Pipeline))
@pytest.mark.parametrize(
    ("mode", "queue", "tag"),
    [(AlphaMode.mask, 2450, "TransparentCutout"), (AlphaMode.blend, 3000, "Transparent")],
)
def test_see_through_materials(pipeline: Pipeline, mode: AlphaMode, queue: int, tag: str) -> None:
    text = material_file("Glass", Material(alpha_mode=mode, double_sided=True), {}, pipeline)
    assert f"m_CustomRenderQueue: {queue}" in text
    assert f"RenderType: {tag}" in text
    assert "_ALPHATEST_ON" in text or mode is AlphaMode.blend


def test_an_fbx_can_hold_tangents_and_a_torn_one_holds_nothing(
    asset_file: Path, tmp_path: Path, exported: Callable[..., Path]
) -> None:
    path = exported("fbx", asset_file, tmp_path, tangents=True, textures="none", pieces=False, levels=False)
    scene: dict[str, Any] = ufbx_scene(path)
    assert [mesh["tangents"] for mesh in scene["meshes"]] == [True, True]
    assert not scene["textures"]
    reader = EXPORTERS["fbx"].read_back
    assert reader(path).faces > 0
    path.write_bytes(path.read_bytes()[:3000])
    assert reader(path).faces == 0


@pytest.fixture(scope="module")
def quads(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mesh]:
    """A sheet of 15 quads and two triangles with UVs, and its file."""
    side = np.arange(5)
    flat = np.stack(np.meshgrid(side, side, [0]), axis=-1).reshape(-1, 3).astype(np.float32)
    number = np.arange(25).reshape(5, 5)
    corners = np.stack([number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]], axis=-1)
    four = corners.reshape(-1, 4).astype(np.int32)
    polygons = Polygons(
        np.array([*range(0, 4 * 15 + 1, 4), 63, 66], np.int32),
        np.concatenate([four[:15].reshape(-1), four[15, [0, 1, 2]], four[15, [0, 2, 3]]]),
    )
    faces = np.concatenate([four[:, [0, 1, 2]], four[:, [0, 2, 3]]], axis=1).reshape(-1, 3)
    mesh = Mesh(flat, faces, uvs=(flat[:, :2] / 4,), polygons=polygons, name="sheet")
    path = tmp_path_factory.mktemp("quads") / "sheet.glb"
    write_glb(mesh, path)
    return path, mesh


def test_quads_stay_in_obj_and_in_fbx_for_programs_that_model(
    quads: tuple[Path, Mesh], exported: Callable[..., Path], tmp_path: Path
) -> None:
    path, mesh = quads
    assert mesh.polygons is not None
    obj = exported("obj", path, tmp_path, name="obj")
    lines = [line.split()[1:] for line in obj.read_text().splitlines() if line.startswith("f ")]
    assert sorted(map(len, lines)) == [3, 3, *[4] * 15]
    read = read_mesh(obj)
    assert read.polygons is not None
    assert sorted(np.diff(read.polygons.offsets).tolist()) == [3, 3, *[4] * 15]
    for preset, faces in (("blender", 17), ("maya", 17), ("3dsmax", 17), ("unity", 32), ("unreal", 32)):
        fbx = exported("fbx", path, tmp_path, name=preset, preset=preset)
        (found,) = ufbx_scene(fbx)["meshes"]
        assert found["faces"] == faces
        places, uv = np.array(found["place"]), np.array(found["uv"])
        assert len(places) == (66 if faces == 17 else 96)
        assert len(np.unique(np.round(np.concatenate([places, uv], axis=1), 4), axis=0)) == 25


@pytest.mark.parametrize(
    "entry", ["gltf", "fbx", "unity-package", "datasmith", "godot", "usd", "usdz", "obj", "ply"]
)
def test_vertex_colours_without_uvs_look_the_same(
    entry: str, cube: Mesh, exported: Callable[..., Path], tmp_path: Path
) -> None:
    shades = np.random.default_rng(1).integers(0, 255, (8, 4)).astype(np.uint8)
    shades[:, 3] = 255
    mesh = cube.changed(colors=shades)
    write_glb(mesh, tmp_path / "in.glb")
    found = reread(exported(entry, tmp_path / "in.glb", tmp_path, name="made"))
    assert found is not None
    assert likeness(plain(mesh), plain(found.mesh)).color <= 0.02
