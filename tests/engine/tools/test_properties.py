"""What holds for every shape, damage and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orfeas_desktop.engine.mesh.distance import surface_distance
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.solid import is_solid
from orfeas_desktop.engine.tools import TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable


def bent(ball: Mesh, seed: int) -> Mesh:
    """The ball as a smooth lump."""
    axes = np.random.default_rng(seed).normal(size=(3, 3)).astype(np.float32)
    return ball.changed(
        vertices=(ball.vertices + 3 * np.sin(ball.vertices @ axes / 6)).astype(np.float32), normals=None
    )


def broken(mesh: Mesh, seed: int, share: float) -> Mesh:
    """The mesh with this share of its faces gone, as many turned and doubled, and fins that end in the open."""
    random = np.random.default_rng(seed)
    lot = random.random(mesh.face_count)
    faces = mesh.faces[lot > share].copy()
    turned = random.random(len(faces)) < share
    faces[turned] = faces[turned][:, ::-1]
    some = faces[random.random(len(faces)) < share]
    tips = np.arange(len(some), dtype=np.int32) + mesh.vertex_count
    rows = np.concatenate([np.arange(mesh.vertex_count), some[:, 0]])
    away = mesh.vertices[some[:, 0]] * np.float32(1.3)
    return mesh.changed(
        vertices=np.concatenate([mesh.vertices, away]),
        uvs=tuple(uv[rows] for uv in mesh.uvs),
        faces=np.concatenate([faces, some, np.stack([some[:, 0], some[:, 1], tips], axis=1)]),
        face_materials=None,
    )


def made(entry: str, mesh: Mesh, context: Any, **settings: Any) -> Mesh:
    tool = TOOLS[entry]
    params = tool.params.check(entry, settings)
    with context.stage("Change"):
        work = getattr(tool, "make", None)
        return (work((mesh,), params, context).mesh if work else tool.apply(mesh, params, context)).check()


@settings(max_examples=25)
@given(seed=st.integers(0, 100_000), share=st.floats(0.0, 0.05))
def test_repair_leaves_a_manifold(
    ball: Mesh, make_context: Callable[..., Any], seed: int, share: float
) -> None:
    context = make_context()
    mended = made("repair", broken(bent(ball, seed), seed, share), context)
    assert is_solid(mended)
    assert context.facts["manifold"] is True
    facts = mesh_facts(mended)
    assert facts.watertight
    assert facts.volume_m3 is not None
    assert facts.volume_m3 > 0


@settings(max_examples=8)
@example(seed=34_007, error=1.9045585865079693)
@given(seed=st.integers(0, 100_000), error=st.floats(0.01, 2.0))
def test_decimate_keeps_its_bound_and_stays_inside(
    ball: Mesh, make_context: Callable[..., Any], seed: int, error: float
) -> None:
    mesh = bent(ball, seed)
    fewer = made("decimate", mesh, make_context(), faces=4, largest_error_mm=error)
    inside = (fewer.bounds[0] >= mesh.bounds[0]).all() and (fewer.bounds[1] <= mesh.bounds[1]).all()
    _, largest = surface_distance(mesh, fewer, samples=2000)
    measured = bool(inside), fewer.face_count <= mesh.face_count, largest * 1000 <= 1.05 * error
    assert measured == (True, True, True)


@settings(max_examples=5)
@given(seed=st.integers(0, 100_000), unit=st.sampled_from([1e-6, 1e-3, 0.0254, 1.0, 1000.0]))
def test_the_real_size_is_kept(ball: Mesh, make_context: Callable[..., Any], seed: int, unit: float) -> None:
    mesh = bent(ball, seed).changed(metres_per_unit=unit)
    for entry, changes in (
        ("repair", {}),
        ("decimate", {"share": 60}),
        ("subdivide", {"smooth": False}),
        ("unwrap", {"charts": "box", "texture_side": 64}),
        ("rebuild", {"cells": 40, "texture_side": 0}),
        ("remesh", {"kind": "grid", "cells": 40, "texture_side": 0}),
    ):
        size = made(entry, mesh, make_context(), **changes).size_m
        np.testing.assert_allclose(size, mesh.size_m, rtol=0.06, err_msg=entry)
    placed = made("place", mesh, make_context(), size_mm=123.0)
    assert abs(max(placed.size_m) * 1000 - 123.0) < 1e-3
