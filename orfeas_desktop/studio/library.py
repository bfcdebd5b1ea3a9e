"""LibraryFace: what a face of the program reads of the library and changes in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from orfeas_desktop.assets import LocalFile
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.projects.records import Asset, Change, LibraryReport, Project, StoredJob, Version
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.requests import JobResult


class LibraryFace:
    """The studio's half that keeps: projects, assets, versions, jobs and files. Every change says what it touched."""

    def __init__(self, store: ProjectStore) -> None:
        self._store = store

    @property
    def writable(self) -> bool:
        """Whether the library takes changes."""
        return self._store.writable

    @property
    def refusal(self) -> OrfeasError | None:
        """Why the library takes no changes, or None."""
        return self._store.refusal

    def projects(self, *, deleted: bool = False) -> tuple[Project, ...]:
        """Return the projects, or those in the recycle bin."""
        return self._store.projects(deleted=deleted)

    def project_named(self, name: str) -> Project:
        """Return the project of that name. Raises NoSuchProject."""
        return self._store.project_named(name)

    def assets(
        self,
        project_id: int,
        *,
        text: str = "",
        deleted: bool = False,
        offset: int = 0,
        limit: int | None = None,
    ) -> tuple[Asset, ...]:
        """Return assets of a project whose names hold `text`."""
        return self._store.assets(project_id, text=text, deleted=deleted, offset=offset, limit=limit)

    def asset_count(self, project_id: int, *, text: str = "", deleted: bool = False) -> int:
        """Return how many assets `assets` would give without a limit."""
        return self._store.asset_count(project_id, text=text, deleted=deleted)

    def asset(self, asset_id: int) -> Asset:
        """Return the asset. Raises NoSuchAsset."""
        return self._store.asset(asset_id)

    def versions(self, asset_id: int) -> tuple[Version, ...]:
        """Return every version of the asset, oldest first."""
        return self._store.versions(asset_id)

    def version(self, version_id: int) -> Version:
        """Return the version. Raises NoSuchAsset."""
        return self._store.version(version_id)

    def version_of_job(self, job_id: str) -> Version | None:
        """Return the version that a job left, if it left one."""
        return self._store.version_of_job(job_id)

    def jobs(self, limit: int = 200) -> tuple[StoredJob, ...]:
        """Return the latest jobs that the library remembers."""
        return self._store.jobs(limit=limit)

    def blob_path(self, digest: str) -> Path:
        """Return where the library keeps that file. Raises LibraryDamaged."""
        return self._store.blob_path(digest)

    def located(self, result: JobResult) -> JobResult:
        """Return the result with paths that hold now: recording moves staged files into the library."""
        return replace(
            result, files=tuple(replace(output, file=self._located(output.file)) for output in result.files)
        )

    def _located(self, file: LocalFile) -> LocalFile:
        return file if file.path.exists() else replace(file, path=self._store.blob_path(file.digest))

    def create_project(self, name: str) -> tuple[Project, Change]:
        """Add an empty project. Raises NameTaken."""
        return self._store.create_project(name)

    def rename_project(self, project_id: int, name: str) -> Change:
        """Give the project another name. Raises NameTaken."""
        return self._store.rename_project(project_id, name)

    def delete_project(self, project_id: int) -> Change:
        """Put the project into the recycle bin."""
        return self._store.delete_project(project_id)

    def restore_project(self, project_id: int) -> Change:
        """Take the project out of the recycle bin."""
        return self._store.restore_project(project_id)

    def rename_asset(self, asset_id: int, name: str) -> Change:
        """Give the asset another name."""
        return self._store.rename_asset(asset_id, name)

    def delete_assets(self, asset_ids: Sequence[int]) -> Change:
        """Put assets into the recycle bin."""
        return self._store.delete_assets(asset_ids)

    def restore_assets(self, asset_ids: Sequence[int]) -> Change:
        """Take assets out of the recycle bin."""
        return self._store.restore_assets(asset_ids)

    def stand_at(self, version_id: int) -> Change:
        """Let an asset stand at that version of it."""
        return self._store.stand_at(version_id)

    def empty_bin(self) -> Change:
        """Delete for good what lies in the recycle bin."""
        return self._store.empty_bin()

    def forget_jobs(self) -> Change:
        """Drop ended jobs from the history."""
        return self._store.forget_jobs()

    def usual_seconds(self, entry: str, version: int) -> Mapping[str, float]:
        """Return this machine's median seconds per stage of an entry; empty when it never ran here."""
        return self._store.usual_seconds(entry, version)

    def data_version(self) -> int:
        """Return a number that changes when another process wrote to the library."""
        return self._store.data_version()

    def check_library(self, *, digests: bool = False) -> LibraryReport:
        """Return whether everything that is kept is there; with `digests` whether it is unchanged too."""
        return self._store.check(digests=digests)

    def cache_size(self) -> int:
        """Return the bytes of results that no project holds."""
        return self._store.cache_size()
