"""Tangent frames are those of MikkTSpace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.polygons import Polygons
from orfeas_desktop.engine.mesh.tangents import corner_tangents, with_tangents

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA = Path(__file__).parents[2] / "data" / "mikktspace.npz"


def apart(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """The angles between directions, in degrees."""
    cosine = np.einsum("...d,...d->...", first.astype(float), second.astype(float))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def test_it_agrees_with_the_reference_program() -> None:
    """A grid with a mirrored half, flat UVs, faces of no area and a fin; tangents of npm `mikktspace` 1.1.1."""
    known = np.load(DATA)
    mesh = Mesh(known["vertices"], known["faces"], normals=known["normals"], uvs=(known["uv"],))
    tangents, expected = corner_tangents(mesh), known["tangents"]
    assert apart(tangents[..., :3], expected[..., :3]).max() < 0.1
    assert (tangents[..., 3] == expected[..., 3]).all()
    assert {-1.0, 1.0} == set(np.unique(tangents[..., 3]))


def test_by_hand_a_square_upright_and_mirrored() -> None:
    places = np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    faces = np.int32([[0, 1, 2], [0, 2, 3]])
    uv = np.stack([places[:, 0], 1 - places[:, 1]], axis=1)  # glTF: v runs down
    normals = np.tile(np.float32([0, 0, 1]), (4, 1))
    square = Mesh(places, faces, normals=normals, uvs=(uv, uv * np.float32([-1, 1])))
    np.testing.assert_allclose(corner_tangents(square), np.tile([1.0, 0, 0, 1], (2, 3, 1)), atol=1e-6)
    np.testing.assert_allclose(corner_tangents(square, 1), np.tile([-1.0, 0, 0, -1], (2, 3, 1)), atol=1e-6)
    told = with_tangents(square.changed(normals=None))
    assert told.vertex_count == 4
    assert told.tangents is not None
    bitangent = np.cross(told.normals, told.tangents[:, :3]) * told.tangents[:, 3:]
    np.testing.assert_allclose(bitangent, np.tile([0.0, 1, 0], (4, 1)), atol=1e-6)


def test_vertices_are_split_where_the_texture_is_mirrored() -> None:
    places = np.float32([[-1, 0, 0], [-1, 1, 0], [0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0], [9, 9, 9]])
    faces = np.int32([[0, 2, 3], [0, 3, 1], [2, 4, 5], [2, 5, 3]])
    uv = np.stack([np.abs(places[:, 0]), places[:, 1]], axis=1)
    quads = Polygons(np.int32([0, 4, 8]), np.int32([0, 2, 3, 1, 2, 4, 5, 3]))
    mesh = Mesh(places, faces, uvs=(uv,), polygons=quads)
    split = with_tangents(mesh).check()
    assert split.tangents is not None
    assert split.vertex_count == 8
    assert split.polygons is None
    np.testing.assert_array_equal(split.vertices[split.faces], places[faces])
    middle = np.abs(split.vertices[:, 0]) < 0.5
    assert sorted(split.tangents[middle, 3].tolist()) == [-1, -1, 1, 1]
    half = with_tangents(mesh.changed(faces=faces[:2], polygons=None))
    assert half.vertex_count == 7
    np.testing.assert_array_equal(half.faces, faces[:2])


@pytest.mark.parametrize("axis", [0, 2])
def test_without_a_texture_direction_the_tangent_is_still_square_to_the_normal(axis: int) -> None:
    corners = np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0]])
    places = np.roll(corners, axis + 1, axis=1)
    for faces in ([[0, 1, 2]], [[0, 0, 2]]):
        mesh = with_tangents(Mesh(places, np.int32(faces), uvs=(np.zeros((3, 2), np.float32),)))
        assert mesh.tangents is not None
        assert mesh.normals is not None
        used = np.unique(mesh.faces)
        np.testing.assert_allclose(np.linalg.norm(mesh.tangents[used, :3], axis=1), 1, atol=1e-6)
        assert np.abs(np.einsum("vd,vd->v", mesh.tangents[used, :3], mesh.normals[used])).max() < 1e-6
