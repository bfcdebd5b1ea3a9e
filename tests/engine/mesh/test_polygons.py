"""Polygons beside a GLB, and polygons cut into triangles."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orfeas_desktop.engine.mesh.mesh import Mesh, Polygons
from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.polygons import read_polygons, triangulated, write_polygons
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from pathlib import Path

QUADS = Polygons(np.array([0, 4, 7], np.int32), np.array([0, 1, 3, 2, 4, 5, 6], np.int32))


def test_what_is_written_is_read_and_the_same_twice(tmp_path: Path, cube: Mesh) -> None:
    for name in "ab":
        write_polygons(QUADS, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    read = read_polygons(tmp_path / "a", cube)
    np.testing.assert_array_equal(read.offsets, QUADS.offsets)
    np.testing.assert_array_equal(read.indices, QUADS.indices)


def archive(**arrays: object) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def huge() -> bytes:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<i4", "fortran_order": False, "shape": (10**12,)})
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("offsets.npy", head.getvalue())
        made.writestr("indices.npy", head.getvalue())
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"no archive",
        archive(offsets=QUADS.offsets),
        archive(offsets=QUADS.offsets, indices=QUADS.indices.astype(float)),
        archive(offsets=QUADS.offsets, indices=np.array([{}], object)),
        archive(offsets=QUADS.offsets, indices=QUADS.indices[:-1]),
        archive(offsets=QUADS.offsets, indices=QUADS.indices + np.int32(5)),
        archive(offsets=np.array([0, 2, 7], np.int32), indices=QUADS.indices),
        archive(offsets=np.zeros(0, np.int32), indices=QUADS.indices),
        huge(),
    ],
)
def test_damaged_polygons_are_refused(tmp_path: Path, cube: Mesh, data: bytes) -> None:
    (tmp_path / "p.npz").write_bytes(data)
    with pytest.raises(BadMesh, match="polygons are damaged"):
        read_polygons(tmp_path / "p.npz", cube)


def area(vertices: np.ndarray, faces: np.ndarray) -> float:
    return float(np.linalg.norm(face_normals(vertices, faces), axis=1).sum() / 2)


@pytest.mark.parametrize("turn", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (1, 0, 2)])
def test_hollow_polygons_are_cut_without_overlap(turn: tuple[int, int, int]) -> None:
    comb = np.array(
        [
            [0, 0, 0],
            [5, 0, 0],
            [5, 3, 0],
            [4, 3, 0],
            [4, 1, 0],
            [3, 1, 0],
            [3, 3, 0],
            [2, 3, 0],
            [2, 1, 0],
            [0, 1, 0],
        ],
        np.float32,
    )[:, turn]
    for order in (np.arange(10), np.arange(10)[::-1], np.roll(np.arange(10), 4)):
        polygons = Polygons(np.array([0, 10], np.int32), order.astype(np.int32))
        faces, owner = triangulated(polygons, comb)
        assert faces.shape == (8, 3)
        assert owner.tolist() == [0] * 8
        assert area(comb, faces) == pytest.approx(9)
        normals = face_normals(comb, faces)
        assert (normals @ normals[0] >= 0).all()


@given(st.lists(st.integers(3, 7), min_size=1, max_size=8))
@settings(max_examples=30)
def test_polygons_give_two_triangles_fewer_than_corners(sizes: list[int]) -> None:
    angles = np.concatenate([np.linspace(0, 2 * np.pi, size, endpoint=False) for size in sizes])
    vertices = np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=1).astype(np.float32)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    faces, owner = triangulated(Polygons(offsets, np.arange(len(angles), dtype=np.int32)), vertices)
    assert np.bincount(owner).tolist() == [size - 2 for size in sizes]
    assert (face_normals(vertices, faces)[:, 2] > 0).all()


def test_a_polygon_folded_onto_itself_still_ends() -> None:
    flat = np.zeros((6, 3), np.float32)
    flat[::2, 0] = 1
    faces, _ = triangulated(Polygons(np.array([0, 6], np.int32), np.arange(6, dtype=np.int32)), flat)
    assert len(faces) == 4
    bow = np.array([[0, 0, 0], [2, 2, 0], [2, 0, 0], [0, 2.5, 0]], np.float32)
    faces, _ = triangulated(Polygons(np.array([0, 4], np.int32), np.arange(4, dtype=np.int32)), bow)
    assert len(faces) == 2
