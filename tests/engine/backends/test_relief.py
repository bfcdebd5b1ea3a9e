"""The entries `relief` and `relief-mask`: what goes in, what comes out, what is refused, how good it is."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.backends.base import Task
from orfeas_desktop.engine.backends.relief import read_box
from orfeas_desktop.engine.mesh.glb import read_glb
from orfeas_desktop.errors import (
    BadParams,
    BadPicture,
    Cancelled,
    NoObjectFound,
    PictureEmpty,
    PictureTransparent,
)
from orfeas_desktop.paths import RESOURCES
from orfeas_desktop.register import Lane

TESTS = Path(__file__).parents[2]
BENCH = TESTS / "data" / "relief_bench"
SAMPLES = RESOURCES / "samples"
RELIEF, RELIEF_MASK = BACKENDS["relief"], BACKENDS["relief-mask"]


@pytest.fixture(scope="module")
def metrics():
    spec = importlib.util.spec_from_file_location("relief_metrics", TESTS / "bench" / "metrics.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def given(**paths):
    return {slot: (local_file(Path(path), AssetKind.picture),) for slot, path in paths.items()}


def picture(path, pixels):
    Image.fromarray(pixels).save(path)
    return path


def square(size=120, box=(30, 30, 90, 90), colour=(200, 40, 30)):
    pixels = np.full((size, size, 3), 240, np.uint8)
    pixels[box[1] : box[3], box[0] : box[2]] = colour
    return pixels


def test_the_entries_say_what_they_are():
    assert RELIEF.task is Task.image_to_mesh
    assert RELIEF_MASK.task is Task.image_to_mask
    assert RELIEF.lane is RELIEF_MASK.lane is Lane.cpu
    assert RELIEF.title == "Quick relief (no AI weights)"
    assert [slot.name for slot in RELIEF.inputs if slot.required] == ["front"]
    RELIEF.unload()
    RELIEF_MASK.unload()


def test_a_picture_becomes_a_closed_textured_mesh(make_context):
    context = make_context()
    mesh_file, mask_file = RELIEF.run(given(front=SAMPLES / "robot.png"), RELIEF.params(), context)
    assert (mesh_file.slot, mesh_file.kind, mesh_file.name) == ("mesh", AssetKind.mesh, "robot.glb")
    assert (mask_file.slot, mask_file.kind) == ("mask", AssetKind.mask)
    mesh = read_glb(mesh_file.path)
    material = mesh.materials[0]
    assert (material.metallic, material.roughness) == (0, pytest.approx(0.85))
    assert material.base_color_texture is not None
    assert context.facts["watertight"] is True
    assert context.facts["vertices"] == mesh.vertex_count
    assert context.facts["faces"] == mesh.face_count
    assert context.facts["mask_how"] == "alpha"
    assert context.facts["mask_confidence"] == 1
    assert context.previews == [mask_file.path]
    assert not context.warnings
    low, high = mesh.bounds
    assert (high - low).max() == pytest.approx(1, abs=1e-5)


def test_the_same_seed_gives_the_same_bytes(make_context):
    made = []
    for _ in range(2):
        outputs = RELIEF.run(
            given(front=SAMPLES / "coffee.jpg"), RELIEF.params(resolution=96), make_context(seed=2**40)
        )
        made.append([output.path.read_bytes() for output in outputs])
    assert made[0] == made[1]


def test_an_unsure_mask_is_warned_of_and_a_box_settles_it(make_context):
    context = make_context()
    RELIEF.run(given(front=SAMPLES / "coffee.jpg"), RELIEF.params(resolution=64), context)
    assert context.facts["mask_confidence"] <= 0.5
    assert "coffee.jpg" in context.warnings[0]
    boxed = make_context()
    RELIEF.run(given(front=SAMPLES / "coffee.jpg"), RELIEF.params(resolution=64, box="60,5,580,390"), boxed)
    assert boxed.facts["mask_how"] == "box"
    assert boxed.facts["mask_confidence"] == 1
    assert not boxed.warnings


def test_the_box_counts_pixels_of_the_picture_as_it_lies_on_disk(tmp_path, make_context):
    large = np.full((1200, 2400, 3), 240, np.uint8)
    large[400:800, 300:700] = large[400:800, 1700:2100] = (200, 40, 30)
    path = picture(tmp_path / "two.png", large)
    outputs = RELIEF_MASK.run(given(front=path), RELIEF_MASK.params(box="1600,300,2200,900"), make_context())
    mask = np.asarray(Image.open(outputs[0].path))
    assert mask.shape == (512, 1024)
    columns = np.flatnonzero((mask > 127).any(axis=0)) * 2400 / 1024
    assert columns.min() == pytest.approx(1700, abs=6)
    assert columns.max() == pytest.approx(2100, abs=6)


def test_the_mask_alone_can_be_asked_for_and_given_back(tmp_path, make_context):
    context = make_context()
    (found,) = RELIEF_MASK.run(given(front=SAMPLES / "chair.png"), RELIEF_MASK.params(), context)
    assert found.slot == "mask"
    assert context.facts == {"mask_how": "alpha", "mask_confidence": 1}
    own = make_context()
    RELIEF.run(given(front=SAMPLES / "chair.png", mask=found.path), RELIEF.params(resolution=64), own)
    assert own.facts["mask_how"] == "mask"


@pytest.mark.parametrize("sides", [("left",), ("back",), ("left", "back", "right")], ids="+".join)
def test_side_pictures_are_taken_in(tmp_path, make_context, sides):
    front = picture(tmp_path / "front.png", square())
    flat = picture(tmp_path / "side.png", square(box=(50, 30, 70, 90)))
    files = {side: front if side == "back" else flat for side in sides}
    outputs = RELIEF.run(given(front=front, **files), RELIEF.params(resolution=64), make_context())
    low, high = read_glb(outputs[0].path).bounds
    if "left" in sides:
        assert (high - low)[2] == pytest.approx(1 / 3, abs=0.06)


@pytest.mark.parametrize(
    ("settings", "warned"), [({}, False), ({"depth": 1.2}, True), ({"shape": "soft"}, True)], ids=str
)
def test_settings_that_side_pictures_overrule_are_said(tmp_path, make_context, settings, warned):
    front = picture(tmp_path / "front.png", square())
    context = make_context()
    RELIEF.run(given(front=front, right=front), RELIEF.params(resolution=64, **settings), context)
    assert any("not used" in warning for warning in context.warnings) is warned


def test_the_least_sure_view_decides_the_confidence(tmp_path, make_context):
    front = picture(tmp_path / "front.png", square())
    context = make_context()
    RELIEF.run(given(front=front, left=SAMPLES / "coffee.jpg"), RELIEF.params(resolution=64), context)
    assert context.facts["mask_how"] == "plain"
    assert context.facts["mask_confidence"] <= 0.5


def test_depth_shape_detail_and_resolution_are_obeyed(make_context):
    def size(**settings):
        outputs = RELIEF.run(given(front=SAMPLES / "chair.png"), RELIEF.params(**settings), make_context())
        mesh = read_glb(outputs[0].path)
        low, high = mesh.bounds
        return mesh.face_count, (high - low)[2] / (high - low)[1]

    faces, depth = size(resolution=64, detail=False)
    assert size(resolution=96, detail=False)[0] > 1.5 * faces
    assert size(resolution=64, detail=False, depth=1.5)[1] > 1.3 * depth
    assert size(resolution=64, shape="round")[0] != faces


@pytest.mark.parametrize(
    "settings",
    [{"box": "1,2,3"}, {"box": "a,b,c,d"}, {"box": "5,5,1,9"}, {"box": "nan,0,1,1"}, {"depth": 2.0}, {"resolution": 32},
     {"shape": "cubic"}, {"colour": 1}],
    ids=str,
)  # fmt: skip
def test_settings_out_of_range_are_refused_by_name(settings):
    with pytest.raises(BadParams, match=next(iter(settings))):
        RELIEF.params.check("relief", settings)


def test_boxes_are_read():
    assert read_box("  ") is None
    box = read_box("1, 2,3.5,4")
    assert (box.x0, box.y1) == (1, 4)


def test_every_look_for_cancellation_is_obeyed(make_context):
    counted = make_context()
    inputs = given(front=SAMPLES / "robot.png", left=SAMPLES / "chair.png")
    RELIEF.run(inputs, RELIEF.params(resolution=64), counted)
    assert counted.looks >= 6
    for at in range(1, counted.looks + 1, 3):
        with pytest.raises(Cancelled):
            RELIEF.run(inputs, RELIEF.params(resolution=64), make_context(cancel_at=at))


def test_pictures_without_an_object_are_refused(tmp_path, make_context):
    clear = np.zeros((40, 40, 4), np.uint8)
    one = clear.copy()
    one[20, 20] = 255
    cases = {
        "clear.png": (clear, PictureTransparent),
        "one pixel.png": (one, NoObjectFound),
        "even.png": (np.full((64, 64, 3), 200, np.uint8), NoObjectFound),
    }
    for name, (pixels, error) in cases.items():
        path = picture(tmp_path / name, pixels)
        for entry in (RELIEF, RELIEF_MASK):
            with pytest.raises(error, match=name):
                entry.run(given(front=path), entry.params(), make_context())


def test_broken_pictures_are_refused(tmp_path, make_context):
    for name, data, error in (("empty.png", b"", PictureEmpty), ("text.png", b"hello there", BadPicture)):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(error):
            RELIEF.run(given(front=path), RELIEF.params(), make_context())


def test_quality_stays_above_its_floor(metrics, make_context):
    rows = []
    for case in sorted(path.parent for path in BENCH.glob("*/camera.json")):
        camera = json.loads((case / "camera.json").read_text())
        outputs = RELIEF.run(given(front=case / "image.png"), RELIEF.params(), make_context())
        mesh = read_glb(outputs[0].path)
        made = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
        made.merge_vertices(merge_tex=True, merge_norm=True)
        assert made.is_watertight, case.name
        true = trimesh.load(case / camera["mesh"], process=False, force="mesh")
        row = metrics.geometry(made, true, camera, samples=4000, solid=False)
        row["siou"] = metrics.silhouette_overlap(
            made, np.asarray(Image.open(case / "mask.png").convert("L")) > 127
        )
        rows.append(row)
    mean = {name: np.mean([row[name] for row in rows]) for name in ("f05", "nc", "siou")}
    assert mean["f05"] >= 0.62
    assert mean["nc"] >= 0.70
    assert mean["siou"] >= 0.95
