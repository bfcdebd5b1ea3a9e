"""Baked maps say what the detailed surface is, in the frames of the simple one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.bake.dilate import dilated
from orfeas_desktop.engine.bake.maps import Map
from orfeas_desktop.engine.mesh.distance import sampled_spots
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.layout import atlas_layout
from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Mesh, Texture
from orfeas_desktop.engine.mesh.normals import vertex_normals
from orfeas_desktop.engine.mesh.textures import pixels_of
from orfeas_desktop.engine.tools.bake import BAKE
from orfeas_desktop.errors import MeshUnfit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Run = Callable[..., Any]

ONLY = dict.fromkeys(("normal", "occlusion", "base_color", "rough_metal"), False)


def turned(profile: list[tuple[float, float]], turns: int) -> Mesh:
    """A closed body of revolution about y from (radius, height) points, top to bottom, ends on the axis."""
    points = np.array(profile)
    angle = np.linspace(0, 2 * np.pi, turns, endpoint=False)
    x, z = points[:, :1] * np.sin(angle), points[:, :1] * np.cos(angle)
    y = np.broadcast_to(points[:, 1:], x.shape)
    at = np.arange(x.size).reshape(x.shape)
    at[0], at[-1] = at[0, 0], at[-1, 0]
    beside = np.roll(at, -1, axis=1)
    quads = np.stack([at[:-1], at[1:], beside[1:], beside[:-1]], axis=-1).reshape(-1, 4)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    proper = (faces != np.roll(faces, 1, axis=1)).all(axis=1)
    places = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    return Mesh(places.astype(np.float32), faces[proper].astype(np.int32))


def sphere(rings: int, turns: int, radius: float = 1.0) -> Mesh:
    theta = np.linspace(0, np.pi, rings)
    return turned([(radius * np.sin(t), radius * np.cos(t)) for t in theta.tolist()], turns)


def laid(mesh: Mesh, side: int = 256) -> Mesh:
    layout = atlas_layout(mesh.vertices, mesh.faces, side, 4)
    return Mesh(mesh.vertices[layout.rows], layout.faces, uvs=(layout.uv,))


def at_spots(mesh: Mesh, texture: Texture, count: int = 4000) -> tuple[NDArray[np.int64], Any, Any]:
    """Faces, weights and texels 0..1 at points of the surface, the nearest texel taken."""
    faces, weights = sampled_spots(mesh, count)
    uv = np.einsum("nc,ncd->nd", weights, mesh.uvs[texture.uv_set][mesh.faces[faces]].astype(float))
    pixels = pixels_of(texture)
    column, row = (np.floor(uv * pixels.shape[1::-1]).astype(int) % pixels.shape[1::-1]).T
    return faces, weights, pixels[row, column] / 255.0


def shaded(mesh: Mesh, texture: Texture) -> tuple[Any, Any]:
    """Points of the surface and the normals a glTF renderer computes there, as the format defines it."""
    faces, weights, texels = at_spots(mesh, texture)

    def between(rows: Any) -> Any:
        return np.einsum("nc,ncd->nd", weights, rows[mesh.faces[faces]].astype(float))

    up, along = between(mesh.normals), between(mesh.tangents)
    across = np.cross(up, along[:, :3]) * np.sign(along[:, 3:])
    told = texels[:, :3] * 2 - 1
    out = along[:, :3] * told[:, :1] + across * told[:, 1:2] + up * told[:, 2:]
    return between(mesh.vertices), out / np.linalg.norm(out, axis=1, keepdims=True)


def degrees(first: Any, second: Any) -> Any:
    return np.degrees(np.arccos(np.clip(np.einsum("nd,nd->n", first, second), -1, 1)))


def test_what_is_baked_so_far_is_shown(make_context: Callable[..., Any], tmp_path: Path) -> None:
    write_glb(laid(sphere(9, 14)), tmp_path / "low.glb")
    write_glb(sphere(30, 40), tmp_path / "high.glb")
    low, high = (local_file(tmp_path / f"{name}.glb", AssetKind.mesh) for name in ("low", "high"))
    context = make_context()
    settings = BAKE.params.check("bake", {"texture_side": 1100, "rays": 4})
    BAKE.run({"mesh": (low,), "other": (high,)}, settings, context)
    first, *others = context.previews
    with Image.open(first) as picture:
        assert (picture.mode, max(picture.size)) == ("RGBA", 367)
        seen = np.asarray(picture)
        assert 0.02 < (seen[..., 3] == 255).mean() < 0.5
        assert np.ptp(seen[seen[..., 3] == 255, :3], axis=0).max() > 5
    assert len({first, *others}) == len(context.previews)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_coarse_ball_is_shaded_like_a_fine_one(run_tool: Run, mirrored: bool) -> None:
    low, high = laid(sphere(9, 14)), sphere(80, 120, 1000.0).changed(metres_per_unit=0.001)
    if mirrored:
        left = (low.vertices[low.faces].mean(axis=1)[:, 0] < 0)[:, None, None]
        corners = np.where(
            left, low.uvs[0][low.faces] * np.float32([-1, 1]) + np.float32([1, 0]), low.uvs[0][low.faces]
        )
        low = Mesh(
            low.vertices[low.faces].reshape(-1, 3),
            np.arange(3 * low.face_count, dtype=np.int32).reshape(-1, 3),
            uvs=((corners * np.float32([0.5, 1]) + left * np.float32([0.5, 0])).reshape(-1, 2),),
        )
    ran = run_tool("bake", low, high, **ONLY | {"normal": True, "texture_side": 256})
    material = ran.mesh.materials[0]
    points, normals = shaded(ran.mesh, material.normal_map)
    truth = points / np.linalg.norm(points, axis=1, keepdims=True)
    wrong = degrees(normals, truth)
    assert np.median(wrong) < 1.0
    assert np.quantile(wrong, 0.99) < 4.0
    assert np.abs(ran.mesh.tangents[:, 3]).min() == 1
    assert ran.facts["missed_percent"] < 0.1
    assert ran.facts["maps"] == "normal"
    assert ran.warnings == []


def test_green_points_up_in_gltf_and_down_for_directx(run_tool: Run) -> None:
    places = np.float32([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    uv = np.stack([(1 + places[:, 0]) / 2, (1 - places[:, 1]) / 2], axis=1)
    square = Mesh(places, np.int32([[0, 1, 2], [0, 2, 3]]), uvs=(uv,))
    lean = np.tile(np.float32([0.0, 0.6, 0.8]), (4, 1))
    ran = run_tool(
        "bake",
        square,
        square.changed(normals=lean),
        **ONLY | {"normal": True, "texture_side": 64, "green": "directx"},
    )
    pixels = pixels_of(ran.mesh.materials[0].normal_map)
    np.testing.assert_allclose(pixels[32, 32, :3], [128, 204, 230], atol=1)
    np.testing.assert_allclose(ran.maps["mesh-normal-directx.png"][32, 32], [128, 51, 230], atol=1)


def test_a_cup_is_darker_inside(run_tool: Run) -> None:
    cup = turned([(0, 0.1), (0.9, 0.1), (0.9, 2.0), (1.0, 2.0), (1.0, 0.0), (0.0, 0.0)], 24)
    low = laid(cup)
    ran = run_tool("bake", low, cup, **ONLY | {"occlusion": True, "texture_side": 128, "rays": 24})
    texture = ran.mesh.materials[0].occlusion_texture
    faces, weights, texels = at_spots(ran.mesh, texture)
    points = np.einsum("nc,ncd->nd", weights, ran.mesh.vertices[ran.mesh.faces[faces]].astype(float))
    radius = np.hypot(points[:, 0], points[:, 2])
    bottom = (radius < 0.8) & (np.abs(points[:, 1] - 0.1) < 0.02)
    outside = (radius > 0.98) & (points[:, 1] > 0.3) & (points[:, 1] < 1.9)
    assert texels[bottom, 0].mean() < 0.4
    assert texels[outside, 0].mean() > 0.95
    assert ran.mesh.materials[0].metallic_roughness_texture is None


def test_colours_roughness_and_glow_come_over(run_tool: Run) -> None:
    high = sphere(60, 90)
    colors = np.full((high.vertex_count, 4), 255, np.uint8)
    colors[:, :3] = np.rint(127.5 + 127.5 * high.vertices)
    above = (high.vertices[high.faces].mean(axis=1)[:, 1] > 0).astype(np.int32)
    dull = Material("dull", roughness=0.9, metallic=0.0, emissive=(0.0, 0.5, 0.0))
    steel = Material(
        "steel", base_color=(0.5, 0.5, 0.5, 1.0), roughness=0.2, metallic=1.0, alpha_mode=AlphaMode.mask
    )
    high = high.changed(colors=colors, face_materials=above, materials=(dull, steel))
    low = laid(sphere(16, 24))
    low = low.changed(colors=np.full((low.vertex_count, 4), 9, np.uint8))
    ran = run_tool("bake", low, high, texture_side=256, samples="4", rays=4)
    (material,) = ran.mesh.materials
    assert ran.mesh.colors is None
    assert material.alpha_mode is AlphaMode.mask
    assert material.occlusion_texture == material.metallic_roughness_texture
    faces, weights, texels = at_spots(ran.mesh, material.base_color_texture)
    points = np.einsum("nc,ncd->nd", weights, ran.mesh.vertices[ran.mesh.faces[faces]].astype(float))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    lower, upper = points[:, 1] < -0.1, points[:, 1] > 0.1
    np.testing.assert_allclose(
        texels[lower, :3].mean(axis=0), (0.5 + 0.5 * points[lower]).mean(axis=0), atol=0.01
    )
    assert np.abs(texels[lower, :3] - (0.5 + 0.5 * points[lower])).max() < 0.06
    packed = at_spots(ran.mesh, material.metallic_roughness_texture)[2]
    np.testing.assert_allclose(packed[lower, 1:3], [[0.9, 0.0]] * lower.sum(), atol=0.01)
    np.testing.assert_allclose(packed[upper, 1:3], [[0.2, 1.0]] * upper.sum(), atol=0.01)
    glow = at_spots(ran.mesh, material.emissive_texture)[2]
    np.testing.assert_allclose(glow[lower, 1], 0.735, atol=0.01)
    np.testing.assert_allclose(glow[upper, 1], 0.0, atol=0.01)


def test_no_black_shows_at_seams(run_tool: Run) -> None:
    """Every texel a bilinear or minified look at the surface can touch has the surface's colour."""
    high = sphere(20, 30).changed(materials=(Material(base_color=(0.5, 0.5, 0.5, 1.0)),))
    ran = run_tool("bake", laid(sphere(10, 16)), high, **ONLY | {"base_color": True, "texture_side": 200})
    pixels = pixels_of(ran.mesh.materials[0].base_color_texture)
    assert np.abs(pixels[..., :3].astype(int) - 188).max() <= 1
    assert pixels[..., 3].min() == 255


def test_texels_beside_charts_take_the_nearest_value() -> None:
    random = np.random.default_rng(1)
    known = np.zeros((1100, 40), bool)
    known[1000:1060, 10:20] = True
    values = random.integers(1, 255, (1100, 40, 1)).astype(np.uint8)
    picture = np.where(known[..., None], values, 0).astype(np.uint8)
    dilated({Map.thickness: picture}, known, 5, {}, lambda share: None)
    assert (picture[1020, 5:10, 0] == values[1020, 10, 0]).all()
    assert (picture[1020, 20:25, 0] == values[1020, 19, 0]).all()
    rest = round(values[known].mean())
    assert (picture[:990] == rest).all()
    assert (picture[1020, 26:] == rest).all()
    np.testing.assert_array_equal(picture[known], values[known])
    blank = np.zeros((4, 4, 1), np.uint8)
    dilated({Map.thickness: blank}, np.zeros((4, 4), bool), 5, {}, lambda share: None)
    assert (blank == 255).all()


def test_thickness_and_curvature_of_a_ball_are_known(run_tool: Run) -> None:
    high = sphere(60, 90, 20.0).changed(metres_per_unit=0.001)
    low = laid(high)
    settings = ONLY | {"thickness": True, "curvature": True, "texture_side": 128, "thickness_reach": 100}
    ran = run_tool("bake", low.changed(metres_per_unit=0.001), high, **settings)
    assert ran.facts["full_curvature_per_mm"] == pytest.approx(1 / 20, rel=0.1)
    thickness = ran.maps["mesh-thickness.png"].astype(float) / 255
    # cosine-weighted chords of a ball are 4/3 r on average; the size is the diagonal of its box
    assert np.median(thickness) == pytest.approx(4 / 3 / (2 * 3**0.5), rel=0.06)
    assert np.median(ran.maps["mesh-curvature.png"]) > 240
    assert ran.mesh.materials[0] == Material("material", roughness=0.85)


def test_materials_whose_layouts_overlap_get_textures_of_their_own(run_tool: Run) -> None:
    places = np.float32([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    uv = np.stack([(1 + places[:, 0]) / 2, (1 - places[:, 1]) / 2], axis=1)
    both = Mesh(
        np.concatenate([places, places + np.float32([3, 0, 0])]),
        np.int32([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]),
        uvs=(np.zeros((8, 2), np.float32), np.concatenate([uv, uv + 2])),
        materials=(Material("left"), Material("unused"), Material("right")),
        face_materials=np.int32([0, 0, 2, 2]),
    )
    colors = np.uint8([[255, 0, 0, 255]] * 4 + [[0, 0, 255, 255]] * 4)
    ran = run_tool(
        "bake",
        both,
        both.changed(colors=colors),
        uv_set=1,
        texture_side=64,
        rays=4,
        thickness=True,
        green="directx",
    )
    left, unused, right = ran.mesh.materials
    assert unused == Material("unused")
    assert left.base_color_texture.uv_set == 1
    assert (pixels_of(left.base_color_texture)[..., :3] == [255, 0, 0]).all()
    assert (pixels_of(right.base_color_texture)[..., :3] == [0, 0, 255]).all()
    assert sorted(ran.maps) == [
        "mesh-normal-directx-1.png",
        "mesh-normal-directx-2.png",
        "mesh-thickness-1.png",
        "mesh-thickness-2.png",
    ]
    with pytest.raises(MeshUnfit, match="Unwrap"):
        run_tool("bake", both, both)


def test_a_normal_map_of_the_detailed_mesh_counts(run_tool: Run, ball: Mesh) -> None:
    ran = run_tool("bake", ball, ball, **ONLY | {"normal": True, "texture_side": 128})
    old = ball.materials[0].normal_map
    assert old is not None
    told = at_spots(ran.mesh, ran.mesh.materials[0].normal_map)[2][:, :3] * 2 - 1
    meant = at_spots(ball, old)[2][:, :3] * 2 - 1
    lower = np.isin(at_spots(ran.mesh, old)[0], np.flatnonzero(ran.mesh.face_materials == 0))
    meant /= np.linalg.norm(meant, axis=1, keepdims=True)
    assert (
        np.median(degrees(told[lower], meant[lower])) < 8
    )  # a texel of the 16 × 8 picture is 9 degrees wide


def test_an_inside_out_mesh_is_turned_and_one_elsewhere_refused(run_tool: Run) -> None:
    low, high = laid(sphere(9, 14)), sphere(40, 60)
    inner = high.changed(faces=high.faces[:, ::-1].copy())
    inner = inner.changed(normals=vertex_normals(inner))
    ran = run_tool("bake", low, inner, **ONLY | {"normal": True, "texture_side": 128})
    points, normals = shaded(ran.mesh, ran.mesh.materials[0].normal_map)
    assert np.median(degrees(normals, points / np.linalg.norm(points, axis=1, keepdims=True))) < 2
    assert ran.warnings == ["The other mesh looked inside out and was turned."]
    with pytest.raises(MeshUnfit, match="nowhere near"):
        run_tool("bake", low, high.changed(vertices=high.vertices + np.float32(50)))
    with pytest.raises(MeshUnfit, match="no texture layout"):
        run_tool("bake", sphere(9, 14), high)
    line = low.changed(uvs=(np.repeat(low.uvs[0][:, :1], 2, axis=1),))
    with pytest.raises(MeshUnfit, match="covers no texel"):
        run_tool("bake", line, high)
    with pytest.raises(MeshUnfit, match="nothing to bake"):
        run_tool("bake", low, high, **ONLY | {"base_color": True})


def test_what_finds_nothing_is_told(run_tool: Run) -> None:
    low = laid(sphere(12, 18))
    high = sphere(40, 60)
    half = high.changed(faces=high.faces[high.vertices[high.faces].mean(axis=1)[:, 1] > 0])
    ran = run_tool("bake", low, half, **ONLY | {"normal": True, "texture_side": 64, "reach": 5})
    assert 40 < ran.facts["missed_percent"] < 60
    assert ran.facts["reach_percent"] == 5
    assert "neighbours fill it" in ran.warnings[0]
