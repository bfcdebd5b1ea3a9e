"""download_set: a whole set from the hub, or from copies on this disk, into the weights folder."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2

from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.fetch import Patience, fetch, file_digest, retry_after, said, wait
from orfeas_desktop.engine.weights.file_table import LONGEST_PATH, told
from orfeas_desktop.engine.weights.hub import list_files
from orfeas_desktop.engine.weights.linking import link, sha256_of
from orfeas_desktop.engine.weights.store import MARGIN, OwnedFile, OwnedSet
from orfeas_desktop.engine.weights.transfers import Counter, TransferState, transfer_file
from orfeas_desktop.errors import Cancelled, DownloadFailed, OrfeasError, PathTooLong, SpaceMissing
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.weights.catalog import WeightSet
    from orfeas_desktop.engine.weights.hub import HubFile, Listing
    from orfeas_desktop.engine.weights.licences import Licences
    from orfeas_desktop.engine.weights.network import NetworkDoor
    from orfeas_desktop.engine.weights.store import WeightStore


@dataclass(frozen=True)
class Surroundings:
    """What a download works with."""

    store: WeightStore
    licences: Licences
    door: NetworkDoor
    hub_cache: Path | None = None
    """The folder in which other programs keep files of the hub."""
    patience: Patience = field(default_factory=Patience)
    longest_path: int = LONGEST_PATH


def hub_cache() -> Path:
    """Return the folder in which other programs of this user keep files of the hub."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    home = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    return Path(named) if named else Path(home).expanduser() / "hub"


def download_set(set_id: str, around: Surroundings, context: JobContext) -> OwnedSet:
    """Bring the set here whole, or leave what arrived as parts to go on from.

    Raises UnknownEntry, LicenceNotAccepted, WeightsBusy, Offline, SignInNeeded, DownloadFailed, WrongContent,
    SpaceMissing, DiskFull, PermissionDenied and Cancelled.
    """
    weights = weight_set(set_id)
    around.licences.need(weights)
    store = around.store
    with store.lock(set_id, wait_s=0.0):
        counter = Counter(transfer_file(store, set_id), around.door, context.progress)
        counter.write()
        try:
            owned = Download(weights, around, context, counter).run()
        except Cancelled:
            counter.write(TransferState.paused)
            raise
        except OrfeasError as problem:
            counter.write(TransferState.failed, problem.say())
            raise
        transfer_file(store, set_id).unlink(missing_ok=True)
    return owned


@dataclass
class Download:
    """Answers for one set on its way."""

    weights: WeightSet
    around: Surroundings
    context: JobContext
    counter: Counter

    def run(self) -> OwnedSet:
        """Ask, look, fetch, check and put in place."""
        with self.around.door.client(f"weights {self.weights.id}") as client:
            with self.context.stage(QT_TRANSLATE_NOOP("Stages", "Asking the hub")):
                listing = self._listing(client)
                self._warn_of_changes(listing)
            self._check_in_the_way(listing)
            with self.context.stage(QT_TRANSLATE_NOOP("Stages", "Downloading")):
                self._check_space(listing)
                self.counter.begin(sum(file.size for file in listing.files))
                ways = {file.path: self._bring(client, file) for file in listing.files}
        with self.context.stage(QT_TRANSLATE_NOOP("Stages", "Putting in place")):
            return self._place(listing, ways)

    def part(self, file: HubFile) -> Path:
        """Where a file lies until the whole set is here; its name says what it must hold in the end."""
        place = hashlib.sha256(file.path.encode()).hexdigest()[:12]
        return self.around.store.parts / self.weights.id / f"{file.digest.hex}-{place}.part"

    def target(self, file: HubFile) -> Path:
        """Where a file lies in the end."""
        return self.around.store.folder / self.weights.place / file.path

    def _listing(self, client: httpx2.Client) -> Listing:
        patience, vain = self.around.patience, 0
        while True:
            pause = 0.0
            try:
                return list_files(client, self.around.door.rules, self.weights)
            except httpx2.HTTPStatusError as problem:
                pause = retry_after(problem.response)
                reason = f"the server answers {problem.response.status_code}"
            except (httpx2.HTTPError, httpx2.InvalidURL) as problem:
                reason = said(problem)
            vain += 1
            if vain >= patience.tries:
                raise DownloadFailed(name=self.weights.repository, problem=reason)
            wait(self.counter.check, max(pause, patience.first_pause_s * 2.0 ** (vain - 1)), patience)

    def _warn_of_changes(self, listing: Listing) -> None:
        pinned = self.around.store.pinned(self.weights.id)
        for file in listing.files:
            if pinned.get(file.path, file.digest.written) != file.digest.written:
                self.context.warn(
                    QT_TRANSLATE_NOOP(
                        "Warnings", "“{name}” is another file than the one that was fetched the first time."
                    ),
                    name=file.path,
                )
            known = self.weights.file(file.path)
            told_of = known.sha256 if known is not None and file.digest.kind == "sha256" else None
            if known is not None and told_of and told_of != file.digest.hex:
                self.context.warn(
                    QT_TRANSLATE_NOOP(
                        "Warnings", "“{name}” is not the file this program was told of ({source})."
                    ),
                    name=file.path,
                    source=known.source,
                )

    def _check_in_the_way(self, listing: Listing) -> None:
        """Raise DownloadFailed for a file of the user's own where one of ours belongs, PathTooLong for one too deep."""
        for file in listing.files:
            target = self.target(file)
            length = max(len(str(target)), len(str(self.part(file))))
            if length > self.around.longest_path:
                limit = self.around.longest_path
                raise PathTooLong(place=str(target), length=length, limit=limit)
            if target.exists() and self._known(file) is None and not self._is_whole(file):
                said = f"another file lies in its place, {target}"
                raise DownloadFailed(name=file.path, problem=said)

    def _known(self, file: HubFile) -> OwnedFile | None:
        """What the table says of the file that lies in its place."""
        owned = self.around.store.owned().sets.get(self.weights.id)
        path = f"{self.weights.place}/{file.path}"
        return next((each for each in owned.files if each.path == path), None) if owned else None

    def _is_whole(self, file: HubFile) -> bool:
        target = self.target(file)
        try:
            same_size = target.stat().st_size == file.size
            return same_size and file_digest(target, file, self.counter) == file.digest.hex
        except OSError:
            return False

    def _check_space(self, listing: Listing) -> None:
        missing = 0
        for file in listing.files:
            part, target = self.part(file), self.target(file)
            if not target.exists() and self._copy_elsewhere(file) is None:
                missing += file.size - min(_size(part), file.size)
        free = self.around.store.free_bytes()
        if missing and free < missing + MARGIN:
            place = str(self.around.store.folder)
            raise SpaceMissing(place=place, needed_gb=(missing + MARGIN) / 1e9, free_gb=free / 1e9)

    def _bring(self, client: httpx2.Client, file: HubFile) -> OwnedFile:
        """Have the file whole, in place, linked or as a part; return what will be written of it."""
        part = self.part(file)
        known = self._known(file)
        how = known.how if known else "found"
        if not self._is_whole(file):
            how = "downloaded"
            copy = self._copy_elsewhere(file)
            if copy is not None and file_digest(copy, file, self.counter) == file.digest.hex:
                link(copy, part)
                how = "linked"
            else:
                fetch(client, self.around.door, file, part, self.counter, self.around.patience)
        self.counter.finished(file.size)
        digest = file.digest.hex
        if file.digest.kind != "sha256":
            digest = sha256_of(part if part.exists() else self.target(file))
        path = f"{self.weights.place}/{file.path}"
        return OwnedFile(path=path, size=file.size, sha256=digest, how=how)

    def _copy_elsewhere(self, file: HubFile) -> Path | None:
        """The file in the cache of other programs, which name it by its hash."""
        if self.around.hub_cache is None:
            return None
        folder = "models--" + self.weights.repository.replace("/", "--")
        copy = self.around.hub_cache / folder / "blobs" / file.digest.hex
        return copy if _size(copy) == file.size else None

    def _place(self, listing: Listing, files: dict[str, OwnedFile]) -> OwnedSet:
        """Move every part in place, the smallest last: before its configuration no set is taken for whole."""
        store = self.around.store
        owned = OwnedSet(
            repository=self.weights.repository,
            commit=listing.commit,
            complete=False,
            files=[files[file.path] for file in listing.files],
        )
        store.keep(self.weights.id, owned)
        for file in listing.files:
            part, target = self.part(file), self.target(file)
            try:
                if part.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    part.replace(target)
            except OSError as problem:
                raise told(problem, target.parent) from problem
        whole = owned.model_copy(update={"complete": True})
        store.keep(self.weights.id, whole)
        store.pin(self.weights.id, {file.path: file.digest.written for file in listing.files})
        shutil.rmtree(store.parts / self.weights.id, ignore_errors=True)
        return whole


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
