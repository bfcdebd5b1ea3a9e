from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.chores import CHORES
from orfeas_desktop.engine.chores.display_files import array_paths, read_display
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.engine.mesh.mesh import Material
from orfeas_desktop.errors import BadMesh
from orfeas_desktop.requests import JobResult, OutputFile

DISPLAY = CHORES["display"]


def run(mesh, notes, tmp_path, **values):
    path = tmp_path / "ball.glb"
    write_glb(mesh, path)
    given = {"mesh": (local_file(path, AssetKind.mesh),)}
    return DISPLAY.run(given, DISPLAY.params.check("display", values), notes)


def test_the_arrays_are_those_of_the_mesh(ball, notes, tmp_path):
    manifest, *arrays = run(ball(), notes, tmp_path)
    read = read_glb(tmp_path / "ball.glb")
    display = read_display(manifest.path)
    (surface,) = display.surfaces
    np.testing.assert_array_equal(surface.vertices, read.vertices)
    np.testing.assert_array_equal(surface.faces, read.faces)
    np.testing.assert_array_equal(surface.normals, read.normals)
    np.testing.assert_array_equal(surface.uv, read.uvs[0])
    assert surface.texture.shape == (32, 64, 3)
    assert isinstance(surface.vertices, np.memmap)
    assert display.facts.faces == read.face_count
    assert display.facts.vertices == read.vertex_count
    assert display.facts.size == pytest.approx((1, 1, 1), abs=1e-3)
    assert {output.slot for output in arrays} == {"arrays"}
    assert notes.previews == []
    assert display.stand_in is None


def test_several_materials_become_several_surfaces(ball, notes, tmp_path):
    mesh = ball()
    groups = (np.arange(mesh.face_count) % 2).astype(np.int32)
    mesh = mesh.changed(materials=(mesh.materials[0], Material("plain", metallic=1.0)), face_materials=groups)
    manifest, *_ = run(mesh, notes, tmp_path)
    first, second = read_display(manifest.path).surfaces
    assert len(first.faces) + len(second.faces) == mesh.face_count
    assert second.texture is None
    assert second.finish.metallic == 1.0
    assert notes.fractions == sorted(notes.fractions)
    assert notes.fractions[-1] == 1.0


def test_a_large_mesh_shows_a_stand_in_first(ball, notes, tmp_path):
    manifest, *_ = run(ball(60), notes, tmp_path, stand_in_faces=500)
    ((preview, kind),) = notes.previews
    assert kind is AssetKind.display
    early, whole = read_display(preview), read_display(manifest.path)
    assert early.surfaces == ()
    assert 100 < len(early.stand_in.faces) <= 500
    assert early.facts == whole.facts
    np.testing.assert_array_equal(early.stand_in.vertices, whole.stand_in.vertices)
    assert not isinstance(early.stand_in.vertices, np.memmap)
    assert len(whole.surfaces[0].faces) == whole.facts.faces


def test_lengths_are_told_in_metres(ball, notes, tmp_path):
    manifest, *_ = run(ball().changed(metres_per_unit=0.01), notes, tmp_path)
    display = read_display(manifest.path)
    measured = np.array(display.surfaces[0].vertices) * display.metres_per_unit
    np.testing.assert_allclose(measured.min(axis=0), display.facts.low, rtol=1e-5)
    assert max(display.facts.size) == pytest.approx(0.01, rel=1e-3)


def test_files_that_were_moved_under_other_names_are_found(ball, notes, tmp_path):
    outputs = run(ball(60), notes, tmp_path, stand_in_faces=500)
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    kept = []
    for output in outputs:
        file = local_file(output.path, output.kind, output.name)
        place = blobs / file.digest
        shutil.move(output.path, place)
        kept.append(OutputFile(output.slot, local_file(place, output.kind, output.name)))
    result = JobResult(tuple(kept), {}, {})
    manifest = result.file("manifest")
    display = read_display(manifest.path, array_paths(result))
    assert len(display.surfaces[0].faces) == display.facts.faces
    with pytest.raises(BadMesh):
        read_display(manifest.path)


def _spoil(array, how):
    match how:
        case "index too high":
            array[0, 0] = 10**6
        case "index below zero":
            array[0, 0] = -1
        case "not finite":
            array[0, 0] = np.nan
        case "short":
            return array[:-1]
        case "doubles":
            return array.astype(np.float64)
        case "flat":
            return array.reshape(-1)
        case "empty":
            return array[:0]
    return array


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("0-faces.npy", "index too high"),
        ("0-faces.npy", "index below zero"),
        ("0-faces.npy", "doubles"),
        ("0-faces.npy", "flat"),
        ("0-faces.npy", "empty"),
        ("0-vertices.npy", "not finite"),
        ("0-vertices.npy", "short"),
        ("0-vertices.npy", "empty"),
        ("0-normals.npy", "short"),
        ("0-uv.npy", "doubles"),
        ("0-texture.npy", "flat"),
        ("0-texture.npy", "doubles"),
    ],
)
def test_arrays_that_would_crash_the_view_are_refused(ball, notes, tmp_path, name, how):
    manifest, *_ = run(ball(), notes, tmp_path)
    path = manifest.path.parent / name
    np.save(path, _spoil(np.load(path), how))
    with pytest.raises(BadMesh, match="display files are damaged"):
        read_display(manifest.path)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x93NUMPY", b"not an array"])
def test_damaged_files_are_refused(ball, notes, tmp_path, damage):
    manifest, *arrays = run(ball(), notes, tmp_path)
    arrays[0].path.write_bytes(damage)
    with pytest.raises(BadMesh):
        read_display(manifest.path)
    manifest.path.write_bytes(damage)
    with pytest.raises(BadMesh):
        read_display(manifest.path)


def test_a_manifest_of_another_format_is_refused(ball, notes, tmp_path):
    manifest, *_ = run(ball(), notes, tmp_path)
    read = json.loads(manifest.path.read_text())
    manifest.path.write_text(json.dumps(read | {"format": 2}))
    with pytest.raises(BadMesh):
        read_display(manifest.path)
