"""The scorecard of a mesh."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.chores.score import SCORE
from orfeas_desktop.engine.mesh.box_charts import box_layout
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import Material
from orfeas_desktop.engine.mesh.pick import with_vertices
from orfeas_desktop.engine.mesh.score import cut_out, front_outline, overlap, sharpness
from orfeas_desktop.engine.mesh.textures import texture_of


@pytest.fixture
def score(cube, make_context, tmp_path):
    """Measure a mesh, a cube when none is given, beside a picture or a mask."""

    def run(mesh=None, **pictures):
        write_glb(mesh or cube, tmp_path / "in.glb")
        inputs = {"mesh": (local_file(tmp_path / "in.glb", AssetKind.mesh),)}
        for slot, picture in pictures.items():
            picture.save(tmp_path / f"{slot}.png")
            inputs[slot] = (local_file(tmp_path / f"{slot}.png", AssetKind.picture),)
        context = make_context()
        (output,) = SCORE.run(inputs, SCORE.params(), context)
        assert output.path.is_file()
        return context.facts

    return run


def square(side: int = 100) -> Image.Image:
    picture = Image.new("L", (300, 200))
    picture.paste(255, (40, 30, 40 + side, 30 + side))
    return picture


def test_a_closed_cube_before_a_square_is_what_it_should_be(score):
    facts = score(mask=square())
    assert (facts["closed"], facts["components"], facts["faces"]) == (True, 1, 12)
    assert facts["silhouette_iou"] == pytest.approx(1.0, abs=0.02)


def test_an_outline_of_another_form_is_told(score):
    round_one = Image.new("L", (200, 200))
    rows, columns = np.ogrid[:200, :200]
    disc = ((rows - 100) ** 2 + (columns - 100) ** 2 < 80**2).astype(np.uint8) * 255
    round_one = Image.fromarray(disc)
    assert score(mask=round_one)["silhouette_iou"] == pytest.approx(np.pi / 4, abs=0.03)


def test_a_cut_out_picture_tells_the_outline_and_a_whole_one_does_not(score):
    cut = Image.new("RGBA", (300, 200), (200, 10, 10, 255))
    cut.putalpha(square())
    assert score(picture=cut)["silhouette_iou"] > 0.97
    assert score(picture=Image.new("RGB", (30, 20), "red"))["silhouette_iou"] is None
    assert score(mask=Image.new("L", (30, 20)))["silhouette_iou"] is None
    clear = Image.new("RGBA", (30, 20), (0, 0, 0, 0))
    assert score(picture=clear)["silhouette_iou"] is None
    assert score()["silhouette_iou"] is None


def test_a_texture_has_a_density_and_a_sharpness(score, cube):
    layout = box_layout(cube.vertices, cube.faces, 128, 2)
    bare = with_vertices(cube, layout.rows).changed(faces=layout.faces, uvs=(layout.uv,))
    data = io.BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(data, "PNG")
    textured = bare.changed(materials=(replace(Material(), base_color_texture=texture_of(data.getvalue())),))
    facts = score(textured)
    assert 0 < facts["uv_coverage"] <= 1
    assert facts["uv_stretch"] == pytest.approx(1, abs=0.05)
    assert facts["texels_per_mm"] > 0
    assert facts["texture_sharpness"] > 50
    assert score(bare)["texture_sharpness"] is None


def test_outlines_lie_upright(cube):
    tall = cube.changed(vertices=cube.vertices * np.float32([1, 3, 1]))
    outline = front_outline(tall)
    assert outline.shape[0] == pytest.approx(3 * outline.shape[1], abs=3)
    assert outline.all()
    corner = cube.changed(faces=cube.faces[:1])
    assert 0.4 < front_outline(corner).mean() < 0.6 or front_outline(corner).shape[1] == 1
    assert cut_out(np.zeros((3, 3), bool)) is None
    assert overlap(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 0.0


def test_finer_detail_is_sharper():
    plain = np.full((600, 40, 3), 90, np.uint8)
    fine, coarse = plain.copy(), plain.copy()
    fine[:, ::2] = 200
    coarse[:, (np.arange(40) // 10) % 2 == 0] = 200
    assert sharpness(plain) == pytest.approx(0, abs=1e-3)
    assert sharpness(fine) > 2 * sharpness(coarse) > 0
    assert sharpness(plain[:2]) == 0.0
