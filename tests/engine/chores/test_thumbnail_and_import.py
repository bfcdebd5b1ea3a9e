from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.chores import CHORES
from orfeas_desktop.engine.chores.base import stem_of
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.errors import BadMesh, BadParams

CUBE_OBJ = """
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
f 1 2 3 4
"""


def run(chore, slot, path, notes, name=None, **values):
    entry = CHORES[chore]
    given = {slot: (local_file(path, AssetKind.file, name),)}
    return entry.run(given, entry.params.check(chore, values), notes)


@pytest.mark.parametrize("size", [64, 256])
def test_a_thumbnail_is_a_square_png_of_the_size_asked_for(ball, notes, tmp_path, size):
    write_glb(ball(), tmp_path / "Übung 1.glb")
    (output,) = run("thumbnail", "mesh", tmp_path / "Übung 1.glb", notes, size=size)
    image = Image.open(output.path)
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (size, size))
    assert output.name == "Übung 1.png"
    assert output.kind is AssetKind.thumbnail
    pixels = np.asarray(image)
    assert pixels[0, 0, 3] == 0
    assert pixels[size // 2, size // 2, 3] == 255
    assert notes.stages == ["Reading", "Drawing"]


def test_the_ground_is_chosen(ball, notes, tmp_path):
    write_glb(ball(), tmp_path / "ball.glb")
    (output,) = run("thumbnail", "mesh", tmp_path / "ball.glb", notes, background="light", size=64)
    assert np.asarray(Image.open(output.path))[0, 0].tolist() == [242, 244, 247, 255]


@pytest.mark.parametrize("size", [63, 4097])
def test_sizes_out_of_range_are_refused(size):
    with pytest.raises(BadParams, match="size"):
        CHORES["thumbnail"].params.check("thumbnail", {"size": size})


def test_an_imported_mesh_is_a_glb_with_its_facts(notes, tmp_path):
    path = tmp_path / "square.obj"
    path.write_text(CUBE_OBJ)
    (output,) = run("import", "file", path, notes)
    mesh = read_glb(output.path)
    assert mesh.face_count == 2
    assert output.name == "square.glb"
    assert output.kind is AssetKind.mesh
    assert notes.facts == {"vertices": mesh.vertex_count, "faces": 2, "watertight": False}


@pytest.mark.parametrize("chore", ["thumbnail", "display", "import"])
def test_what_is_no_mesh_is_refused_and_leaves_nothing(notes, tmp_path, chore):
    path = tmp_path / "broken.glb"
    path.write_bytes(b"glTF but not really")
    with pytest.raises(BadMesh):
        run(chore, "file" if chore == "import" else "mesh", path, notes)
    assert list(notes.staging.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.b.glb", "a.b"), ("plain", "plain"), (".glb", "mesh"), ("", "mesh"), (" .obj", "mesh")],
)
def test_names_lose_their_suffix(name, stem):
    assert stem_of(name) == stem
