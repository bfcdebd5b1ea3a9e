"""The report beside an export says what was written and who looked at it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import lxml.html
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.exporters.report_facts import Picture, Report, TextureTold
from orfeas_desktop.engine.exporters.report_page import is_same, page_of
from orfeas_desktop.engine.formats.programs import run_program
from orfeas_desktop.engine.formats.reread import plain, reread
from orfeas_desktop.engine.formats.second_readers import Verdict, second_opinions
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import Material
from orfeas_desktop.engine.render.likeness import Likeness, likeness
from orfeas_desktop.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh


def with_report(entry: str, mesh: Mesh, folder: Path, context: Any) -> dict[str, Path]:
    write_glb(mesh, folder / "in.glb")
    file = local_file(folder / "in.glb", AssetKind.mesh, "chair <1>.glb")
    params = EXPORTERS[entry].params.check(entry, {"report": True, "origin": "Preset “Print”"})
    return {output.name: output.path for output in EXPORTERS[entry].run({"mesh": (file,)}, params, context)}


@pytest.mark.skipif(
    sys.platform != "linux", reason="the readers are Debian packages that the test set-up installs"
)
def test_a_stl_is_looked_at_by_the_readers_on_this_machine(
    ball: Mesh, tmp_path: Path, make_context: Callable[..., Any]
) -> None:
    files = with_report("stl", ball, tmp_path, make_context())
    told = json.loads(files["chair_1-stl-report.json"].read_text("utf-8"))
    assert told["files"] == [["chair_1.stl", files["chair <1>.stl"].stat().st_size]]
    assert told["faces_per_level"] == [ball.face_count]
    assert told["settings"]["report"] is True
    assert told["origin"] == "Preset “Print”"
    judged = {each["reader"]: (each["fine"], each["words"]) for each in told["readers"]}
    assert set(judged) == {"assimp", "PrusaSlicer", "ADMesh", "Blender"}
    assert judged["Blender"][0] is True
    assert "40 × 40 × 40" in judged["Blender"][1]
    assert judged["PrusaSlicer"] == (True, "manifold: yes")
    assert judged["ADMesh"] == (True, "0 facets with open edges")
    assert judged["assimp"][0] is True
    assert told["picture"]["likeness"]["outline"] == 1.0
    assert (told["picture"]["reader"], told["picture"]["colors"]) == ("Orfeas Desktop", False)
    assert told["space"] == "z up, mm"
    page = files["chair_1-stl-report.html"].read_text("utf-8")
    for words in (
        "data:image/png;base64,",
        "manifold: yes",
        "It looks the same.",
        "and 4 other readers agree",
        "<dt>Went through</dt><dd>Preset “Print”</dd>",
        "<dt>Drop to floor</dt><dd>yes</dd>",
        "<dt>Unit</dt><dd>Millimetres</dd>",
    ):
        assert words in page


@pytest.mark.skipif(
    sys.platform != "linux", reason="the readers are Debian packages that the test set-up installs"
)
def test_blender_takes_what_it_can_import(
    ball: Mesh, tmp_path: Path, make_context: Callable[..., Any], exported: Callable[..., Path]
) -> None:
    write_glb(ball, tmp_path / "in.glb")
    files = (
        exported("glb", tmp_path / "in.glb", tmp_path, compression="meshopt"),
        exported("obj", tmp_path / "in.glb", tmp_path, name="text"),
    )
    judged = {
        each.file: (each.fine, each.words)
        for each in second_opinions(files, make_context())
        if each.reader == "Blender"
    }
    assert judged["asset.glb"] == (None, "this Blender does not know an extension that the file needs")
    assert judged["text.obj"][0] is True


def test_a_folder_holds_its_report_and_names_are_escaped(
    ball: Mesh, tmp_path: Path, make_context: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    files = with_report("godot", ball, tmp_path, make_context())
    told = json.loads(files["chair_1-report.json"].read_text("utf-8"))
    assert {(each["fine"], each["words"]) for each in told["readers"]} == {(None, "not on this machine")}
    assert [each["reader"] for each in told["readers"]].count("Godot") == 2  # the model and the scene
    assert "base_color_texture" in [each["use"] for each in told["textures"]]
    page = files["chair_1-report.html"].read_text("utf-8")
    assert "– not asked" in page
    assert "only a Godot 4 can say" in page


READERS = {
    "gltf_validator": 'print(\'{"issues": {"numErrors": 2, "numWarnings": 1}}\')',
    "assimp": 'print("Meshes: 1\\nFaces: 0"); raise SystemExit(1)',
    "prusa-slicer": 'print("segmentation fault")',
    "admesh": 'print("what?")',
    "blender": 'print("ORFEAS {}")',
}


@pytest.mark.skipif(
    sys.platform == "win32", reason="the stand-ins for broken readers are scripts with a first line"
)
def test_faults_are_told_and_babble_is_no_praise(
    tmp_path: Path, make_context: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in READERS.items():
        program = tmp_path / name
        program.write_text(f"#!{sys.executable}\n{text}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    files = tuple(tmp_path / f"a{suffix}" for suffix in (".glb", ".stl"))
    found = {
        (each.reader, each.file): (each.fine, each.words) for each in second_opinions(files, make_context())
    }
    assert found["Khronos glTF validator", "a.glb"] == (False, "2 errors, 1 warning")
    assert found["assimp", "a.stl"][0] is False
    assert found["PrusaSlicer", "a.stl"] == (False, "segmentation fault")
    assert found["ADMesh", "a.stl"] == (False, "what?")
    assert found["Blender", "a.stl"] == (False, "ORFEAS {}")
    said = 'ORFEAS {"version": "3.4.1", "cannot": "it has no importer"}'
    (tmp_path / "blender").write_text(f"#!{sys.executable}\nprint({said!r})\n")
    (verdict,) = second_opinions((tmp_path / "a.usdz",), make_context())
    assert (verdict.fine, verdict.words) == (None, "it has no importer")
    (tmp_path / "gltf_validator").write_text(f"#!{sys.executable}\nprint('nothing')\n")
    assert next(iter(second_opinions(files[:1], make_context()))).fine is False


def test_a_program_ends_when_its_time_is_up_or_the_job_is_cancelled(make_context: Callable[..., Any]) -> None:
    endless = [sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(600)"]
    assert run_program(endless, make_context(), 0.0).code is None
    with pytest.raises(Cancelled):
        run_program(endless, make_context(cancel_at=1))
    assert list(make_context().staging.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for a reader is a file without a suffix")
def test_another_reader_on_the_machine_is_another_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report of before that reader was there is not taken from the cache; files without one are."""
    params = EXPORTERS["stl"].params
    monkeypatch.setenv("PATH", str(tmp_path))
    before, plain_before = params(report=True).counting(), params().counting()
    (tmp_path / "admesh").write_text("")
    (tmp_path / "admesh").chmod(0o755)
    assert params(report=True).counting() != before
    assert params().counting() == plain_before


NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>" + "x" * 300 + "\u202e\0"


def test_nothing_that_names_hold_runs_in_the_page() -> None:
    told = Report(
        format=NASTY, exporter=NASTY, program="p", origin=NASTY, made={"entry": NASTY},
        settings={NASTY: NASTY}, files=((NASTY, 12_345_678), ("b", 20_000)),
        nodes=1, faces_per_level=(1000, 500), collision_pieces=1, cameras=1, lights=2,
        textures=(TextureTold(NASTY, 1, 1, NASTY),), size_m=(1.0, 2.0, 3.0), space=NASTY, read_back_by=NASTY,
        readers=(Verdict(NASTY, NASTY, False, NASTY),), picture=Picture("", None, False), notes=(NASTY,), unjudged=NASTY,
    )  # fmt: skip
    page = page_of(told, "", [(NASTY, NASTY)])
    tree = lxml.html.fromstring(page)
    assert {each.tag for each in tree.iter() if isinstance(each.tag, str)} & {
        "script",
        "img",
        "a",
        "iframe",
    } == set()
    assert not any(name.startswith("on") for each in tree.iter() for name in each.attrib)
    assert "default-src 'none'" in page
    assert "\u202e" not in page
    for words in (
        "12.3 MB",
        "20.0 kB",
        "level 1: 500 (50 %)",
        "1 reader finds a fault",
        "nothing here draws",
    ):
        assert words in page


def test_what_looks_different_is_told(ball: Mesh) -> None:
    """Half of a ball has another outline; a grey one other colours."""
    assert likeness(plain(ball), plain(ball)) == Likeness(1.0, 0.0)
    cut = ball.changed(faces=ball.faces[:200], face_materials=None)
    half = likeness(plain(ball), plain(cut))
    grey = likeness(plain(ball), plain(ball.changed(materials=(Material(), Material()))))
    assert half.outline < 0.98
    assert grey.outline == 1.0
    assert grey.color > 0.05
    assert likeness(ball, ball.changed(vertices=ball.vertices * 0)) == Likeness(0.0, 1.0)
    shown = [
        Picture("x", half, False),
        Picture("x", grey, True),
        Picture("x", grey, False),
        Picture("x", None, True),
    ]
    assert [is_same(each) for each in shown] == [False, False, True, True]
    base = {
        "files": (("a", 1),),
        "readers": (),
        "size_m": (1.0,),
        "faces_per_level": (1,),
        "textures": (),
        "notes": (),
    }
    other = {"format": "f", "exporter": "e", "program": "p", "origin": "", "made": {}, "settings": {}, "nodes": 0, "collision_pieces": 0,
             "cameras": 0, "lights": 0, "space": "", "read_back_by": "r", "unjudged": ""}  # fmt: skip
    assert "does not look the same" in page_of(Report(**base, **other, picture=shown[0]), "", [])
    assert "could not be drawn" in page_of(Report(**base, **other, picture=shown[3]), "", [])


def test_a_torn_export_shows_nothing(tmp_path: Path) -> None:
    for suffix in (
        ".glb",
        ".fbx",
        ".prefab",
        ".unitypackage",
        ".udatasmith",
        ".usdc",
        ".usdz",
        ".3mf",
        ".tscn",
    ):
        torn = tmp_path / f"a{suffix}"
        torn.write_bytes(b"nothing")
        assert reread(torn) is None
    assert reread(tmp_path / "a.txt") is None
