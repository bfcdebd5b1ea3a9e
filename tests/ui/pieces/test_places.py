"""Dialogs for files begin where the user last was for that kind of thing."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from orfeas_desktop.assets import MESH_SUFFIXES
from orfeas_desktop.ui.pieces.places import Place, Places, first_folder


def test_each_kind_of_thing_is_asked_for_where_it_last_was(qapp, tmp_path: Path, monkeypatch):
    asked: list[str] = []
    shown: list[str] = []

    def answer(*given: object) -> tuple[str, str]:
        asked.append(str(given[2]))
        shown.append(str(given[3]))
        return str(tmp_path / "in" / "cup.png"), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    (tmp_path / "in").mkdir()
    places = Places({})
    told: list[int] = []
    places.changed.connect(lambda: told.append(len(places.known())))
    for _ in range(2):
        assert (
            places.open_file(None, Place.pictures, "Open", (".png", ".webp")) == tmp_path / "in" / "cup.png"
        )
    assert asked == [str(first_folder(Place.pictures)), str(tmp_path / "in")]
    assert told == [1]
    assert shown[0] == "Pictures (*.png *.PNG *.webp *.WEBP)"
    assert places.save_png(None, Place.shots, "a/b", "Save") == tmp_path / "in" / "cup.png"
    assert asked[2] == str(first_folder(Place.shots) / "a_b.png")
    assert Places(places.known()).folder(Place.shots) == tmp_path / "in"
    (tmp_path / "in").rmdir()
    assert places.folder(Place.pictures) == first_folder(Place.pictures)


def test_several_files_and_folders_are_remembered_and_no_answer_is_not(qapp, tmp_path: Path, monkeypatch):
    places = Places({})
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(tmp_path / "a.glb")], ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    assert places.open_files(None, Place.meshes, "Import", MESH_SUFFIXES) == [tmp_path / "a.glb"]
    assert places.open_folder(None, Place.weights, "Add") == tmp_path
    known = {"meshes": tmp_path, "weights": tmp_path}
    assert places.known() == known
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([], ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    assert places.open_files(None, Place.pictures, "Open", (".png",)) == []
    assert places.open_folder(None, Place.pictures, "Add") is None
    assert places.known() == known
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "view"), ""))
    assert places.save_png(None, Place.shots, "View", "Save") == tmp_path / "view.png"


def test_a_machine_without_the_usual_folders_begins_at_home(qapp, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(
        "orfeas_desktop.ui.pieces.places.QStandardPaths.writableLocation", lambda _kind: str(tmp_path / "no")
    )
    assert first_folder(Place.meshes) == Path.home()
