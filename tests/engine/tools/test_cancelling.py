"""Long work obeys a cancel in the middle of a step, whatever library it is in."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from orfeas_desktop.engine.jobs.staged import lives
from orfeas_desktop.engine.tools import TOOLS, child, rebuild
from orfeas_desktop.errors import Cancelled, MeshUnfit
from tests.patience import PATIENCE_S, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.engine.mesh.mesh import Mesh


def change(tool: str, mesh: Mesh, context: Any, **settings: object) -> Any:
    entry = TOOLS[tool]
    with context.stage("Change"):
        return entry.make((mesh,), entry.params.check(tool, settings), context)


@pytest.mark.parametrize(
    ("tool", "settings"),
    [
        ("rebuild", {"cells": 320}),
        ("hollow", {"wall_mm": 0.4, "cells": 320}),
        ("remesh", {"kind": "grid", "cells": 320}),
    ],
)
def test_a_cancel_ends_the_process_that_works(
    make_context: Callable[..., Any], torus: Mesh, tool: str, settings: dict[str, object]
) -> None:
    context = make_context()
    started: set[int] = set()

    def look() -> None:
        started.update(each.pid or 0 for each in multiprocessing.active_children())
        if started:
            raise Cancelled

    context.check_cancelled = look
    with pytest.raises(Cancelled):
        change(tool, torus, context, **settings)
    assert started
    assert not any(psutil.pid_exists(each) for each in started)


@pytest.mark.parametrize("tool", ["rebuild", "hollow"])
def test_it_can_be_cancelled_wherever_it_looks(
    make_context: Callable[..., Any], torus: Mesh, tool: str
) -> None:
    settings = {"cells": 32, "wall_mm": 3} if tool == "hollow" else {"cells": 32}
    free = make_context()
    change(tool, torus, free, **settings)
    assert free.looks > 5
    for at in range(1, free.looks + 1):
        with pytest.raises(Cancelled):
            change(tool, torus, make_context(cancel_at=at), **settings)


LONELY = """
import multiprocessing, time
from types import SimpleNamespace
from orfeas_desktop.engine.tools.child import in_child
def tell():
    print(multiprocessing.active_children()[0].pid, flush=True)
in_child(time.sleep, (600,), SimpleNamespace(check_cancelled=tell), 600.0)
"""


def test_a_process_ends_with_the_one_that_started_it_however_soon_that_goes() -> None:
    with subprocess.Popen([sys.executable, "-c", LONELY], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        begun = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: not lives(begun), f"the end of {begun}")


def test_a_process_that_dies_is_told_as_such(make_context: Callable[..., Any], torus: Mesh) -> None:
    context = make_context()

    def kill() -> None:
        for each in multiprocessing.active_children():
            each.kill()

    context.check_cancelled = kill
    with pytest.raises(MeshUnfit, match="memory may have run out"):
        change("rebuild", torus, context, cells=320)


def test_what_a_process_says_on_its_way_is_passed_on(make_context: Callable[..., Any], torus: Mesh) -> None:
    told: list[float] = []
    begun = time.monotonic()
    made = child.in_child(
        rebuild.rebuilt, (child.bare(torus), 24, 0.0), make_context(), PATIENCE_S, told.append
    )
    assert made.face_count > 100
    assert told == sorted(told)
    assert 0 < len(told) <= 60 * (time.monotonic() - begun + 1)
