"""A Blender, or a Python with bpy, that the user installed: found, and run as a process of its own."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orfeas_desktop.engine.formats.programs import run_program
from orfeas_desktop.errors import BackendFailed, ProgramMissing
from orfeas_desktop.paths import RESOURCES

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext

BATCH = ("--background", "--factory-startup", "-noaudio", "--python-exit-code", "3", "--python")
"""What Blender is started with to run a script and nothing else; the script's path follows."""
SCRIPT = RESOURCES / "scripts" / "blender_scene.py"
_PLACES = {
    "linux": ("/opt/blender*/blender", "/snap/bin/blender"),
    "darwin": ("/Applications/Blender*.app/Contents/MacOS/Blender",),
    "win32": ("C:/Program Files/Blender Foundation/Blender*/blender.exe",),
}


@dataclass(frozen=True)
class Blender:
    """A program that runs the script."""

    program: Path

    @classmethod
    def found(cls, chosen: str, platform: str = sys.platform) -> Blender:
        """Return the chosen program, or the one on the PATH, or the newest in the usual places.

        Raises ProgramMissing.
        """
        if chosen:
            program = Path(chosen).expanduser()
            if program.is_file() and os.access(program, os.X_OK):
                return cls(program)
            raise ProgramMissing(program=chosen)
        on_path = shutil.which("blender")
        if on_path:
            return cls(Path(on_path))
        for pattern in _PLACES.get(platform, ()):
            root = Path(Path(pattern).anchor or "/")
            found = sorted(root.glob(pattern.removeprefix(root.as_posix())))
            if found:
                return cls(found[-1])
        raise ProgramMissing(program="Blender")

    def run(self, arguments: tuple[str, ...], context: JobContext) -> str:
        """Run the script with `arguments` and return what it printed; a cancel ends the process.

        Raises BackendFailed with its last lines when it fails, and Cancelled.
        """
        ended = run_program([*self._command(), "--", *arguments], context)
        if ended.code != 0:
            problem = f"it ended with code {ended.code}"
            raise BackendFailed(entry="Blender", problem=problem, details=ended.last_lines())
        return ended.said

    def _command(self) -> list[str]:
        if self.program.name.lower().startswith("python"):
            return [str(self.program), str(SCRIPT)]
        return [str(self.program), *BATCH, str(SCRIPT)]
