"""A Blender, or a Python with bpy, that the user installed: found, and run as a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orfeas_desktop.errors import BackendFailed, ProgramMissing
from orfeas_desktop.paths import RESOURCES

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext

SCRIPT = RESOURCES / "scripts" / "blender_scene.py"
_PLACES = {
    "linux": ("/opt/blender*/blender", "/snap/bin/blender"),
    "darwin": ("/Applications/Blender*.app/Contents/MacOS/Blender",),
    "win32": ("C:/Program Files/Blender Foundation/Blender*/blender.exe",),
}
_LOOK_EVERY_S = 0.05
_LINES_TOLD = 12


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
        log = context.staging / "blender.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*self._command(), "--", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=context.staging,
            )
            try:
                while process.poll() is None:
                    context.check_cancelled()
                    time.sleep(_LOOK_EVERY_S)
            finally:
                process.kill()
                process.wait()
        said = log.read_text("utf-8", "replace")
        log.unlink()
        if process.returncode != 0:
            last = "\n".join(said.splitlines()[-_LINES_TOLD:])
            raise BackendFailed(
                entry="Blender", problem=f"it ended with code {process.returncode}", details=last
            )
        return said

    def _command(self) -> list[str]:
        if self.program.name.lower().startswith("python"):
            return [str(self.program), str(SCRIPT)]
        flags = ["--background", "--factory-startup", "-noaudio", "--python-exit-code", "3"]
        return [str(self.program), *flags, "--python", str(SCRIPT)]
