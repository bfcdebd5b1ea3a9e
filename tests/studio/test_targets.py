"""Every export of a preset has a file of its own."""

from __future__ import annotations

from pathlib import Path

from orfeas_desktop.presets import Preset, PresetExport
from orfeas_desktop.studio.targets import targets


def test_exports_that_end_alike_are_kept_apart() -> None:
    formats = ("glb", "stl", "print-stl", "stl", "godot", "usd", "godot")
    preset = Preset(title="Many", exports=tuple(PresetExport(to=each) for each in formats))
    given = list(targets(preset, Path("out"), "a.b"))
    assert [part.to for part, _ in given] == list(formats)
    assert [target.name for _, target in given] == [
        "a.b.glb",
        "a.b.stl",
        "a.b-print-stl.stl",
        "a.b-stl.stl",
        "a.b-godot",
        "a.b-usd",
        "a.b-godot-2",
    ]
    assert {target.parent for _, target in given} == {Path("out")}
