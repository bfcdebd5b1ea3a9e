from __future__ import annotations

import logging
import os
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.engine.backends.relief import MOST_MEGAPIXELS
from orfeas_desktop.errors import BadParams, PermissionDenied
from orfeas_desktop.params import Params
from orfeas_desktop.printers import PrinterParams
from orfeas_desktop.setting_sections import Navigation, Theme
from orfeas_desktop.settings import (
    SECTION_TITLES,
    Sections,
    Settings,
    load_settings,
    migrated,
    save_settings,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


class PrintCheck(PrinterParams):
    """Settings of something that prints."""

    quick: bool = False


def test_what_is_saved_is_read_again(file: Path) -> None:
    settings = Settings().changed("appearance", {"theme": "dark"}).changed("engine", {"threads": 3})
    save_settings(settings, file)
    found = load_settings(file)
    assert found == settings
    assert found.appearance.theme is Theme.dark
    assert found.engine.threads == 3
    assert found.viewport.navigation is Navigation.blender
    assert found.library.max_megapixels == 100
    assert tomllib.loads(file.read_text())["schema_version"] == 1
    assert [path.name for path in file.parent.iterdir()] == ["settings.toml"]


def test_every_section_has_a_title_and_words_for_a_form() -> None:
    assert list(SECTION_TITLES) == list(Sections.model_fields)
    for name in SECTION_TITLES:
        for field in type(Settings().section(name)).fields():
            assert field.title
            assert field.help.endswith(".")


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("appearance", {"theme": "pink"}),
        ("engine", {"threads": -1}),
        ("engine", {"silence_s": float("nan")}),
        ("engine", {"speed": 9}),
        ("library", {"max_megapixels": 1001}),
        ("sound", {"volume": 1}),
    ],
)
def test_a_value_that_is_not_valid_is_refused(section: str, values: dict[str, str | float]) -> None:
    with pytest.raises(BadParams):
        Settings().changed(section, values)


def test_the_workers_let_in_what_the_settings_may_let_in() -> None:
    fields = {field.name: field for field in Settings().library.fields()}
    assert fields["max_megapixels"].maximum == MOST_MEGAPIXELS


def test_an_entry_begins_with_the_section_its_settings_hold() -> None:
    settings = Settings().changed("printing", {"printer": "resin"})
    assert settings.begun(PrintCheck) == settings.section("printing").plain()
    assert settings.begun(PrinterParams)["printer"] == "resin"
    assert settings.begun(Params) == {}


def test_the_environment_decides_and_is_not_saved(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_settings(Settings().changed("engine", {"threads": 3}), file)
    monkeypatch.setenv("ORFEAS_ENGINE__THREADS", "1")
    monkeypatch.setenv("ORFEAS_VIEWPORT__SHOW_GRID", "no")
    monkeypatch.setenv("ORFEAS_HOME", "/elsewhere")
    settings = load_settings(file)
    assert settings.engine.threads == 1
    assert not settings.viewport.show_grid
    assert settings.overridden == {("engine", "threads"), ("viewport", "show_grid")}
    changed = settings.changed("engine", {"threads": 5, "silence_s": 30})
    assert (changed.engine.threads, changed.engine.silence_s) == (1, 30)
    save_settings(changed, file)
    monkeypatch.delenv("ORFEAS_ENGINE__THREADS")
    monkeypatch.delenv("ORFEAS_VIEWPORT__SHOW_GRID")
    assert load_settings(file).engine.threads == 5
    assert load_settings(file).viewport.show_grid


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORFEAS_ENGINE__THREADS", "many"),
        ("ORFEAS_ENGINE__SPEED", "9"),
        ("ORFEAS_LIBRARY__MAX_MEGAPIXELS", "nan"),
        ("ORFEAS_ENGINE", "{not json"),
        ("ORFEAS_ENGINE", "5"),
    ],
)
def test_a_variable_that_is_not_valid_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadParams):
        load_settings(file)


@pytest.mark.parametrize(
    "content",
    [
        b"not = [toml",
        b"\xff\xfe\x00",
        b"[appearance]\ntheme = 'pink'\n",
        b"[sound]\nvolume = 1\n",
        b"schema_version = 'one'\n",
        b"schema_version = 0\n",
        b"appearance = 5\n",
    ],
)
def test_a_broken_file_is_set_aside(file: Path, caplog: pytest.LogCaptureFixture, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert load_settings(file) == Settings()
    assert "set aside" in caplog.text
    assert not file.exists()
    assert (file.parent / "settings.toml.broken").read_bytes() == content


def test_a_newer_file_gives_what_is_known_and_stays(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(
        "schema_version = 9\n[appearance]\ntheme = 'light'\nglow = 3\n[sound]\nvolume = 1\n[engine]\n"
    )
    assert load_settings(file) == Settings().changed("appearance", {"theme": "light"})
    assert file.exists()


def test_migrators_run_in_order_from_the_files_version() -> None:
    steps = (
        lambda values: {**values, "trail": "1"},
        lambda values: {**values, "trail": f"{values.get('trail', '')}2"},
    )
    assert migrated({}, steps) == {"trail": "12"}
    assert migrated({"schema_version": 2}, steps) == {"trail": "2"}
    assert migrated({"schema_version": 3, "kept": True}, steps) == {"kept": True}


def test_a_file_that_cannot_be_read_gives_the_defaults(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.mkdir(parents=True)
    assert load_settings(file) == Settings()
    assert "cannot be read" in caplog.text


def test_saving_where_it_is_not_possible(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(PermissionDenied):
        save_settings(Settings(), blocked / "settings.toml")
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(PermissionDenied):
        save_settings(Settings(), tmp_path / "settings.toml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "settings.toml"]


def test_a_full_disk_keeps_the_old_file(file: Path) -> None:
    save_settings(Settings(), file)
    before = file.read_bytes()
    code = (
        "import pathlib, resource, signal, sys\n"
        "from orfeas_desktop.errors import DiskFull\n"
        "from orfeas_desktop.settings import Settings, save_settings\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))\n"
        "try: save_settings(Settings().changed('engine', {'threads': 9}), pathlib.Path(sys.argv[1]))\n"
        "except DiskFull: sys.exit(3)\n"
    )
    assert (
        subprocess.run([sys.executable, "-c", code, str(file)], env=os.environ, check=False).returncode == 3
    )
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["settings.toml"]


def test_a_broken_file_in_a_folder_that_cannot_change(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("broken [")
    (tmp_path / "settings.toml.broken").mkdir()
    assert load_settings(file) == Settings()
    assert "could not be set aside" in caplog.text
    assert file.exists()
