"""What the window remembers survives, and what cannot be read counts as nothing."""

from __future__ import annotations

from pathlib import Path

from orfeas_desktop.ui.state.window_state import (
    FILE,
    LastExport,
    WindowState,
    read_window_state,
    write_window_state,
)


def test_what_is_written_is_read(tmp_path: Path):
    state = WindowState(
        geometry="AA==",
        docks="BB==",
        project_id=3,
        backend="relief",
        last_export=LastExport(exporter="glb", params={"a": 1}, target=tmp_path / "x.glb"),
    )
    write_window_state(tmp_path / "new" / "folder", state)
    assert read_window_state(tmp_path / "new" / "folder") == state


def test_nothing_and_nonsense_give_the_defaults(tmp_path: Path):
    assert read_window_state(tmp_path) == WindowState()
    (tmp_path / FILE).write_text("{broken")
    assert read_window_state(tmp_path) == WindowState()


def test_a_place_that_cannot_be_written_is_no_disaster(tmp_path: Path, caplog):
    (tmp_path / "file").write_text("x")
    write_window_state(tmp_path / "file", WindowState())
    assert "layout cannot be kept" in caplog.text
