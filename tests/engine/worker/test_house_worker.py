"""The program's own worker: every entry is found, and the engine's side stays light."""

from __future__ import annotations

import queue
import subprocess
import sys

from orfeas_desktop.engine.worker.messages import Ready, decode_from_worker
from orfeas_desktop.engine.worker.options import EngineOptions
from orfeas_desktop.engine.worker.process import WorkerProcess
from orfeas_desktop.engine.worker.tables import house_tables
from orfeas_desktop.register import Lane, Table
from tests.patience import PATIENCE_S


def test_every_table_is_there() -> None:
    tables = house_tables()
    assert set(tables) == set(Table)
    for entries in tables.values():
        assert all(entries[entry.id] is entry for entry in entries)


def test_the_worker_is_a_command_of_the_program() -> None:
    lines: queue.Queue[bytes | None] = queue.Queue()
    options = EngineOptions()
    process = WorkerProcess((*options.worker_command, Lane.cpu.value), options.environment(), lines.put)
    first = lines.get(timeout=PATIENCE_S)
    assert first is not None, process.last_lines()
    assert decode_from_worker(first) == Ready(pid=process.pid)
    process.hang_up()
    assert process.wait(PATIENCE_S)
    assert process.bury() == 0
    assert not process.running
    assert lines.get(timeout=PATIENCE_S) is None


LOOK = """
import sys
from orfeas_desktop.engine.service import Engine
from orfeas_desktop.engine.worker.tables import house_tables
house_tables()
heavy = ("torch", "diffusers", "trimesh", "cv2", "scipy", "skimage", "pyvista", "vtkmodules", "PySide6")
print(*(name for name in (*heavy, "orfeas_desktop.engine.worker.main") if name in sys.modules))
"""


def test_the_engine_loads_nothing_heavy() -> None:
    said = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert said.stdout.split() == []
