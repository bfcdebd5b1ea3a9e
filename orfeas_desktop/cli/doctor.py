"""orfeas doctor: what this machine has, where things lie, and whether the library is sound."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from importlib import metadata
from typing import Annotated

import typer

from orfeas_desktop import __version__
from orfeas_desktop.cli.doors import Call, call_of
from orfeas_desktop.cli.screen import Json, error_object, one_line
from orfeas_desktop.engine.hardware.probe import Machine, Probe
from orfeas_desktop.errors import OrfeasError

PACKAGES = (
    "torch", "diffusers", "PySide6-Essentials", "vtk", "pyvista", "trimesh", "numpy", "scipy",
    "scikit-image", "opencv-python-headless", "pillow", "SQLAlchemy", "pydantic", "typer",
)  # fmt: skip


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Say what this machine has, where things lie and whether the library is sound."""
    del as_json
    call = call_of(context)
    library, status = _library(call)
    machine = Probe().look(call.doors.paths.data)
    report: dict[str, Json] = {
        "program": _program(),
        "machine": _machine(machine),
        "gpus": _gpus(machine),
        "display": _display(),
        "places": _places(call),
        "library": library,
    }
    call.screen.give(report, _words(report))
    return status


def _program() -> dict[str, Json]:
    versions: dict[str, Json] = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return {"version": __version__, "python": platform.python_version(), "packages": versions}


def _machine(machine: Machine) -> dict[str, Json]:
    return {
        "system": machine.system,
        "processor": platform.machine(),
        "cores": machine.cores,
        "memory_gb": _gb(machine.ram_total),
        "memory_free_gb": _gb(machine.ram_total - machine.ram_used),
        "disk_free_gb": None if machine.disk_free is None else _gb(machine.disk_free),
    }


def _gpus(machine: Machine) -> list[Json]:
    return [
        {
            "name": gpu.name,
            "driver": gpu.driver,
            "vram_gb": _gb(gpu.vram_total),
            "vram_free_gb": _gb(gpu.vram_total - gpu.vram_used),
        }
        for gpu in machine.gpus
    ]


def _display() -> str | None:
    if sys.platform != "linux":
        return sys.platform
    return os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY") or None


def _places(call: Call) -> dict[str, Json]:
    paths = call.doors.paths
    crashes = sorted(paths.crashes.glob("crash-*.txt")) if paths.crashes.is_dir() else []
    return {
        "orfeas_home": os.environ.get("ORFEAS_HOME"),
        "library": str(paths.library),
        "cache": str(paths.cache),
        "settings": str(paths.settings_file),
        "log": str(paths.log_file),
        "crash_reports": str(paths.crashes),
        "crashes": len(crashes),
    }


def _library(call: Call) -> tuple[dict[str, Json], int]:
    """Return the library's state and the exit status that it deserves."""
    settings = call.doors.load_settings()
    limit = settings.library.cache_limit_gb
    try:
        with call.doors.open_studio(settings) as studio:
            report = studio.check_library()
            found: dict[str, Json] = {
                "state": ("sound" if report.sound else "damaged") if studio.writable else "read only",
                "projects": report.projects,
                "assets": report.assets,
                "size_gb": _gb(report.size_bytes),
                "missing": list(report.missing),
                "problems": list(report.problems),
                "cache_gb": _gb(studio.cache_size()),
                "cache_limit_gb": limit,
            }
            return found, 0 if report.sound else 5
    except OrfeasError as error:
        return {"state": "unusable", "error": error_object(error), "cache_limit_gb": limit}, error.exit_code


def _gb(size: float) -> float:
    return round(size / 1e9, 2)


def _words(report: Mapping[str, Json]) -> str:
    lines: list[str] = []
    for title, part in report.items():
        lines.append(title)
        lines += [f"  {line}" for line in _part(part)] or ["  none"]
    return "\n".join(lines)


def _part(part: Json) -> list[str]:
    if isinstance(part, Mapping):
        lines: list[str] = []
        for name, value in part.items():
            if isinstance(value, Mapping):
                lines += [name, *(f"  {line}" for line in _part(value))]
            elif isinstance(value, list):
                lines.append(f"{name}: {', '.join(map(str, value)) or 'none'}")
            else:
                lines.append(f"{name}: {'none' if value is None else one_line(str(value))}")
        return lines
    if isinstance(part, list):
        return [line for item in part for line in _part(item)]
    return [] if part is None else [str(part)]
