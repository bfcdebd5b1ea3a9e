"""Taking in weights that the user has, in the worker: what is a torch pickle is converted there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from PySide6.QtCore import QCoreApplication

from orfeas_desktop.engine.weights.adding import ADDED, Added
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Job, JobDone, JobFailed
from orfeas_desktop.studio import Work
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.errors import OrfeasError
    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.state.job_desk import Ended, JobDesk

_ENTRY = "add-weights"
_TITLE = QT_TRANSLATE_NOOP("Weights", "Add {name}")


def add_weights(
    desk: JobDesk,
    path: Path,
    done: Callable[[tuple[Added, ...]], object],
    failed: Callable[[OrfeasError], object],
    *,
    lora: bool = False,
) -> None:
    """Let a job look into `path` and remember what it holds; a `lora` goes into the library of LoRAs."""

    def start(studio: Studio) -> Job:
        title = QCoreApplication.translate("Weights", _TITLE).format(name=path.name)
        params = {"path": str(path), "lora": lora, "asked": uuid4().hex}
        return studio.start(Work(table=Table.chores, entry=_ENTRY, inputs={}, params=params, title=title))

    def tell(ended: Ended) -> None:
        if isinstance(ended, JobFailed):
            failed(ended.error)
        elif isinstance(ended, JobDone):
            report = ended.result.file("report")
            if report is not None:
                done(ADDED.validate_json(report.path.read_bytes()))

    desk.send(start, tell, failed=failed)
