"""The words desk: pictures that words became, and the ways on from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from orfeas_desktop.assets import LocalFile
from orfeas_desktop.engine.backends.text_to_image import picture_name
from orfeas_desktop.engine.weights.lora_shelf import Lora, LoraShelf
from orfeas_desktop.engine.weights.own_pictures import OwnPicture, OwnPictures
from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.requests import Destination, FromJob, JobDone, JobFailed
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.state.draft import FRONT
from orfeas_desktop.ui.state.picture_reading import read_shown
from orfeas_desktop.ui.state.weights_adding import add_weights

if TYPE_CHECKING:
    from orfeas_desktop.engine.backends.base import Backend
    from orfeas_desktop.params import PlainParams
    from orfeas_desktop.paths import Paths
    from orfeas_desktop.requests import Job, JobPreviewed
    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.state.job_desk import Ended, JobDesk
    from orfeas_desktop.ui.state.store_thread import StoreThread

PICTURES = "pictures"
KEPT = 24
"""How many pictures the strip holds; older ones leave it."""
LARGEST = 100.0


@dataclass(frozen=True, eq=False)
class WordsPicture:
    """A picture that words became."""

    file: LocalFile
    shown: QImage = field(repr=False)
    name: str
    seed: int


@dataclass(frozen=True)
class Recipe:
    """An engine, its settings and a seed."""

    backend: Backend
    values: PlainParams
    seed: int

    @property
    def name(self) -> str:
        """What people call what it makes."""
        return picture_name(str(self.values.get("prompt", "")))


@dataclass(frozen=True)
class Helpers:
    """What the user has to make pictures with: LoRAs, and pipelines of their own."""

    loras: tuple[Lora, ...] = ()
    own: tuple[OwnPicture, ...] = ()


class WordsDesk(QObject):
    """Sends words to the engines and keeps what came back in reach. Disk is left to the store thread."""

    pictures_changed: TypedSignal[tuple[WordsPicture, ...]] = signal(tuple)  # pyright: ignore[reportAssignmentType]  # of any length
    previewed: TypedSignal[QImage] = signal(QImage)
    busy_changed: TypedSignal[bool] = signal(bool)
    helpers_changed: TypedSignal[Helpers] = signal(Helpers)
    failed: TypedSignal[OrfeasError] = signal(OrfeasError)

    def __init__(
        self, desk: JobDesk, store: StoreThread, paths: Paths, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.pictures: tuple[WordsPicture, ...] = ()
        self.helpers = Helpers()
        self._desk = desk
        self._store = store
        self._paths = paths
        self._studio: Studio | None = None
        self._running: set[str] = set()

    def open(self, studio: Studio) -> None:
        """Work with this studio."""
        self._studio = studio
        self.look_for_helpers()

    @property
    def busy(self) -> bool:
        """Whether pictures are being made."""
        return bool(self._running)

    def paint(self, recipe: Recipe) -> None:
        """Make pictures to look at."""
        self._send(recipe, lambda _studio, _job: ())

    def build(self, recipe: Recipe, mesh: Recipe, project_id: int) -> None:
        """Make pictures, and a mesh from the first of them as soon as it is there."""

        def follow(studio: Studio, painted: Job) -> tuple[Job, ...]:
            front = FromJob(painted.id, PICTURES)
            destination = Destination(project_id, recipe.name)
            job = studio.generate(
                mesh.backend.id, {FRONT: [front]}, params=mesh.values, seed=mesh.seed, destination=destination
            )
            return (job,)

        self._send(recipe, follow)

    def build_from(self, picture: WordsPicture, mesh: Recipe, project_id: int) -> None:
        """Make a mesh from a picture that is here."""

        def start(studio: Studio) -> Job:
            kept = studio.add_picture(picture.file.path, f"{picture.name}.png")
            return studio.generate(
                mesh.backend.id,
                {FRONT: [kept]},
                params=mesh.values,
                seed=mesh.seed,
                destination=Destination(project_id, picture.name),
            )

        self._desk.send(start, failed=self.failed.emit)

    def look_for_helpers(self) -> None:
        """Read what LoRAs and own pipelines there are; `helpers_changed` follows."""

        def read() -> Helpers:
            store = WeightStore.of(self._paths)
            return Helpers(self._loras().all(), OwnPictures(store.folder).all())

        self._store.ask(read, self._take_helpers, self.failed.emit)

    def add_lora(self, file: Path) -> None:
        """Take a LoRA into the library."""
        add_weights(self._desk, file, lambda _added: self.look_for_helpers(), self.failed.emit, lora=True)

    def rename_lora(self, name: str, new_name: str) -> None:
        """Give a LoRA another name."""
        self._change(lambda shelf: shelf.change(name, new_name=new_name))

    def set_triggers(self, name: str, triggers: str) -> None:
        """Keep the words that a LoRA wants in the prompt."""
        self._change(lambda shelf: shelf.change(name, triggers=triggers))

    def remove_lora(self, name: str) -> None:
        """Take a LoRA out of the library."""
        self._change(lambda shelf: shelf.remove(name))

    def _change(self, change: Callable[[LoraShelf], object]) -> None:
        self._store.ask(
            lambda: change(self._loras()), lambda _done: self.look_for_helpers(), self.failed.emit
        )

    def _loras(self) -> LoraShelf:
        return LoraShelf.of(self._paths)

    def _take_helpers(self, helpers: Helpers) -> None:
        self.helpers = helpers
        self.helpers_changed.emit(helpers)

    def _send(self, recipe: Recipe, follow: Callable[[Studio, Job], tuple[Job, ...]]) -> None:
        """Start the pictures and what follows from them, on the store thread."""
        following: list[Job] = []
        title = self.tr("Picture: {name}").format(name=recipe.name)

        def start(studio: Studio) -> Job:
            job = studio.generate(recipe.backend.id, {}, params=recipe.values, seed=recipe.seed, title=title)
            self._running.add(job.id)
            following.extend(follow(studio, job))
            return job

        self._desk.send(
            start, lambda ended: self._end(recipe, ended), failed=self._refuse, previewed=self._preview
        )
        self._store.ask(lambda: tuple(following), self._follow)

    def _follow(self, jobs: tuple[Job, ...]) -> None:
        self.busy_changed.emit(self.busy)
        for job in jobs:
            self._desk.list.add(job)

    def _preview(self, event: JobPreviewed) -> None:
        image = QImage(event.path)
        if not image.isNull():
            self.previewed.emit(image)

    def _end(self, recipe: Recipe, ended: Ended) -> None:
        self._running.discard(ended.job.id if isinstance(ended, JobDone) else ended.job_id)
        self.busy_changed.emit(self.busy)
        if isinstance(ended, JobFailed):
            self.failed.emit(ended.error)
        if isinstance(ended, JobDone):
            self._store.ask(lambda: _pictures(ended, recipe), self._add, self.failed.emit)

    def _add(self, made: tuple[WordsPicture, ...]) -> None:
        known = {picture.file.digest for picture in made}
        older = tuple(picture for picture in self.pictures if picture.file.digest not in known)
        self.pictures = (*made, *older)[:KEPT]
        self.pictures_changed.emit(self.pictures)

    def _refuse(self, error: OrfeasError) -> None:
        self.busy_changed.emit(self.busy)
        self.failed.emit(error)


def _pictures(done: JobDone, recipe: Recipe) -> tuple[WordsPicture, ...]:
    made = [output.file for output in done.result.files if output.slot == PICTURES]
    return tuple(
        WordsPicture(file, read_shown(file.path, LARGEST), Path(file.name).stem, recipe.seed + number)
        for number, file in enumerate(made)
    )
