"""Split, cut and boolean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.errors import MeshUnfit

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh


def volume(mesh: Mesh) -> float:
    found = mesh_facts(mesh).volume_m3
    assert found is not None
    return found


def test_each_piece_is_given_the_largest_first(run_tool: Callable[..., Any], cube: Mesh, torus: Mesh) -> None:
    away = cube.changed(vertices=cube.vertices + np.float32(100), metres_per_unit=0.001)
    both = merged([away, torus])
    ran = run_tool("split", both)
    assert [part.face_count for part in ran.parts.values()] == [torus.face_count, 12]
    assert ran.mesh.face_count == both.face_count
    few = run_tool("split", both, most=1)
    assert few.warnings == ["1 small pieces were left out."]
    assert few.facts["pieces"] == 2
    flat = cube.changed(vertices=cube.vertices * np.float32([0, 0, 0]))
    with pytest.raises(MeshUnfit, match="no face"):
        run_tool("split", flat)


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_both_halves_are_closed_and_make_up_the_whole(
    run_tool: Callable[..., Any], ball: Mesh, axis: str
) -> None:
    ran = run_tool("cut", ball, axis=axis, at=30)
    (rest,) = ran.parts.values()
    assert volume(ran.mesh) + volume(rest) == pytest.approx(volume(ball), rel=1e-4)
    assert volume(ran.mesh) > volume(rest)
    column = "xyz".index(axis)
    assert ran.mesh.bounds[0][column] == pytest.approx(rest.bounds[1][column], abs=1e-6)
    lower = run_tool("cut", ball, axis=axis, at=30, upper=False)
    assert volume(lower.mesh) == pytest.approx(volume(rest))
    assert ran.mesh.materials == ball.materials
    assert len(ran.mesh.uvs) == 1


@pytest.mark.parametrize(("way", "expected"), [("union", 12), ("difference", 4), ("intersection", 4)])
def test_solids_are_joined_and_taken_apart(
    run_tool: Callable[..., Any], cube: Mesh, way: str, expected: float
) -> None:
    aside = cube.changed(
        vertices=cube.vertices * np.float32(100) + np.float32([100, 0, 0]), metres_per_unit=0.01
    )
    made = run_tool("boolean", cube, aside, way=way).mesh
    assert mesh_facts(made).watertight
    assert volume(made) == pytest.approx(expected, rel=1e-5)


def test_a_boolean_keeps_both_materials_and_uvs(run_tool: Callable[..., Any], ball: Mesh, cube: Mesh) -> None:
    block = cube.changed(vertices=cube.vertices * np.float32([30, 5, 5]), metres_per_unit=0.001)
    made = run_tool("boolean", ball, block, way="union").mesh
    assert len(made.materials) == 3
    assert made.face_materials is not None
    for number, low in ((0, -20.1), (1, -0.1)):
        heights = (
            made.vertices[made.faces[made.face_materials == number]][:, :, 1] / 0.001 * made.metres_per_unit
        )
        assert heights.min() >= low
    assert len(made.uvs) == 1


def test_what_is_open_or_left_empty_is_refused(run_tool: Callable[..., Any], cube: Mesh) -> None:
    opened = cube.changed(faces=cube.faces[1:])
    far = cube.changed(vertices=cube.vertices + np.float32(50))
    with pytest.raises(MeshUnfit, match="not one closed surface"):
        run_tool("boolean", cube, opened)
    with pytest.raises(MeshUnfit, match="not one closed surface"):
        run_tool("cut", opened)
    with pytest.raises(MeshUnfit, match="nothing is left"):
        run_tool("boolean", cube, far, way="intersection")
    inverted = cube.changed(faces=cube.faces[:, ::-1].copy())
    for entry, meshes in (("cut", (inverted,)), ("boolean", (cube, inverted))):
        with pytest.raises(MeshUnfit, match="inside out"):
            run_tool(entry, *meshes)
