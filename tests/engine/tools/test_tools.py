"""What each tool does to a mesh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.cut import half
from orfeas_desktop.engine.mesh.facts import mesh_facts, signed_volume
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def apply(make_context: Callable[..., Any]) -> Callable[..., Mesh]:
    def run(entry: str, mesh: Mesh, **settings: object) -> Mesh:
        tool = TOOLS[entry]
        return tool.apply(mesh, tool.params.check(entry, settings), make_context()).check()

    return run


@pytest.fixture
def slab(cube: Mesh) -> Mesh:
    """2 × 4 × 6 units of a centimetre, off the origin."""
    return cube.changed(vertices=cube.vertices * np.float32([1, 2, 3]) + np.float32(10), metres_per_unit=0.01)


def test_place_centres_on_the_floor(apply: Callable[..., Mesh], slab: Mesh) -> None:
    placed = apply("place", slab)
    np.testing.assert_allclose(placed.bounds, [[-1, 0, -3], [1, 4, 3]], atol=1e-5)
    assert placed.metres_per_unit == 0.01


def test_place_can_leave_things_alone_or_centre_all_round(apply: Callable[..., Mesh], slab: Mesh) -> None:
    np.testing.assert_allclose(
        apply("place", slab, center=False, floor=False).vertices, slab.vertices, atol=1e-6
    )
    np.testing.assert_allclose(apply("place", slab, floor=False).bounds, [[-1, -2, -3], [1, 2, 3]], atol=1e-5)
    np.testing.assert_allclose(apply("place", slab, center=False).bounds[0], [9, 0, 7], atol=1e-5)


@pytest.mark.parametrize(("measure", "expected"), [("largest", 2), ("width", 0), ("height", 1), ("depth", 2)])
def test_place_scales_to_a_real_size(
    apply: Callable[..., Mesh], slab: Mesh, measure: str, expected: int
) -> None:
    placed = apply("place", slab, size_mm=100, measure=measure)
    assert placed.size_m[expected] == pytest.approx(0.1, rel=1e-5)
    assert np.array(placed.size_m) / placed.size_m[0] == pytest.approx([1, 2, 3], rel=1e-4)


def test_place_cannot_scale_what_is_flat(apply: Callable[..., Mesh], cube: Mesh) -> None:
    flat = cube.changed(vertices=cube.vertices * np.float32([1, 1, 0]))
    with pytest.raises(BadMesh, match="no extent"):
        apply("place", flat, size_mm=5, measure="depth")


@pytest.mark.parametrize(
    ("up", "old_axis", "sign"),
    [("keep", 1, 1), ("down", 1, -1), ("front", 2, 1), ("back", 2, -1), ("right", 0, 1), ("left", 0, -1)],
)
def test_place_turns_the_named_side_up(
    apply: Callable[..., Mesh], cube: Mesh, up: str, old_axis: int, sign: int
) -> None:
    normals = (cube.vertices / np.float32(3**0.5)).astype(np.float32)
    turned = apply("place", cube.changed(normals=normals), up=up, center=False, floor=False)
    np.testing.assert_allclose(turned.vertices[:, 1], sign * cube.vertices[:, old_axis])
    assert turned.normals is not None
    np.testing.assert_allclose(turned.normals * np.float32(3**0.5), turned.vertices, atol=1e-6)
    assert signed_volume(turned) == pytest.approx(8)


def test_smooth_takes_noise_and_keeps_volume_seam_and_texture(apply: Callable[..., Mesh], ball: Mesh) -> None:
    random = np.random.default_rng(0)
    from orfeas_desktop.engine.mesh.weld import welded_ids

    ids = welded_ids(ball.vertices)
    noise = random.normal(scale=0.5, size=(ids.max() + 1, 3)).astype(np.float32)[ids]
    rough = ball.changed(vertices=ball.vertices + noise)
    smooth = apply("smooth", rough, rounds=10)
    before, after = mesh_facts(rough), mesh_facts(smooth)
    assert after.watertight
    assert after.area_m2 < before.area_m2
    assert after.volume_m3 == pytest.approx(before.volume_m3, rel=0.05)
    np.testing.assert_array_equal(smooth.uvs[0], ball.uvs[0])
    spread = np.linalg.norm(rough.vertices, axis=1).std(), np.linalg.norm(smooth.vertices, axis=1).std()
    assert spread[1] < 0.7 * spread[0]


def sheet() -> Mesh:
    x, z = np.meshgrid(np.arange(6), np.arange(6), indexing="ij")
    bumps = np.random.default_rng(3).normal(scale=0.3, size=x.shape)
    at = np.arange(36).reshape(6, 6)
    quads = np.stack([at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]], axis=-1).reshape(-1, 4)
    faces = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    return Mesh(np.stack([x, bumps, z], axis=-1).reshape(-1, 3).astype(np.float32), faces)


def test_smooth_holds_or_follows_open_edges(apply: Callable[..., Mesh]) -> None:
    mesh = sheet()
    x, _, z = mesh.vertices.T
    rim = (x == 0) | (x == 5) | (z == 0) | (z == 5)
    held = apply("smooth", mesh)
    np.testing.assert_array_equal(held.vertices[rim], mesh.vertices[rim])
    assert held.vertices[~rim, 1].std() < mesh.vertices[~rim, 1].std()
    free = apply("smooth", mesh, hold_edges=False)
    assert (free.vertices[rim] != mesh.vertices[rim]).any()


def test_smooth_keeps_creases(apply: Callable[..., Mesh], cube: Mesh) -> None:
    split = cube.vertices[cube.faces].reshape(-1, 3)
    normal = np.cross(split[1::3] - split[::3], split[2::3] - split[::3]).repeat(3, axis=0) / 4
    hard = Mesh(split, np.arange(36, dtype=np.int32).reshape(-1, 3), normals=normal.astype(np.float32))
    smooth = apply("smooth", hard, rounds=1, strength=0.05)
    assert smooth.normals is not None
    assert np.einsum("ij,ij->i", smooth.normals, normal).min() > 0.95


@pytest.mark.parametrize("axis", ["x", "y", "z"])
@pytest.mark.parametrize("keep", ["positive", "negative"])
@pytest.mark.parametrize("weld", [True, False])
def test_mirror_makes_a_closed_symmetric_mesh(
    apply: Callable[..., Mesh], ball: Mesh, axis: str, keep: str, weld: bool
) -> None:
    column = "xyz".index(axis)
    lopsided = ball.changed(vertices=ball.vertices + np.float32(0.3) * np.abs(ball.vertices[:, [1, 2, 0]]))
    both = apply("mirror", lopsided, axis=axis, keep=keep, weld=weld)
    facts = mesh_facts(both)
    assert facts.watertight
    assert facts.volume_m3 is not None
    assert facts.volume_m3 > 0
    low, high = lopsided.bounds
    at = (low + high)[column] / 2
    mirrored = both.vertices.copy()
    mirrored[:, column] = 2 * at - mirrored[:, column]
    rows = {tuple(row) for row in np.round(both.vertices, 3).tolist()}
    assert rows == {tuple(row) for row in np.round(mirrored, 3).tolist()}
    assert both.face_materials is not None
    assert len(both.face_materials) == both.face_count


def test_a_welded_seam_is_shared_and_shades_smoothly(apply: Callable[..., Mesh], ball: Mesh) -> None:
    loose, welded = (apply("mirror", ball, weld=weld) for weld in (False, True))
    assert welded.vertex_count < loose.vertex_count
    assert welded.normals is not None
    seam = np.abs(welded.vertices[:, 0]) < 1e-6
    assert np.abs(welded.normals[seam, 0]).max() < 1e-6


def test_mirror_flips_the_whole_or_at_the_origin(apply: Callable[..., Mesh], slab: Mesh) -> None:
    flipped = apply("mirror", slab, keep="whole", plane="origin")
    np.testing.assert_allclose(flipped.vertices[:, 0], -slab.vertices[:, 0])
    assert signed_volume(flipped) > 0
    twice = apply("mirror", slab, plane="origin")
    assert mesh_facts(twice).components == 2
    with pytest.raises(BadMesh, match="nothing of it"):
        apply("mirror", slab, plane="origin", keep="negative")


def test_mirror_of_a_coloured_mesh(apply: Callable[..., Mesh], cube: Mesh) -> None:
    colored = cube.changed(colors=np.full((8, 4), 77, np.uint8))
    both = apply("mirror", colored)
    assert both.colors is not None
    assert (both.colors == 77).all()
    assert mesh_facts(both).volume_m3 == pytest.approx(8)


def test_half_interpolates_along_cut_edges(cube: Mesh) -> None:
    cut = half(cube.changed(uvs=(cube.vertices[:, :2].copy(),)), 0, 0.5, upper=False)
    assert cut is not None
    part, seam = cut
    assert part.bounds[1][0] == 0.5
    np.testing.assert_allclose(part.uvs[0], part.vertices[:, :2], atol=1e-6)
    assert (part.vertices[seam, 0] == 0.5).all()
    assert mesh_facts(part).area_m2 == pytest.approx(4 + 4 * 2 * 1.5)


def test_half_leaves_out_faces_within_the_plane(cube: Mesh) -> None:
    cut = half(cube, 0, -1.0, upper=True)
    assert cut is not None
    assert cut[0].face_count == 10
    assert half(cube, 0, -1.0, upper=False) is None


def test_half_cuts_through_a_vertex() -> None:
    triangle = Mesh(np.array([[-1, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32), np.array([[0, 1, 2]], np.int32))
    cut = half(triangle, 0, 0.0, upper=True)
    assert cut is not None
    assert sorted(cut[0].vertices.tolist()) == [[0, 0, 0], [0, 1, 0], [1, 0, 0]]
