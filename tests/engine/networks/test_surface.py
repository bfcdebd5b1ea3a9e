from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.networks import surface as surface_module
from orfeas_desktop.engine.networks.cell_surface import triangles
from orfeas_desktop.engine.networks.surface import (
    Extraction,
    Surface,
    SurfaceSettings,
    VertexFormula,
    extract_surface,
    with_fewer_faces,
    without_floaters,
)
from orfeas_desktop.engine.networks.volume import (
    Box,
    Volume,
    VolumeDecoder,
    VolumeSettings,
    VolumeWatch,
    decode_volume,
)


@dataclass(frozen=True)
class Ball:
    """A field as trained ones are: the distance to a ball, clipped to one."""

    widest = 1

    radius: float = 0.6
    centre: tuple[float, float, float] = (0.1, -0.05, 0.0)
    slope: float = 20.0

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def values(self, points: torch.Tensor) -> torch.Tensor:
        distance = (points - torch.tensor(self.centre)).norm(dim=-1)
        return ((self.radius - distance) * self.slope).clamp(-1, 1)


def volume_of(ball: Ball, resolution: int = 48, decoder=VolumeDecoder.vanilla, smallest: int = 12) -> Volume:
    settings = VolumeSettings(resolution, 5000, decoder, smallest_level=smallest)
    return decode_volume(ball, settings)


def signed_volume(surface: Surface) -> float:
    a, b, c = (surface.vertices[surface.faces[:, index]].astype(float) for index in range(3))
    return float((np.cross(a, b) * c).sum() / 6)


@pytest.mark.parametrize("extraction", list(Extraction))
def test_a_ball_is_closed_outward_and_where_it_should_be(extraction) -> None:
    ball = Ball()
    surface = extract_surface(volume_of(ball), SurfaceSettings(extraction=extraction))
    assert mesh_facts(Mesh(surface.vertices, surface.faces)).watertight
    assert signed_volume(surface) == pytest.approx(4 / 3 * np.pi * ball.radius**3, rel=0.01)
    radius = np.linalg.norm(surface.vertices - np.array(ball.centre), axis=1)
    assert np.abs(radius - ball.radius).max() < 2.02 / 48 * 0.05


def test_both_extractions_cut_the_same_edges() -> None:
    volume = volume_of(Ball())
    flying, lewiner = (
        extract_surface(volume, SurfaceSettings(extraction=extraction)) for extraction in Extraction
    )
    assert len(flying.vertices) == len(lewiner.vertices)
    order = [np.lexsort(np.round(each.vertices, 5).T) for each in (flying, lewiner)]
    np.testing.assert_allclose(flying.vertices[order[0]], lewiner.vertices[order[1]], atol=1e-5)


def test_the_way_of_the_card_makes_the_same_triangles() -> None:
    torch.manual_seed(0)
    values = torch.randn(9, 8, 7)
    values[2, 3] = torch.nan
    values[5, 5, 5] = 0.3
    for level in (0.0, 0.3):
        raw = surface_module._flying_edges(values.numpy(), level)
        plain = surface_module.without_broken_faces(raw)
        vertices, faces = (part.numpy() for part in triangles(values, level))
        assert np.isfinite(vertices).all()
        assert len(np.unique(faces)) == len(vertices)
        corners = [np.round(each, 4) for each in (plain.vertices[plain.faces], vertices[faces])]
        mine, theirs = ({tuple(map(tuple, face)) for face in np.roll(each, 0, axis=1)} for each in corners)
        turned = {tuple(face[turn:] + face[:turn]) for face in theirs for turn in range(3)}
        assert mine <= turned
        assert len(mine) == len(theirs)
    assert triangles(torch.ones(4, 4, 4), 0.0) is None
    assert triangles(torch.tensor([torch.nan, 1.0]).repeat(4, 2, 1), 0.0) is None


def test_a_card_closes_the_sides_too() -> None:
    values = torch.full((6, 6, 6), 1.0)
    values[2, 2, 2] = -1.0
    volume = Volume(values, Box.cube(1.0))
    for settings in (SurfaceSettings(), SurfaceSettings(extraction=Extraction.lewiner)):
        mine = surface_module._on_card(volume, settings)
        theirs = surface_module._on_processor(volume, settings)
        assert len(mine.faces) == len(theirs.faces)
        assert mesh_facts(Mesh(mine.vertices, mine.faces)).watertight
    assert surface_module._on_card(Volume(values.abs(), Box.cube(1.0)), SurfaceSettings(closed=False)) is None


def test_the_original_formula_shrinks_towards_the_low_corner() -> None:
    volume = volume_of(Ball())
    exact = extract_surface(volume, SurfaceSettings())
    original = extract_surface(volume, SurfaceSettings(formula=VertexFormula.original, octree_resolution=48))
    np.testing.assert_allclose(original.vertices + 1.01, (exact.vertices + 1.01) * 48 / 49, atol=1e-5)


def test_a_shape_that_leaves_the_box_is_closed_at_its_sides() -> None:
    volume = volume_of(Ball(radius=1.05, centre=(0.0, 0.0, 0.0)))
    closed = extract_surface(volume, SurfaceSettings())
    cut = extract_surface(volume, SurfaceSettings(closed=False))
    assert mesh_facts(Mesh(closed.vertices, closed.faces)).watertight
    assert not mesh_facts(Mesh(cut.vertices, cut.faces)).watertight
    assert np.abs(closed.vertices).max() <= 1.01 + 1e-6


@pytest.mark.parametrize("extraction", list(Extraction))
@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_nothing_inside_is_no_surface(extraction, value) -> None:
    volume = Volume(torch.full((9, 9, 9), value), Box.cube(1.0))
    assert extract_surface(volume, SurfaceSettings(extraction=extraction)) is None


def test_a_surface_of_unknown_values_only_is_none() -> None:
    values = torch.full((9, 9, 9), float("nan"))
    values[4, 4, 4] = 1.0
    assert extract_surface(Volume(values, Box.cube(1.0)), SurfaceSettings()) is None


def test_another_level_moves_the_surface() -> None:
    ball = Ball()
    surface = extract_surface(volume_of(ball), SurfaceSettings(mc_level=0.5))
    radius = np.linalg.norm(surface.vertices - np.array(ball.centre), axis=1)
    assert radius.mean() == pytest.approx(ball.radius - 0.5 / ball.slope, abs=2e-3)


def test_coarse_to_fine_finds_the_same_surface_with_fewer_points() -> None:
    ball = Ball()
    whole, part = volume_of(ball), volume_of(ball, decoder=VolumeDecoder.hierarchical)
    known = part.values.isfinite()
    assert known.float().mean() < 0.6
    torch.testing.assert_close(part.values[known], whole.values[known], rtol=0, atol=1e-4)
    one, other = (extract_surface(volume, SurfaceSettings()) for volume in (whole, part))
    np.testing.assert_array_equal(one.faces, other.faces)
    np.testing.assert_allclose(one.vertices, other.vertices, atol=1e-5)


def test_progress_ends_where_it_said() -> None:
    seen: list[tuple[int, int]] = []
    levels: list[int] = []
    watch = VolumeWatch(
        lambda done, total: seen.append((done, total)), lambda volume: levels.append(volume.resolution)
    )
    settings = VolumeSettings(48, 5000, VolumeDecoder.hierarchical, smallest_level=12)
    decode_volume(Ball(), settings, watch)
    assert levels == [12, 24]
    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_an_empty_volume_stays_unknown() -> None:
    volume = volume_of(Ball(radius=-5.0), decoder=VolumeDecoder.hierarchical)
    assert not volume.values.isfinite().any()


def test_floaters_go_and_triangles_are_collapsed() -> None:
    large = extract_surface(volume_of(Ball()), SurfaceSettings())
    small = extract_surface(volume_of(Ball(radius=0.06)), SurfaceSettings())
    both = Surface(
        np.concatenate([large.vertices, small.vertices + 0.9]),
        np.concatenate([large.faces, small.faces + len(large.vertices)]),
    )
    left = without_floaters(both, share=0.05)
    assert len(left.faces) == len(large.faces)
    assert len(left.vertices) == len(large.vertices)
    fewer = with_fewer_faces(left, 500)
    assert 400 < len(fewer.faces) <= 500
    assert mesh_facts(Mesh(fewer.vertices, fewer.faces)).watertight
    assert signed_volume(fewer) == pytest.approx(signed_volume(large), rel=0.03)
