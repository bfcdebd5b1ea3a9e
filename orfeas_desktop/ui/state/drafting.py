"""Drafting: takes pictures in, has the mask found, and starts generations."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from orfeas_desktop.assets import AssetKind, AssetRef, LocalFile
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.pictures import check_picture
from orfeas_desktop.requests import Destination, FromJob, JobCancelled, JobDone, JobFailed, JobPreviewed
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.state.draft import FRONT, VIEWS, Draft, FoundMask, Picture
from orfeas_desktop.ui.state.picture_reading import read_shown

if TYPE_CHECKING:
    from orfeas_desktop.engine.backends.base import Backend
    from orfeas_desktop.params import PlainParams
    from orfeas_desktop.projects.records import Asset, Version
    from orfeas_desktop.requests import Job
    from orfeas_desktop.studio import Studio
    from orfeas_desktop.ui.state.job_desk import Ended, JobDesk
    from orfeas_desktop.ui.state.store_thread import StoreThread

MASK_TASK = "image-to-mask"
BOX = "box"
MASK = "mask"
MOST_TRIED = 20
"""Of several pictures, how many are read to find one that can be used."""


@dataclass
class _Begun:
    """What was begun from a draft that has no asset yet."""

    asked: set[str] = field(default_factory=set[str])
    jobs: list[str] = field(default_factory=list[str])
    """Their ids; only the store thread touches them."""


class Drafting(QObject):
    """Owns the draft. Files are read and kept on the store thread, masks are found in the worker."""

    changed: TypedSignal[Draft] = signal(Draft)
    refused: TypedSignal[OrfeasError] = signal(OrfeasError)
    """Something that was given cannot be used; the draft stays as it was."""
    previewed: TypedSignal[JobPreviewed] = signal(JobPreviewed)
    """A generation shows what is not final yet."""

    def __init__(self, store: StoreThread, desk: JobDesk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._desk = desk
        self._studio: Studio | None = None
        self._mask_entry: Backend | None = None
        self._round = 0
        self._begun = _Begun()
        self.draft = Draft()

    def open(self, studio: Studio, backends: Iterable[Backend]) -> None:
        """Work with this studio; one of `backends` finds masks."""
        self._studio = studio
        self._mask_entry = next((backend for backend in backends if backend.task == MASK_TASK), None)

    @property
    def joins(self) -> bool:
        """Whether the next generation becomes a further version: of an asset that is there, or is being made."""
        return self.draft.asset_id is not None or bool(self._begun.asked)

    def take_file(self, slot: str, path: Path) -> None:
        """Take the picture at `path` as that view."""
        studio = self._studio
        if studio is not None:
            self._store.ask(
                lambda: _kept(studio, path), lambda kept: self._put(slot, kept, path.stem), self.refused.emit
            )

    def take_first(self, paths: Sequence[Path], taken: Callable[[], object]) -> None:
        """Take the first of these pictures that can be used as the main one, then call `taken`."""
        studio = self._studio
        if studio is None:
            return

        def put(found: tuple[Path, Picture]) -> None:
            path, picture = found
            self._put(FRONT, picture, path.stem)
            taken()

        self._store.ask(lambda: _first_kept(studio, paths[:MOST_TRIED]), put, self.refused.emit)

    def take_image(self, slot: str, image: QImage) -> None:
        """Take a picture that came as pixels."""
        studio, name = self._studio, self.tr("Pasted picture")
        if studio is not None:
            self._store.ask(
                lambda: _kept_pixels(studio, image, name),
                lambda kept: self._put(slot, kept, name),
                self.refused.emit,
            )

    def take_made(self, file: LocalFile, name: str) -> None:
        """Take a picture that was made here as the main one."""
        studio = self._studio
        if studio is not None:
            self._store.ask(
                lambda: _kept(studio, file.path, f"{name}.png"),
                lambda kept: self._put(FRONT, kept, name),
                self.refused.emit,
            )

    def remove(self, slot: str) -> None:
        """Take that view out."""
        self._round += 1
        if slot == FRONT:
            self._begun = _Begun()
        self._change(replace(self.draft.without(slot), finding=False))

    def clear(self) -> None:
        """Start with nothing."""
        self._round += 1
        self._begun = _Begun()
        self._change(Draft())

    def set_box(self, box: str) -> None:
        """Look for the object inside a box (`x0,y0,x1,y1` in picture pixels), or anywhere."""
        self._change(replace(self.draft, box=box, mask_file=None, accepted=False))
        self._find_mask()

    def give_mask(self, path: Path) -> None:
        """Use the white of that picture as the object."""
        studio = self._studio
        if studio is not None:
            self._store.ask(
                lambda: _kept(studio, path), lambda kept: self._use_mask(kept.file), self.refused.emit
            )

    def reset_mask(self) -> None:
        """Find the object without help again."""
        self.set_box("")

    def accept_mask(self) -> None:
        """Let a doubtful mask pass."""
        self._change(replace(self.draft, accepted=True))

    def show_inputs(self, asset: Asset, version: Version) -> None:
        """Take over what a version was made from; the next generation is that asset's next version."""
        request = version.provenance.request
        studio = self._studio
        self._begun = _Begun()
        if request is None or studio is None or FRONT not in request.inputs:
            self._round += 1
            self._change(Draft(asset_id=asset.id, name=asset.name))
            return
        self._round += 1
        current = self._round
        given = {slot: files[0] for slot, files in request.inputs.items() if files}
        box = str(request.params.get(BOX) or "")

        def read() -> Draft:
            pictures = {
                slot: _shown(studio, file)
                for slot, file in given.items()
                if slot in VIEWS and not isinstance(file, FromJob)
            }
            mask = given.get(MASK)
            found = _mask_of(studio, version)
            return Draft(
                pictures=pictures,
                box=box,
                mask_file=None if isinstance(mask, FromJob) else mask,
                found=found,
                accepted=found is not None,
                asset_id=asset.id,
                name=asset.name,
            )

        def show(draft: Draft) -> None:
            if current == self._round:
                self._change(draft)

        self._store.ask(read, show, lambda _error: show(Draft(asset_id=asset.id, name=asset.name)))

    def rename(self, asset_id: int, name: str) -> None:
        """Follow a change of name."""
        if self.draft.asset_id == asset_id and self.draft.name != name:
            self._change(replace(self.draft, name=name))

    def generate(self, project_id: int, backend: Backend, values: PlainParams, seed: int) -> None:
        """Start a generation from the draft; all that start before its first result become versions of one asset."""
        draft = self.draft
        params = dict(values)
        if BOX in backend.params.model_fields:
            params[BOX] = draft.box
        inputs = {
            slot: (picture.file,)
            for slot, picture in draft.pictures.items()
            if backend.input(slot) is not None
        }
        if draft.mask_file is not None and backend.input(MASK) is not None:
            inputs[MASK] = (draft.mask_file,)
        destination = Destination(project_id, draft.name, draft.asset_id)
        ask = repr((backend.id, sorted(params.items()), inputs, seed, destination))
        begun = self._begun

        def start(studio: Studio) -> Job:
            goal = replace(destination, after=tuple(begun.jobs))
            job = studio.generate(backend.id, inputs, params=params, seed=seed, destination=goal)
            begun.jobs.append(job.id)
            return job

        sent = self._desk.send(
            start,
            lambda _ended: begun.asked.discard(ask),
            failed=lambda error: (begun.asked.discard(ask), self.refused.emit(error)),
            previewed=self.previewed.emit,
            ask=ask,
        )
        if sent:
            begun.asked.add(ask)

    def _put(self, slot: str, kept: Picture, name: str) -> None:
        if slot != FRONT and self.draft.front is None:
            slot = FRONT
        if slot == FRONT:
            self._begun = _Begun()
        self._change(self.draft.with_picture(slot, kept, name))
        if slot == FRONT:
            self._find_mask()

    def _use_mask(self, file: AssetRef | LocalFile) -> None:
        self._change(replace(self.draft, mask_file=file, box="", accepted=False))
        self._find_mask()

    def _find_mask(self) -> None:
        front, entry = self.draft.front, self._mask_entry
        if front is None or entry is None:
            return
        self._round += 1
        current = self._round
        draft = self.draft
        inputs = {FRONT: (front.file,)}
        if draft.mask_file is not None and entry.input(MASK) is not None:
            inputs[MASK] = (draft.mask_file,)
        params: PlainParams = {BOX: draft.box} if BOX in entry.params.model_fields else {}
        self._change(replace(draft, found=None, finding=True))

        def start(studio: Studio) -> Job:
            return studio.generate(entry.id, inputs, params=params)

        self._desk.send(
            start,
            lambda ended: self._take_mask(current, ended),
            listed=False,
            failed=lambda error: self._give_up(current, error),
        )

    def _take_mask(self, asked: int, ended: Ended) -> None:
        if asked != self._round or self._studio is None:
            return
        match ended:
            case JobDone():
                studio = self._studio
                self._store.ask(
                    lambda: _found(studio, ended),
                    lambda found: self._show_mask(asked, found),
                    lambda error: self._give_up(asked, error),
                )
            case JobFailed():
                self._give_up(asked, ended.error)
            case JobCancelled():
                self._change(replace(self.draft, finding=False))

    def _show_mask(self, asked: int, found: FoundMask | None) -> None:
        if asked == self._round:
            self._change(replace(self.draft, found=found, finding=False))

    def _give_up(self, asked: int, error: OrfeasError) -> None:
        if asked == self._round:
            self._change(replace(self.draft, found=None, finding=False))
            self.refused.emit(error)

    def _change(self, draft: Draft) -> None:
        self.draft = draft
        self.changed.emit(draft)


def _kept(studio: Studio, path: Path, name: str = "") -> Picture:
    limit = studio.settings.library.max_megapixels
    info = check_picture(path, max_megapixels=limit)
    shown = read_shown(path, limit)
    file: AssetRef | LocalFile = (
        studio.add_picture(path, name) if studio.writable else studio.picture_file(path)
    )
    return Picture(file, info.width, info.height, shown)


def _first_kept(studio: Studio, paths: Sequence[Path]) -> tuple[Path, Picture]:
    """Raises what the first one raises when none can be used."""
    problems: list[OrfeasError] = []
    for path in paths:
        try:
            return path, _kept(studio, path)
        except OrfeasError as problem:
            problems.append(problem)
    raise problems[0]


def _kept_pixels(studio: Studio, image: QImage, name: str) -> Picture:
    with tempfile.TemporaryDirectory(prefix="orfeas-") as folder:
        path = Path(folder) / f"{name}.png"
        image.save(str(path))
        return _kept(studio, path)


def _shown(studio: Studio, file: AssetRef | LocalFile) -> Picture:
    path = file.path if isinstance(file, LocalFile) else studio.blob_path(file.digest)
    limit = studio.settings.library.max_megapixels
    info = check_picture(path, max_megapixels=limit)
    return Picture(file, info.width, info.height, read_shown(path, limit))


def _found(studio: Studio, done: JobDone) -> FoundMask | None:
    file = done.result.file(MASK)
    return None if file is None else _read_mask(studio, file.path, done.result.facts)


def _mask_of(studio: Studio, version: Version) -> FoundMask | None:
    file = version.files.get(MASK)
    if file is None or file.kind not in {AssetKind.mask, AssetKind.picture}:
        return None
    return _read_mask(studio, studio.blob_path(file.digest), version.provenance.facts)


def _read_mask(studio: Studio, path: Path, facts: Mapping[str, object]) -> FoundMask:
    shown = read_shown(path, studio.settings.library.max_megapixels)
    confidence = facts.get("mask_confidence")
    sure = float(confidence) if isinstance(confidence, int | float) else 1.0
    return FoundMask(shown, str(facts.get("mask_how", "")), sure)
