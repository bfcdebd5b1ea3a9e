"""Remesh, subdivide and merge: new faces, the same shape, looks carried over."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.mesh.charts import chart_facts
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.mesh.remesh import surface_mesh
from orfeas_desktop.engine.mesh.solid import is_solid
from orfeas_desktop.engine.mesh.transfer import colors_near
from orfeas_desktop.engine.tools import resurface
from orfeas_desktop.engine.tools.rebuild import REBUILD
from orfeas_desktop.errors import MeshUnfit
from tests.engine.tools.test_bake import degrees, laid, shaded, sphere

if TYPE_CHECKING:
    from collections.abc import Callable


def drift(one: Mesh, other: Mesh) -> float:
    """How far the colours of both are apart on average, of 255, at points of the first."""
    points = one.vertices[one.faces[::7]].astype(np.float64).mean(axis=1)
    first = colors_near(one, points).astype(int)
    second = colors_near(other, points * (one.metres_per_unit / other.metres_per_unit)).astype(int)
    return float(np.abs(first - second)[:, :3].mean())


@pytest.mark.parametrize(("kind", "faces"), [("triangles", 1500), ("quads", 800), ("grid", 0)])
def test_the_shape_stays_closed_and_the_size_real(
    run_tool: Callable[..., Any], torus: Mesh, kind: str, faces: int
) -> None:
    ran = run_tool("remesh", torus, kind=kind, faces=faces or 1000, cells=60)
    facts = mesh_facts(ran.mesh)
    assert facts.watertight
    assert is_solid(ran.mesh)
    assert facts.components == 1
    assert facts.volume_m3 == pytest.approx(mesh_facts(torus).volume_m3, rel=0.1)
    assert facts.size_m == pytest.approx(torus.size_m, rel=0.03)
    assert ran.facts["distance_mean_mm"] < 0.2
    if kind == "triangles":
        assert ran.mesh.face_count == pytest.approx(faces, rel=0.05)
        sides = np.linalg.norm(np.diff(ran.mesh.vertices[ran.mesh.faces][:, [0, 1, 2, 0]], axis=1), axis=2)
        assert np.percentile(sides, 95) < 2.2 * np.percentile(sides, 5)
    if kind == "quads":
        assert ran.mesh.polygons is not None
        sizes = np.diff(ran.mesh.polygons.offsets)
        assert (sizes == 4).mean() > 0.95
        assert ran.facts["quads"] == (sizes == 4).sum() == pytest.approx(faces, rel=0.3)


@pytest.mark.parametrize("entry", ["remesh", "rebuild"])
def test_textures_are_carried_over(run_tool: Callable[..., Any], ball: Mesh, entry: str) -> None:
    settings = {"cells": 40, "texture_side": 256} | ({"kind": "grid"} if entry == "remesh" else {})
    ran = run_tool(entry, ball, **settings)
    assert ran.warnings == []
    (material,) = ran.mesh.materials
    assert material.normal_map is not None
    assert ran.mesh.tangents is not None
    assert chart_facts(ran.mesh).overlap < 0.001
    assert material.base_color_texture is not None
    assert material.metallic_roughness_texture is not None
    assert (material.metallic, material.roughness) == (1.0, 1.0)
    assert drift(ran.mesh, ball.changed(metres_per_unit=0.001)) < 6
    bare = run_tool(entry, ball, **settings | {"texture_side": 0})
    assert (bare.mesh.uvs, bare.mesh.colors) == ((), None)


def test_a_coarse_surface_is_shaded_like_the_fine_one(run_tool: Callable[..., Any]) -> None:
    fine = laid(sphere(40, 60, 1000.0)).changed(metres_per_unit=0.001)
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 90, 40)).save(picture, "PNG")
    skin = Material(base_color_texture=Texture(picture.getvalue(), "image/png"))
    fine = fine.changed(materials=(skin,), normals=None)
    ran = run_tool("remesh", fine, kind="quads", faces=300, texture_side=256)
    (material,) = ran.mesh.materials
    assert material.normal_map is not None
    points, normals = shaded(ran.mesh, material.normal_map)
    away = degrees(normals, points / np.linalg.norm(points, axis=1, keepdims=True))
    assert np.mean(away) < 2.0
    assert np.percentile(away, 95) < 5.0
    assert ran.facts["quads"] > 0.6 * ran.facts["polygons"]


def test_a_large_surface_gets_the_six_sides_of_a_box(
    run_tool: Callable[..., Any], ball: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resurface, "_MOST_CHARTED", 100)
    ran = run_tool("remesh", ball, kind="grid", cells=24, texture_side=128)
    assert ran.mesh.materials[0].base_color_texture is not None
    assert np.isfinite(ran.mesh.uvs[0]).all()


def test_colours_of_vertices_stay_in_the_vertices(run_tool: Callable[..., Any], torus: Mesh) -> None:
    red = np.where(torus.vertices[:, :1] > 0, np.uint8(255), np.uint8(40)).repeat(4, axis=1)
    red[:, 3] = 255
    ran = run_tool("remesh", torus.changed(colors=red), kind="grid", cells=40)
    assert ran.mesh.colors is not None
    right = ran.mesh.vertices[:, 0] * ran.mesh.metres_per_unit > 0.002
    assert ran.mesh.colors[right, 0].min() > 200
    plain = Material(name="jade", base_color=(0.1, 0.6, 0.3, 1.0))
    assert run_tool("remesh", torus.changed(materials=(plain,)), faces=200).mesh.materials == (plain,)


def test_emission_is_carried_over_with_its_factor(run_tool: Callable[..., Any], ball: Mesh) -> None:
    lamp = Material(emissive=(0.5, 0.5, 0.5), emissive_texture=ball.materials[0].base_color_texture)
    lit = ball.changed(materials=(lamp,), face_materials=None)
    (material,) = run_tool("rebuild", lit, cells=24, texture_side=64).mesh.materials
    assert material.emissive == (1.0, 1.0, 1.0)
    assert material.emissive_texture is not None


def test_quads_are_refused_where_they_cannot_be_made(
    run_tool: Callable[..., Any], cube: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynanoinstantmeshes", None)
    with pytest.raises(MeshUnfit, match="cannot be made on this system"):
        run_tool("remesh", cube, kind="quads")


def test_what_a_library_leaves_broken_is_mended_or_nothing(torus: Mesh, cube: Mesh) -> None:
    unit = (torus.vertices - torus.bounds[0]) / (torus.bounds[1] - torus.bounds[0]).max()
    torn = np.delete(torus.faces, [5, 6, 700, 2000, 2001], axis=0)
    made = surface_mesh((unit.astype(float), torn.astype(np.int64)), torus)
    assert made is not None
    assert mesh_facts(made).watertight
    assert made.face_materials is None
    opened = surface_mesh((unit.astype(float), torn.astype(np.int64)), torus.changed(faces=torn))
    assert opened is not None
    assert not mesh_facts(opened).watertight
    flat = np.zeros((4, 3)), np.int64([[0, 1, 2, 3]])
    assert surface_mesh(flat, cube) is None
    assert surface_mesh((np.full((4, 3), np.nan), flat[1]), cube) is None


def test_an_old_request_of_rebuild_is_understood() -> None:
    assert REBUILD.upgrade is not None
    old = {"cells": 200, "smallest_piece": 5.0, "colors": False}
    assert REBUILD.upgrade(old, 1) == {"cells": 200, "smallest_piece": 5.0, "texture_side": 0}
    assert REBUILD.upgrade(old | {"colors": True}, 1) == {"cells": 200, "smallest_piece": 5.0}
    assert REBUILD.upgrade({"cells": 24}, 2) == {"cells": 24}


def test_a_cube_becomes_round_and_its_limit_is_loops(run_tool: Callable[..., Any], cube: Mesh) -> None:
    octahedron = Mesh(
        np.float32([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]),
        np.int32([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]),
    )
    made = run_tool("subdivide", octahedron, rounds=1).mesh
    # Loop's even rule at valence 4: 1 - 4β with β = (5/8 - (3/8)²) / 4; the neighbours cancel out.
    assert made.bounds[1] == pytest.approx([1 - (5 / 8 - 9 / 64)] * 3)
    assert made.face_count == 32
    flat = run_tool("subdivide", cube, rounds=2, smooth=False)
    assert flat.facts["volume_m3"] == pytest.approx(8)
    assert flat.facts["distance_max_mm"] == pytest.approx(0, abs=1e-3)
    with pytest.raises(MeshUnfit, match="more than 8000000 faces"):
        run_tool("subdivide", cube.changed(faces=np.tile(cube.faces, (3000, 1))), rounds=4)
    with pytest.raises(MeshUnfit, match="no face"):
        run_tool("subdivide", cube.changed(vertices=np.zeros_like(cube.vertices)))


def test_seams_rims_and_colours_survive_subdivision(run_tool: Callable[..., Any], ball: Mesh) -> None:
    colored = ball.changed(colors=np.full((ball.vertex_count, 4), 201, np.uint8))
    ran = run_tool("subdivide", colored)
    assert ran.facts["watertight"] is True
    assert drift(ran.mesh, colored.changed(metres_per_unit=0.001)) < 6
    assert ran.mesh.colors is not None
    assert np.abs(ran.mesh.colors.astype(int) - 201).max() <= 1
    square = np.float32([[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0]])
    sheet = Mesh(square, np.int32([[0, 1, 2], [0, 2, 3], [0, 0, 1]]))
    made = run_tool("subdivide", sheet).mesh
    assert made.face_count == 8
    assert made.vertices[:, 2].tolist() == [0.0] * made.vertex_count
    assert {(1.0, 0.0, 0.0), (1.0, 1.0, 0.0)} <= {tuple(row) for row in made.vertices.tolist()}


def test_two_meshes_become_one(run_tool: Callable[..., Any], ball: Mesh, cube: Mesh) -> None:
    block = cube.changed(vertices=cube.vertices * np.float32(10), metres_per_unit=0.001)
    stay = run_tool("merge", ball, block)
    assert stay.facts["faces"] == ball.face_count + 12
    assert len(stay.mesh.materials) == 3
    beside = run_tool("merge", ball, block, where="beside", gap_mm=5.0)
    assert beside.facts["components"] == 2
    assert beside.mesh.size_m[0] == pytest.approx(0.04 + 0.005 + 0.02, rel=0.01)
    above = run_tool(
        "merge", ball, block.changed(vertices=block.vertices / 100, metres_per_unit=0.1), where="above"
    )
    assert above.mesh.size_m[1] == pytest.approx(0.04 + 0.01 + 0.02, rel=0.01)
