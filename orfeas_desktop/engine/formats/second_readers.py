"""Readers of other makers that happen to be on this machine, asked what they think of an exported file."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from orfeas_desktop.engine.formats.blender import BATCH
from orfeas_desktop.engine.formats.godot_look import GODOTS, godot_says
from orfeas_desktop.engine.formats.programs import Ended, run_program
from orfeas_desktop.engine.formats.threemf import strict_problem
from orfeas_desktop.paths import RESOURCES

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext

_LIMIT_S = 120.0
_SCRIPTS = RESOURCES / "scripts"
_MODULES = Path(sys.prefix) / "readers" / "node_modules"
"""Beside the program's Python, for who installs Khronos's validator from npm there."""
_ANSWER = "ORFEAS "
_ABSENT = "not on this machine"


@dataclass(frozen=True)
class Verdict:
    """What a reader thinks: `fine` is None when it is not on this machine, took too long or does not know the format."""

    reader: str
    file: str
    fine: bool | None
    words: str


@dataclass(frozen=True)
class _Reader:
    name: str
    commands: tuple[tuple[str, ...], ...]
    """Ways to ask: a program and its words, in which FILE stands for the file. The first that is here is taken."""
    suffixes: tuple[str, ...]
    judge: Callable[[Ended], tuple[bool | None, str]]


def _gltf(ended: Ended) -> tuple[bool | None, str]:
    try:
        told = json.loads(ended.said[ended.said.index("{") :])
        if told.get("missing"):
            return None, _ABSENT
        issues = told["issues"]
        errors, warnings = int(issues["numErrors"]), int(issues["numWarnings"])
    except (ValueError, KeyError):
        return False, ended.last_lines(1)
    told = f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}"
    return errors == 0, told


def _assimp(ended: Ended) -> tuple[bool, str]:
    counts = dict(re.findall(r"^(Meshes|Vertices|Faces|Materials):\s+(\d+)", ended.said, re.MULTILINE))
    said = ", ".join(f"{count} {name.lower()}" for name, count in counts.items())
    return ended.code == 0 and int(counts.get("Faces", 0)) > 0, said or ended.last_lines(1)


def _slicer(ended: Ended) -> tuple[bool, str]:
    manifold = re.search(r"manifold = (\w+)", ended.said)
    if manifold is None:
        return False, ended.last_lines(1)
    return manifold[1] == "yes", f"manifold: {manifold[1]}"


def _admesh(ended: Ended) -> tuple[bool, str]:
    open_edges = re.search(r"Total disconnected facets\s*:\s*(\d+)", ended.said)
    if open_edges is None:
        return False, ended.last_lines(1)
    return ended.code == 0, f"{open_edges[1]} facets with open edges"


def _blender(ended: Ended) -> tuple[bool | None, str]:
    lines = [line[len(_ANSWER) :] for line in ended.said.splitlines() if line.startswith(_ANSWER)]
    try:
        found = _Found.model_validate_json(lines[-1])
    except (IndexError, ValidationError):
        return False, ended.last_lines(1)
    if found.cannot:
        return None, found.cannot
    x, y, z = found.size
    counts = f"{found.meshes} meshes, {found.faces:,} triangles, {found.pictures} pictures"
    return found.faces > 0, f"{counts}, {x:.4g} × {y:.4g} × {z:.4g}, by version {found.version}"


class _Found(BaseModel):
    """What Blender says of a file; sizes along its axes, z up."""

    version: str
    cannot: str = ""
    meshes: int = 0
    faces: int = 0
    pictures: int = 0
    size: tuple[float, float, float] = (0.0, 0.0, 0.0)


_FILE = "FILE"
_READERS = (
    _Reader(
        "Khronos glTF validator",
        (
            ("gltf_validator", "-o", "-r", _FILE),
            ("node", str(_SCRIPTS / "gltf_look.cjs"), _FILE, str(_MODULES)),
        ),
        (".glb", ".gltf"),
        _gltf,
    ),
    _Reader("assimp", (("assimp", "info", _FILE),), (".glb", ".fbx", ".obj", ".stl", ".ply"), _assimp),
    _Reader("PrusaSlicer", (("prusa-slicer", "--info", _FILE),), (".stl", ".3mf"), _slicer),
    _Reader("ADMesh", (("admesh", _FILE),), (".stl",), _admesh),
    _Reader(
        "Blender",
        (("blender", *BATCH, str(_SCRIPTS / "blender_look.py"), "--", _FILE),),
        (".fbx", ".glb", ".gltf", ".obj", ".stl", ".ply", ".usda", ".usdc", ".usdz"),
        _blender,
    ),
)


def readers_here() -> tuple[str, ...]:
    """Return the programs on this machine that can be asked."""
    programs = [command[0] for reader in _READERS for command in reader.commands]
    return tuple(program for program in (*programs, *GODOTS) if shutil.which(program))


def second_opinions(files: tuple[Path, ...], context: JobContext) -> tuple[Verdict, ...]:
    """Return what every reader for these files says, those that are missing included. Raises Cancelled."""
    asked = [(reader, file) for reader in _READERS for file in files if file.suffix in reader.suffixes]
    found: list[Verdict] = []
    for number, (reader, file) in enumerate(asked):
        context.progress(number / len(asked))
        found.append(_asked(reader, file, context))
    told = godot_says(files, context, _LIMIT_S)
    found += [Verdict("Godot", file.name, fine, words) for file, (fine, words) in told.items()]
    found += [_strict_3mf(file) for file in files if file.suffix == ".3mf"]
    return tuple(found)


def _strict_3mf(file: Path) -> Verdict:
    problem = strict_problem(file)
    return Verdict("lib3mf, strict", file.name, not problem, problem or "no warnings")


def _asked(reader: _Reader, file: Path, context: JobContext) -> Verdict:
    command = next((each for each in reader.commands if shutil.which(each[0])), None)
    if command is None:
        return Verdict(reader.name, file.name, None, _ABSENT)
    words = [str(file) if word == _FILE else word for word in command[1:]]
    ended = run_program([shutil.which(command[0]) or command[0], *words], context, _LIMIT_S)
    if ended.code is None:
        return Verdict(reader.name, file.name, None, f"no answer within {_LIMIT_S:.0f} s")
    fine, words = reader.judge(ended)
    return Verdict(reader.name, file.name, fine, words)
