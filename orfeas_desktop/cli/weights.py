"""orfeas weights: what weights there are, and getting, checking, moving and removing them."""

from __future__ import annotations

import getpass
import json
import sys
import time
from pathlib import Path
from typing import Annotated, cast
from uuid import uuid4

import typer

from orfeas_desktop import __version__
from orfeas_desktop.cli.doors import Call, call_of
from orfeas_desktop.cli.progress import ProgressView
from orfeas_desktop.cli.running import finish
from orfeas_desktop.cli.screen import Json, Screen, columns
from orfeas_desktop.engine.weights.adding import add_from
from orfeas_desktop.engine.weights.catalog import PURPOSES, WeightSet, catalog, weight_set
from orfeas_desktop.engine.weights.licences import Licences
from orfeas_desktop.engine.weights.lora_shelf import LoraShelf
from orfeas_desktop.engine.weights.move import finish_move, move_weights
from orfeas_desktop.engine.weights.own_pictures import OwnPictures
from orfeas_desktop.engine.weights.store import How, WeightStore
from orfeas_desktop.engine.weights.token import TokenKeeper, TokenPlace
from orfeas_desktop.engine.weights.transfers import Transfer, TransferState, transfer
from orfeas_desktop.engine.weights.upkeep import plan_removal, remove_set
from orfeas_desktop.errors import BadInput
from orfeas_desktop.register import Table
from orfeas_desktop.requests import JobEvent, JobResult
from orfeas_desktop.settings import save_settings
from orfeas_desktop.studio import Work

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
SetId = Annotated[str, typer.Argument(metavar="SET", help="A set’s id, as “orfeas weights list” names it.")]
SetIds = Annotated[list[str], typer.Argument(metavar="SET...", help="Sets’ ids.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this it is only said what would be done.")]

STATES = {How.absent: "not here", How.downloaded: "here", How.found: "here, your own files"}
_SAY_S = 5.0


def list_sets(context: typer.Context, as_json: AsJson = False) -> None:
    """List every weight set and how it stands on this machine."""
    del as_json
    call = call_of(context)
    store = _store(call)
    sets = [_set(call, store, each) for each in catalog()]
    rows = [("set", "title", "GB", "state", "licence")]
    for each, weights in zip(sets, catalog(), strict=True):
        accepted = (
            "" if not weights.terms.consent else ", accepted" if each["licence_accepted"] else ", to accept"
        )
        rows.append((weights.id, weights.title, _gb(weights), str(each["state"]), weights.licence + accepted))
    own = OwnPictures(store.folder).all()
    rows += [(each.name, f"your own, {each.base.value}", "", each.path, "") for each in own]
    payload: dict[str, Json] = {
        "folder": str(store.folder),
        "sets": sets,
        "own": [{"name": each.name, "base": each.base.value, "path": each.path} for each in own],
    }
    call.screen.give(payload, columns(rows))


def show(context: typer.Context, weights: SetId, as_json: AsJson = False) -> None:
    """Show what a set is for, what it holds, needs and asks, and where it lies."""
    del as_json
    call = call_of(context)
    found = weight_set(weights)
    payload = _set(call, _store(call), found)
    lines = [
        f"{found.id} – {found.title}: {PURPOSES[found.purpose].lower()}",
        f"state     {payload['state']}" + (f" in {payload['folder']}" if payload["folder"] else ""),
        f"from      {found.repository}, {found.folder or 'all of it'}",
        f"licence   {found.licence}" + (f" ({found.terms.territory})" if found.terms.territory else ""),
        *(f"memory    {gb:g} GB of graphics memory, {found.vram_source}" for gb in found.vram_gb.values()),
        *(f"file      {file.path}{_about(file.size, file.source)}" for file in found.files),
        *(f"files     {pattern}" for pattern in found.patterns),
        *([f"note      {found.note}"] if found.note else []),
    ]
    call.screen.give(payload, "\n".join(lines))


def add(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A folder that holds sets, or a weight file.")],
    as_set: Annotated[
        str,
        typer.Option("--as", metavar="SET", help="Which set a file is, where its content leaves it open."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Tell the program of weights that are here already; they stay where they are."""
    del as_json
    call = call_of(context)
    loras = LoraShelf.of(call.doors.paths)
    found = add_from(_store(call), loras, path.expanduser().absolute(), as_set)
    rows: list[Json] = [
        {"set" if each.kind == "set" else each.kind: each.name, "folder": str(each.place)} for each in found
    ]
    words = {"set": "", "own": "your own pipeline ", "lora": "LoRA "}
    call.screen.give(
        {"added": rows}, "\n".join(f"{words[each.kind]}{each.name}  {each.place}" for each in found)
    )


def licence(
    context: typer.Context,
    weights: SetId,
    accept: Annotated[bool, typer.Option("--accept", help="Accept these terms; the date is kept.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the consent back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the terms of a set, or accept them."""
    del as_json
    call = call_of(context)
    if accept and withdraw:
        raise BadInput(entry="weights licence", problem="--accept and --withdraw contradict each other")
    terms = weight_set(weights).terms
    licences = _licences(call)
    if accept:
        licences.accept(terms, __version__)
    if withdraw:
        licences.withdraw(terms)
    given = licences.accepted(terms)
    standing = f"Accepted on {given.accepted_at:%Y-%m-%d %H:%M} UTC." if given else "Not accepted."
    if not terms.consent:
        standing = "No consent is needed."
    payload: dict[str, Json] = {
        "set": weights,
        "licence": terms.name,
        "territory": terms.territory,
        "url": terms.url,
        "text": terms.text,
        "text_sha256": terms.digest,
        "accepted_at": given.accepted_at.isoformat() if given else None,
        "notice": terms.notice,
    }
    call.screen.give(payload, f"{terms.text}\n\n{standing}")


def download(
    context: typer.Context,
    weights: SetIds,
    as_json: AsJson = False,
) -> None:
    """Fetch sets from the hub; Ctrl-C pauses, the same command goes on."""
    del as_json
    call = call_of(context)
    licences = _licences(call)
    licences.need_all(weights)
    reports: list[Json] = []
    for set_id in weights:
        result = _run(call, "download-weights", set_id)
        folder = _store(call).find(set_id)
        reports.append({"set": set_id, "folder": str(folder), **result.facts})
        call.screen.note(f"{set_id}: {folder}")
    call.screen.give({"downloaded": reports})


def verify(context: typer.Context, weights: SetIds, as_json: AsJson = False) -> None:
    """Read every byte of sets and compare with what it should be."""
    del as_json
    call = call_of(context)
    files: list[Json] = []
    for set_id in weights:
        result = _run(call, "verify-weights", set_id)
        for path, size, digest, verdict in _rows(result):
            row = {"set": set_id, "path": path, "size": size, "sha256": digest, "verdict": verdict}
            files.append(cast("Json", row))
            call.screen.note(f"{verdict:8} {path}")
    call.screen.give({"files": files})


def _rows(result: JobResult) -> list[list[str]]:
    report = result.file("report")
    if report is None:
        return []
    return cast("dict[str, list[list[str]]]", json.loads(report.path.read_text("utf-8")))["files"]


def remove(context: typer.Context, weights: SetId, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a set that the program fetched, or forget one of your own; your own files stay."""
    del as_json
    call = call_of(context)
    store = _store(call)
    own = OwnPictures(store.folder)
    if any(each.name.casefold() == weights.casefold() for each in own.all()):
        forgotten = own.forget(weights) if yes else own.named(weights)
        said: dict[str, Json] = {"own": forgotten.name, "done": yes, "forgotten": forgotten.path}
        call.screen.give(said, f"{'forgotten' if yes else 'would forget'}  {forgotten.path}")
        return
    plan = remove_set(weights, store) if yes else plan_removal(weights, store)
    left = store.find(weights) if yes else None
    payload: dict[str, Json] = {
        "set": weights,
        "done": yes,
        "files": [str(path) for path in plan.files],
        "freed_bytes": plan.freed,
        "forgotten": str(plan.forgotten) if plan.forgotten else None,
        "still_in": str(left) if left else None,
    }
    words = [f"{'deleted' if yes else 'would delete'}  {path}" for path in plan.files]
    words += [f"{'forgotten' if yes else 'would forget'}  {plan.forgotten}"] if plan.forgotten else []
    words += [f"still here, put there by you: {left}"] if left else []
    words = words or ["nothing of this set is here"]
    if not yes and (plan.files or plan.forgotten):
        words.append(f"{plan.freed / 1e9:.2f} GB would be free; do it with --yes")
    call.screen.give(payload, "\n".join(words))


def where(context: typer.Context, as_json: AsJson = False) -> None:
    """Say where weights lie, how much room they take and how much is left."""
    del as_json
    call = call_of(context)
    store = _store(call)
    used = sum(each.size for each in store.standings() if each.how is How.downloaded)
    free = store.free_bytes()
    payload: dict[str, Json] = {
        "folder": str(store.folder),
        "used_bytes": used,
        "free_bytes": free,
        "network_log": str(call.doors.paths.network_log),
        "token": TokenKeeper.of(call.doors.paths).place().value,
    }
    words = f"{store.folder}\n{used / 1e9:.2f} GB used, {free / 1e9:.2f} GB free\ncalls are logged in {payload['network_log']}"
    call.screen.give(payload, words)


def sign_in(context: typer.Context, as_json: AsJson = False) -> None:
    """Keep an access token of the hub, typed unseen or read from standard input."""
    del as_json
    call = call_of(context)
    if sys.stdin is not None and sys.stdin.isatty():
        token = getpass.getpass("Access token (it is not shown): ")
    else:
        token = sys.stdin.readline() if sys.stdin is not None else ""
    place = TokenKeeper.of(call.doors.paths).keep(token)
    words = "the system’s keyring" if place is TokenPlace.keyring else "a file that only you can read"
    call.screen.give({"token": place.value}, f"kept in {words}")


def sign_out(context: typer.Context, as_json: AsJson = False) -> None:
    """Forget the access token."""
    del as_json
    call = call_of(context)
    keeper = TokenKeeper.of(call.doors.paths)
    keeper.forget()
    call.screen.give({"token": keeper.place().value}, "forgotten")


def move(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="An empty folder, or one that is not there yet.")],
    as_json: AsJson = False,
) -> None:
    """Move the weights to another folder: copy, verify, then delete; a broken move goes on when called again."""
    del as_json
    call = call_of(context)
    settings = call.doors.load_settings()
    if ("weights", "folder") in settings.overridden:
        raise BadInput(entry="weights move", problem="ORFEAS_WEIGHTS__FOLDER decides where weights lie")

    def keep(target: Path) -> None:
        changed = settings.changed("weights", {"folder": str(target)})
        save_settings(changed, call.doors.paths.settings_file)

    moved = move_weights(_store(call), folder, keep, lambda _: None)
    payload: dict[str, Json] = {"folder": str(moved.folder), "files": moved.files, "bytes": moved.size}
    call.screen.give(payload, f"{moved.folder}\n{moved.files} files, {moved.size / 1e9:.2f} GB")


def _store(call: Call) -> WeightStore:
    store = WeightStore.of(call.doors.paths)
    finish_move(store)
    return store


def _licences(call: Call) -> Licences:
    return Licences(call.doors.paths.licences_file)


def _run(call: Call, chore: str, set_id: str) -> JobResult:
    weights = weight_set(set_id)
    with call.studio() as studio:
        params = {"weights": set_id, "asked": uuid4().hex}
        work = Work(table=Table.chores, entry=chore, inputs={}, params=params, title=weights.title)
        view = _TransferView(call.screen, weights, _store(call))
        return finish(studio, studio.start(work), call.screen, set_id, view).result


class _TransferView(ProgressView):
    """Says every few seconds how much has arrived, how fast and for how long yet."""

    def __init__(self, screen: Screen, weights: WeightSet, store: WeightStore) -> None:
        super().__init__(screen, weights.id)
        self._note = screen.note
        self._store = store
        self._id = weights.id
        self._last = time.monotonic()

    def show(self, event: JobEvent) -> None:
        """Show the event, and where the download stands now and then."""
        super().show(event)
        if time.monotonic() - self._last >= _SAY_S:
            self._last = time.monotonic()
            said = transfer_words(transfer(self._store, self._id))
            if said:
                self._note(f"{self._id}: {said}")


def transfer_words(now: Transfer) -> str:
    """Return how far a download is in words, nothing when there is none."""
    if now.state is TransferState.none or not now.total:
        return ""
    words = f"{now.done / 1e6:.1f} of {now.total / 1e6:.1f} MB"
    if now.state is not TransferState.running:
        return f"{now.state.value} at {words}"
    left = "" if now.seconds_left is None else f", about {now.seconds_left:.0f} s left"
    return f"{words}, {now.rate / 1e6:.1f} MB/s{left}"


def _set(call: Call, store: WeightStore, weights: WeightSet) -> dict[str, Json]:
    standing = store.standing(weights)
    now = transfer(store, weights.id)
    given = _licences(call).accepted(weights.terms)
    words = transfer_words(now) if standing.how is How.absent else ""
    return {
        "id": weights.id,
        "title": weights.title,
        "purpose": weights.purpose,
        "repository": weights.repository,
        "repository_folder": weights.folder,
        "revision": weights.revision,
        "size_bytes": weights.size or None,
        "size_complete": weights.whole_size_known,
        "licence": weights.licence,
        "licence_accepted": given is not None or not weights.terms.consent,
        "territory": weights.terms.territory,
        "vram_gb": dict(weights.vram_gb),
        "state": words or STATES[standing.how],
        "folder": str(standing.folder) if standing.folder else None,
        "bytes_on_disk": standing.size,
        "download": cast("Json", now.model_dump(mode="json"))
        if now.state is not TransferState.none
        else None,
    }


def _gb(weights: WeightSet) -> str:
    if not weights.size:
        return "?"
    return f"{weights.size / 1e9:.2f}" + ("" if weights.whole_size_known else "+")


def _about(size: int | None, source: str) -> str:
    return f", {size / 1e9:.2f} GB ({source})" if size else f" ({source})" if source else ""
