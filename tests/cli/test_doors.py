from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from orfeas_desktop.app import open_studio
from orfeas_desktop.cli import Doors, ManualDoor, main
from orfeas_desktop.cli.running import finish, finish_background
from orfeas_desktop.cli.screen import Screen
from orfeas_desktop.errors import Cancelled
from orfeas_desktop.paths import Paths
from orfeas_desktop.requests import Destination
from orfeas_desktop.settings import Settings
from tests.bad_inputs import cut_out
from tests.patience import PATIENCE_S


def _doors(stale: tuple[str, ...]) -> Doors:
    paths = Paths.of()
    return Doors(
        paths=paths,
        load_settings=Settings,
        open_studio=lambda settings: open_studio(paths, settings),
        manual=ManualDoor(stale=lambda: stale, write=lambda: (Path("a.md"), Path("b.md"))),
    )


def test_the_manual_is_written_and_checked_through_its_door(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["manual", "--write"], _doors(())) == 0
    assert capsys.readouterr().out == "a.md\nb.md\n"
    assert main(["manual", "--check", "--json"], _doors(("old.md",))) == 1
    assert json.loads(capsys.readouterr().out) == {"stale": ["old.md"]}


def test_background_work_that_fails_is_only_logged(home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "disc.png"
    cut_out().save(picture)
    with open_studio(Paths.of(), Settings()) as studio:
        project, _ = studio.create_project("Things")
        given = {"front": [studio.add_picture(picture)]}
        job = studio.generate(
            "relief", given, params={"resolution": 64}, destination=Destination(project.id, "Disc")
        )
        done = finish(studio, job, Screen(), "disc")
        mesh = done.result.file("mesh")
        assert mesh is not None
        finish_background(studio)
        studio.blob_path(mesh.digest).unlink()
        version = studio.assets(project.id)[0].latest
        assert version is not None
        studio.make_display(version.id)
        finish_background(studio)
        assert not studio.busy()


def test_a_cancelled_job_and_a_thread_that_is_not_the_first(home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "disc.png"
    cut_out().save(picture)
    outcome: list[str] = []

    def work() -> None:
        with open_studio(Paths.of(), Settings()) as studio:
            job = studio.generate("relief", {"front": [studio.picture_file(picture)]})
            studio.cancel(job.id)
            try:
                finish(studio, job, Screen(), "disc")
            except Cancelled:
                outcome.append("cancelled")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(PATIENCE_S)
    assert outcome == ["cancelled"]
