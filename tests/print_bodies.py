"""Bodies to print, in millimetres: closed ones, and ones that must be refused."""

from __future__ import annotations

import numpy as np
from manifold3d import Manifold

from orfeas_desktop.engine.mesh.mesh import Mesh


def mesh_of_body(body: Manifold, name: str = "body") -> Mesh:
    """Return the body as this program stands things: y up."""
    made = body.to_mesh()
    x, y, z = np.asarray(made.vert_properties, np.float32)[:, :3].T
    faces = np.asarray(made.tri_verts).astype(np.int32)
    return Mesh(np.stack([x, z, -y], axis=1), faces, metres_per_unit=0.001, name=name)


def box(width: float, depth: float, height: float, at: tuple[float, float, float] = (0, 0, 0)) -> Manifold:
    """Return a box that stands on z = 0, moved by `at`."""
    return Manifold.cube((width, depth, height)).translate((at[0] - width / 2, at[1] - depth / 2, at[2]))


def hollow_box(side: float, wall: float) -> Manifold:
    """Return a closed box with a closed hollow."""
    inner = side - 2 * wall
    return box(side, side, side) - box(inner, inner, inner, (0, 0, wall))


def crumpled(vertices: np.ndarray, middle: int) -> np.ndarray:
    """Return places of which the twelve around one are thrown about by a millimetre."""
    near = np.argsort(np.linalg.norm(vertices - vertices[middle], axis=1))[:12]
    thrown = vertices.copy()
    thrown[near] += np.random.default_rng(3).normal(size=(12, 3)).astype(np.float32)
    return thrown


def _merged(*meshes: Mesh) -> Mesh:
    starts = np.cumsum([0, *(mesh.vertex_count for mesh in meshes)])
    return meshes[0].changed(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        faces=np.concatenate(
            [mesh.faces + np.int32(start) for mesh, start in zip(meshes, starts[:-1], strict=True)]
        ),
    )


def closed_bodies() -> dict[str, Mesh]:
    """Return 24 bodies that can be printed on any printer with a 0.8 mm wall."""
    random = np.random.default_rng(4)
    bodies = {
        "box": box(20, 30, 10),
        "ball": Manifold.sphere(12, 32),
        "cone": Manifold.cylinder(30, 10, 0, 48),
        "cylinder": Manifold.cylinder(15, 6, 6, 40),
        "tube": Manifold.cylinder(15, 8, 8, 40) - Manifold.cylinder(15, 6, 6, 40),
        "cup": Manifold.cylinder(20, 10, 10, 40) - Manifold.cylinder(20, 8, 8, 40).translate((0, 0, 2)),
        "hollow box": hollow_box(20, 2),
        "hollow ball": Manifold.sphere(12, 40) - Manifold.sphere(10, 40),
        "two boxes": box(10, 10, 10) + box(10, 10, 10, (30, 0, 0)),
        "plate with fin": box(30, 30, 2) + box(1, 20, 12, (0, 0, 1)),
        "pyramid": Manifold.cylinder(12, 10, 0, 4),
        "octahedron": Manifold.sphere(9, 4),
    }
    for number in range(12):
        body = Manifold()
        for _ in range(4):
            turn, place = random.uniform(0, 360, 3), random.uniform(-6, 6, 3)
            part = box(*random.uniform(6, 14, 3)) if random.random() < 0.6 else Manifold.sphere(6, 20)
            body += part.rotate(turn).translate(place)
        bodies[f"heap {number}"] = body
    return {name: mesh_of_body(body, name) for name, body in bodies.items()}


def unfit_bodies() -> dict[str, tuple[Mesh, set[str]]]:
    """Return 18 meshes that must not be printed, with the faults that stop them."""
    ball, cube = mesh_of_body(Manifold.sphere(12, 32)), mesh_of_body(box(20, 20, 20))
    turned = ball.faces.copy()
    turned[:5] = turned[:5, ::-1]
    fin = np.array([[0, 1, ball.vertex_count]], np.int32)
    beside = np.concatenate([ball.vertices, [[40, 0, 0]]]).astype(np.float32)
    small, other = mesh_of_body(box(6, 6, 6, (0, 0, 7))), mesh_of_body(box(20, 20, 20, (10, 10, 10)))
    corner = cube.changed(vertices=cube.vertices + np.float32([20, 20, 20]))
    folded = mesh_of_body(Manifold.cube((20, 20, 20)).refine(10))
    top = np.flatnonzero(folded.vertices[:, 1] == 20)
    middle = top[np.linalg.norm(folded.vertices[top] - np.float32([10, 20, -10]), axis=1).argmin()]
    folded.vertices[middle] += np.float32([5, 0, 1])
    gone = np.random.default_rng(1).random(ball.face_count) > 0.05
    return {
        "hole": (ball.changed(faces=ball.faces[1:]), {"open-edges"}),
        "sieve": (ball.changed(faces=ball.faces[gone]), {"open-edges"}),
        "turned": (ball.changed(faces=turned), {"turned-faces"}),
        "inside out": (ball.changed(faces=ball.faces[:, ::-1]), {"inside-out"}),
        "double": (
            ball.changed(faces=np.concatenate([ball.faces, ball.faces[:3]])),
            {"duplicate-faces", "nonmanifold-edges"},
        ),
        "fin": (
            ball.changed(vertices=beside, faces=np.concatenate([ball.faces, fin])),
            {"open-edges", "nonmanifold-edges"},
        ),
        "crossing": (_merged(cube, other), {"self-intersections"}),
        "nested": (_merged(cube, small), {"overlapping-bodies"}),
        "flush": (_merged(cube, mesh_of_body(box(20, 20, 20, (10, 0, 0)))), {"overlapping-faces"}),
        "stacked": (_merged(cube, mesh_of_body(box(10, 10, 10, (0, 0, 20)))), {"overlapping-faces"}),
        "folded": (folded, {"overlapping-faces"}),
        "touching": (_merged(cube, corner), {"nonmanifold-vertices"}),
        "plate": (mesh_of_body(box(30, 30, 0.4)), {"thin-walls"}),
        "thin box": (mesh_of_body(hollow_box(20, 0.5)), {"thin-walls"}),
        "thin fin": (mesh_of_body(box(20, 20, 5) + box(0.4, 15, 12)), {"thin-walls"}),
        "wire": (mesh_of_body(Manifold.cylinder(30, 0.25, 0.25, 24)), {"thin-walls"}),
        "needle": (mesh_of_body(Manifold.cylinder(30, 3, 0, 48)), {"thin-walls"}),
        "giant": (mesh_of_body(box(300, 20, 20)), {"outside-bed"}),
    }
