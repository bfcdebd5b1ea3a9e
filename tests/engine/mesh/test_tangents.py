"""Tangent frames are those of MikkTSpace."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.polygons import Polygons
from orfeas_desktop.engine.mesh.tangents import corner_tangents, with_tangents
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOOK = """
import sys
import bpy
import numpy as np
folder = sys.argv[-1]
given = np.load(folder + "/given.npz")
mesh = bpy.data.meshes.new("given")
faces, corners = given["faces"], given["faces"].size
mesh.vertices.add(len(given["places"]))
mesh.vertices.foreach_set("co", given["places"].ravel())
mesh.loops.add(corners)
mesh.loops.foreach_set("vertex_index", faces.ravel())
mesh.polygons.add(len(faces))
mesh.polygons.foreach_set("loop_start", np.arange(0, corners, 3, dtype=np.int32))
mesh.polygons.foreach_set("loop_total", np.full(len(faces), 3, np.int32))
mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
mesh.update(calc_edges=True)
upward = given["uv"].copy()
upward[..., 1] = np.float32(1) - upward[..., 1]
mesh.uv_layers.new(name="uv").data.foreach_set("uv", upward.ravel())
mesh.use_auto_smooth = True
mesh.normals_split_custom_set(given["normals"].reshape(-1, 3).tolist())
mesh.calc_tangents(uvmap="uv")
found = {}
for name, width in (("normal", 3), ("tangent", 3), ("bitangent_sign", 1)):
    found[name] = np.empty(corners * width, np.float32)
    mesh.loops.foreach_get(name, found[name])
np.savez(folder + "/found.npz", **found)
"""
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


def round_body(
    across: int, kind: str
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return corners (F, 3, 3), UVs and normals of a ball whose layout meets itself at a seam, made difficult."""
    u, v = (axis.reshape(-1) for axis in np.indices((2 * across, across)))
    quads = np.stack([(u, v), (u + 1, v), (u + 1, v + 1), (u, v + 1)], axis=-1).transpose(1, 2, 0)
    spots = np.concatenate([quads[:, (0, 2, 1)], quads[:, (0, 3, 2)]])
    turn, height = np.pi * (spots[..., 0] % (2 * across)) / across, np.pi * spots[..., 1] / across
    places = np.stack([np.cos(turn) * np.sin(height), np.cos(height), np.sin(turn) * np.sin(height)], axis=-1)
    places[spots[..., 1] % across == 0] *= [0, 1, 0]
    places = places.round(6)
    whole = ~((places == np.roll(places, 1, axis=1)).all(axis=2).any(axis=1))
    uv, places = (spots / (2 * across, across))[whole], places[whole]
    random = np.random.default_rng(3)
    middle, lot = places.mean(axis=1), random.random(len(places))
    normals = places.copy()
    if kind == "mirrored":
        uv[middle[:, 0] < 0, :, 0] *= -1
    if kind == "hard":
        normals[middle[:, 1] > 0.3] = normals[middle[:, 1] > 0.3] * [1, 0.2, 1] + [0, 0.3, 0]
    if kind == "flat":
        normals[:] = middle[:, None]
    if kind == "shapeless":
        uv[lot < 0.2] = uv[lot < 0.2][:, :1]
        uv[lot > 0.9, :, 1] = 0.25
    if kind == "wild":
        uv = random.random((2 * across, across + 1, 2))[
            spots[whole][..., 0] % (2 * across), spots[whole][..., 1]
        ]
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    return places.astype(np.float32), uv.astype(np.float32), normals.astype(np.float32)


@pytest.mark.skipif(
    shutil.which("blender") is None, reason="needs a Blender, which the program never installs"
)
def test_a_real_blender_finds_the_same(tmp_path: Path) -> None:
    """Seams, a mirrored part, hard edges, facets, random layouts and faces without room in the layout."""
    kinds = ("plain", "mirrored", "hard", "flat", "shapeless", "wild")
    bodies = [round_body(12, kind) for kind in kinds]
    corners, uv, normals = (np.concatenate(parts) for parts in zip(*bodies, strict=True))
    corners += np.repeat(np.arange(len(bodies)), [len(body[0]) for body in bodies])[
        :, None, None
    ] * np.float32(4)
    ids = welded_ids(corners.reshape(-1, 3))
    places = corners.reshape(-1, 3)[first_of_each(ids)]
    np.savez(
        tmp_path / "given.npz",
        places=places,
        faces=ids.reshape(-1, 3).astype(np.int32),
        uv=uv,
        normals=normals,
    )
    subprocess.run(
        [
            "blender",
            "-b",
            "--factory-startup",
            "--python-exit-code",
            "1",
            "--python-expr",
            LOOK,
            "--",
            str(tmp_path),
        ],
        capture_output=True,
        check=True,
    )
    found = np.load(tmp_path / "found.npz")
    given, theirs = found["normal"].reshape(-1, 3), found["tangent"].reshape(-1, 3, 3)
    faces = np.arange(len(given), dtype=np.int32).reshape(-1, 3)
    mesh = Mesh(corners.reshape(-1, 3), faces, normals=given, uvs=(uv.reshape(-1, 2),))
    ours = corner_tangents(mesh)
    one, other = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    covers = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]) > 1e-9
    assert (~covers).sum() > 100
    assert apart(ours[covers][..., :3], theirs[covers]).max() < 0.1
    assert (ours[..., 3] == found["bitangent_sign"].reshape(-1, 3))[covers].all()
    assert np.abs(np.einsum("fcd,fcd->fc", ours[..., :3], given.reshape(-1, 3, 3))).max() < 1e-4


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
