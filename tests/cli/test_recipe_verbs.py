"""orfeas recipe: chains of tools on many files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orfeas_desktop.printers import printer_file

BOX = "".join(f"v {x} {y} {z}\n" for x in (0, 0.1) for y in (0, 0.1) for z in (0, 0.1)) + (
    "f 1 2 4 3\nf 5 7 8 6\nf 1 5 6 2\nf 3 4 8 7\nf 1 3 7 5\nf 2 6 8 4\n"
)
TETRA = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"


@pytest.fixture
def own(home):
    """A quick recipe of the user's."""
    folder = home / "data" / "recipes"
    folder.mkdir(parents=True)
    steps = [{"tool": "repair"}, {"tool": "lod", "params": {"levels": 1}}, {"tool": "collision"}]
    (folder / "quick.json").write_text(json.dumps({"title": "Quick", "steps": steps}))


def test_recipes_are_listed_and_shown(orfeas, own):
    assert [each["id"] for each in orfeas("recipe", "list", "--json").json["recipes"]][-1] == "quick"
    assert "repair → lod → collision" in orfeas("recipe", "list").out
    said = orfeas("recipe", "show", "quick", "--json").json
    assert (said["own"], len(said["steps"])) == (True, 3)
    assert "levels=1" in orfeas("recipe", "show", "quick").out
    assert orfeas("recipe", "show", "no-such", "--json").error["code"] == "unknown-entry"


def test_files_and_folders_are_run_and_one_failure_stops_nothing(orfeas, own, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.obj", "b.obj"):
        (folder / name).write_text(TETRA)
    (folder / "notes.txt").write_text("no mesh")
    (folder / "bad.stl").write_text("no mesh either")
    (tmp_path / "a.obj").write_text(TETRA)
    out = tmp_path / "out"
    said = orfeas("recipe", "run", "quick", folder, tmp_path / "a.obj", "--out", out, "--to", "stl", "--json")
    assert said.status == 2
    assert (said.json["done"], said.json["failed"]) == (3, 1)
    assert said.json["items"][2]["error"]["code"] == "bad-mesh"
    assert said.json["items"][0]["watertight"] is True
    assert sorted(path.name for path in out.iterdir()) == [
        "a-2-collision1.stl", "a-2-lod1.stl", "a-2.stl",
        "a-collision1.stl", "a-lod1.stl", "a.stl", "b-collision1.stl", "b-lod1.stl", "b.stl",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ((), ["a-collision1.glb", "a.glb"]),
        (("--to", "fbx"), ["a.fbx"]),
        (("--to", "print"), ["a-collision1.glb", "a-lod1.glb", "a.3mf"]),
    ],
)
def test_what_belongs_to_a_mesh_goes_into_its_file_where_the_format_takes_it(
    orfeas, own, tmp_path, words, files
):
    (tmp_path / "a.obj").write_text(BOX)
    said = orfeas("recipe", "run", "quick", tmp_path / "a.obj", "--out", tmp_path / "out", *words, "--json")
    assert said.status == 0, said.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == files
    assert sorted(Path(each).name for each in said.json["items"][0]["files"]) == files


def test_what_cannot_be_run_is_said_before_anything_runs(orfeas, own, home, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "a.obj").write_text(TETRA)
    run = ("recipe", "run", "quick")
    assert orfeas(*run, tmp_path / "gone.glb", "--out", tmp_path, "--json").error["code"] == "file-missing"
    assert orfeas(*run, tmp_path / "empty", "--out", tmp_path, "--json").status == 2
    assert (
        orfeas(*run, tmp_path / "a.obj", "--out", tmp_path / "file", "--json").error["code"] == "not-a-folder"
    )
    assert orfeas(*run, tmp_path / "a.obj", "--out", tmp_path, "--to", "xyz", "--json").status == 2
    (home / "data" / "recipes" / "odd.json").write_text('{"title": "Odd", "steps": [{"tool": "no-tool"}]}')
    said = orfeas("recipe", "run", "odd", tmp_path / "a.obj", "--out", tmp_path, "--json")
    assert "step 1: there is no tool" in said.error["message"]


@pytest.fixture
def bed(home, tmp_path):
    """The user's recipe that lays a mesh on a bed and checks it, and a box of 100 mm."""
    folder = home / "data" / "recipes"
    folder.mkdir(parents=True)
    steps = [{"tool": "lay-on-bed"}, {"tool": "print-check"}]
    (folder / "bed.json").write_text(json.dumps({"title": "Bed", "steps": steps}))
    (tmp_path / "a.obj").write_text(BOX)
    return ("recipe", "run", "bed", tmp_path / "a.obj", "--out", tmp_path / "out", "--json")


def facts(said):
    assert said.status == 0, said.err
    told = said.json["items"][0]["facts"]
    return printer_of(told), round(told["width_mm"])


def printer_of(told):
    return next(each.id for each in printer_file().printers if each.title == told["printer"])


def test_settings_go_to_the_steps_that_have_them(orfeas, bed):
    """A bed of 120 x 68 mm is too small for 100 mm."""
    assert facts(orfeas(*bed)) == ("fdm", 100)
    assert facts(orfeas(*bed, "--set", "printer=resin")) == ("resin", 68)
    assert facts(orfeas(*bed, "--set", "lay-on-bed.printer=resin")) == ("fdm", 68)
    assert facts(orfeas(*bed, "--set", "glb.report=false", "--set", "printer=prusa-xl")) == ("prusa-xl", 100)
    for word in ("printers=resin", "thicken.printer=resin", "printer", "printer=nobody"):
        assert orfeas(*bed, "--set", word).error["code"] == "bad-params", word


def test_the_printer_of_the_settings_is_the_printer_of_every_step(orfeas, bed, tmp_path, monkeypatch):
    monkeypatch.setenv("ORFEAS_PRINTING__PRINTER", "resin")
    assert facts(orfeas(*bed)) == ("resin", 68)
    assert facts(orfeas(*bed, "--set", "printer=fdm")) == ("fdm", 100)
    assert "printer=resin" in orfeas("recipe", "show", "bed").out
    check = ("tool", "print-check", tmp_path / "a.obj", "--out", tmp_path / "report.json", "--json")
    assert printer_of(orfeas(*check).json["facts"]) == "resin"
    assert printer_of(orfeas(*check, "--set", "printer=fdm").json["facts"]) == "fdm"
    refused = orfeas("export", tmp_path / "a.obj", "--to", "print", "--out", tmp_path / "a.3mf", "--json")
    assert "larger than the printer's bed" in refused.error["message"]
