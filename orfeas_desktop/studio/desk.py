"""Studio: what the app can do, without a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self, assert_never

from orfeas_desktop import __version__
from orfeas_desktop.assets import ALONG, AssetKind, AssetRef, LocalFile
from orfeas_desktop.engine.backends.base import Backend
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.publish import plain_stem
from orfeas_desktop.engine.jobs.checking import check_slots, checked_params
from orfeas_desktop.engine.jobs.context import WorkEntry
from orfeas_desktop.engine.jobs.queue import sources_of
from orfeas_desktop.engine.service import Engine
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.params import Scalar
from orfeas_desktop.pictures import check_picture
from orfeas_desktop.projects.records import Change
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.register import Table
from orfeas_desktop.requests import (
    Destination,
    Job,
    JobCancelled,
    JobDone,
    JobEvent,
    JobFailed,
    JobInput,
    JobPreviewed,
    JobProgressed,
    JobQueued,
    JobRequest,
    JobStarted,
    JobState,
    JobWarned,
)
from orfeas_desktop.settings import Settings
from orfeas_desktop.studio.leavings import Leavings
from orfeas_desktop.studio.library import LibraryFace
from orfeas_desktop.studio.needs import BackendNeeds
from orfeas_desktop.studio.outbox import Outbox
from orfeas_desktop.studio.work import (
    Work,
    entry_of,
    kept_inputs,
    likeness,
    mesh_of,
    pinned,
    preparation,
    title_of,
)

BACKGROUND = -10
"""The priority of work that nobody waits for."""


class Studio(LibraryFace):
    """Everything a face of the program calls: reads, writes and work, safe from several threads.

    A face loops over `poll` and hands what it returns to `record`, which keeps results.
    """

    def __init__(
        self, *, settings: Settings, store: ProjectStore, engine: Engine, needs: BackendNeeds
    ) -> None:
        super().__init__(store)
        self._needs = needs
        self.settings = settings
        self._engine = engine
        self._lock = Lock()
        self._about: dict[str, int] = {}
        self._kept: set[str] = set()
        self._live: set[str] = set()
        self._outbox = Outbox()
        self._leavings = Leavings()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers and close the library."""
        self._engine.close()
        self._store.close()

    def picture_file(self, path: Path) -> LocalFile:
        """Check the picture at `path` and pin it where it lies. Raises what `check_picture` raises."""
        check_picture(path, max_megapixels=self.settings.library.max_megapixels)
        return pinned(path, AssetKind.picture)

    def add_picture(self, path: Path, name: str = "") -> AssetRef:
        """Check the picture at `path` and keep a copy of it, called `name`. Raises what `check_picture` raises."""
        check_picture(path, max_megapixels=self.settings.library.max_megapixels)
        return self._store.add_blob(path, AssetKind.picture, name or path.name)

    def import_mesh(self, path: Path, destination: Destination | None = None) -> Job:
        """Read a mesh file into the library as a job."""
        file = pinned(path, AssetKind.file)
        return self.start(
            Work(
                table=Table.chores,
                entry="import",
                inputs={"file": (file,)},
                destination=destination,
                title=path.stem,
            )
        )

    def unavailable(self, entry: WorkEntry) -> OrfeasError | None:
        """Return why the entry cannot run on this machine, or None."""
        return self._needs.reason_against(entry) if isinstance(entry, Backend) else None

    def check(self, work: Work) -> Work:
        """Return the work with every setting filled in.

        Raises UnknownEntry, BadParams, BadInput, WeightsMissing.
        """
        entry = entry_of(work.table, work.entry)
        reason = self.unavailable(entry)
        if reason is not None:
            raise reason
        check_slots(entry, work.inputs)
        params = {**self.settings.begun(entry.params), **work.params}
        return replace(work, params=checked_params(entry, params, entry.version).plain())

    def start(self, work: Work) -> Job:
        """Queue the work. Raises what `check` raises."""
        work = self.check(work)
        request = JobRequest(
            table=work.table,
            entry=work.entry,
            version=entry_of(work.table, work.entry).version,
            params=work.params,
            inputs=work.inputs if work.destination is None else kept_inputs(self._store, work.inputs),
            seed=work.seed,
        )
        return self._submit(Job(request, work.title or work.entry, work.destination, work.priority))

    def generate(
        self,
        backend: str,
        pictures: Mapping[str, Sequence[JobInput]],
        *,
        params: Mapping[str, Scalar] | None = None,
        seed: int = 0,
        destination: Destination | None = None,
        title: str = "",
    ) -> Job:
        """Queue a generation from `pictures` by input slot. Raises what `check` raises."""
        inputs = {slot: tuple(given) for slot, given in pictures.items() if given}
        title = title or (destination.name if destination else title_of(inputs))
        return self.start(
            Work(
                table=Table.backends,
                entry=backend,
                inputs=inputs,
                params=params or {},
                seed=seed,
                title=title,
                destination=destination,
            )
        )

    def run_tool(
        self,
        tool: str,
        version_id: int,
        *,
        params: Mapping[str, Scalar] | None = None,
        seed: int = 0,
        other: JobInput | None = None,
        title: str = "",
    ) -> Job:
        """Queue a tool on the mesh of a version; its result is the asset's next version.

        `other` is the second mesh of a tool that takes two.
        """
        version = self._store.version(version_id)
        asset = self._store.asset(version.asset_id)
        return self.start(
            Work(
                table=Table.tools,
                entry=tool,
                inputs={"mesh": (mesh_of(version),), **({"other": (other,)} if other else {})},
                params=params or {},
                seed=seed,
                title=title or asset.name,
                destination=Destination(asset.project_id, asset.name, asset.id),
            )
        )

    def export(
        self,
        mesh: JobInput,
        exporter: str,
        target: Path,
        *,
        params: Mapping[str, Scalar] | None = None,
        along: Mapping[str, tuple[JobInput, ...]] | None = None,
    ) -> Job:
        """Queue an export; its files lie at `target` once `poll` returns that it is done.

        `along` are further files by slot.
        """
        name = (params or {}).get("name") or plain_stem(target.name)
        work = self.check(
            Work(
                table=Table.exporters,
                entry=exporter,
                inputs={"mesh": (mesh,), **(along or {})},
                params={**(params or {}), "name": name},
                title=target.name,
            )
        )
        request = JobRequest(work.table, work.entry, EXPORTERS[exporter].version, work.params, work.inputs)
        job = Job(request, work.title)
        self._outbox.address(job.id, target)
        return self._submit(job)

    def export_version(
        self, version_id: int, exporter: str, target: Path, *, params: Mapping[str, Scalar] | None = None
    ) -> Job:
        """Queue the export of a version's mesh, with the further files of it that the exporter takes."""
        version = self._store.version(version_id)
        along = {slot: version.all_files(slot) for slot in ALONG if EXPORTERS[exporter].input(slot)}
        return self.export(mesh_of(version), exporter, target, params=params, along=along)

    def make_thumbnail(self, version_id: int) -> Job:
        """Queue the small picture of a version in the background; it becomes a file of the version."""
        return self._prepare_about(version_id, "thumbnail", {})

    def make_score(self, version_id: int) -> Job:
        """Queue the measuring of a version in the background; its figures become the version's score."""
        version = self._store.version(version_id)
        return self._prepare_about(
            version_id, "score", likeness(version, self._store.versions(version.asset_id))
        )

    def make_display(self, version_id: int) -> Job:
        """Queue the arrays that the viewport maps; take them from the job's result."""
        return self._submit(preparation("display", mesh_of(self._store.version(version_id)), 1))

    def preview_display(self, path: Path) -> Job:
        """Queue the arrays of a mesh that running work has left. Raises FileMissing when it has gone."""
        return self._submit(preparation("display", pinned(path, AssetKind.mesh), 1))

    def _prepare_about(self, version_id: int, chore: str, more: Mapping[str, tuple[JobInput, ...]]) -> Job:
        """Queue a chore whose result belongs to a version."""
        job = preparation(chore, mesh_of(self._store.version(version_id)), BACKGROUND, more)
        with self._lock:
            self._about[job.id] = version_id
        return self._submit(job)

    def retry(self, job: Job) -> Job:
        """Queue the same request again, after those it takes files from that left none. Raises what `check` raises."""
        self._leavings.recall(job, self._store)
        with self._lock:
            *before, again = self._leavings.again(job, self._live)
        for each in before:
            self._submit(each)
        self._outbox.readdress(job.id, again.id)
        return self._submit(again)

    def _submit(self, job: Job) -> Job:
        job = self._leavings.filled(job)
        self._leavings.expect(job)
        if job.destination is not None:
            self._keep_waiting(job)
        self._send(job)
        return job

    def _keep_waiting(self, job: Job) -> None:
        """Make rows of the job and of those under way that it takes files from: they outlive the process together."""
        with self._lock:
            under_way = [each for each in self._leavings.sources(job) if each.id in self._live - self._kept]
        for each in (*under_way, job):
            self._store.add_job(each)
            with self._lock:
                self._kept.add(each.id)

    def _send(self, job: Job) -> None:
        with self._lock:
            self._live.add(job.id)
        self._engine.submit(job)

    def busy(self) -> bool:
        """Whether a job of this process has not ended yet, as far as `record` heard."""
        with self._lock:
            return bool(self._live)

    def cancel(self, job_id: str) -> None:
        """Stop one job, running or waiting."""
        self._engine.cancel(job_id)

    def cancel_waiting(self) -> None:
        """Stop every job that has not begun."""
        self._engine.cancel_waiting()

    def cancel_all(self) -> None:
        """Stop every job."""
        self._engine.cancel_all()

    def hold(self, held: bool) -> None:
        """Start no further job whose result is to be kept until told to go on; what runs ends as it would."""
        self._engine.hold(held)

    def reorder(self, job_ids: Sequence[str]) -> None:
        """Let waiting jobs run in this order, before others that wait, now and after a restart."""
        ranks = {job_id: rank for rank, job_id in enumerate(reversed(job_ids), 1)}
        for job_id, rank in ranks.items():
            self._engine.reprioritise(job_id, rank)
        if self._store.writable:
            self._store.reorder_jobs(ranks)

    def resume_waiting_jobs(self) -> tuple[Job, ...]:
        """Queue again what waited in a process that is gone."""
        jobs = self._store.adopt_orphan_jobs() if self._store.writable else ()
        resumed: list[Job] = []
        for job in sorted(jobs, key=lambda job: any(True for _ in sources_of(job))):
            self._leavings.recall(job, self._store)
            self._leavings.expect(job)
            with self._lock:
                self._kept.add(job.id)
            resumed.append(self._leavings.filled(job))
            self._send(resumed[-1])
        return tuple(resumed)

    def poll(self, timeout_s: float) -> JobEvent | None:
        """Return the next event, or None after `timeout_s`; an export lies at its target when it is done."""
        event = self._engine.poll(timeout_s)
        if isinstance(event, JobDone) and event.job.request.table is Table.exporters:
            return self._outbox.published(event)
        return event

    def record(self, event: JobEvent) -> Change | None:
        """Keep what the event says in the library; return what changed there, if anything."""
        match event:
            case JobDone():
                return self._keep(event)
            case JobStarted(job_id=job_id):
                return self._state(job_id, JobState.running)
            case JobFailed(job_id=job_id, error=error):
                return self._state(job_id, JobState.failed, error)
            case JobCancelled(job_id=job_id):
                return self._state(job_id, JobState.cancelled)
            case JobQueued() | JobProgressed() | JobPreviewed() | JobWarned():
                return None
            case _:
                assert_never(event)

    def _state(self, job_id: str, state: JobState, error: OrfeasError | None = None) -> Change | None:
        with self._lock:
            kept = job_id in self._kept
            if state is not JobState.running:
                self._live.discard(job_id)
                self._kept.discard(job_id)
                self._about.pop(job_id, None)
        return self._store.set_job_state(job_id, state, error=error) if kept else None

    def _keep(self, event: JobDone) -> Change | None:
        job = event.job
        with self._lock:
            self._live.discard(job.id)
            self._kept.discard(job.id)
            version_id = self._about.pop(job.id, None)
        result = self._outbox.staged(event)
        self._leavings.remember(job.id, result)
        if not self._store.writable:
            return None
        version, change = self._store.record_result(
            self._leavings.filled(job),
            event.key,
            result,
            app_version=__version__,
            weights_digest=self._weights_of(job),
        )
        if version is not None and "mesh" in version.files:
            self.make_thumbnail(version.id)
            self.make_score(version.id)
        thumbnail = result.file("thumbnail")
        if version_id is not None and thumbnail is not None:
            ref = AssetRef(thumbnail.digest, AssetKind.thumbnail, thumbnail.name, thumbnail.size)
            change |= self._store.set_version_file(version_id, "thumbnail", ref)
        elif version_id is not None and job.request.entry == "score":
            change |= self._store.set_score(version_id, result.facts)
        self._prune()
        return change

    def _weights_of(self, job: Job) -> str:
        return self._needs.digest(job.request.entry) if job.request.table is Table.backends else ""

    def _prune(self) -> None:
        limit = int(self.settings.library.cache_limit_gb * 1e9)
        if self._store.cache_size() > limit:
            self._store.prune_cache(limit)
