"""What is said of a mesh is true."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from orfeas_desktop.engine.mesh.facts import mesh_facts, signed_volume
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.normals import NormalWeight, vertex_normals
from orfeas_desktop.engine.mesh.topology import Topology
from orfeas_desktop.engine.mesh.weld import first_of_each, row_ids, welded_ids


def test_a_cube_is_measured(cube: Mesh) -> None:
    facts = mesh_facts(cube)
    assert (facts.vertices, facts.places, facts.faces) == (8, 8, 12)
    assert facts.watertight
    assert facts.components == 1
    assert (facts.boundary_edges, facts.nonmanifold_edges) == (0, 0)
    assert facts.size_m == (2.0, 2.0, 2.0)
    assert facts.area_m2 == pytest.approx(24)
    assert facts.volume_m3 == pytest.approx(8)
    assert (facts.materials, facts.uv_sets, facts.textures, facts.colors) == (1, 0, 0, False)


def test_a_seam_does_not_open_a_ball(ball: Mesh) -> None:
    facts = mesh_facts(ball)
    assert facts.watertight
    assert facts.places < facts.vertices
    assert facts.size_m == pytest.approx((0.04, 0.04, 0.04), abs=1e-3)
    assert facts.textures == 2
    assert facts.volume_m3 == pytest.approx(4 / 3 * np.pi * 0.02**3, rel=0.06)
    assert ball.bounds[0][1] == -20


def test_a_hole_is_counted(cube: Mesh) -> None:
    facts = mesh_facts(cube.changed(faces=cube.faces[1:]))
    assert not facts.watertight
    assert facts.boundary_edges == 3
    assert facts.volume_m3 is None


def test_a_turned_face_is_not_watertight(cube: Mesh) -> None:
    faces = cube.faces.copy()
    faces[0] = faces[0, ::-1]
    facts = mesh_facts(cube.changed(faces=faces))
    assert facts.boundary_edges == 0
    assert not facts.watertight


def test_inside_out_has_negative_volume(cube: Mesh) -> None:
    assert signed_volume(cube.changed(faces=cube.faces[:, ::-1])) == pytest.approx(-8)


def test_pieces_and_branching_edges_are_counted(cube: Mesh) -> None:
    two = cube.changed(
        vertices=np.concatenate([cube.vertices, cube.vertices + 5]),
        faces=np.concatenate([cube.faces, cube.faces + 8]),
    )
    assert mesh_facts(two).components == 2
    fins = np.array([[0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1], [-1, 0, 0]], np.float32)
    three = Mesh(fins, np.array([[0, 1, 2], [0, 1, 3], [0, 1, 4]], np.int32))
    assert mesh_facts(three).nonmanifold_edges == 1


def test_only_collapsed_faces_have_no_piece() -> None:
    flat = Mesh(np.zeros((3, 3), np.float32), np.array([[0, 1, 2]], np.int32))
    facts = mesh_facts(flat)
    assert (facts.components, facts.watertight, facts.boundary_edges) == (0, False, 0)


def test_facts_are_flat_scalars(ball: Mesh) -> None:
    plain = mesh_facts(ball).plain()
    assert plain["width_mm"] == pytest.approx(40, abs=1)
    assert all(value is None or isinstance(value, str | int | float | bool) for value in plain.values())


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 3))
@settings(max_examples=40)
def test_welding_groups_equal_rows(seed: int, count: int, spread: int) -> None:
    random = np.random.default_rng(seed)
    rows = random.integers(-spread, spread + 1, (count, 3)).astype(np.float32)
    ids = welded_ids(rows)
    assert np.array_equal(rows[first_of_each(ids)][ids], rows)
    assert len(np.unique(ids)) == len(np.unique(rows, axis=0))
    assert np.array_equal(np.unique(ids, return_index=True)[1], np.sort(first_of_each(ids)))


def test_minus_zero_is_zero_and_no_rows_are_no_groups() -> None:
    assert welded_ids(np.array([[0.0, 1, 2], [-0.0, 1, 2]], np.float32)).tolist() == [0, 0]
    assert row_ids(np.zeros((0, 3), np.uint32)).tolist() == []


def test_rows_whose_hashes_clash_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    from orfeas_desktop.engine.mesh import weld

    monkeypatch.setattr(weld, "_hashes", lambda words: np.zeros(len(words), np.uint64))
    rows = np.array([[1, 2, 3], [4, 5, 6], [1, 2, 3], [0, 0, 0]], np.float32)
    assert welded_ids(rows).tolist() == [0, 1, 0, 2]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_facts_agree_with_trimesh(seed: int) -> None:
    random = np.random.default_rng(seed)
    shape = trimesh.creation.icosphere(subdivisions=2)
    kept = random.random(len(shape.faces)) > random.choice([0.0, 0.1])
    shape = trimesh.Trimesh(shape.vertices.astype(np.float32), shape.faces[kept], process=False)
    facts = mesh_facts(Mesh(shape.vertices.astype(np.float32), shape.faces.astype(np.int32)))
    assert facts.watertight == shape.is_watertight
    assert facts.area_m2 == pytest.approx(shape.area, rel=1e-5)
    assert facts.boundary_edges == int((np.bincount(shape.edges_unique_inverse) == 1).sum())
    if facts.watertight:
        assert facts.volume_m3 == pytest.approx(shape.volume, rel=1e-5)


@pytest.mark.parametrize("weight", list(NormalWeight))
def test_normals_of_a_ball_point_outwards(ball: Mesh, weight: NormalWeight) -> None:
    normals = vertex_normals(ball, weight)
    outward = ball.vertices / np.linalg.norm(ball.vertices, axis=1, keepdims=True)
    assert np.einsum("ij,ij->i", normals, outward).min() > 0.98
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)


def test_a_vertex_without_faces_still_has_a_normal() -> None:
    lonely = Mesh(np.eye(4, 3, dtype=np.float32), np.array([[0, 1, 2]], np.int32))
    assert vertex_normals(lonely)[3].tolist() == [0, 0, 1]


def test_topology_knows_directions(cube: Mesh) -> None:
    topology = Topology.of(cube)
    assert topology.closed
    assert len(topology.edges) == 18
    assert (topology.edges[:, 0] < topology.edges[:, 1]).all()
