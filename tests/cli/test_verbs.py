"""What each verb does, through real workers and a real library."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from PIL import Image

from orfeas_desktop.cli import command_pages
from orfeas_desktop.engine.jobs.staged import lives
from orfeas_desktop.paths import RESOURCES
from tests.bad_inputs import cut_out, object_picture
from tests.cli.conftest import hear_ctrl_c
from tests.patience import PATIENCE_S, wait_until

FAST = ("--set", "resolution=64")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "disc.png"
    cut_out().save(path)
    return path


@pytest.mark.parametrize("words", [page.words for page in command_pages()])
def test_every_verb_has_help_with_an_example(orfeas, words):
    said = orfeas(*words.split()[1:], "--help")
    assert said.status == 0
    assert "Example" in said.out
    assert words in said.out


def test_help_and_version(orfeas):
    assert "generate" in orfeas("--help").out
    assert orfeas("--version").out.startswith("orfeas ")


def test_generating_tells_everything(orfeas, picture, tmp_path):
    out = tmp_path / "disc.glb"
    first = orfeas("generate", picture, "--out", out, "--seed", "7", "--json", *FAST)
    assert first.status == 0, first.out
    said = first.json
    assert first.err == ""
    assert said["files"] == [str(out)]
    assert said["vertices"] > 100
    assert said["faces"] > 100
    assert said["watertight"] is True
    assert (said["backend"], said["seed"], said["cached"]) == ("relief", 7, False)
    assert said["mask"] == {"how": "alpha", "confidence": 1.0}
    assert said["seconds"]
    assert all(seconds >= 0 for seconds in said["seconds"].values())
    assert said["warnings"] == []
    again = orfeas("generate", picture, "--out", out, "--seed", "7", "--json", *FAST)
    assert again.json["cached"] is True
    assert again.json["faces"] == said["faces"]
    assert out.read_bytes()[:4] == b"glTF"


def test_the_mesh_file_holds_its_recipe(orfeas, picture, tmp_path):
    from orfeas_desktop.engine.mesh.glb import read_glb

    out = tmp_path / "disc.glb"
    assert orfeas("generate", picture, "--out", out, "--seed", "3", *FAST).status == 0
    recipe = read_glb(out).extras
    assert recipe["entry"] == "relief"
    assert recipe["seed"] == 3
    assert '"resolution": 64' in str(recipe["params"])
    assert str(recipe["program"]).startswith("Orfeas Desktop ")
    assert "front" in str(recipe["inputs"])


@pytest.mark.parametrize("suffix", [".obj", ".stl", ".ply"])
def test_the_suffix_decides_the_format(orfeas, picture, tmp_path, suffix):
    out = tmp_path / f"disc{suffix}"
    said = orfeas("generate", picture, "--out", out, "--json", *FAST)
    assert said.status == 0, said.out
    assert said.json["files"][0] == str(out)
    assert all(Path(file).stat().st_size > 100 for file in said.json["files"])
    assert {path.name for path in tmp_path.iterdir()} == {"home", "disc.png"} | {
        Path(file).name for file in said.json["files"]
    }


def test_an_existing_file_is_replaced(orfeas, picture, tmp_path):
    out = tmp_path / "disc.glb"
    out.write_text("older")
    said = orfeas("generate", picture, "--out", out, *FAST)
    assert said.status == 0
    assert str(out) in said.out
    assert "closed" in said.out
    assert out.read_bytes()[:4] == b"glTF"


def test_several_pictures_become_several_meshes(orfeas, picture, tmp_path):
    (tmp_path / "sub").mkdir()
    twin = tmp_path / "sub" / "disc.png"
    object_picture().save(twin)
    broken = tmp_path / "broken.png"
    broken.write_text("text")
    out = tmp_path / "meshes"
    assert orfeas("generate", picture, twin, "--out", broken, *FAST).status == 2
    assert orfeas("generate", picture, twin, "--out", tmp_path / "no" / "no", *FAST).status == 3
    said = orfeas("generate", picture, twin, broken, "--out", out, "--json", *FAST)
    assert said.status == 2
    results = said.json["results"]
    assert [result["name"] for result in results] == ["disc", "disc-2", "broken"]
    assert results[2]["error"]["code"] == "bad-picture"
    assert sorted(path.name for path in out.iterdir()) == ["disc-2.glb", "disc.glb"]
    spoken = orfeas("generate", picture, broken, "--out", out, *FAST)
    assert spoken.status == 2
    assert "broken: " in spoken.err
    assert "disc.glb" in spoken.out


def test_several_views(orfeas, picture, tmp_path):
    back = tmp_path / "back.png"
    cut_out().transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(back)
    out = tmp_path / "disc.glb"
    said = orfeas(
        "generate", "--view", f"front={picture}", "--view", f"back={back}", "--out", out, "--json", *FAST
    )
    assert said.status == 0, said.out
    assert said.json["name"] == "disc"


def _busy_picture(path: Path) -> Path:
    noise = Image.effect_noise((96, 96), 90).convert("RGB")
    noise.paste(object_picture(side=48), (20, 24))
    noise.save(path)
    return path


def test_little_confidence_is_warned_of_and_settled_by_a_mask_or_a_box(orfeas, tmp_path):
    picture = _busy_picture(tmp_path / "busy.png")
    out = tmp_path / "busy.glb"
    said = orfeas("generate", picture, "--out", out, "--json", *FAST)
    assert said.status == 0, said.out
    assert said.json["mask"]["confidence"] < 0.6
    assert len(said.json["warnings"]) == 1
    assert "may be wrong" in said.json["warnings"][0]
    assert said.err == f"warning: {said.json['warnings'][0]}\n"
    known = orfeas("generate", picture, "--out", out, *FAST)
    assert "may be wrong" in known.err
    assert "--box" in known.err
    mask = tmp_path / "mask.png"
    Image.new("L", (96, 96), 0).save(mask)
    white = Image.new("L", (96, 96), 0)
    white.paste(255, (30, 30, 60, 66))
    white.save(mask)
    settled = orfeas("generate", picture, "--mask", mask, "--out", out, "--json", *FAST)
    assert settled.json["warnings"] == []
    assert settled.json["mask"]["confidence"] >= 0.6
    boxed = orfeas("generate", picture, "--box", "28,28,62,68", "--out", out, "--json", *FAST)
    assert boxed.status == 0, boxed.out
    assert boxed.json["mask"]["how"] != said.json["mask"]["how"]


def test_a_project_keeps_what_is_generated_and_imported(orfeas, picture, tmp_path):
    out = tmp_path / "disc.glb"
    made = orfeas("generate", picture, "--project", "Things", "--out", out, *FAST)
    assert made.status == 0, made.err
    assert "made the project “Things”" in made.err
    kept = orfeas("generate", picture, "--project", "Things", *FAST, "--seed", "1")
    assert "Things: " in kept.out
    assert orfeas("import", out, "--project", "Things", "--json").json["imported"][0]["faces"] > 100
    shown = orfeas("project", "show", "Things", "--json").json
    assert sorted(asset["name"] for asset in shown["assets"]) == ["disc", "disc", "disc"]
    assert shown["project"]["assets"] == 3
    assert "disc" in orfeas("project", "show", "Things").out


def test_without_a_project_nothing_is_kept(orfeas, picture, tmp_path):
    orfeas("generate", picture, "--out", tmp_path / "disc.glb", *FAST)
    assert orfeas("project", "list", "--json").json == {"projects": []}
    assert orfeas("project", "list").out == "no projects\n"
    assert orfeas("doctor", "--json").json["library"]["cache_gb"] >= 0


def test_several_files_are_imported_and_a_bad_one_is_told(orfeas, tmp_path):
    good, bad = tmp_path / "good.obj", tmp_path / "bad.obj"
    good.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    bad.write_text("nothing")
    said = orfeas("import", good, bad, "--project", "Things", "--json")
    assert said.status == 2
    assert [("error" in report) for report in said.json["imported"]] == [False, True]
    assert orfeas("project", "show", "Empty").status == 5


def test_a_project_is_found_however_its_name_is_typed(orfeas, picture):
    assert orfeas("project", "new", "cafe\u0301").out == "caf\u00e9\n"
    for typed in ("caf\u00e9", " cafe\u0301 "):
        assert orfeas("generate", picture, "--project", typed, *FAST).status == 0
    assert orfeas("project", "new", "caf\u00e9", "--json").error["code"] == "name-taken"
    assert orfeas("project", "delete", " caf\u00e9").status == 0
    assert orfeas("project", "restore", " cafe\u0301").status == 0
    assert [row["assets"] for row in orfeas("project", "list", "--json").json["projects"]] == [2]


def test_only_the_named_file_is_reported_on(orfeas, tmp_path):
    files = [tmp_path / f"{name}.obj" for name in "abc"]
    for index, file in enumerate(files):
        file.write_text(f"v 0 0 {index}\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    said = orfeas("import", *files, "--project", "Things")
    stages = [line.partition(": ")[2] for line in said.err.splitlines()]
    assert stages == ["Reading", "Checking", "Writing"] * 3


def test_projects_are_made_renamed_deleted_and_restored(orfeas):
    assert orfeas("project", "new", "One").out == "One\n"
    assert orfeas("project", "new", "One", "--json").error["code"] == "name-taken"
    assert orfeas("project", "rename", "One", "Two").status == 0
    assert "recycle bin" in orfeas("project", "delete", "Two").out
    assert orfeas("project", "list", "--json").json["projects"] == []
    gone = orfeas("project", "list", "--deleted", "--json").json["projects"]
    assert [project["name"] for project in gone] == ["Two"]
    assert orfeas("project", "restore", "Two", "--json").json["project"]["deleted"] is None
    assert "Two" in orfeas("project", "list").out
    assert orfeas("project", "show", "Two").out == "no assets\n"


@pytest.mark.parametrize("table", ["backends", "tools", "exporters", "layouts"])
def test_tables_are_listed_and_every_entry_described(orfeas, table):
    entries = orfeas(table, "--json").json[table]
    assert entries
    words = orfeas(table).out
    for entry in entries:
        assert entry["id"] in words
        described = orfeas("describe", f"{table}/{entry['id']}", "--json").json
        assert described["title"] == entry["title"]
        assert described["outputs"]
        assert all(field["help"] for field in described["params"])
        assert entry["summary"] in orfeas("describe", entry["id"]).out


def test_backends_are_listed_with_their_task(orfeas):
    rows = [line.split() for line in orfeas("backends").out.splitlines()]
    assert ["relief-mask", "image-to-mask"] in [row[:2] for row in rows]
    assert ["sdxl-turbo", "text-to-image"] in [row[:2] for row in rows]


@pytest.fixture
def mesh(tmp_path: Path) -> Path:
    path = tmp_path / "corner.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
    return path


def test_a_tool_changes_a_mesh_file(orfeas, mesh, tmp_path):
    out = tmp_path / "mirrored.ply"
    said = orfeas("tool", "mirror", mesh, "--out", out, "--json")
    assert said.status == 0, said.out
    assert said.json["tool"] == "mirror"
    assert said.json["faces"] >= 4
    assert out.exists()
    assert str(out) in orfeas("tool", "mirror", mesh, "--out", out).out


def test_a_tool_that_reports_can_write_its_report_alone(orfeas, mesh, tmp_path):
    out = tmp_path / "faults.json"
    said = orfeas("tool", "analyse", mesh, "--out", out, "--json")
    assert said.status == 0, said.out
    assert said.json["files"] == [str(out)]
    assert json.loads(out.read_text())["faults"] == []
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["corner.obj", "faults.json"]


def test_an_unknown_suffix_is_answered_with_the_known_ones(orfeas, mesh, tmp_path):
    error = orfeas("tool", "mirror", mesh, "--out", tmp_path / "faults.json", "--json").error
    assert error["code"] == "unknown-entry"
    assert error["message"] == "There is no “.json” among the mesh formats."
    known = error["remedy"].removeprefix("Choose one of: ").removesuffix(".").split(", ")
    assert ".glb" in known
    assert all(known)
    assert len(set(known)) == len(known)


@pytest.mark.parametrize("exporter", ["glb", "obj", "stl", "ply"])
def test_a_mesh_file_is_exported(orfeas, mesh, tmp_path, exporter):
    out = tmp_path / f"out.{exporter}"
    said = orfeas("export", mesh, "--to", exporter, "--out", out, "--json")
    assert said.status == 0, said.out
    assert (said.json["exporter"], said.json["faces"]) == (exporter, 4)
    assert out.exists()
    assert orfeas("export", mesh, "--out", out).out.splitlines()[0] == str(out)


def test_levels_and_collision_pieces_go_along(orfeas, mesh, tmp_path):
    out = tmp_path / "out.glb"
    orfeas("export", mesh, "--out", tmp_path / "in.glb")
    said = orfeas(
        "export", tmp_path / "in.glb", "--out", out, "--lod", mesh, "--lod", tmp_path / "in.glb",
        "--collision", mesh, "--json",
    )  # fmt: skip
    assert said.status == 0, said.out
    facts = said.json["facts"]
    assert (facts["faces_lod1"], facts["faces_lod2"], facts["collision_pieces"]) == (4, 4, 1)


def test_a_folder_is_exported_and_replaced_only_when_it_is_ours(orfeas, mesh, tmp_path):
    out = tmp_path / "Chair"
    said = orfeas("export", mesh, "--to", "unity", "--out", out, "--json")
    assert said.status == 0, said.out
    assert (out / "Chair.prefab").exists()
    assert str(out / "Chair.fbx") in said.json["files"]
    assert orfeas("export", mesh, "--to", "unity", "--out", out).status == 0
    own = tmp_path / "Own"
    own.mkdir()
    (own / "letter.txt").write_text("dear")
    said = orfeas("export", mesh, "--to", "unity", "--out", own)
    assert said.status == 2
    assert [path.name for path in own.iterdir()] == ["letter.txt"]


def test_a_layout_arranges_mesh_files(orfeas, mesh, tmp_path):
    layout = orfeas("layouts", "--json").json["layouts"][0]["id"]
    out = tmp_path / "room.glb"
    said = orfeas("layout", layout, mesh, mesh, "--out", out, "--json")
    assert said.status == 0, said.out
    assert said.json["layout"] == layout
    assert out.read_bytes()[:4] == b"glTF"


def test_the_doctor_knows_the_machine(orfeas, home):
    said = orfeas("doctor", "--json")
    assert said.status == 0
    report = said.json
    assert report["program"]["packages"]["torch"]
    assert report["machine"]["memory_gb"] > 0
    assert report["library"]["state"] == "sound"
    assert report["library"]["cache_limit_gb"] == 20
    assert report["places"]["orfeas_home"] == str(home)
    assert report["places"]["log"] == str(home / "state" / "orfeas.log")
    words = orfeas("doctor").out
    for part in ("torch", "cache_limit_gb: 20", "crash_reports", str(home)):
        assert part in words


def test_the_doctor_tells_of_a_setting_that_is_not_valid(orfeas, monkeypatch):
    monkeypatch.setenv("ORFEAS_ENGINE__THREADS", "many")
    said = orfeas("doctor", "--json")
    assert (said.error["code"], said.status) == ("bad-params", 2)


def test_the_demo_leaves_a_mesh_and_a_preview(orfeas, picture, tmp_path):
    out = tmp_path / "deep" / "out"
    said = orfeas("demo", "--picture", picture, "--out", out)
    assert said.status == 0, said.err
    assert sorted(path.name for path in out.iterdir()) == ["disc.glb", "disc.png"]
    with Image.open(out / "disc.png") as preview:
        assert preview.size == (1024, 1024)
        assert len(set(preview.convert("L").resize((32, 32)).tobytes())) > 8
    assert "vertices" in said.out
    assert "closed" in said.out
    report = orfeas("demo", "--picture", picture, "--out", out, "--json").json
    assert report["cached"] is True


def test_the_demo_needs_a_folder_that_can_be(orfeas, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert orfeas("demo", "--out", tmp_path / "file" / "out", "--json").error["code"] == "folder-missing"


def test_the_samples_are_made_once(orfeas):
    said = orfeas("sample", "--json")
    assert said.status == 0, said.out
    assert len(said.json["assets"]) == 2
    assert orfeas("sample", "--json").json["assets"] == said.json["assets"]
    shown = orfeas("project", "show", "Samples", "--json").json
    assert all(asset["facts"]["faces"] > 1000 for asset in shown["assets"])


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}


def test_generating_needs_no_display_and_no_qt(home, picture, tmp_path):
    program = (
        "import sys\n"
        "from orfeas_desktop.__main__ import main\n"
        f"status = main(['generate', {str(picture)!r}, '--out', {str(tmp_path / 'disc.glb')!r}, '--set', 'resolution=64'])\n"
        "heavy = {'PySide6', 'torch', 'diffusers', 'trimesh', 'pyvista', 'vtkmodules', 'cv2', 'scipy'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=_environment()
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_window_without_a_display_is_refused(home):
    done = subprocess.run(
        [sys.executable, "-m", "orfeas_desktop"],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    assert done.returncode == 3
    assert "no display" in done.stderr


@pytest.mark.parametrize("words", [["backends"], ["backends", "--json"], ["--help"], ["describe", "magic"]])
def test_a_reader_that_goes_away_is_no_failure(home, words):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "orfeas_desktop", *words],
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writer)
    assert done.returncode == (2 if "magic" in words else 0)
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stream_is_no_failure(home, closed):
    done = subprocess.run(
        [sys.executable, "-m", "orfeas_desktop", "backends", "--json"],
        capture_output=True, check=False, preexec_fn=lambda: os.close(closed),
    )  # fmt: skip
    assert done.returncode == 0
    assert b"bug" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["backends"], 3, b"standard output"),
        (["backends", "--json"], 3, b"standard output"),
        (["describe", "magic", "--json"], 2, b"magic"),
    ],
)
def test_output_that_cannot_be_written_is_told(home, tmp_path, words, status, said):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    with (tmp_path / "full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "orfeas_desktop", *words],
            stdout=full, stderr=subprocess.PIPE, check=False, env=environment,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        )  # fmt: skip
    assert done.returncode == status
    assert said in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_cancels(home, tmp_path, presses):
    picture = tmp_path / "large.png"
    object_picture(side=1024).save(picture)
    out = tmp_path / "large.glb"
    words = ["generate", str(picture), "--out", str(out), "--set", "resolution=256", "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "orfeas_desktop", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    ) as command:
        below = psutil.Process(command.pid).children
        wait_until(lambda: below() or command.poll() is not None)
        workers = [each.pid for each in below(recursive=True)]
        for _ in range(presses):
            command.send_signal(signal.SIGINT)
        printed, _ = command.communicate(timeout=PATIENCE_S)
    assert command.returncode == 130
    assert '"cancelled"' in printed
    assert not out.exists()
    wait_until(lambda: not any(lives(pid) for pid in workers), f"the end of {workers}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "large.png"]


@pytest.mark.parametrize("words", [["backends"], ["backends", "--json"], []])
def test_ctrl_c_while_the_program_loads(orfeas, monkeypatch, words):
    def pressed(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("orfeas_desktop.app.run", pressed)
    said = orfeas(*words)
    assert said.status == 130
    if "--json" in words:
        assert said.error["code"] == "cancelled"
    else:
        assert (said.out, said.err) == ("", "error: Cancelled.\n")


def test_a_bug_leaves_a_report(home, monkeypatch):
    program = (
        "import sys\n"
        "from orfeas_desktop.cli import screen\n"
        "def broken(*_): raise ZeroDivisionError('planted')\n"
        "screen.Screen.give = broken\n"
        "from orfeas_desktop.__main__ import main\n"
        "sys.exit(main(['backends', '--json']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert '"code": "bug"' in done.stdout
    assert "ZeroDivisionError: planted" in done.stderr
    (report,) = (home / "state" / "crashes").iterdir()
    assert "planted" in report.read_text()


def test_the_manual_is_up_to_date(orfeas):
    said = orfeas("manual", "--check")
    assert (said.status, said.out) == (0, "up to date\n"), said.out


def test_the_manual_lies_beside_the_program():
    assert (RESOURCES / "manual" / "index.md").exists()


def test_a_report_is_written_beside_the_mesh(orfeas, tmp_path):
    mesh = tmp_path / "cube.ply"
    mesh.write_text(
        "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
        "element face 4\nproperty list uchar int vertex_indices\nend_header\n"
        "0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n"
    )
    done = orfeas("tool", "analyse", mesh, "--out", tmp_path / "seen.glb", "--json")
    assert done.status == 0
    assert done.json["files"] == [str(tmp_path / "seen.glb"), str(tmp_path / "seen.report.json")]
    assert json.loads((tmp_path / "seen.report.json").read_text())["faults"] == []


def test_pictures_are_written_beside_the_mesh(orfeas, tmp_path):
    (tmp_path / "square.obj").write_text(
        "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nf 1/1 2/2 3/3 4/4\n"
    )
    square, out = tmp_path / "square.obj", tmp_path / "baked.glb"
    settings = ("texture_side=64", "rays=4", "curvature=true", "green=directx")
    done = orfeas(
        "tool", "bake", square, square, "--out", out, "--json", *(f"--set={one}" for one in settings)
    )
    assert done.status == 0
    names = ["baked.glb", "baked-curvature.png", "baked-normal-directx.png"]
    assert done.json["files"] == [str(tmp_path / name) for name in names]
    for name in names[1:]:
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_a_tool_takes_no_more_meshes_than_it_can_use(orfeas, tmp_path):
    done = orfeas("tool", "place", "a.glb", "b.glb", "--out", tmp_path / "c.glb", "--json")
    assert done.status == 2
    assert done.error["code"] == "bad-input"


def test_what_cannot_be_printed_is_refused_with_its_faults(orfeas, tmp_path):
    sheet = tmp_path / "sheet.obj"
    sheet.write_text("v 0 0 0\nv 0.02 0 0\nv 0.02 0 0.02\nv 0 0 0.02\nf 1 4 3\nf 1 3 2\n")
    said = orfeas("export", sheet, "--to", "print", "--out", tmp_path / "sheet.3mf", "--json")
    assert said.status == 2
    assert said.json["error"]["code"] == "not-printable"
    assert "the surface has holes" in said.json["error"]["message"]
    report = json.loads(said.json["error"]["details"])
    assert [fault["tool"] for fault in report["faults"] if fault["stops_printing"]] == ["repair"]
    assert not (tmp_path / "sheet.3mf").exists()
