"""The library desk: which project is open, what of it is shown and chosen, and changes with undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.projects.records import Asset, Change, Project
from orfeas_desktop.ui.signals import TypedSignal, in_a_turn_of_its_own, signal
from orfeas_desktop.ui.state.library_model import PAGE, LibraryModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.state.store_thread import StoreThread

WATCH_MS = 1000


@dataclass(frozen=True)
class View:
    """What of the library is shown."""

    project_id: int
    text: str
    in_bin: bool


@dataclass(frozen=True)
class Seen:
    """What the library holds after a write; `assets` are all that is shown when `whole`, else those that changed."""

    projects: tuple[Project, ...]
    view: View | None
    total: int = 0
    assets: tuple[Asset, ...] = ()
    whole: bool = False


class Reversible(QUndoCommand):
    """A write and the write that takes it back; both happen on the store thread. What is `done` is not done again."""

    def __init__(
        self, words: str, do: Callable[[], object], undo: Callable[[], object], *, done: bool = False
    ) -> None:
        super().__init__(words)
        self._do = do
        self._undo = undo
        self._done = done

    def redo(self) -> None:
        if not self._done:
            self._do()
        self._done = False

    def undo(self) -> None:
        self._undo()


class LibraryDesk(QObject):
    """Owns the library model; every write goes through here and comes back as what changed."""

    projects_changed: TypedSignal[tuple[Project, ...]] = signal(tuple)
    project_opened: TypedSignal[Project | None] = signal(Project | None)
    bin_shown = signal(bool)
    changed: TypedSignal[Change] = signal(Change)
    deleted: TypedSignal[tuple[int, ...]] = signal(tuple)
    """These assets went into the recycle bin."""
    returned: TypedSignal[tuple[int, ...]] = signal(tuple)
    """The deletion of these assets was undone."""
    refreshed = Signal()
    stood = signal(int)
    """An asset was put back to that version, or forward to it again."""

    def __init__(self, store: StoreThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._studio: Studio | None = None
        self._seen = 0
        self.model = LibraryModel(self._blob_path, self)
        self.undo = QUndoStack(self)
        self.project: Project | None = None
        self.projects: tuple[Project, ...] = ()
        self.text = ""
        self.in_bin = False
        self._watch = QTimer(self)
        self._watch.setInterval(WATCH_MS)
        self._watch.timeout.connect(self._look_for_others)

    @property
    def writable(self) -> bool:
        """Whether the library takes changes."""
        return self._studio is not None and self._studio.writable

    def open(self, studio: Studio, wanted: int | None) -> None:
        """Show this library: the project `wanted`, or the one changed last."""
        self._studio = studio
        self._seen = studio.data_version()
        self.projects = studio.projects()
        self.projects_changed.emit(self.projects)
        known = {project.id: project for project in self.projects}
        first = next(iter(self.projects), None)
        self._show(known.get(wanted) if wanted is not None and wanted in known else first)
        self._watch.start()

    def close(self) -> None:
        """Stop watching and wait for pictures that are being loaded."""
        self._watch.stop()
        self.model.close()
        self.undo.blockSignals(True)
        self._studio = None

    def open_project(self, project_id: int) -> None:
        """Show another project."""
        self._show(next((project for project in self.projects if project.id == project_id), None))

    def show_bin(self, shown: bool) -> None:
        """Show the recycle bin of the project, or its assets."""
        self.in_bin = shown
        self._read_anew()
        self.bin_shown.emit(shown)

    def search(self, text: str) -> None:
        """Show only assets whose names hold `text`."""
        self.text = text
        self._read_anew()

    def find(self, text: str, limit: int) -> Sequence[Asset]:
        """Return assets of the open project whose names hold `text`."""
        if self._studio is None or self.project is None or not text:
            return ()
        return self._studio.assets(self.project.id, text=text, limit=limit)

    def bin_count(self) -> int:
        """Return how many assets lie in the recycle bin of the project."""
        if self._studio is None or self.project is None:
            return 0
        return self._studio.asset_count(self.project.id, deleted=True)

    def create_project(self, name: str, failed: Callable[[OrfeasError], object] | None = None) -> None:
        """Add a project and open it."""
        studio = self._studio
        if studio is not None:
            self._store.ask(lambda: studio.create_project(name), self._open_created, failed)

    def rename_project(self, name: str, failed: Callable[[OrfeasError], object] | None = None) -> None:
        """Give the open project another name; can be undone."""
        studio, project = self._studio, self.project
        if studio is not None and project is not None:
            old = project.name
            self._push(
                self.tr("Rename project"),
                lambda: self._write(lambda: studio.rename_project(project.id, name), failed),
                lambda: self._write(lambda: studio.rename_project(project.id, old)),
            )

    def delete_project(self) -> None:
        """Put the open project into the recycle bin; can be undone."""
        studio, project = self._studio, self.project
        if studio is not None and project is not None:
            self._push(
                self.tr("Delete project"),
                lambda: self._write(lambda: studio.delete_project(project.id)),
                lambda: self._write(lambda: studio.restore_project(project.id)),
            )

    def deleted_projects(self) -> tuple[Project, ...]:
        """Return the projects in the recycle bin."""
        return () if self._studio is None else self._studio.projects(deleted=True)

    def restore_project(self, project_id: int) -> None:
        """Take a project out of the recycle bin; can be undone."""
        studio = self._studio
        if studio is not None:
            self._push(
                self.tr("Restore project"),
                lambda: self._write(lambda: studio.restore_project(project_id)),
                lambda: self._write(lambda: studio.delete_project(project_id)),
            )

    def rename_asset(self, asset_id: int, name: str) -> None:
        """Give an asset another name; can be undone."""
        studio = self._studio
        if studio is not None:
            old = studio.asset(asset_id).name
            self._push(
                self.tr("Rename"),
                lambda: self._write(lambda: studio.rename_asset(asset_id, name)),
                lambda: self._write(lambda: studio.rename_asset(asset_id, old)),
            )

    def delete_assets(self, asset_ids: tuple[int, ...]) -> None:
        """Put assets into the recycle bin; can be undone."""
        studio = self._studio
        if studio is not None and asset_ids:
            self._push(
                self.tr("Move to recycle bin"),
                lambda: self._write(lambda: studio.delete_assets(asset_ids)),
                lambda: self._bring_back(studio, asset_ids),
            )
            self.deleted.emit(asset_ids)

    def _bring_back(self, studio: Studio, asset_ids: tuple[int, ...]) -> None:
        def tell(change: Change) -> None:
            self.take_change(change, lambda: self.returned.emit(asset_ids))

        self._store.ask(lambda: studio.restore_assets(asset_ids), tell)

    def restore_assets(self, asset_ids: tuple[int, ...]) -> None:
        """Take assets out of the recycle bin; can be undone."""
        studio = self._studio
        if studio is not None and asset_ids:
            self._push(
                self.tr("Restore"),
                lambda: self._write(lambda: studio.restore_assets(asset_ids)),
                lambda: self._write(lambda: studio.delete_assets(asset_ids)),
            )

    def note_version(self, before: int, after: int, words: str) -> None:
        """Let the step from one version of an asset to the next be undone and done again."""
        self.undo.push(
            Reversible(words, lambda: self._stand_at(after), lambda: self._stand_at(before), done=True)
        )

    def _stand_at(self, version_id: int) -> None:
        studio = self._studio
        if studio is not None:

            def tell(change: Change) -> None:
                self.take_change(change)
                self.stood.emit(version_id)

            self._store.ask(lambda: studio.stand_at(version_id), tell)

    def empty_bin(self) -> None:
        """Delete for good what lies in the recycle bin; undo ends here."""
        studio = self._studio
        if studio is not None:
            self.undo.clear()
            self._write(studio.empty_bin)

    def take_change(self, change: Change, then: Callable[[], object] | None = None) -> None:
        """Show what a write touched, then call `then`; it is read on the store thread, so that no turn is long.

        Whoever follows hears of it in a turn of its own.
        """
        studio = self._studio
        if studio is None or not (change.projects or change.assets):
            return
        view = self._view() if self.project is not None and self.project.id in change.projects else None
        before = tuple(self.model.known(asset_id) for asset_id in change.assets)
        total, rows = self.model.total(), self.model.rowCount()

        def take(seen: Seen) -> None:
            self._take(seen)
            if then is not None:
                then()
            in_a_turn_of_its_own(self, lambda: self.changed.emit(change))

        self._store.ask(lambda: _look(studio, view, before, total, rows), take)

    def _take(self, seen: Seen) -> None:
        """Show what was read, unless something else is shown meanwhile."""
        self._take_projects(seen.projects)
        if seen.view is None or seen.view != self._view():
            return
        if not seen.whole and all(self.model.put(asset) for asset in seen.assets):
            return
        self.model.renew(seen.assets, seen.total) if seen.whole else self._read_anew()
        self.refreshed.emit()

    def _view(self) -> View | None:
        return None if self.project is None else View(self.project.id, self.text, self.in_bin)

    def _push(self, words: str, do: Callable[[], object], undo: Callable[[], object]) -> None:
        self.undo.push(Reversible(words, do, undo))

    def _write(
        self, work: Callable[[], Change], failed: Callable[[OrfeasError], object] | None = None
    ) -> None:
        self._store.ask(work, self.take_change, failed)

    def _open_created(self, created: tuple[Project, Change]) -> None:
        project, change = created
        self.take_change(change, lambda: self.open_project(project.id))

    def _take_projects(self, projects: tuple[Project, ...]) -> None:
        self.projects = projects
        self.projects_changed.emit(self.projects)
        known = {project.id: project for project in self.projects}
        if self.project is None:
            return
        if self.project.id in known:
            self.project = known[self.project.id]
        else:
            self._show(next(iter(self.projects), None))

    def _show(self, project: Project | None) -> None:
        self.project = project
        self.in_bin = False
        self._read_anew()
        self.bin_shown.emit(False)
        self.project_opened.emit(project)

    def _read_anew(self) -> None:
        self.model.show_pages(self._page, self._count())
        self.refreshed.emit()

    def _page(self, offset: int, limit: int) -> Sequence[Asset]:
        if self._studio is None or self.project is None:
            return ()
        return self._studio.assets(
            self.project.id, text=self.text, deleted=self.in_bin, offset=offset, limit=limit
        )

    def _count(self) -> int:
        if self._studio is None or self.project is None:
            return 0
        return self._studio.asset_count(self.project.id, text=self.text, deleted=self.in_bin)

    def _blob_path(self, digest: str) -> Path | None:
        try:
            return self._studio.blob_path(digest) if self._studio is not None else None
        except OrfeasError:
            return None

    def _look_for_others(self) -> None:
        studio = self._studio
        if studio is None:
            return
        seen = studio.data_version()
        if seen != self._seen:
            self._seen = seen
            projects = {project.id for project in self.projects}
            self.take_change(Change(frozenset(projects)))


def _look(studio: Studio, view: View | None, before: Sequence[Asset | None], total: int, rows: int) -> Seen:
    """Read what changed; only these assets when that is all: their files, not their names, places or number."""
    projects = studio.projects()
    if view is None:
        return Seen(projects, None)
    now = studio.asset_count(view.project_id, text=view.text, deleted=view.in_bin)
    if before and now == total:
        after = _same_place(studio, before)
        if after:
            return Seen(projects, view, now, after)
    page = studio.assets(view.project_id, text=view.text, deleted=view.in_bin, limit=max(PAGE, rows))
    return Seen(projects, view, now, tuple(page), whole=True)


def _same_place(studio: Studio, before: Sequence[Asset | None]) -> tuple[Asset, ...]:
    """Return these assets as they are now; none when one of them is new, gone or elsewhere in the list."""
    after: list[Asset] = []
    for old in before:
        if old is None:
            return ()
        try:
            asset = studio.asset(old.id)
        except OrfeasError:
            return ()
        if (asset.changed, asset.deleted) != (old.changed, old.deleted):
            return ()
        after.append(asset)
    return tuple(after)
