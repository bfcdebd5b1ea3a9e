from __future__ import annotations

from pathlib import Path

from orfeas_desktop.errors import error_classes
from orfeas_desktop.manual import manual_pages, stale_pages, write_pages

COMMANDS = [
    ("orfeas fly", "Go up.", "Example: orfeas fly --high", (("--high", "Higher."),)),
    ("orfeas land", "Go down.", "Examples:\n\norfeas land\n\norfeas land --soft", ()),
]


def test_the_pages_name_everything() -> None:
    pages = manual_pages(COMMANDS)
    assert list(pages) == [
        "index.md",
        "backends.md",
        "tools.md",
        "exporters.md",
        "layouts.md",
        "commands.md",
        "settings.md",
        "errors.md",
    ]
    assert "`relief`" in pages["backends.md"]
    assert "| `--high` | Higher. |" in pages["commands.md"]
    assert "orfeas land --soft" in pages["commands.md"]
    assert "`library.max_megapixels` | 100 | 1 to 1000 MP" in pages["settings.md"]
    for kind in list(error_classes())[1:]:
        assert f"| `{kind.code}` | {kind.exit_code} |" in pages["errors.md"]
    assert all(name in pages["index.md"] for name in pages if name != "index.md")


def test_the_same_program_writes_the_same_pages() -> None:
    assert manual_pages(COMMANDS) == manual_pages(COMMANDS)


def test_what_is_written_is_not_stale(tmp_path: Path) -> None:
    pages = manual_pages(COMMANDS)
    assert set(stale_pages(pages, tmp_path)) == set(pages)
    written = write_pages(pages, tmp_path)
    assert stale_pages(pages, tmp_path) == ()
    written[1].write_text("changed")
    (tmp_path / "old.md").write_text("of an earlier program")
    (tmp_path / "window.png").write_bytes(b"a picture stays")
    assert stale_pages(pages, tmp_path) == ("backends.md", "old.md")
    write_pages(pages, tmp_path)
    assert stale_pages(pages, tmp_path) == ()
    assert (tmp_path / "window.png").exists()
