"""ProjectStore: every read and write of the library; each write returns a Change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.assets import AssetRef
from orfeas_desktop.errors import FileChanging, LibraryDamaged, OrfeasError
from orfeas_desktop.projects import (
    history,
    inspection,
    ledger,
    naming,
    recording,
    results,
    shelf,
)
from orfeas_desktop.projects.blobs import Arrival
from orfeas_desktop.projects.database import translated
from orfeas_desktop.projects.names import kept_name
from orfeas_desktop.projects.open_library import OpenLibrary
from orfeas_desktop.projects.recording import Finished
from orfeas_desktop.projects.records import Change, Provenance
from orfeas_desktop.projects.results import Maker
from orfeas_desktop.projects.shelf import Wanted
from orfeas_desktop.projects.tables import ProjectRow
from orfeas_desktop.requests import Destination, JobState

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from orfeas_desktop.assets import AssetKind, LocalFile
    from orfeas_desktop.params import Scalar
    from orfeas_desktop.projects.records import Asset, LibraryReport, Project, StoredJob, Version
    from orfeas_desktop.requests import Job, JobResult

TRIES = 3
"""How often a file that changes while it is read is read again."""


class ProjectStore(OpenLibrary):
    """Every read and write of an open library; safe from any thread, writes one after the other.

    Every call may raise LibraryLocked or LibraryDamaged; every write also LibraryReadOnly, LibraryTooNew and DiskFull.
    """

    # Projects

    def projects(self, *, deleted: bool = False) -> tuple[Project, ...]:
        """Return the projects, or those in the bin, the one changed last first."""
        with self._database.read() as session:
            return shelf.projects(
                session, ProjectRow.deleted.is_not(None) if deleted else ProjectRow.deleted.is_(None)
            )

    def project(self, project_id: int) -> Project:
        """Return one project, in the bin or not. Raises NoSuchProject."""
        with self._database.read() as session:
            return shelf.project(session, project_id)

    def project_named(self, name: str) -> Project:
        """Return the project of that name that is not in the bin. Raises NoSuchProject."""
        with self._database.read() as session:
            return shelf.project_named(session, name)

    def create_project(self, name: str) -> tuple[Project, Change]:
        """Make a project. Raises NameTaken, NameMissing."""
        with self._writing() as session:
            return shelf.create_project(session, name, self._clock())

    def rename_project(self, project_id: int, name: str) -> Change:
        """Give a project another name. Raises NoSuchProject, NameTaken, NameMissing."""
        with self._writing() as session:
            return shelf.rename_project(session, project_id, name, self._clock())

    def delete_project(self, project_id: int) -> Change:
        """Put a project into the bin, its assets with it. Raises NoSuchProject."""
        with self._writing() as session:
            return shelf.delete_project(session, project_id, self._clock())

    def restore_project(self, project_id: int) -> Change:
        """Take a project out of the bin. Raises NoSuchProject; NameTaken when another took its name since."""
        with self._writing() as session:
            return shelf.restore_project(session, project_id, self._clock())

    # Assets

    def assets(
        self,
        project_id: int,
        *,
        text: str = "",
        deleted: bool = False,
        offset: int = 0,
        limit: int | None = None,
    ) -> tuple[Asset, ...]:
        """Return a page of a project's assets whose name holds every word of `text`, changed last first."""
        wanted = Wanted(project_id, text, deleted)
        with self._database.read() as session:
            return shelf.assets(session, tuple(wanted.conditions()), offset, limit)

    def asset_count(self, project_id: int, *, text: str = "", deleted: bool = False) -> int:
        """Return how many assets `assets` would return without a limit."""
        with self._database.read() as session:
            return shelf.asset_count(session, Wanted(project_id, text, deleted))

    def asset(self, asset_id: int) -> Asset:
        """Return one asset, in the bin or not. Raises NoSuchAsset."""
        with self._database.read() as session:
            return shelf.asset(session, asset_id)

    def versions(self, asset_id: int) -> tuple[Version, ...]:
        """Return the versions of an asset, oldest first; none when there is no such asset."""
        with self._database.read() as session:
            return history.versions(session, "asset_id", asset_id)

    def version(self, version_id: int) -> Version:
        """Return one version. Raises NoSuchAsset."""
        with self._database.read() as session:
            return history.version(session, version_id)

    def version_of_job(self, job_id: str) -> Version | None:
        """Return the version that a job left, if it left one."""
        with self._database.read() as session:
            return history.version_of_job(session, job_id)

    def rename_asset(self, asset_id: int, name: str) -> Change:
        """Give an asset another name. Raises NoSuchAsset, NameMissing."""
        with self._writing() as session:
            return shelf.rename_asset(session, asset_id, name, self._clock())

    def delete_assets(self, asset_ids: Sequence[int]) -> Change:
        """Put assets into the bin. Raises NoSuchAsset, then none is."""
        with self._writing() as session:
            now = self._clock()
            return shelf.set_deleted(session, asset_ids, now, now)

    def restore_assets(self, asset_ids: Sequence[int]) -> Change:
        """Take assets out of the bin. Raises NoSuchAsset, then none is."""
        with self._writing() as session:
            return shelf.set_deleted(session, asset_ids, None, self._clock())

    def empty_bin(self) -> Change:
        """Forget everything in the bin for good, and the files that nothing else names."""
        with self._writing() as session:
            change = shelf.empty_bin(session)
        self.sweep()
        return change

    # Files and versions

    def add_blob(self, path: Path, kind: AssetKind, name: str, *, move: bool = False) -> AssetRef:
        """Keep a file under the digest of its content; one that is kept already is not kept twice.

        No sweep takes it while this store is open, until a version holds it. Raises FileMissing, NotAFile,
        PermissionDenied, FileChanging.
        """
        self._database.allow_writing()
        with self._adopting:
            kept = self._keep(path, move, TRIES)
        return AssetRef(kept.digest, kind, kept_name(name), kept.size)

    def _keep(self, path: Path, move: bool, tries: int) -> Arrival:
        arrival = Arrival(path, *self._blobs.measure(path), moved=move)
        try:
            self._adopt((arrival,))
        except FileChanging:
            if tries == 1:
                raise
            return self._keep(path, move, tries - 1)
        return arrival

    def _adopt(self, arrivals: Sequence[Arrival]) -> None:
        """Claim, then place: a file that is there is always listed, and no sweep comes between."""
        if arrivals:
            with self._writing() as session:
                naming.lease(session, arrivals, self._holder, self._process)
        for arrival in arrivals:
            self._blobs.place(arrival, self._holder)

    def blob_path(self, digest: str) -> Path:
        """Return where a kept file lies. Raises LibraryDamaged when it is gone."""
        with translated(self._blobs.folder):
            if self._blobs.holds(digest):
                return self._blobs.path(digest)
        raise LibraryDamaged(problem="a file that was kept is gone", details=digest)

    def add_version(
        self, destination: Destination, files: Mapping[str, AssetRef], provenance: Provenance
    ) -> tuple[Version, Change]:
        """Add the next version of an asset, or a new asset with its first. Raises NoSuchProject, NoSuchAsset."""
        with self._writing() as session:
            now = self._clock()
            asset = history.place_for(session, destination, now)
            added = history.append(session, self._blobs, asset, files, provenance, now=now)
            naming.release(session, self._holder, {file.digest for file in files.values()})
            return added

    def stand_at(self, version_id: int) -> Change:
        """Let an asset stand at one of its versions, as undo does; the next one added is its newest again.

        Raises NoSuchAsset.
        """
        with self._writing() as session:
            return history.stand_at(session, version_id)

    def set_score(self, version_id: int, facts: Mapping[str, Scalar]) -> Change:
        """Note how good a version is. Raises NoSuchAsset."""
        with self._writing() as session:
            return history.set_score(session, version_id, facts)

    def set_version_file(self, version_id: int, slot: str, file: AssetRef) -> Change:
        """Give a version a file that it lacks, or another thumbnail. Raises NoSuchAsset.

        Raises ValueError for a slot that holds anything else: versions are never overwritten.
        """
        with self._writing() as session:
            change = history.set_file(session, self._blobs, version_id, slot, file)
            naming.release(session, self._holder, {file.digest})
            return change

    # Jobs

    def add_job(self, job: Job) -> Change:
        """Keep a waiting job as this process's. Raises LibraryDamaged when an input of it is gone."""
        with self._writing() as session:
            ledger.add(session, self._blobs, job, self._process, self._clock())
        return Change(jobs=True)

    def set_job_state(self, job_id: str, state: JobState, *, error: OrfeasError | None = None) -> Change:
        """Note where a job stands; one that was never kept is left alone."""
        with self._writing() as session:
            return Change(jobs=ledger.set_state(session, job_id, state, self._clock(), error))

    def reorder_jobs(self, ranks: Mapping[str, int]) -> Change:
        """Let open jobs run in another order, now and after a restart: the highest rank first."""
        with self._writing() as session:
            ledger.reorder(session, ranks)
        return Change(jobs=True)

    def jobs(
        self, *, states: Collection[JobState] = tuple(JobState), limit: int = 200
    ) -> tuple[StoredJob, ...]:
        """Return jobs in these states, newest first."""
        with self._database.read() as session:
            return ledger.jobs(session, states, limit)

    def job(self, job_id: str) -> StoredJob | None:
        """Return a job that is remembered."""
        with self._database.read() as session:
            return ledger.job(session, job_id)

    def result_of_job(self, job_id: str) -> JobResult | None:
        """Return what a remembered job left, when its files are there."""
        with self._database.read() as session:
            key = ledger.result_key(session, job_id)
            return results.find(session, self._blobs, key) if key else None

    def adopt_orphan_jobs(self) -> tuple[Job, ...]:
        """Take over the open jobs of dead processes, waiting again, in the order they run."""
        with self._database.read() as session:
            if not ledger.orphan_count(session):
                return ()
        with self._writing() as session:
            return ledger.take_over(session, self._process)

    def forget_jobs(self) -> Change:
        """Drop every job that ended from the history."""
        with self._writing() as session:
            ledger.forget(session)
        return Change(jobs=True)

    # Results

    def record_result(
        self, job: Job, key: str, result: JobResult, *, app_version: str, weights_digest: str = ""
    ) -> tuple[Version | None, Change]:
        """Keep what a job made, all of it or nothing: files, cached result, stage seconds, version, job done.

        Files in the staging folder are moved, others copied. The version is added when the job has a destination;
        it becomes a new asset when the one it was for is gone, and none when the project is. A second call for the
        same job returns the same version. Raises FileChanging when a file is not what its digest says.
        """
        self._database.allow_writing()
        finished = Finished(job, key, result, Maker(app_version, weights_digest))
        with self._adopting:
            if not result.cached:
                self._adopt([self._arrival(output.file) for output in result.files])
            with self._writing() as session:
                told = recording.record(session, self._blobs, finished, self._clock())
                naming.release(session, self._holder, {output.file.digest for output in result.files})
                return told

    def _arrival(self, file: LocalFile) -> Arrival:
        left = file.path.exists() or not self._blobs.holds(file.digest, file.size)
        if left and self._blobs.measure(file.path) != (file.digest, file.size):
            raise FileChanging(name=file.name)
        return Arrival(file.path, file.digest, file.size, moved=file.path.is_relative_to(self._staging))

    def find_result(self, key: str) -> JobResult | None:
        """Return the remembered result of that key, marked as cached, when its files are there."""
        with self._database.read() as session:
            found = results.find(session, self._blobs, key)
        if found:
            self._used.append((key, self._clock()))
        return found

    def usual_seconds(self, entry: str, version: int) -> Mapping[str, float]:
        """Return the median seconds per stage of the last runs, in running order; empty when never run."""
        with self._database.read() as session:
            return results.usual_seconds(session, entry, version)

    def cache_size(self) -> int:
        """Return the bytes of files that only remembered results hold."""
        with self._database.read() as session:
            return results.size(session)

    def prune_cache(self, limit_bytes: int) -> int:
        """Forget the results used longest ago until `cache_size` is within the limit; return the bytes freed."""
        with self._writing() as session:
            results.forget_oldest(session, limit_bytes)
        return self.sweep()

    # The library as a whole

    def sweep(self) -> int:
        """Delete the files that nothing names; return the bytes freed.

        Versions, remembered results, jobs and open stores name files. Files that no row lists are left alone.
        """
        freed = 0
        with self._writing() as session:
            naming.clear_dead_claims(session, self._blobs)
        while True:
            with self._writing() as session:
                count, size = naming.sweep_some(session, self._blobs)
            freed += size
            if not count:
                return freed

    def check(self, *, digests: bool = False) -> LibraryReport:
        """Look for what a crash or a disk left behind, repair what can be; `digests` reads every file."""
        return inspection.inspect(self._database, self._blobs, digests=digests)

    def data_version(self) -> int:
        """Return a number that changes when another process wrote, or another store of this one."""
        return self._database.data_version()
