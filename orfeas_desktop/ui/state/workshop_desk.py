"""The workshop desk: runs tools on the chosen version, has it examined, and makes steps that can be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from orfeas_desktop.assets import AssetKind, AssetRef
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, FromJob, JobDone, JobFailed, JobPreviewed
from orfeas_desktop.studio import Work
from orfeas_desktop.ui.signals import TypedSignal, in_a_turn_of_its_own, signal
from orfeas_desktop.ui.state.diagnosis import Diagnosis, faults_in, read_places
from orfeas_desktop.ui.state.session import DisplayFiles, import_job

if TYPE_CHECKING:
    from orfeas_desktop.params import Scalar
    from orfeas_desktop.projects.records import Version
    from orfeas_desktop.requests import Job, JobInput, JobResult
    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.state.job_desk import Ended, JobDesk
    from orfeas_desktop.ui.state.library_desk import LibraryDesk
    from orfeas_desktop.ui.state.store_thread import StoreThread
    from orfeas_desktop.ui.state.tool_wish import ToolWish

KEPT = 20
"""How many diagnoses are remembered."""


class WorkshopDesk(QObject):
    """Sends tools as jobs; a finished step goes onto the undo stack, a finished look is a diagnosis."""

    diagnosed: TypedSignal[Diagnosis] = signal(Diagnosis)
    examining = signal(bool)
    map_ready: TypedSignal[DisplayFiles] = signal(DisplayFiles)
    previewed: TypedSignal[QImage] = signal(QImage)
    """The picture a running tool shows of what it has made so far, or an empty one once it has ended."""
    refused: TypedSignal[OrfeasError] = signal(OrfeasError)

    def __init__(
        self, store: StoreThread, desk: JobDesk, library: LibraryDesk, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._desk = desk
        self._library = library
        self._studio: Studio | None = None
        self._known: dict[int, Diagnosis] = {}
        desk.finished.connect(lambda done: in_a_turn_of_its_own(self, lambda: self._note_step(done)))

    def open(self, studio: Studio) -> None:
        """Work with this studio."""
        self._studio = studio

    def run(self, wish: ToolWish, version_id: int, title: str) -> None:
        """Run a tool on a version; a file as the other mesh is read first."""
        other = wish.other

        def start(studio: Studio) -> Job:
            given: JobInput | None = other if isinstance(other, AssetRef) else None
            if isinstance(other, Path):
                given = FromJob(studio.import_mesh(other).id, "mesh")
            return studio.run_tool(wish.tool, version_id, params=wish.params, other=given, title=title)

        self._desk.send(
            start,
            lambda _ended: self.previewed.emit(QImage()),
            failed=self.refused.emit,
            previewed=self._show_preview,
            ask=repr((wish, version_id)),
        )

    def _show_preview(self, event: JobPreviewed) -> None:
        image = QImage(event.path) if event.kind is AssetKind.picture else QImage()
        if not image.isNull():
            self.previewed.emit(image)

    def run_on_files(self, wish: ToolWish, paths: Sequence[Path], project_id: int, title: str) -> None:
        """Take mesh files into the project and run a tool on each."""

        def go_on(ended: Ended) -> None:
            studio = self._studio
            if studio is None or not isinstance(ended, JobDone):
                return
            version = studio.version_of_job(ended.job.id)
            if version is not None:
                self.run(wish, version.id, f"{ended.job.title} · {title}")

        starts = [partial(import_job, path, Destination(project_id, path.stem)) for path in paths]
        self._desk.send_all(starts, self.refused.emit, ended=go_on)

    def diagnosis_of(self, version_id: int) -> Diagnosis | None:
        """Return what was found in that version, when it was examined."""
        return self._known.get(version_id)

    def examine(self, tool: str, version: Version, params: Mapping[str, Scalar]) -> None:
        """Have a tool that leaves a report look at a version; the version stays as it is."""
        mesh = version.files["mesh"]

        def start(studio: Studio) -> Job:
            work = Work(
                table=Table.tools, entry=tool, inputs={"mesh": (mesh,)}, params=params, title=mesh.name
            )
            return studio.start(work)

        self.examining.emit(True)
        self._desk.send(
            start, lambda ended: self._examined(version, tool, ended), listed=False, failed=self._give_up
        )

    def _examined(self, version: Version, tool: str, ended: Ended) -> None:
        if not isinstance(ended, JobDone):
            self._give_up(ended.error if isinstance(ended, JobFailed) else None)
            return
        result = ended.result
        report = result.file("report")
        if report is None:
            self._give_up(None)
            return
        inputs: dict[str, tuple[JobInput, ...]] = {"mesh": (version.files["mesh"],), "report": (report,)}
        self._desk.send(
            lambda studio: studio.start(
                Work(table=Table.chores, entry="fault-places", inputs=inputs, title="fault-places")
            ),
            lambda placed: self._placed(version.id, tool, result, placed),
            listed=False,
            failed=self._give_up,
        )

    def _placed(self, version_id: int, tool: str, result: JobResult, ended: Ended) -> None:
        report = result.file("report")
        if report is None or not isinstance(ended, JobDone):
            self._give_up(ended.error if isinstance(ended, JobFailed) else None)
            return
        places = ended.result.file("places")

        def read() -> Diagnosis:
            arrays = read_places(places.path) if places is not None else {}
            return Diagnosis(version_id, tool, faults_in(report.path), result.facts, arrays, _maps_in(result))

        self._store.ask(read, self._tell, self._give_up)

    def show_map(self, path: Path) -> None:
        """Have a coloured mesh of a diagnosis made ready for the 3D view."""

        def tell(ended: Ended) -> None:
            files = DisplayFiles.of(ended)
            if files is not None:
                self.map_ready.emit(replace(files, again=True))

        self._desk.send(
            lambda studio: studio.preview_display(path), tell, listed=False, failed=self.refused.emit
        )

    def _tell(self, diagnosis: Diagnosis) -> None:
        self._known.pop(diagnosis.version_id, None)
        self._known[diagnosis.version_id] = diagnosis
        for old in list(self._known)[:-KEPT]:
            del self._known[old]
        self.examining.emit(False)
        self.diagnosed.emit(diagnosis)

    def _give_up(self, error: OrfeasError | None) -> None:
        self.examining.emit(False)
        if error is not None:
            self.refused.emit(error)

    def _note_step(self, event: JobDone) -> None:
        """Let a new version of an asset that was there before be taken back."""
        destination, request, studio = event.job.destination, event.job.request, self._studio
        if destination is None or studio is None:
            return
        newest = studio.version_of_job(event.job.id)
        if newest is None:
            return
        earlier = [each for each in studio.versions(newest.asset_id) if each.number < newest.number]
        given = {
            item.digest for items in request.inputs.values() for item in items if isinstance(item, AssetRef)
        }
        meshes = [version for version in earlier if "mesh" in version.files]
        before = next((each for each in reversed(meshes) if each.files["mesh"].digest in given), None)
        before = before or meshes[-1] if meshes else None
        if before is not None:
            self._library.note_version(before.id, newest.id, event.job.title)


def _maps_in(result: JobResult) -> dict[str, Path]:
    """Return the coloured meshes of a result by the last word of their names."""
    maps = (output.file for output in result.files if output.slot == "parts")
    return {Path(file.name).stem.rpartition("-")[2]: file.path for file in maps}
