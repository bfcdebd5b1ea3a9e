"""What a Godot on this machine finds in exported files: imported into a project of its own that is thrown away."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from os.path import commonpath
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, TypeAdapter, ValidationError

from orfeas_desktop.engine.formats.programs import run_program
from orfeas_desktop.engine.mesh.gltf_container import parse_document, split_glb
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.paths import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orfeas_desktop.engine.jobs.context import JobContext

MODELS = (".glb", ".gltf", ".fbx")
SCENE = ".tscn"
_PICTURES = (".png", ".jpg", ".webp")
_TAKEN = (*MODELS, *_PICTURES, ".bin")
_NEWER = ("godot4", "godot")
_OLDER = ("godot3-server", "godot-server", "godot3-headless", "godot-headless")
"""Of Godot 3 only those without a window."""
_APPLICATION = "/Applications/Godot.app/Contents/MacOS/Godot"
GODOTS = (*_NEWER, _APPLICATION, *_OLDER)
"""What it may be called."""
_ANSWER = "ORFEAS "
_ASK_S, _IMPORT_S = 20.0, 60.0
_UNREAD = ("KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_meshopt_compression")
"""What no Godot reads; Godot 3 never ends its import over some of it."""
_PROJECTS = {3: 'config_version=4\n[application]\nconfig/name="look"\n', 4: "config_version=5\n"}


@dataclass(frozen=True)
class Godot:
    """A Godot that opens no window."""

    program: str
    version: str

    @property
    def major(self) -> int:
        """3 or 4."""
        return int(self.version[0])

    @classmethod
    def found(cls, context: JobContext) -> Godot | None:
        """Return the Godot 4 or, else, the server of Godot 3 on this machine. Raises Cancelled."""
        for names, major in (((*_NEWER, _APPLICATION), "4"), (_OLDER, "3")):
            for name in names:
                program = shutil.which(name)
                if program is None:
                    continue
                ended = run_program([program, "--version"], context, _ASK_S)
                version = re.search(r"^(\d+(?:\.\d+)+)", ended.said, re.MULTILINE)
                if version and version[1].startswith(f"{major}."):
                    return cls(program, version[1])
        return None


class _Found(BaseModel):
    """What Godot says of a file; sizes along its axes, y up."""

    meshes: int
    faces: int
    size: tuple[float, float, float]


_ANSWERS = TypeAdapter(dict[str, _Found])
Told = tuple[bool | None, str]
"""Whether it is fine, None when it could not be looked at, and what is said of it."""


def godot_says(files: tuple[Path, ...], context: JobContext, limit_s: float) -> dict[Path, Told]:
    """Return what Godot thinks of each file that it should open. Raises Cancelled, OSError."""
    wanted = [file for file in files if file.suffix in (*MODELS, SCENE)]
    if not wanted:
        return {}
    godot = Godot.found(context)
    if godot is None:
        return dict.fromkeys(wanted, (None, "not on this machine"))
    refused = {file for file in wanted if set(_needed(file)) & set(_UNREAD)}
    taken = tuple(file for file in files if file not in refused)
    answers: dict[str, _Found] = {}
    asked: dict[Path, str] = {}
    if set(taken) & set(wanted):
        with tempfile.TemporaryDirectory(dir=context.scratch, prefix="godot-") as place:
            look = _Look(godot, Path(place), context, limit_s)
            names = look.copied(taken)
            asked = {file: names[file] for file in wanted if file in names}
            look.imported(names.values())
            answers = look.answers(asked.values())
    return {file: _told(file, answers.get(asked.get(file, "")), godot) for file in wanted}


@dataclass(frozen=True)
class _Look:
    """A project of Godot in a folder, with settings of its own beside it."""

    godot: Godot
    place: Path
    context: JobContext
    limit_s: float

    @property
    def _project(self) -> Path:
        return self.place / "project"

    def copied(self, files: tuple[Path, ...]) -> dict[Path, str]:
        """Copy what this Godot can use, each file where it stood beside the others; return their names."""
        root = Path(commonpath([file.parent for file in files]))
        taken = _TAKEN if self.godot.major == 3 else (*_TAKEN, SCENE, ".import")
        names: dict[Path, str] = {}
        for file in files:
            if file.suffix in taken:
                names[file] = file.relative_to(root).as_posix()
                target = self._project / names[file]
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
        return names

    def imported(self, names: Iterable[str]) -> None:
        """Let the editor import the files; it is ended as soon as all are, because it may not end by itself."""
        self._project.mkdir(exist_ok=True)
        (self._project / "project.godot").write_text(_PROJECTS[self.godot.major], "utf-8")
        done = self._project / (".import" if self.godot.major == 3 else ".godot/imported")
        wanted = {Path(name).name for name in names if name.endswith((*MODELS, *_PICTURES))}

        def all_there() -> bool:
            made = {path.name.rpartition("-")[0] for path in done.glob("*.md5")}
            return wanted <= made

        self._run(("--editor",), min(self.limit_s, _IMPORT_S), all_there)

    def answers(self, names: Iterable[str]) -> dict[str, _Found]:
        """Return what is in the imported files; nothing when Godot does not say."""
        (self._project / "wanted.json").write_text(json.dumps(list(names)), "utf-8")
        shutil.copy(RESOURCES / "scripts" / f"godot_look_{self.godot.major}.gd", self._project / "look.gd")
        lines = self._run(("-s", "look.gd"), self.limit_s).splitlines()
        said = [line.removeprefix(_ANSWER) for line in lines if line.startswith(_ANSWER)]
        try:
            return _ANSWERS.validate_json(said[-1])
        except (IndexError, ValidationError):
            return {}

    def _run(self, words: tuple[str, ...], limit_s: float, until: Callable[[], bool] = lambda: False) -> str:
        headless = ("--headless",) if self.godot.major == 4 else ()
        command = [self.godot.program, *headless, "--path", str(self._project), *words]
        return run_program(command, self.context, limit_s, until=until, environment=self._own()).said

    def _own(self) -> dict[str, str]:
        """Return an environment in which Godot keeps its own settings in the place that is thrown away."""
        keys = ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "APPDATA", "LOCALAPPDATA"]
        keys += ["HOME"] if sys.platform == "darwin" else []
        return {**os.environ, **dict.fromkeys(keys, str(self.place))}


def _told(file: Path, found: _Found | None, godot: Godot) -> Told:
    if file.suffix == SCENE and godot.major == 3:
        return None, f"Godot {godot.version} does not read scenes of Godot 4"
    needed = _needed(file)
    if needed and (found is None or not found.faces):
        return None, f"Godot {godot.version} does not read {', '.join(needed)}"
    if found is None:
        return None, f"Godot {godot.version} did not say what it found"
    if not found.faces:
        return False, f"nothing in it was found by Godot {godot.version}"
    x, y, z = found.size
    return (
        True,
        f"{found.meshes} meshes, {found.faces:,} triangles, {x:.4g} × {y:.4g} × {z:.4g}, by version {godot.version}",
    )


def _needed(file: Path) -> tuple[str, ...]:
    """Return what a program must know to read a GLB or glTF."""
    if file.suffix not in (".glb", ".gltf"):
        return ()
    try:
        data = file.read_bytes()
        text = split_glb(data)[0] if file.suffix == ".glb" else data
        return tuple(parse_document(text).extensions_required)
    except (Broken, OSError):
        return ()
