"""Heavy libraries stay out of processes that do not need them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = (
    "torch",
    "diffusers",
    "transformers",
    "trimesh",
    "xatlas",
    "coacd",
    "pxr",
    "embreex",
    "igl",
    "cv2",
    "scipy",
    "skimage",
)
DRAWING = ("PySide6", "pyvista", "pyvistaqt", "vtkmodules", "pyqtgraph", "matplotlib")


def loaded_by(statement: str) -> set[str]:
    program = f"import sys, json\n{statement}\nprint(json.dumps(sorted(name for name in sys.modules if '.' not in name)))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "module",
    [
        "orfeas_desktop.studio",
        "orfeas_desktop.app",
        "orfeas_desktop.cli",
        "orfeas_desktop.engine.service",
        "orfeas_desktop.engine.worker.main",
        "orfeas_desktop.projects.store",
    ],
)
def test_what_runs_without_a_window_loads_neither_heavy_nor_drawing_libraries(module):
    assert loaded_by(f"import {module}").isdisjoint({*HEAVY, *DRAWING})


def test_the_window_loads_no_heavy_library():
    assert loaded_by("import orfeas_desktop.ui.main_window").isdisjoint(
        {*HEAVY, "pyvista", "pyvistaqt", "vtkmodules"}
    )
