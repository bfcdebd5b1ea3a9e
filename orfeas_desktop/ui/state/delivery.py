"""A delivery: assets on their way into a folder, each through a preset; one that fails does not stop the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool

from orfeas_desktop.engine.formats.publish_zip import publish_zip
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.requests import JobDone
from orfeas_desktop.studio.targets import targets
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.state.handed import handed

if TYPE_CHECKING:
    from orfeas_desktop.params import PlainParams
    from orfeas_desktop.presets import Preset, PresetExport
    from orfeas_desktop.requests import Job
    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.state.job_desk import Ended
    from orfeas_desktop.ui.state.session import Session


@dataclass(frozen=True)
class Parcel:
    """A version, the name its files get, and the recipe's settings if it runs first."""

    version_id: int
    name: str
    steps: PlainParams | None = None


@dataclass(frozen=True)
class Delivered:
    """How it went; `error` is the first reason why something could not even start."""

    folder: Path
    done: int
    failed: int
    error: OrfeasError | None
    reports: tuple[Path, ...] = ()


@dataclass(frozen=True)
class _Packed:
    """A parcel's files were put into one ZIP, or why not."""

    name: str
    error: OrfeasError | None = None


class _Pack(QRunnable):
    """Puts what was exported for a parcel into one ZIP, off the thread of the window."""

    def __init__(self, delivery: Delivery, files: tuple[Path, ...], folder: Path, name: str) -> None:
        super().__init__()
        self._delivery, self._files, self._folder, self._name = delivery, files, folder, name

    def run(self) -> None:
        try:
            publish_zip(self._files, self._folder, self._name)
        except OrfeasError as error:
            self._delivery.packed.emit(_Packed(self._name, error))
        else:
            self._delivery.packed.emit(_Packed(self._name))


class Delivery(QObject):
    """Takes parcels through one preset and tells when the last of them has ended."""

    ended: TypedSignal[Delivered] = signal(Delivered)
    packed: TypedSignal[_Packed] = signal(_Packed)

    def __init__(
        self,
        session: Session,
        preset: Preset,
        folder: Path,
        parent: QObject | None = None,
        *,
        zipped: bool = False,
    ) -> None:
        """Deliver into `folder`; `zipped`: as one ZIP for each parcel."""
        super().__init__(parent)
        self._zipped = zipped
        self._files: defaultdict[str, list[Path]] = defaultdict(list)
        self._packing: set[str] = set()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self.packed.connect(self._take_packed, Qt.ConnectionType.QueuedConnection)
        self._session = session
        self._preset = preset
        self._folder = folder
        self._all = 0
        self._left: Counter[str] = Counter()
        self._failed: set[str] = set()
        self._error: OrfeasError | None = None
        self._reports: list[Path] = []

    def start(self, parcels: tuple[Parcel, ...]) -> None:
        """Send everything off."""
        self._all = len(parcels)
        self._left.update({parcel.name: len(self._preset.exports) for parcel in parcels})
        for parcel in parcels:
            if parcel.steps is None:
                self._export(parcel.name, parcel.version_id)
            else:
                self._cook(parcel, parcel.steps)

    def _cook(self, parcel: Parcel, steps: PlainParams) -> None:
        """Make the asset's next version with the recipe, then export that."""
        every = len(self._preset.exports)

        def start(studio: Studio) -> Job:
            title = f"{parcel.name} · {self._preset.title}"
            return studio.run_tool("recipe", parcel.version_id, params=steps, title=title)

        def go_on(ended: Ended) -> None:
            studio = self._session.studio
            version = None
            if studio is not None and isinstance(ended, JobDone):
                version = studio.version_of_job(ended.job.id)
            if version is None:
                self._note(parcel.name, failed=True, count=every)
            else:
                self._export(parcel.name, version.id)

        self._session.desk.send(
            start, go_on, failed=lambda error: self._note(parcel.name, failed=True, count=every, error=error)
        )

    def _export(self, name: str, version_id: int) -> None:
        for part, target in targets(self._preset, self._folder, name):
            self._export_as(part, target, name, version_id)

    def _export_as(self, part: PresetExport, target: Path, name: str, version_id: int) -> None:
        self._session.desk.send(
            lambda studio: studio.export_version(version_id, part.to, target, params=part.params),
            lambda ended: self._look(name, target, ended),
            failed=lambda error: self._note(name, failed=True, error=error),
        )

    def _look(self, name: str, target: Path, ended: Ended) -> None:
        report = None
        if isinstance(ended, JobDone):
            report = handed(target, ended).report
            self._files[name] += [each.file.path for each in ended.result.files]
        if report is not None and not self._zipped:
            self._reports.append(report)
        self._note(name, failed=not isinstance(ended, JobDone))

    def _note(self, name: str, *, failed: bool, count: int = 1, error: OrfeasError | None = None) -> None:
        self._left[name] -= count
        self._error = self._error or error
        if failed:
            self._failed.add(name)
        if self._zipped and not self._left[name] and name not in self._failed:
            self._packing.add(name)
            self._pool.start(_Pack(self, tuple(self._files[name]), self._folder, name))
        self._end()

    def _take_packed(self, packed: _Packed) -> None:
        self._packing.discard(packed.name)
        self._error = self._error or packed.error
        if packed.error is not None:
            self._failed.add(packed.name)
        self._end()

    def _end(self) -> None:
        """Tell how it went, once nothing is under way."""
        if not any(self._left.values()) and not self._packing:
            failures = len(self._failed)
            self.ended.emit(
                Delivered(self._folder, self._all - failures, failures, self._error, tuple(self._reports))
            )
            self.deleteLater()
