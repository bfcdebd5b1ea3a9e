"""Small folds are smoothed away; what is tangled for good is left."""

from __future__ import annotations

import numpy as np
from manifold3d import Manifold

from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.inspection import Inspection
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.untangle import untangled
from tests.print_bodies import box, crumpled, mesh_of_body


def crossings(mesh: Mesh) -> int:
    seen = Inspection.of(mesh, lambda _: None)
    return len(seen.crossing) + len(seen.overlapping)


def folded() -> Mesh:
    """A ball with a crumpled spot."""
    ball = mesh_of_body(Manifold.sphere(10, 96))
    return ball.changed(vertices=crumpled(ball.vertices, 700))


def test_folds_are_smoothed_and_nothing_else_moves() -> None:
    mesh = folded()
    assert crossings(mesh) > 0
    told: list[float] = []
    made, moved, left = untangled(mesh, told.append)
    assert crossings(made) == left == 0
    assert 0 < moved < 0.05 * mesh.vertex_count
    assert (made.vertices != mesh.vertices).any(axis=1).sum() == moved
    assert mesh_facts(made).watertight
    assert told == sorted(told)
    assert untangled(made, told.append) == (made, 0, 0)


def test_bodies_that_run_through_each_other_are_left() -> None:
    one, other = mesh_of_body(box(20, 20, 20)), mesh_of_body(box(20, 20, 20, (10, 7, 5)))
    both = one.changed(
        vertices=np.concatenate([one.vertices, other.vertices]),
        faces=np.concatenate([one.faces, other.faces + np.int32(one.vertex_count)]),
    )
    made, moved, left = untangled(both, lambda _: None)
    assert made is both
    assert moved == 0
    assert left == crossings(both) > 0


def test_a_face_that_lies_on_its_neighbours_is_smoothed_away() -> None:
    side = np.arange(30)
    places = np.stack(np.meshgrid(side, side, [0]), axis=-1).reshape(-1, 3).astype(np.float32)
    number = np.arange(900).reshape(30, 30)
    a, b, c, d = (
        part.reshape(-1) for part in (number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1])
    )
    faces = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)]).astype(np.int32)
    places[number[15, 15]] += np.float32([2.2, 0.3, 0])
    folded_flat = Mesh(places, faces)
    assert len(Inspection.of(folded_flat, lambda _: None).overlapping) > 0
    made, moved, left = untangled(folded_flat, lambda _: None)
    assert crossings(made) == left == 0
    assert 0 < moved < 45
