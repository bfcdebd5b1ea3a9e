"""Session: what is open and chosen now, and the one writer of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.names import file_stem
from orfeas_desktop.projects.records import Asset, Change, Project, Version
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, FromJob, Job, JobDone, JobEvent, JobFailed, JobPreviewed
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.state.draft import FRONT, Draft
from orfeas_desktop.ui.state.drafting import Drafting
from orfeas_desktop.ui.state.handed import Handed, handed
from orfeas_desktop.ui.state.job_desk import JobDesk
from orfeas_desktop.ui.state.library_desk import LibraryDesk
from orfeas_desktop.ui.state.library_model import GRACE
from orfeas_desktop.ui.state.store_thread import StoreThread

if TYPE_CHECKING:
    from orfeas_desktop.engine.backends.base import Backend
    from orfeas_desktop.params import PlainParams
    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.state.job_desk import Ended

Samples = Callable[["Studio"], tuple[Project, tuple[Job, ...]]]


@dataclass(frozen=True)
class Chosen:
    """The asset and the version of it that the window shows."""

    asset: Asset
    version: Version
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class DisplayFiles:
    """What the 3D view maps."""

    manifest: Path
    arrays: Mapping[str, Path] = field(default_factory=dict[str, Path])
    closed: bool | None = None
    again: bool = False
    """Whether it is another version of the asset that was shown before."""

    @classmethod
    def of(cls, ended: Ended) -> DisplayFiles | None:
        """Return what a job has prepared for showing, if it has."""
        if not isinstance(ended, JobDone):
            return None
        manifest, files = ended.result.file("manifest"), ended.result.files
        arrays = {output.file.name: output.file.path for output in files if output.slot == "arrays"}
        return None if manifest is None else cls(manifest.path, arrays)


class Session(QObject):
    """Opens the studio, holds library, queue and draft together, and follows what is chosen."""

    opened = Signal()
    chosen_changed: TypedSignal[Chosen | None] = signal(Chosen | None)
    display_ready: TypedSignal[DisplayFiles] = signal(DisplayFiles)
    display_failed: TypedSignal[OrfeasError] = signal(OrfeasError)
    """What is chosen cannot be shown."""
    preview_ready: TypedSignal[Path] = signal(Path)
    failed: TypedSignal[OrfeasError] = signal(OrfeasError)
    exported: TypedSignal[Handed] = signal(Handed)
    arrived: TypedSignal[Version] = signal(Version)
    """A new version that is not shown, because the user works on something else meanwhile."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store = StoreThread(self)
        self.desk = JobDesk(self.store, self)
        self.library = LibraryDesk(self.store, self)
        self.drafting = Drafting(self.store, self.desk, self)
        self.studio: Studio | None = None
        self.chosen: Chosen | None = None
        self._shown_asset: int | None = None
        self._expecting: Draft | None = None
        self._awaited: tuple[Destination, Draft] | None = None
        self._asked_thumbnails: set[int] = set()
        self._asked_scores: set[int] = set()
        self.library.model.thumbnail_missing.connect(self._make_thumbnail)
        self.store.failed.connect(self.failed.emit)
        self.desk.recorded.connect(self.library.take_change)
        self.desk.finished.connect(self._show_result)
        self.drafting.previewed.connect(self._show_coarse)
        self.library.stood.connect(self._show_stood)
        self.library.returned.connect(self._show_returned)
        self.library.changed.connect(self._follow)
        self.library.project_opened.connect(self._leave_chosen)

    @property
    def writable(self) -> bool:
        """Whether the library takes changes."""
        return self.studio is not None and self.studio.writable

    def open(
        self,
        studio: Studio,
        backends: Iterable[Backend],
        project_id: int | None = None,
        *,
        held: bool = False,
    ) -> None:
        """Take over a studio opened on the store thread, its queue paused if `held`; show that or the latest project."""
        self.studio = studio
        self.desk.open(studio, held=held)
        self.drafting.open(studio, backends)
        self.library.open(studio, project_id)
        self.opened.emit()
        if self.library.project is None and studio.writable:
            self.library.create_project(self.tr("My project"))

    def close(self) -> None:
        """Finish what is being written and close the library."""
        self.library.close()
        self.desk.close()
        self.store.close()
        studio, self.studio = self.studio, None
        if studio is not None:
            studio.close()

    def take_event(self, event: JobEvent) -> None:
        """Hear the engine."""
        self.desk.take_event(event)

    def choose(self, asset_id: int | None) -> None:
        """Show the newest version of that asset, or nothing."""
        if self.studio is None:
            return
        if asset_id is None:
            self._leave_chosen(None)
            return
        if self.chosen is not None and self.chosen.asset.id == asset_id:
            return
        asset = self.studio.asset(asset_id)
        if asset.latest is not None:
            self._choose(self.studio, asset, asset.latest)

    def choose_version(self, version_id: int) -> None:
        """Show that version: its mesh, its inputs and its details."""
        if self.studio is not None:
            version = self.studio.version(version_id)
            self._choose(self.studio, self.studio.asset(version.asset_id), version)

    def turn_to(self, version_id: int) -> None:
        """Show that version wherever it is, in its project; say so when it is gone."""
        if self.studio is None:
            return
        try:
            version = self.studio.version(version_id)
            asset = self.studio.asset(version.asset_id)
        except OrfeasError as error:
            self.failed.emit(error)
            return
        if self.library.project is None or self.library.project.id != asset.project_id:
            self.library.open_project(asset.project_id)
        self._choose(self.studio, asset, version)

    def _choose(self, studio: Studio, asset: Asset, version: Version) -> None:
        self.chosen = Chosen(asset, version, studio.versions(asset.id))
        self.chosen_changed.emit(self.chosen)
        self.drafting.show_inputs(asset, self._origin(version))
        if "mesh" in version.files:
            self._prepare_display(version)
            self._measure(version)

    def generate(self, backend: Backend, values: PlainParams, seed: int) -> None:
        """Start a generation from the draft."""
        if self.library.project is not None:
            self.drafting.generate(self.library.project.id, backend, values, seed)

    def expect_result(self) -> None:
        """Show the next new asset when it is there, unless the user turns to another picture meanwhile."""
        self._expecting = self.drafting.draft

    def export(self, exporter: str, params: PlainParams, target: Path) -> None:
        """Export the chosen version to `target`."""
        if self.chosen is None:
            return
        version_id = self.chosen.version.id

        def tell(ended: Ended) -> None:
            if isinstance(ended, JobDone):
                self.exported.emit(handed(target, ended))

        self.desk.send(
            lambda studio: studio.export_version(version_id, exporter, target, params=params),
            tell,
            ask=repr((version_id, exporter, params, target)),
        )

    def import_meshes(self, paths: Sequence[Path]) -> None:
        """Read mesh files into the open project; show the last, unless the user turns to something else meanwhile."""
        if self.library.project is None or not paths:
            return
        goals = [(path, Destination(self.library.project.id, path.stem)) for path in paths]
        self._awaited = (goals[-1][1], self.drafting.draft)
        self.desk.send_all(partial(import_job, path, goal) for path, goal in goals)

    def open_samples(self, make: Samples) -> None:
        """Open the project of samples, made when it is not there."""
        studio = self.studio
        if studio is None:
            return

        def show(made: tuple[Project, tuple[Job, ...]]) -> None:
            project, jobs = made
            for job in jobs:
                self.desk.list.add(job)
            self.library.take_change(
                Change(frozenset({project.id})), lambda: self.library.open_project(project.id)
            )

        self.store.ask(lambda: make(studio), show)

    def named_file(self, asset: Asset, folder: Path) -> Path | None:
        """Return a file of the asset's newest mesh whose name people can read, for dragging out."""
        mesh = asset.latest.files.get("mesh") if asset.latest else None
        if mesh is None or self.studio is None:
            return None
        target = folder / mesh.digest[:12] / f"{file_stem(asset.name)}.glb"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.studio.blob_path(mesh.digest), target)
        return target

    def _make_thumbnail(self, version_id: int) -> None:
        if self.writable and version_id not in self._asked_thumbnails:
            self._asked_thumbnails.add(version_id)
            self.desk.send(lambda studio: studio.make_thumbnail(version_id), listed=False)

    def _show_coarse(self, event: JobPreviewed) -> None:
        """Show the coarse mesh that a generation has left, unless it is over meanwhile."""
        if event.kind is not AssetKind.mesh or not self._is_watched(event.job_id):
            return

        def show(ended: Ended) -> None:
            files = DisplayFiles.of(ended)
            if files is not None and self._is_watched(event.job_id):
                self._shown_asset = None
                self.display_ready.emit(files)

        path = Path(event.path)
        self.desk.send(
            lambda studio: studio.preview_display(path), show, listed=False, failed=lambda _error: None
        )

    def _is_watched(self, job_id: str) -> bool:
        """Whether it still runs, and the draft is what it makes something of."""
        job = self.desk.list.running(job_id)
        return job is not None and self._is_about(job)

    def _measure(self, version: Version) -> None:
        """Have a version measured that an older program made, or whose measuring was cut off."""
        old = datetime.now(UTC) - version.created > GRACE
        if self.writable and old and version.score is None and version.id not in self._asked_scores:
            self._asked_scores.add(version.id)
            self.desk.send(lambda studio: studio.make_score(version.id), listed=False)

    def _prepare_display(self, version: Version) -> None:
        known = version.provenance.facts.get("watertight")
        closed = known if isinstance(known, bool) else None
        again = self._shown_asset == version.asset_id
        self._shown_asset = version.asset_id

        def wanted() -> bool:
            return self.chosen is not None and self.chosen.version.id == version.id

        def show(ended: Ended) -> None:
            files = DisplayFiles.of(ended)
            if isinstance(ended, JobFailed):
                fail(ended.error)
            elif files is not None and wanted():
                self.display_ready.emit(replace(files, closed=closed, again=again))

        def coarse(event: JobPreviewed) -> None:
            if wanted():
                self.preview_ready.emit(Path(event.path))

        def fail(error: OrfeasError) -> None:
            if wanted():
                self._shown_asset = None
                self.display_failed.emit(error)

        self.desk.send(
            lambda studio: studio.make_display(version.id), show, listed=False, failed=fail, previewed=coarse
        )

    def _show_result(self, event: JobDone) -> None:
        """Turn to a new version, unless the user is looking at another asset meanwhile."""
        destination = event.job.destination
        if destination is None or self.studio is None or self.library.project is None:
            return
        if destination.project_id != self.library.project.id:
            return
        version = self.studio.version_of_job(event.job.id)
        asset = None if version is None else self.studio.asset(version.asset_id)
        if asset is None or asset.latest is None:
            return
        if self._is_about(event.job):
            self._choose(self.studio, asset, asset.latest)
        else:
            self.arrived.emit(asset.latest)

    def _show_stood(self, version_id: int) -> None:
        """Turn to the version that a step back or forward led to, if its asset is what is shown."""
        chosen = self.chosen
        own = () if chosen is None else (version.id for version in chosen.versions)
        if chosen is not None and chosen.version.id != version_id and version_id in own:
            self.choose_version(version_id)

    def _show_returned(self, asset_ids: tuple[int, ...]) -> None:
        """Turn to what was brought back from the recycle bin, unless something else is worked on meanwhile."""
        project, studio = self.library.project, self.studio
        if (
            studio is None
            or project is None
            or self.chosen is not None
            or self.drafting.draft.front is not None
        ):
            return
        if studio.asset(asset_ids[0]).project_id == project.id:
            self.choose(asset_ids[0])

    def _origin(self, version: Version) -> Version:
        """Return the version that was made from pictures and that this one comes from; itself when none was."""
        versions = self.chosen.versions if self.chosen is not None else ()
        generated = [
            each
            for each in versions
            if each.number <= version.number
            and each.provenance.request is not None
            and FRONT in each.provenance.request.inputs
        ]
        return generated[-1] if generated else version

    def _is_about(self, job: Job) -> bool:
        """Whether the draft is still what the job was made from, or nothing; for a tool, its asset is chosen."""
        if job.request.table is Table.tools and job.destination is not None:
            return self.chosen is not None and self.chosen.asset.id == job.destination.asset_id
        if job.request.table is Table.chores and self._awaited == (job.destination, self.drafting.draft):
            self._awaited = None
            return True
        if self._expecting is self.drafting.draft:
            self._expecting = None
            return True
        front, given = self.drafting.draft.front, job.request.inputs.get(FRONT)
        if front is None:
            return True
        return bool(given) and not isinstance(given[0], FromJob) and given[0].digest == front.file.digest

    def _follow(self, change: Change) -> None:
        """Keep what is chosen true after a write, here or in another process."""
        chosen, studio = self.chosen, self.studio
        if chosen is None or studio is None:
            return
        try:
            asset = studio.asset(chosen.asset.id)
        except OrfeasError:
            self._leave_chosen(None)
            return
        if asset.deleted is not None:
            self._leave_chosen(None)
        elif asset.id in change.assets or asset != chosen.asset:
            versions = studio.versions(asset.id)
            same = next((each for each in versions if each.id == chosen.version.id), chosen.version)
            fresh = Chosen(asset, same, versions)
            if fresh != chosen:
                self.chosen = fresh
                self.drafting.rename(asset.id, asset.name)
                self.chosen_changed.emit(fresh)

    def _leave_chosen(self, project: Project | None) -> None:
        del project
        if self.chosen is not None:
            self.chosen = None
            self._shown_asset = None
            self.drafting.clear()
        self.chosen_changed.emit(None)


def import_job(path: Path, goal: Destination, studio: Studio) -> Job:
    """Start the job that reads a mesh file into the library. Raises what `Studio.import_mesh` raises."""
    return studio.import_mesh(path, goal)
