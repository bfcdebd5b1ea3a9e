"""The weights desk: how every weight set stands, and getting, checking and removing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from orfeas_desktop import __version__
from orfeas_desktop.engine.weights.adding import Added
from orfeas_desktop.engine.weights.catalog import WeightSet, catalog, weight_set
from orfeas_desktop.engine.weights.licences import Licences
from orfeas_desktop.engine.weights.store import How, Standing, WeightStore
from orfeas_desktop.engine.weights.token import TokenKeeper
from orfeas_desktop.engine.weights.transfers import Transfer, transfer, unfinished
from orfeas_desktop.engine.weights.upkeep import Removal, plan_removal, remove_set
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Job, JobFailed
from orfeas_desktop.studio import Work
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.state.weights_adding import add_weights

if TYPE_CHECKING:
    from orfeas_desktop.paths import Paths
    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.state.job_desk import Ended, JobDesk
    from orfeas_desktop.ui.state.store_thread import StoreThread

LOOK_MS = 500
DOWNLOAD, VERIFY = "download-weights", "verify-weights"


@dataclass(frozen=True)
class SetRow:
    """What a card shows."""

    weights: WeightSet
    standing: Standing
    transfer: Transfer
    needs_consent: bool
    busy: str = ""
    """The chore that works on it for this window, or nothing."""
    verified: bool = False
    problem: str = ""

    @property
    def here(self) -> bool:
        """Whether engines can use it."""
        return self.standing.how is not How.absent


@dataclass(frozen=True)
class Folder:
    """Where weights lie."""

    path: Path
    free: int
    """Bytes."""


class WeightsDesk(QObject):
    """Answers for the list of weight sets; disk and network are left to other threads and processes."""

    changed = Signal()
    available_changed = Signal()
    """Other sets can be used than before."""
    added: TypedSignal[tuple[Added, ...]] = signal(tuple)  # pyright: ignore[reportAssignmentType]  # of any length
    failed: TypedSignal[OrfeasError] = signal(OrfeasError)

    def __init__(
        self, desk: JobDesk, store: StoreThread, paths: Paths, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.rows: tuple[SetRow, ...] = ()
        self.folder: Folder | None = None
        self._desk = desk
        self._store = store
        self._paths = paths
        self._jobs: dict[str, tuple[str, str]] = {}
        self._verified: set[str] = set()
        self._problems: dict[str, str] = {}
        self._reading = False
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)

    def look(self) -> None:
        """Read how everything stands; `changed` follows."""
        if not self._reading:
            self._reading = True
            self._store.ask(self._read, self._take, self._not_read)

    def download(self, set_id: str) -> None:
        """Fetch a set, or go on with it."""
        self._run(DOWNLOAD, set_id)

    def verify(self, set_id: str) -> None:
        """Read a set through."""
        self._verified.discard(set_id)
        self._run(VERIFY, set_id)

    def pause(self, set_id: str) -> None:
        """Stop what works on the set; what arrived is kept."""
        chore_and_job = self._jobs.get(set_id)
        if chore_and_job is not None:
            self._desk.cancel(chore_and_job[1])

    def add(self, path: Path) -> None:
        """Remember what lies in a folder, or what a file is; `added` follows."""

        def tell(found: tuple[Added, ...]) -> None:
            self.look()
            self.added.emit(found)

        add_weights(self._desk, path, tell, self.failed.emit)

    def keep_token(self, token: str) -> None:
        """Keep the hub's access token, or forget it when there is none."""

        def keep() -> None:
            keeper = TokenKeeper.of(self._paths)
            if token.strip():
                keeper.keep(token)
            else:
                keeper.forget()

        self._store.ask(keep, lambda _: None, self.failed.emit)

    def accept(self, weights: WeightSet, then: Callable[[], object]) -> None:
        """Keep the consent to the set's licence, then call `then`."""

        def go_on(given: object) -> None:
            del given
            self.look()
            then()

        self._store.ask(lambda: self._licences().accept(weights.terms, __version__), go_on, self.failed.emit)

    def plan(self, set_id: str, then: Callable[[Removal], object]) -> None:
        """Hand `then` what removing the set would do."""
        self._store.ask(lambda: plan_removal(set_id, self._weights()), then, self.failed.emit)

    def remove(self, set_id: str) -> None:
        """Remove the set."""
        self._verified.discard(set_id)
        self._problems.pop(set_id, None)
        self._store.ask(lambda: remove_set(set_id, self._weights()), lambda _: self.look(), self.failed.emit)

    def go_on(self) -> None:
        """Take up the downloads that ran in a process that is gone."""

        def start(set_ids: tuple[str, ...]) -> None:
            for set_id in set_ids:
                self.download(set_id)

        self._store.ask(lambda: unfinished(self._weights()), start, self.failed.emit)

    def _run(self, chore: str, set_id: str) -> None:
        if set_id in self._jobs:
            return
        self._problems.pop(set_id, None)
        self._jobs[set_id] = (chore, "")

        def start(studio: Studio) -> Job:
            params = {"weights": set_id, "asked": uuid4().hex}
            title = weight_set(set_id).title
            job = studio.start(Work(table=Table.chores, entry=chore, inputs={}, params=params, title=title))
            self._jobs[set_id] = (chore, job.id)
            return job

        def refuse(error: OrfeasError) -> None:
            self._jobs.pop(set_id, None)
            self.failed.emit(error)
            self.look()

        self._desk.send(start, lambda ended: self._end(chore, set_id, ended), failed=refuse)
        self.look()
        self._timer.start()

    def _end(self, chore: str, set_id: str, ended: Ended) -> None:
        self._jobs.pop(set_id, None)
        if isinstance(ended, JobFailed):
            self._problems[set_id] = f"{ended.error.say(_translated)} {ended.error.advise(_translated)}"
        elif chore == VERIFY:
            self._verified.add(set_id)
        if not self._jobs:
            self._timer.stop()
        self.look()

    def _read(self) -> tuple[Folder, tuple[tuple[WeightSet, Standing, Transfer, bool], ...]]:
        store, licences = self._weights(), self._licences()
        rows = tuple(
            (weights, store.standing(weights), transfer(store, weights.id), licences.lacking(weights))
            for weights in catalog()
        )
        return Folder(store.folder, store.free_bytes()), rows

    def _take(self, found: tuple[Folder, tuple[tuple[WeightSet, Standing, Transfer, bool], ...]]) -> None:
        self._reading = False
        self.folder = found[0]
        before = self._available()
        self.rows = tuple(
            SetRow(
                *row,
                busy=self._jobs.get(row[0].id, ("", ""))[0],
                verified=row[0].id in self._verified,
                problem=self._problems.get(row[0].id, ""),
            )
            for row in found[1]
        )
        self.changed.emit()
        if self._available() != before:
            self.available_changed.emit()

    def _available(self) -> frozenset[str]:
        return frozenset(row.weights.id for row in self.rows if row.here and not row.needs_consent)

    def _not_read(self, error: OrfeasError) -> None:
        self._reading = False
        self.failed.emit(error)

    def _weights(self) -> WeightStore:
        return WeightStore.of(self._paths)

    def _licences(self) -> Licences:
        return Licences(self._paths.licences_file)


def _translated(text: str) -> str:
    return QCoreApplication.translate("Errors", text)
