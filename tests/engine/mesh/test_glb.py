"""A GLB holds the whole mesh, for us and for others."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pygltflib
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from orfeas_desktop.engine.mesh.facts import signed_volume
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb, write_glb_nodes
from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Mesh, Polygons, Texture
from orfeas_desktop.engine.mesh.polygons import triangulated
from orfeas_desktop.engine.mesh.source_files import one_line
from orfeas_desktop.engine.mesh.transform import Transform, transformed
from orfeas_desktop.errors import BadMesh, FileMissing, NotAFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def same(one: Mesh, other: Mesh) -> None:
    for name in ("vertices", "faces", "normals", "tangents", "colors"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None), name
        if mine is not None:
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
    assert len(one.uvs) == len(other.uvs)
    for mine, theirs in zip(one.uvs, other.uvs, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    groups = [
        mesh.face_materials if mesh.face_materials is not None else np.zeros(mesh.face_count, np.int32)
        for mesh in (one, other)
    ]
    np.testing.assert_array_equal(*groups)
    assert one.materials == other.materials
    assert one.metres_per_unit == other.metres_per_unit
    assert one.name == other.name


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10).map(one_line).filter(bool)
"""Names as the reader tells them: one line, nothing that cannot be seen."""


@st.composite
def meshes(draw: st.DrawFn) -> Mesh:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    vertices, faces = draw(st.integers(3, 40)), draw(st.integers(1, 60))
    directions = random.normal(size=(vertices, 3))
    directions = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype(np.float32)
    out = io.BytesIO()
    from PIL import Image

    Image.new("RGBA", (4, 4), (1, 2, 3, 4)).save(out, draw(st.sampled_from(["PNG", "WEBP"])))
    media = "image/png" if out.getvalue().startswith(b"\x89") else "image/webp"
    sets = draw(st.integers(0, 3))
    texture = Texture(out.getvalue(), media, draw(st.integers(0, sets - 1))) if sets else None
    unit_floats = st.floats(0, 1, width=32)
    material = Material(
        name=draw(NAMES),
        base_color=draw(st.tuples(*[unit_floats] * 4)),
        base_color_texture=texture,
        metallic=draw(unit_floats),
        roughness=draw(unit_floats),
        metallic_roughness_texture=texture,
        normal_map=texture,
        normal_scale=draw(unit_floats) if texture else 1.0,
        occlusion_texture=texture,
        occlusion_strength=draw(unit_floats) if texture else 1.0,
        emissive=draw(st.tuples(*[unit_floats] * 3)),
        emissive_texture=texture,
        alpha_mode=draw(st.sampled_from(AlphaMode)),
        alpha_cutoff=draw(unit_floats),
        double_sided=draw(st.booleans()),
    )
    count = draw(st.integers(1, 3))
    handedness = random.choice([-1, 1], (vertices, 1)).astype(np.float32)
    return Mesh(
        vertices=random.normal(size=(vertices, 3)).astype(np.float32),
        faces=random.integers(0, vertices, (faces, 3)).astype(np.int32),
        normals=directions if draw(st.booleans()) else None,
        tangents=np.concatenate([directions, handedness], axis=1) if draw(st.booleans()) else None,
        uvs=tuple(random.random((vertices, 2)).astype(np.float32) for _ in range(sets)),
        colors=random.integers(0, 256, (vertices, 4)).astype(np.uint8) if draw(st.booleans()) else None,
        materials=tuple(replace(material, name=f"{material.name}{index}") for index in range(count)),
        face_materials=np.sort(random.integers(0, count, faces)).astype(np.int32) if count > 1 else None,
        metres_per_unit=draw(st.sampled_from([1.0, 0.001, 0.0254, 3.7])),
        name=draw(NAMES),
    )


@given(meshes())
@settings(max_examples=60)
def test_what_is_written_is_read(tmp_path: Path, mesh: Mesh) -> None:
    path = tmp_path / "mesh.glb"
    write_glb(mesh, path)
    same(mesh, read_glb(path))


def test_same_mesh_same_bytes(tmp_path: Path, ball: Mesh) -> None:
    for name in "ab":
        write_glb(ball, tmp_path / name, extras={"seed": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_many_vertices_need_wide_indices(tmp_path: Path) -> None:
    count = 70_000
    vertices = np.random.default_rng(0).random((count, 3)).astype(np.float32)
    faces = np.arange(count - count % 3).reshape(-1, 3).astype(np.int32)
    mesh = Mesh(vertices, faces)
    write_glb(mesh, tmp_path / "m.glb")
    same(mesh, read_glb(tmp_path / "m.glb"))
    document = pygltflib.GLTF2().load(str(tmp_path / "m.glb"))
    assert document.accessors[1].componentType == pygltflib.UNSIGNED_INT


def test_extras_travel(tmp_path: Path, cube: Mesh) -> None:
    path = tmp_path / "m.glb"
    write_glb(
        cube.changed(extras={"backend": "relief", "seed": 3}),
        path,
        extras={"seed": 4, "gain": 0.5, "note": None},
    )
    assert read_glb(path).extras == {"backend": "relief", "seed": 4, "gain": 0.5, "note": None}
    assert pygltflib.GLTF2().load(str(path)).asset.extras["orfeas"]["backend"] == "relief"


def test_trimesh_sees_the_same(tmp_path: Path, ball: Mesh) -> None:
    path = tmp_path / "ball.glb"
    write_glb(ball, path)
    scene = trimesh.load_scene(path, process=False)
    assert sum(len(part.faces) for part in scene.geometry.values()) == ball.face_count
    np.testing.assert_allclose(scene.bounds, np.array(ball.bounds) * 0.001, atol=1e-7)
    parts = list(scene.geometry.values())
    assert [part.visual.material.name for part in parts] == ["lower half", "upper half"]
    assert parts[0].visual.material.normalTexture is not None
    assert parts[1].visual.material.baseColorFactor.tolist() == [255, 128, 64, 255]
    np.testing.assert_allclose(parts[0].visual.uv[:, 1], 1 - ball.uvs[0][:, 1], atol=1e-6)


def test_pygltflib_sees_shared_vertices_and_one_picture_each(tmp_path: Path, ball: Mesh) -> None:
    path = tmp_path / "ball.glb"
    write_glb(ball, path)
    document = pygltflib.GLTF2().load(str(path))
    first, second = document.meshes[0].primitives
    assert first.attributes.POSITION == second.attributes.POSITION
    assert first.attributes.TEXCOORD_0 == second.attributes.TEXCOORD_0
    assert sorted(image.mimeType for image in document.images) == ["image/jpeg", "image/png"]
    assert document.nodes[0].scale == [0.001] * 3
    position = document.accessors[first.attributes.POSITION]
    np.testing.assert_array_equal(np.array([position.min, position.max], np.float32), ball.bounds)


def test_vtk_sees_the_same(tmp_path: Path, ball: Mesh) -> None:
    from vtkmodules.vtkFiltersGeometry import vtkCompositeDataGeometryFilter
    from vtkmodules.vtkIOGeometry import vtkGLTFReader

    path = tmp_path / "ball.glb"
    write_glb(ball, path)
    reader = vtkGLTFReader()
    reader.SetFileName(str(path))
    surface = vtkCompositeDataGeometryFilter()
    surface.SetInputConnection(reader.GetOutputPort())
    surface.Update()
    data = surface.GetOutput()
    assert data.GetNumberOfPolys() == ball.face_count
    assert data.GetPointData().GetTCoords() is not None
    assert data.GetBounds()[2:4] == pytest.approx((-0.02, 0.02), abs=1e-6)


def test_webp_needs_its_extension(tmp_path: Path, cube: Mesh, encoded_picture: Callable[..., bytes]) -> None:
    texture = Texture(encoded_picture("WEBP"), "image/webp")
    mesh = cube.changed(
        uvs=(np.zeros((8, 2), np.float32),), materials=(Material(base_color_texture=texture),)
    )
    write_glb(mesh, tmp_path / "m.glb")
    document = pygltflib.GLTF2().load(str(tmp_path / "m.glb"))
    assert document.extensionsRequired == ["EXT_texture_webp"]
    same(mesh, read_glb(tmp_path / "m.glb"))


def test_a_texture_without_its_uv_set_is_left_out(
    tmp_path: Path, cube: Mesh, encoded_picture: Callable[..., bytes]
) -> None:
    bare = cube.changed(materials=(Material(base_color_texture=Texture(encoded_picture(), "image/png")),))
    write_glb(bare, tmp_path / "m.glb")
    assert read_glb(tmp_path / "m.glb").materials[0].base_color_texture is None


def test_normals_that_are_not_unit_are_made_so(tmp_path: Path, cube: Mesh) -> None:
    normals = cube.vertices * 3
    normals[0] = 0
    tangents = np.concatenate([normals[:, [1, 2, 0]], np.full((8, 1), 0.5, np.float32)], axis=1)
    write_glb(cube.changed(normals=normals, tangents=tangents), tmp_path / "m.glb")
    read = read_glb(tmp_path / "m.glb")
    assert read.normals is not None
    assert read.tangents is not None
    np.testing.assert_allclose(np.linalg.norm(read.normals, axis=1), 1, atol=1e-6)
    assert read.normals[0].tolist() == [0, 0, 1]
    assert set(read.tangents[:, 3].tolist()) == {1.0}


def test_quads_come_back_and_what_does_not_fit_is_left_out(tmp_path: Path, cube: Mesh) -> None:
    corners = np.int32([0, 1, 3, 2, 0, 2, 6, 4, 0, 4, 5, 1, 1, 5, 7, 3, 2, 3, 7, 4, 6, 7, 5, 2, 7, 6])
    offsets = np.int32([0, 4, 8, 12, 16, 19, 23, 26])
    whole = Polygons(offsets, corners)
    faces, _ = triangulated(whole, cube.vertices)
    write_glb(cube.changed(faces=faces, polygons=whole), tmp_path / "m.glb")
    read = read_glb(tmp_path / "m.glb")
    assert read.polygons is not None
    kept = [frozenset(row.tolist()) for row in np.split(read.polygons.indices, read.polygons.offsets[1:-1])]
    asked = [frozenset(row.tolist()) for row in np.split(whole.indices, whole.offsets[1:-1])]
    assert kept == asked
    assert signed_volume(read) == pytest.approx(signed_volume(cube.changed(faces=faces)))
    large = Polygons(np.int32([0, 5]), np.int32([0, 1, 3, 2, 6]))
    for mesh in (cube.changed(polygons=large), cube.changed(polygons=Polygons(offsets[:2], corners[:4]))):
        write_glb(mesh, tmp_path / "m.glb")
        assert read_glb(tmp_path / "m.glb").polygons is None


def test_a_broken_mesh_is_not_written(tmp_path: Path, cube: Mesh) -> None:
    with pytest.raises(BadMesh, match="a face names a vertex"):
        write_glb(cube.changed(faces=cube.faces + 1), tmp_path / "m.glb")
    assert not (tmp_path / "m.glb").exists()


def test_several_nodes_share_a_mesh_and_are_merged_when_read(tmp_path: Path, cube: Mesh, ball: Mesh) -> None:
    half_turn = (0.0, 1.0, 0.0, 0.0)
    placed = [
        ("a", cube, Transform((3, 0, 0))),
        ("b", cube, Transform((0, 0, 5), half_turn, (1, 2, 1))),
        ("c", ball, Transform()),
    ]
    write_glb_nodes(placed, tmp_path / "m.glb")
    document = pygltflib.GLTF2().load(str(tmp_path / "m.glb"))
    assert [node.name for node in document.nodes] == ["a", "b", "c"]
    assert document.nodes[0].mesh == document.nodes[1].mesh
    read = read_glb(tmp_path / "m.glb")
    assert read.face_count == 2 * cube.face_count + ball.face_count
    assert read.metres_per_unit == 1.0
    np.testing.assert_allclose(read.bounds, [[-1, -2, -1], [4, 2, 6]], atol=1e-6)
    assert len(read.materials) == 3
    assert len(read.uvs) == 1
    assert read.normals is not None


def test_a_mirroring_transform_keeps_the_outside_outside(cube: Mesh) -> None:
    from orfeas_desktop.engine.mesh.facts import signed_volume

    tangents = np.tile(np.array([1, 0, 0, 1], np.float32), (8, 1))
    mesh = cube.changed(normals=cube.vertices / np.float32(3**0.5), tangents=tangents)
    turned = transformed(mesh, np.diag([-2.0, 1, 1, 1]))
    assert signed_volume(turned) == pytest.approx(16)
    assert turned.normals is not None
    assert turned.tangents is not None
    assert (np.sign(turned.normals) == np.sign(turned.vertices)).all()
    assert turned.tangents[0].tolist() == [-1, 0, 0, -1]


def test_what_is_not_there_or_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        read_glb(tmp_path / "nothing.glb")
    with pytest.raises(NotAFile):
        read_glb(tmp_path)
    with pytest.raises(FileMissing):
        read_glb(tmp_path / "with\0nul")
