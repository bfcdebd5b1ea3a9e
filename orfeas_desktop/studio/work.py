"""Work: what can be asked of the studio, and how its inputs are pinned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orfeas_desktop.assets import AssetKind, AssetRef, LocalFile, local_file
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.chores import CHORES
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.jobs.context import WorkEntry
from orfeas_desktop.engine.layouts import LAYOUTS
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import FileMissing, NoSuchAsset, NotAFile, PermissionDenied
from orfeas_desktop.params import Scalar
from orfeas_desktop.projects.records import Version
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, FromJob, Job, JobInput, JobRequest


@dataclass(frozen=True, kw_only=True)
class Work:
    """What to run: an entry, its settings and inputs, and where its result belongs."""

    table: Table
    entry: str
    inputs: Mapping[str, tuple[JobInput, ...]]
    params: Mapping[str, Scalar] = field(default_factory=dict[str, Scalar])
    seed: int = 0
    title: str = ""
    destination: Destination | None = None
    priority: int = 0


def entry_of(table: Table, entry_id: str) -> WorkEntry:
    """Return the entry. Raises UnknownEntry."""
    match table:
        case Table.backends:
            return BACKENDS[entry_id]
        case Table.tools:
            return TOOLS[entry_id]
        case Table.exporters:
            return EXPORTERS[entry_id]
        case Table.layouts:
            return LAYOUTS[entry_id]
        case Table.chores:
            return CHORES[entry_id]


def pinned(path: Path, kind: AssetKind) -> LocalFile:
    """Pin the file at `path` by its digest. Raises FileMissing, NotAFile, PermissionDenied."""
    try:
        return local_file(path, kind)
    except IsADirectoryError:
        raise NotAFile(name=path.name) from None
    except PermissionError:
        raise PermissionDenied(place=str(path)) from None
    except (OSError, ValueError):
        raise FileMissing(name=path.name) from None


def mesh_of(version: Version) -> AssetRef:
    """Return the version's mesh. Raises NoSuchAsset when it has none."""
    mesh = version.files.get("mesh")
    if mesh is None:
        raise NoSuchAsset(name=f"{version.asset_id}: mesh")
    return mesh


def likeness(version: Version, versions: Sequence[Version]) -> dict[str, tuple[JobInput, ...]]:
    """Return the mask, or else the picture, that a version was made after, as far as its asset's history tells."""
    for each in reversed([one for one in versions if one.number <= version.number]):
        mask = each.files.get("mask")
        if mask is not None and mask.kind in (AssetKind.mask, AssetKind.picture):
            return {"mask": (mask,)}
        request = each.provenance.request
        front = request.inputs.get("front", ()) if request is not None else ()
        if front and not isinstance(front[0], FromJob):
            return {"picture": front[:1]}
    return {}


def title_of(inputs: Mapping[str, tuple[JobInput, ...]]) -> str:
    """Return what people call a job by its first input file."""
    first = next((given for files in inputs.values() for given in files), None)
    return "" if first is None or isinstance(first, FromJob) else Path(first.name).stem


def preparation(
    chore: str,
    mesh: AssetRef | LocalFile,
    priority: int,
    more: Mapping[str, tuple[JobInput, ...]] | None = None,
) -> Job:
    """Return the job that prepares something of a mesh for showing it."""
    entry = CHORES[chore]
    inputs: dict[str, tuple[JobInput, ...]] = {"mesh": (mesh,), **(more or {})}
    request = JobRequest(Table.chores, chore, entry.version, entry.params().plain(), inputs)
    return Job(request, title=chore, priority=priority)


def kept_inputs(
    store: ProjectStore, inputs: Mapping[str, tuple[JobInput, ...]]
) -> dict[str, tuple[JobInput, ...]]:
    """Keep copies of local files, so that the work can be done again when they have gone.

    A file to import stays where it lies: what it refers to lies beside it.
    """
    return {slot: tuple(_kept_input(store, given) for given in files) for slot, files in inputs.items()}


def _kept_input(store: ProjectStore, given: JobInput) -> JobInput:
    if not isinstance(given, LocalFile) or given.kind is AssetKind.file:
        return given
    try:
        kept = store.add_blob(given.path, given.kind, given.name)
    except FileMissing:
        return given  # the job fails, and can be tried again when the file is back
    return kept if kept.digest == given.digest else given
