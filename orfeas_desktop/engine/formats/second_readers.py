"""Readers of other makers that happen to be on this machine, asked what they think of an exported file."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from orfeas_desktop.engine.formats.blender import BATCH
from orfeas_desktop.engine.formats.programs import Ended, run_program
from orfeas_desktop.engine.formats.threemf import strict_problem
from orfeas_desktop.paths import RESOURCES

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext

_LIMIT_S = 120.0
_SCRIPT = RESOURCES / "scripts" / "blender_look.py"
_ANSWER = "ORFEAS "


@dataclass(frozen=True)
class Verdict:
    """What a reader thinks: `fine` is None when it is not on this machine or took too long."""

    reader: str
    file: str
    fine: bool | None
    words: str


@dataclass(frozen=True)
class _Reader:
    name: str
    program: str
    suffixes: tuple[str, ...]
    command: tuple[str, ...]
    """Follows the program; the file is appended."""
    judge: Callable[[Ended], tuple[bool | None, str]]


def _gltf(ended: Ended) -> tuple[bool, str]:
    try:
        issues = json.loads(ended.said[ended.said.index("{") :])["issues"]
        errors, warnings = int(issues["numErrors"]), int(issues["numWarnings"])
    except (ValueError, KeyError):
        return False, ended.last_lines(1)
    return errors == 0, f"{errors} errors, {warnings} warnings"


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


_READERS = (
    _Reader("Khronos glTF validator", "gltf_validator", (".glb", ".gltf"), ("-o", "-r"), _gltf),
    _Reader("assimp", "assimp", (".glb", ".fbx", ".obj", ".stl", ".ply"), ("info",), _assimp),
    _Reader("PrusaSlicer", "prusa-slicer", (".stl", ".3mf"), ("--info",), _slicer),
    _Reader("ADMesh", "admesh", (".stl",), (), _admesh),
    _Reader(
        "Blender",
        "blender",
        (".fbx", ".glb", ".gltf", ".obj", ".stl", ".ply", ".usda", ".usdc", ".usdz"),
        (*BATCH, str(_SCRIPT), "--"),
        _blender,
    ),
)


def second_opinions(files: tuple[Path, ...], context: JobContext) -> tuple[Verdict, ...]:
    """Return what every reader for these files says, those that are missing included. Raises Cancelled."""
    asked = [(reader, file) for reader in _READERS for file in files if file.suffix in reader.suffixes]
    found: list[Verdict] = []
    for number, (reader, file) in enumerate(asked):
        context.progress(number / len(asked))
        found.append(_asked(reader, file, context))
    found += [_strict_3mf(file) for file in files if file.suffix == ".3mf"]
    return tuple(found)


def _strict_3mf(file: Path) -> Verdict:
    problem = strict_problem(file)
    return Verdict("lib3mf, strict", file.name, not problem, problem or "no warnings")


def _asked(reader: _Reader, file: Path, context: JobContext) -> Verdict:
    program = shutil.which(reader.program)
    if program is None:
        return Verdict(reader.name, file.name, None, "not on this machine")
    ended = run_program([program, *reader.command, str(file)], context, _LIMIT_S)
    if ended.code is None:
        return Verdict(reader.name, file.name, None, f"no answer within {_LIMIT_S:.0f} s")
    fine, words = reader.judge(ended)
    return Verdict(reader.name, file.name, fine, words)
