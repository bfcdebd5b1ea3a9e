"""The report beside an export says what was written and who looked at it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.programs import run_program
from orfeas_desktop.engine.formats.second_readers import second_opinions
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh


def exported(entry: str, mesh: Mesh, folder: Path, context: Any) -> dict[str, Path]:
    write_glb(mesh, folder / "in.glb")
    file = local_file(folder / "in.glb", AssetKind.mesh, "chair <1>.glb")
    params = EXPORTERS[entry].params.check(entry, {"report": True})
    return {output.name: output.path for output in EXPORTERS[entry].run({"mesh": (file,)}, params, context)}


@pytest.mark.skipif(
    sys.platform != "linux", reason="the readers are Debian packages that the test set-up installs"
)
def test_a_stl_is_looked_at_by_the_readers_on_this_machine(
    ball: Mesh, tmp_path: Path, make_context: Callable[..., Any]
) -> None:
    files = exported("stl", ball, tmp_path, make_context())
    told = json.loads(files["chair_1-report.json"].read_text("utf-8"))
    assert told["files"] == [["chair_1.stl", files["chair <1>.stl"].stat().st_size]]
    assert told["faces_per_level"] == [ball.face_count]
    assert told["settings"]["report"] is True
    judged = {each["reader"]: (each["fine"], each["words"]) for each in told["readers"]}
    assert set(judged) == {"assimp", "PrusaSlicer", "ADMesh"}
    assert judged["PrusaSlicer"] == (True, "manifold: yes")
    assert judged["ADMesh"] == (True, "0 facets with open edges")
    assert judged["assimp"][0] is True
    assert "chair_1.stl, read back" in told["picture_of"]
    page = files["chair_1-report.html"].read_text("utf-8")
    assert "data:image/png;base64," in page
    assert "manifold: yes" in page


def test_a_folder_holds_its_report_and_names_are_escaped(
    ball: Mesh, tmp_path: Path, make_context: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    files = exported("godot", ball, tmp_path, make_context())
    told = json.loads(files["chair_1-report.json"].read_text("utf-8"))
    assert [each["fine"] for each in told["readers"]] == [None, None]
    assert "base_color_texture" in [each["use"] for each in told["textures"]]
    assert "not asked: not on this machine" in files["chair_1-report.html"].read_text("utf-8")


READERS = {
    "gltf_validator": 'print(\'{"issues": {"numErrors": 2, "numWarnings": 1}}\')',
    "assimp": 'print("Meshes: 1\\nFaces: 0"); raise SystemExit(1)',
    "prusa-slicer": 'print("segmentation fault")',
    "admesh": 'print("what?")',
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
    assert found["Khronos glTF validator", "a.glb"] == (False, "2 errors, 1 warnings")
    assert found["assimp", "a.stl"][0] is False
    assert found["PrusaSlicer", "a.stl"] == (False, "segmentation fault")
    assert found["ADMesh", "a.stl"] == (False, "what?")
    (tmp_path / "gltf_validator").write_text(f"#!{sys.executable}\nprint('nothing')\n")
    assert next(iter(second_opinions(files[:1], make_context()))).fine is False


def test_a_program_ends_when_its_time_is_up_or_the_job_is_cancelled(make_context: Callable[..., Any]) -> None:
    endless = [sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(600)"]
    assert run_program(endless, make_context(), 0.0).code is None
    with pytest.raises(Cancelled):
        run_program(endless, make_context(cancel_at=1))
    assert list(make_context().staging.iterdir()) == []
