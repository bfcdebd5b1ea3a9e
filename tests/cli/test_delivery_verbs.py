"""orfeas preset, batch and watch: many assets, several formats."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.cli.watching import LISTING, LOCK, Watched, alone, settled_files
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.mesh.files import read_mesh
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, LevelStyle, write_scene
from orfeas_desktop.engine.scene.reading import read_scene
from orfeas_desktop.engine.scene.scene import Camera, Node, Scene, Transform
from orfeas_desktop.errors import FolderMissing
from orfeas_desktop.presets import PresetShelf
from orfeas_desktop.recipes import RecipeShelf
from orfeas_desktop.settings import Settings
from orfeas_desktop.studio.chains import recipe_params
from tests.cli.conftest import hear_ctrl_c
from tests.patience import PATIENCE_S, wait_until

SAMPLES = Path(__file__).parents[2] / "resources" / "samples"
TETRA = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"


@pytest.fixture
def own(home):
    """A quick preset of the user's and one that cannot be read."""
    for folder, text in (
        ("recipes", {"title": "Quick", "steps": [{"tool": "lod", "params": {"levels": 1}}]}),
        (
            "presets",
            {
                "title": "Quick",
                "recipe": "quick",
                "exports": [{"to": "godot"}, {"to": "stl", "params": {"unit": "mm"}}],
            },
        ),
    ):
        (home / "data" / folder).mkdir(parents=True)
        (home / "data" / folder / "quick.json").write_text(json.dumps(text))
    (home / "data" / "presets" / "broken.json").write_text("{")


@pytest.mark.parametrize("known", PresetShelf(Path("nowhere")).all(), ids=lambda known: known.id)
def test_shipped_presets_name_what_there_is(known):
    assert known.document.summary.endswith(".")
    if known.document.recipe:
        recipe_params(RecipeShelf(Path("nowhere")).get(known.document.recipe).document.steps, Settings())
    for part in known.document.exports:
        EXPORTERS[part.to].params.check(part.to, part.params)


def test_presets_are_listed_and_shown(orfeas, own):
    assert [each["id"] for each in orfeas("preset", "list", "--json").json["presets"]][-1] == "quick"
    said = orfeas("preset", "show", "quick", "--json").json
    assert (said["own"], said["recipe"]) == (True, "quick")
    assert "stl unit=mm" in orfeas("preset", "show", "quick").out
    assert orfeas("preset", "show", "broken", "--json").error["code"] == "unknown-entry"


def test_many_files_go_through_a_preset_and_one_failure_stops_nothing(orfeas, own, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.obj").write_text(TETRA)
    (folder / "bad.stl").write_text("no mesh")
    (tmp_path / "A.obj").write_text(TETRA)
    out = tmp_path / "out"
    said = orfeas("batch", folder, tmp_path / "A.obj", "--preset", "quick", "--out", out, "--json")
    assert said.status == 2
    assert (said.json["done"], said.json["failed"]) == (2, 1)
    assert said.json["items"][1]["error"]["code"] == "bad-mesh"
    assert sorted(path.name for path in out.iterdir()) == ["A-2-godot", "A-2.stl", "a-godot", "a.stl"]
    assert "_LOD1" in (out / "A-2-godot" / "A-2-godot.tscn").read_text()


def test_a_folder_without_meshes_leaves_none_behind(orfeas, tmp_path):
    (tmp_path / "in").mkdir()
    said = orfeas("batch", tmp_path / "in", "--to", "obj", "--out", tmp_path / "out", "--json")
    assert said.status == 2
    assert not (tmp_path / "out").exists()


def test_a_project_is_exported_in_several_formats_as_zips(orfeas, tmp_path):
    (tmp_path / "a.obj").write_text(TETRA)
    assert orfeas("import", tmp_path / "a.obj", "--project", "Furniture").status == 0
    out = tmp_path / "out"
    said = orfeas("batch", "--project", "Furniture", "--to", "godot", "--to", "obj", "--out", out, "--zip")
    assert said.status == 0, said.err
    assert [path.name for path in out.iterdir()] == ["a.zip"]
    with ZipFile(out / "a.zip") as package:
        assert {"a.obj", "a.mtl", "a-godot/a-godot.tscn"} <= set(package.namelist())
        assert package.testzip() is None


def test_settings_go_to_the_formats_that_have_them(orfeas, own, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")  # the report asks no other programs
    mesh = tmp_path / "a.obj"
    mesh.write_text(TETRA)
    words = (
        "--to",
        "obj",
        "--to",
        "stl",
        "--set",
        "unit=cm",
        "--set",
        "stl.encoding=text",
        "--set",
        "report=true",
    )
    said = orfeas("batch", mesh, *words, "--out", tmp_path / "out", "--json")
    assert said.status == 0, said.err
    told = {
        path.name: json.loads(path.read_text())["settings"]
        for path in (tmp_path / "out").glob("*-report.json")
    }
    assert {name: settings["unit"] for name, settings in told.items()} == {
        "a-obj-report.json": "cm",
        "a-stl-report.json": "cm",
    }
    assert (tmp_path / "out" / "a.stl").read_bytes().startswith(b"solid")
    words = ("--set", "unit=cm", "--set", "stl.report=true")
    made = orfeas("batch", mesh, "--preset", "quick", *words, "--out", tmp_path / "of", "--json")
    assert made.status == 0, made.err
    report = json.loads((tmp_path / "of" / "a-stl-report.json").read_text("utf-8"))
    assert report["origin"] == "Preset “Quick”, recipe “quick”"
    assert read_mesh(tmp_path / "of" / "a.stl").size_m[0] == pytest.approx(
        0.1
    )  # a hundred units, taken for mm


def test_words_that_do_not_fit_are_told(orfeas, own, tmp_path):
    (tmp_path / "file").write_text("")
    mesh = tmp_path / "a.obj"
    mesh.write_text(TETRA)
    for words in (
        ("batch", mesh, "--out", tmp_path),
        ("batch", mesh, "--to", "glb", "--preset", "quick", "--out", tmp_path),
        ("batch", "--to", "glb", "--out", tmp_path),
        ("batch", tmp_path / "no-such.obj", "--to", "glb", "--out", tmp_path),
        ("batch", mesh, "--to", "no-such", "--out", tmp_path),
        ("batch", mesh, "--to", "glb", "--out", tmp_path / "file"),
        ("batch", mesh, "--to", "glb", "--out", tmp_path, "--set", "unit=mm"),
        ("batch", mesh, "--to", "glb", "--out", tmp_path, "--set", "stl.unit=mm"),
        ("batch", mesh, "--to", "glb", "--out", tmp_path, "--set", "report"),
        ("batch", mesh, "--to", "stl", "--out", tmp_path, "--set", "unit=mile"),
        ("watch", tmp_path, "--preset", "quick", "--out", tmp_path),
        ("watch", tmp_path, "--preset", "quick", "--out", tmp_path / "o", "--backend", "no-such"),
    ):
        said = orfeas(*words, "--json")
        assert said.status == 2, words
        assert said.error["message"]


def test_what_comes_into_a_watched_folder_is_made_once(orfeas, own, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    shutil.copy(SAMPLES / "hamburger.png", folder / "bun.png")
    (folder / "notes.txt").write_text("nothing")
    (folder / "bad.glb").write_bytes(b"glTF")
    words = ("watch", folder, "--preset", "quick", "--out", out, "--once", "--json")
    said = orfeas(*words)
    assert said.status == 2
    assert (said.json["done"], said.json["failed"]) == (1, 1)
    assert sorted(path.name for path in out.iterdir()) == [LISTING, LOCK, "bun-godot", "bun.stl"]
    assert orfeas(*words).json["items"] == []


def test_a_growing_file_is_waited_for_and_a_lost_folder_is_told(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    file = folder / "a.obj"
    file.write_text("v 0 0 0\n")
    grown = 0

    def wait(_seconds):
        nonlocal grown
        grown += 1
        if grown < 3:
            file.write_text("v 0 0 0\n" * (grown + 1))

    (tmp_path / LISTING).write_text("not JSON")
    watched = Watched.read(tmp_path)
    assert next(settled_files(folder, watched, once=False, wait=wait)) == file
    assert grown == 3
    watched.done(file)
    assert not Watched.read(tmp_path).is_new(file)
    shutil.rmtree(folder)
    with pytest.raises(FolderMissing):
        next(settled_files(folder, watched, once=True))


def test_a_file_that_changes_while_it_is_made_is_made_again(tmp_path):
    file = tmp_path / "a.obj"
    file.write_text(TETRA)
    watched = Watched.read(tmp_path / "out")
    (tmp_path / "out").mkdir()
    assert next(settled_files(tmp_path, watched, once=False, wait=lambda _: None)) == file
    file.write_text(TETRA + TETRA)
    watched.done(file)
    assert Watched.read(tmp_path / "out").is_new(file)


def test_files_of_one_name_and_formats_of_one_asset_stay_apart(orfeas, home, tmp_path, monkeypatch):
    """A picture and a mesh called alike are two assets; each format has a report of its own."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("a.obj", "a.ply", "b.obj"):
        (folder / name).write_text(TETRA if name.endswith("obj") else "ply")
    exports = [{"to": "stl", "params": {"report": True}}, {"to": "ply", "params": {"report": True}}]
    (home / "data" / "presets").mkdir(parents=True)
    monkeypatch.setenv("PATH", "")  # no other program is asked
    (home / "data" / "presets" / "two.json").write_text(json.dumps({"title": "Two", "exports": exports}))
    said = orfeas("watch", folder, "--preset", "two", "--out", out, "--once", "--json")
    assert (said.json["done"], said.json["failed"]) == (2, 1)
    assert {path.name for path in out.iterdir()} >= {
        "a-obj.stl", "a-obj.ply", "a-obj-stl-report.html", "a-obj-ply-report.html", "b.stl", "b-stl-report.json",
    }  # fmt: skip


def test_two_watches_do_not_write_to_one_folder(orfeas, own, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    with alone(out):
        said = orfeas("watch", folder, "--preset", "quick", "--out", out, "--once", "--json")
    assert said.status == 2
    assert "Another" in said.error["message"]
    assert orfeas("watch", folder, "--preset", "quick", "--out", out, "--once").status == 0


def test_a_watched_folder_must_be_one_that_is_there(orfeas, own, tmp_path):
    (tmp_path / "file").write_text("")
    for name, code in (("gone", "folder-missing"), ("file", "not-a-folder")):
        said = orfeas("watch", tmp_path / name, "--preset", "quick", "--out", tmp_path / "out", "--json")
        assert said.error["code"] == code
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be sent Ctrl-C by itself")
def test_ctrl_c_ends_a_watch_and_a_restart_goes_on(own, home, tmp_path):
    """The file at work is left for the next time; what was done stays done; a half-copied one is waited for."""
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "a.obj").write_text(TETRA)
    words = ["watch", str(folder), "--preset", "quick", "--out", str(out)]
    run = [sys.executable, "-m", "orfeas_desktop", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    watch = subprocess.Popen(run, cwd=tmp_path, preexec_fn=hear_ctrl_c, **pipes)
    try:
        wait_until((out / LISTING).exists)
        (folder / "b.obj").write_text(TETRA[:20])
        watch.send_signal(signal.SIGINT)
        said, _ = watch.communicate(timeout=PATIENCE_S)
    finally:
        watch.kill()
    assert watch.returncode in (0, 130), said
    assert (out / "a.stl").exists()
    assert not (out / "b.stl").exists()
    assert not [path for path in out.iterdir() if path.name.endswith(".part")]
    (folder / "b.obj").write_text(TETRA)
    done = subprocess.run(
        [*run, "--once", "--json"], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert [Path(each["in"]).name for each in json.loads(done.stdout)["items"]] == ["b.obj"]


def test_a_tree_leaves_the_library_as_it_came(orfeas, tmp_path):
    (tmp_path / "tetra.obj").write_text(TETRA)
    cube = read_mesh(tmp_path / "tetra.obj")
    nodes = (
        Node("base", cube, children=(Node("lid", cube, Transform((0, 2, 0))),), lods=(cube,)),
        Node("eye", camera=Camera()),
    )
    write_scene(Scene(nodes), tmp_path / "a.glb", style=GltfStyle(LevelStyle.nodes))
    assert orfeas("import", tmp_path / "a.glb", "--project", "Trees").status == 0
    out = tmp_path / "out"
    said = orfeas("batch", "--project", "Trees", "--to", "glb", "--out", out)
    assert said.status == 0, said.err
    read = read_scene(local_file(out / "a.glb", AssetKind.mesh))
    assert [(each.node.name, each.depth) for each in read.walk()] == [("base", 0), ("lid", 1), ("eye", 0)]
    assert read.levels() == (8, 8)
