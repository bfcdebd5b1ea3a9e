"""What a Godot on this machine is asked, and what is said when it is another one, silent, or not there."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from orfeas_desktop.engine.formats.second_readers import Verdict, second_opinions
from orfeas_desktop.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the stand-ins for other versions are scripts with a first line"
)
STAND_IN = """#!{python}
import json, pathlib, sys
words = sys.argv[1:]
if "--version" in words:
    print("{version}.stable.official.77dcf97d8")
    sys.exit()
project = pathlib.Path(words[words.index("--path") + 1])
if "--editor" in words:
    made = project / ("{imported}")
    made.mkdir(parents=True)
    for file in project.rglob("*.*"):
        (made / (file.name + "-0123.md5")).touch()
    print(sys.stdin.read())
else:
    wanted = json.loads((project / "wanted.json").read_text())
    (project.parent / "log").write_text(" ".join(words))
    assert "--headless" in words and (project / "look.gd").read_text().count("Node3D")
    {answer}
"""
ANSWER = 'print("ORFEAS " + json.dumps({name: {"meshes": 2, "faces": 1234, "size": [1, 2, 0.5]} for name in wanted}))'


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    place = tmp_path / "programs"
    place.mkdir()
    monkeypatch.setenv("PATH", str(place))

    def put(name: str, version: str, answer: str = ANSWER) -> None:
        text = STAND_IN.replace("{python}", sys.executable).replace("{version}", version)
        text = text.replace("{imported}", ".godot/imported").replace("{answer}", answer)
        (place / name).write_text(text)
        (place / name).chmod(0o755)

    return put


def asked(files: tuple[Path, ...], context: Any) -> dict[str, Verdict]:
    return {each.file: each for each in second_opinions(files, context) if each.reader == "Godot"}


@pytest.fixture
def scene_files(dark_file: Path, exported: Callable[..., Path], tmp_path: Path) -> tuple[Path, ...]:
    main = exported("godot", dark_file, tmp_path, name="of_godot")
    return tuple(sorted(main.parent.iterdir()))


def test_a_godot_4_is_preferred_and_asked_for_model_and_scene(
    scene_files: tuple[Path, ...], on_path: Callable[..., None], make_context: Callable[..., Any]
) -> None:
    on_path("godot3-server", "3.5.2")
    on_path("godot", "4.3")
    context = make_context()
    found = asked(scene_files, context)
    words = "2 meshes, 1,234 triangles, 1 × 2 × 0.5, by version 4.3"
    assert {name: (each.fine, each.words) for name, each in found.items()} == {
        "of_godot.glb": (True, words),
        "of_godot.tscn": (True, words),
    }
    assert not list(context.scratch.glob("godot-*"))
    assert list(context.staging.iterdir()) == []


@pytest.mark.parametrize("answer", ["pass", 'print("ORFEAS {")', 'print("ORFEAS [1]")'])
def test_a_silent_one_is_told(
    scene_files: tuple[Path, ...],
    on_path: Callable[..., None],
    make_context: Callable[..., Any],
    answer: str,
) -> None:
    on_path("godot4", "4.0.1", answer)
    found = asked(scene_files, make_context())
    assert {(each.fine, each.words) for each in found.values()} == {
        (None, "Godot 4.0.1 did not say what it found")
    }


def test_a_godot_3_with_windows_is_left_alone(
    scene_files: tuple[Path, ...], on_path: Callable[..., None], make_context: Callable[..., Any]
) -> None:
    on_path("godot", "3.6")
    on_path("godot4", "no version")
    found = asked(scene_files, make_context())
    assert {each.words for each in found.values()} == {"not on this machine"}


def test_what_it_does_not_know_is_no_fault_and_nothing_found_is_one(
    dark_file: Path,
    exported: Callable[..., Path],
    tmp_path: Path,
    make_context: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = shutil.which("godot3-server")
    assert program, "the test set-up installs godot3-server"
    place = tmp_path / "programs"
    place.mkdir()
    (place / "godot3-server").symlink_to(program)
    monkeypatch.setenv("PATH", str(place))
    small = exported("gltf", dark_file, tmp_path, name="small", compression="draco")
    loose = exported("gltf", dark_file, tmp_path, name="loose")
    folder = exported("unity", dark_file, tmp_path, name="of_unity").parent
    bare = tmp_path / "loose" / "bare.gltf"
    document = json.loads(loose.read_text())
    bare.write_text(json.dumps(document | {"nodes": [{"name": "nothing"}], "scenes": [{"nodes": [0]}]}))
    model = folder / "of_unity.fbx"
    pictures = tuple((folder / "Textures").glob("*.png"))
    beside = tuple(
        file for file in (*loose.parent.iterdir(), *small.parent.iterdir()) if file.suffix in (".bin", ".png")
    )
    found = asked((small, loose, bare, model, *pictures, *beside), make_context())
    assert {name: each.fine for name, each in found.items()} == {
        "small.gltf": None,
        "loose.gltf": True,
        "bare.gltf": False,
        "of_unity.fbx": True,
    }
    assert found["small.gltf"].words == "Godot 3.2.3 does not read KHR_draco_mesh_compression"
    assert "7 meshes, 524 triangles" in found["of_unity.fbx"].words


def test_a_cancel_ends_it(
    scene_files: tuple[Path, ...], on_path: Callable[..., None], make_context: Callable[..., Any]
) -> None:
    on_path("godot4", "4.4", "import time; time.sleep(600)")
    context = make_context(cancel_at=8)
    with pytest.raises(Cancelled):
        asked(scene_files, context)
    assert not list(context.scratch.glob("godot-*"))
