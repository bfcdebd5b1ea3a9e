"""Every hostile input through the command line: one sentence, its exit code, nothing left behind."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from orfeas_desktop.errors import error_classes
from orfeas_desktop.requests import Job
from orfeas_desktop.studio import Studio
from tests.bad_inputs import (
    BAD_PICTURES,
    ODD_PICTURES,
    BadPicture,
    OddPicture,
    as_nobody,
    give_up_override,
    object_picture,
)

EXIT_CODES = {kind.code: kind.exit_code for kind in error_classes()}
FAST = ("--set", "resolution=64")


@pytest.fixture
def nobodys(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a working folder that somebody without rights can write."""
    home = open_folder / "home"
    home.mkdir(mode=0o777)
    home.chmod(0o777)
    monkeypatch.setenv("ORFEAS_HOME", str(home))
    work = open_folder / "work"
    work.mkdir()
    work.chmod(0o777)
    return work


@pytest.mark.parametrize("bad", BAD_PICTURES, ids=lambda bad: bad.name)
def test_a_bad_picture_is_refused(orfeas, tmp_path, nobodys, bad: BadPicture):
    folder = nobodys if bad.as_nobody else tmp_path
    path = bad.make(folder)
    out = folder / "mesh.glb"
    before = sorted(folder.rglob("*"))
    words = ("generate", path, "--out", out, *FAST)
    if bad.as_nobody:
        with as_nobody():
            said, spoken = orfeas(*words, "--json"), orfeas(*words)
    else:
        said, spoken = orfeas(*words, "--json"), orfeas(*words)
    assert said.status == spoken.status == bad.exit_code
    assert said.error["code"] == bad.code
    assert said.error["message"]
    assert said.error["remedy"]
    assert spoken.out == ""
    assert spoken.err.splitlines()[-2:] == [f"error: {said.error['message']}", said.error["remedy"]]
    assert not out.exists()
    assert [entry for entry in sorted(folder.rglob("*")) if "home" not in entry.parts] == [
        entry for entry in before if "home" not in entry.parts
    ]


@pytest.mark.parametrize("odd", ODD_PICTURES, ids=lambda odd: odd.name)
def test_an_odd_picture_works(orfeas, tmp_path, odd: OddPicture):
    out = tmp_path / "mesh.glb"
    said = orfeas("generate", odd.make(tmp_path), "--out", out, "--json", *FAST)
    assert said.status == 0, said.out
    assert said.json["files"] == [str(out)]
    assert said.json["watertight"] is True
    assert out.read_bytes()[:4] == b"glTF"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--backend", "magic"), "unknown-entry"),
        (("--backend", "relief-mask"), "unknown-entry"),
        (("--set", "speed=9"), "bad-params"),
        (("--set", "resolution"), "bad-params"),
        (("--set", "resolution=nan"), "bad-params"),
        (("--set", "resolution=1000000"), "bad-params"),
        (("--set", "resolution=many"), "bad-params"),
        (("--set", "depth=nan"), "bad-params"),
        (("--set", "depth=inf"), "bad-params"),
        (("--box", "left to right"), "bad-params"),
        (("--view", "top=x.png"), "bad-input"),
        (("--view", "front"), "bad-input"),
        (("--view", "front=again.png"), "usage"),
        (("--view", "left=a.png", "--view", "left=b.png"), "bad-input"),
        (("--view", "left=missing.png"), "file-missing"),
        (("--mask", "missing.png"), "file-missing"),
        (("--seed", "-1"), "usage"),
        (("--seed", "many"), "usage"),
        (("--speed", "9"), "usage"),
    ],
    ids=" ".join,
)
def test_a_bad_option_is_refused(orfeas, tmp_path, words, code):
    picture = tmp_path / "disc.png"
    object_picture().save(picture)
    out = tmp_path / "mesh.glb"
    said = orfeas("generate", picture, "--out", out, *words, "--json")
    assert said.error["code"] == code
    assert said.status == EXIT_CODES.get(code, 2) == 2
    assert said.error["message"]
    assert not out.exists()


def test_only_backends_that_make_meshes_are_offered(orfeas):
    assert orfeas("generate", "x.png", "--backend", "magic", "--json").error["remedy"].count("relief") == 1


@pytest.mark.parametrize(
    ("words", "verb"),
    [
        (("generate",), "orfeas generate"),
        (("manual",), "orfeas manual"),
        (("project", "new"), "orfeas project new"),
        (("generate", "--speed"), "orfeas generate"),
        (("fly",), "orfeas"),
    ],
)
def test_the_remedy_of_wrong_words_is_a_command_that_works(orfeas, words, verb):
    assert orfeas(*words, "--json").error["remedy"] == f"See “{verb} --help”."
    assert orfeas(*verb.split()[1:], "--help").status == 0


@pytest.mark.parametrize(
    ("target", "code", "status"),
    [
        ("nowhere/mesh.glb", "folder-missing", 3),
        ("file.txt/mesh.glb", "permission-denied", 3),
        ("mesh.step", "unknown-entry", 2),
        ("folder.glb", "not-a-file", 2),
        ("pipe.glb", "permission-denied", 3),
        ("n" * 300 + ".glb", "bad-input", 2),
    ],
)
def test_a_target_that_cannot_be_written(orfeas, tmp_path, target, code, status):
    picture = tmp_path / "disc.png"
    object_picture().save(picture)
    (tmp_path / "file.txt").write_text("kept")
    (tmp_path / "folder.glb").mkdir()
    os.mkfifo(tmp_path / "pipe.glb")
    before = sorted(path for path in tmp_path.rglob("*") if "home" not in path.parts)
    said = orfeas("generate", picture, "--out", tmp_path / target, "--json", *FAST)
    assert (said.error["code"], said.status) == (code, status)
    assert sorted(path for path in tmp_path.rglob("*") if "home" not in path.parts) == before
    assert (tmp_path / "file.txt").read_text() == "kept"


def _unprivileged(*words: str | Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "orfeas_desktop", *map(str, words), "--json"]
    return subprocess.run(program, capture_output=True, text=True, check=False, preexec_fn=give_up_override)


def test_a_target_without_permission(home, tmp_path):
    picture = tmp_path / "disc.png"
    object_picture().save(picture)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    said = _unprivileged("generate", picture, "--out", locked / "mesh.glb", *FAST)
    assert (json.loads(said.stdout)["error"]["code"], said.returncode) == ("permission-denied", 3)
    assert list(locked.iterdir()) == []


def test_a_read_only_library_refuses_to_keep_and_still_works(home, tmp_path):
    picture = tmp_path / "disc.png"
    object_picture().save(picture)
    assert _unprivileged("project", "new", "Kept").returncode == 0
    places = [home / "data", *(home / "data").rglob("*")]
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    refused = _unprivileged("generate", picture, "--project", "Kept", *FAST)
    made = _unprivileged("generate", picture, "--out", tmp_path / "mesh.glb", *FAST)
    listed = _unprivileged("project", "list")
    for place in places:
        place.chmod(0o755)
    assert (json.loads(refused.stdout)["error"]["code"], refused.returncode) == ("library-read-only", 5)
    assert made.returncode == 0, made.stdout
    assert (tmp_path / "mesh.glb").exists()
    assert [project["name"] for project in json.loads(listed.stdout)["projects"]] == ["Kept"]


def test_a_damaged_library_is_told(orfeas, home, tmp_path):
    picture = tmp_path / "disc.png"
    object_picture().save(picture)
    library = home / "data" / "library"
    library.mkdir(parents=True)
    (library / "library.sqlite").write_bytes(b"no database at all, only text " * 200)
    said = orfeas("generate", picture, "--out", tmp_path / "mesh.glb", "--json")
    assert (said.error["code"], said.status) == ("library-damaged", 5)
    report = orfeas("doctor", "--json")
    assert (report.json["library"]["state"], report.status) == ("unusable", 5)
    assert (library / "library.sqlite").read_bytes().startswith(b"no database")


def test_a_picture_that_vanishes_before_the_worker_reads_it(orfeas, monkeypatch, tmp_path):
    picture = tmp_path / "disc.png"
    object_picture().save(picture)

    class Forgetful(Studio):
        def _submit(self, job: Job) -> Job:
            picture.unlink(missing_ok=True)
            return super()._submit(job)

    monkeypatch.setattr("orfeas_desktop.studio.Studio", Forgetful)
    said = orfeas("generate", picture, "--out", tmp_path / "mesh.glb", "--json", *FAST)
    assert (said.error["code"], said.status) == ("file-missing", 2)
    assert not (tmp_path / "mesh.glb").exists()


def test_a_picture_that_changes_before_the_worker_reads_it(orfeas, monkeypatch, tmp_path):
    picture = tmp_path / "disc.png"
    object_picture().save(picture)

    class Meddler(Studio):
        def _submit(self, job: Job) -> Job:
            object_picture(side=97).save(picture)
            return super()._submit(job)

    monkeypatch.setattr("orfeas_desktop.studio.Studio", Meddler)
    said = orfeas("generate", picture, "--out", tmp_path / "mesh.glb", "--json", *FAST)
    assert (said.error["code"], said.status) == ("bad-input", 2)
    assert not (tmp_path / "mesh.glb").exists()


def test_a_full_disk_leaves_what_was_there(home, tmp_path):
    picture = tmp_path / "disc.png"
    object_picture().save(picture)
    out = tmp_path / "mesh.glb"
    out.write_bytes(b"an older mesh")
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (300_000, 300_000))
    program = [sys.executable, "-m", "orfeas_desktop", "generate", str(picture), "--out", str(out), "--json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [*program, "--set", "resolution=256"],
        capture_output=True, text=True, check=False, env=environment, preexec_fn=limit,
    )  # fmt: skip
    assert '"disk-full"' in done.stdout, done.stdout + done.stderr
    assert done.returncode == 3
    assert out.read_bytes() == b"an older mesh"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disc.png", "home", "mesh.glb"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.glb", b""),
        ("letter.glb", b"Dear reader,"),
        ("cut.glb", b"glTF\x02\0\0\0\xff\0\0\0"),
        ("letter.obj", b"I am text."),
        ("cut.stl", b"solid nothing"),
        ("cut.ply", b"ply\nformat ascii 1.0\nelement vertex 3\n"),
    ],
)
@pytest.mark.parametrize("verb", ["export", "tool", "import"])
def test_a_bad_mesh_file_is_refused(orfeas, tmp_path, verb, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    out = tmp_path / "out.glb"
    words = {
        "export": ("export", path, "--out", out),
        "tool": ("tool", "mirror", path, "--out", out),
        "import": ("import", path, "--project", "Meshes"),
    }[verb]
    said = orfeas(*words, "--json")
    assert (said.error["code"], said.status) == ("bad-mesh", 2)
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "code", "status"),
    [
        (("describe", "backends/magic"), "unknown-entry", 2),
        (("describe", "spells/magic"), "unknown-entry", 2),
        (("tool", "magic", "x.glb", "--out", "y.glb"), "unknown-entry", 2),
        (("layout", "magic", "x.glb", "--out", "y.glb"), "unknown-entry", 2),
        (("export", "x.glb", "--to", "magic", "--out", "y.glb"), "unknown-entry", 2),
        (("export", "missing.glb", "--out", "y.glb"), "file-missing", 2),
        (("export", "missing.glb", "--to", "stl", "--out", "y.glb"), "usage", 2),
        (("generate",), "usage", 2),
        (("generate", "--out", "y.glb"), "usage", 2),
        (("generate", "x.png"), "usage", 2),
        (("generate", "x.png", "y.png", "--mask", "m.png", "--out", "."), "usage", 2),
        (("generate", "x.png", "y.png", "--out", "nowhere/at/all"), "folder-missing", 3),
        (("project", "show", "Nothing"), "no-such-project", 5),
        (("project", "delete", "Nothing"), "no-such-project", 5),
        (("project", "restore", "Nothing"), "no-such-project", 5),
        (("project", "rename", "Nothing", "Something"), "no-such-project", 5),
        (("project", "new", "  "), "name-missing", 2),
        (("manual",), "usage", 2),
        (("fly",), "usage", 2),
        (("project",), "usage", 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_words_that_cannot_be_done(orfeas, monkeypatch, tmp_path, words, code, status):
    monkeypatch.chdir(tmp_path)
    said = orfeas(*words, "--json")
    assert (said.error["code"], said.status) == (code, status)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize("words", [("project",), ("weights", "lora")], ids=" ".join)
def test_words_that_only_lead_to_verbs_list_them(orfeas, words):
    said = orfeas(*words)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith(f"Usage: orfeas {' '.join(words)} ")
    assert "\n  list " in said.err
    assert "error" not in said.err


@pytest.mark.parametrize("words", [("import", "--project", "P"), ("export", "--to", "stl", "--out", "y.stl")])
def test_what_never_ends_is_no_mesh_file(orfeas, tmp_path, words):
    pipe = tmp_path / "pipe.obj"
    os.mkfifo(pipe)
    for endless in (pipe, Path("/dev/zero")):
        said = orfeas(words[0], endless, *words[1:], "--json")
        assert (said.error["code"], said.status) == ("not-a-file", 2)
