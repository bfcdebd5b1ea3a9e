"""Chores on weights: fetch a set from the hub, read a set through, take in what the user has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.chores.base import Chore
from orfeas_desktop.engine.jobs.context import Output
from orfeas_desktop.errors import WrongContent
from orfeas_desktop.params import Params, param
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import Inputs, JobContext


def asked_param() -> str:
    """Return the field that makes each asking another one."""
    return param(
        "",
        QT_TRANSLATE_NOOP("Chores", "Asked"),
        QT_TRANSLATE_NOOP("Chores", "Anything new, so that the work is done and not remembered."),
    )


class WeightsParams(Params):
    """Which set."""

    weights: str = param(
        "", QT_TRANSLATE_NOOP("Chores", "Weights"), QT_TRANSLATE_NOOP("Chores", "A set’s id.")
    )
    asked: str = asked_param()


@dataclass(frozen=True, kw_only=True)
class DownloadWeights(Chore):
    """Fetches a set; what arrived before a stop is kept and gone on from."""

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Leave the set in the weights folder. Raises what `download_set` raises."""
        from orfeas_desktop.engine.weights.download import Surroundings, download_set, hub_cache
        from orfeas_desktop.engine.weights.licences import Licences
        from orfeas_desktop.engine.weights.network import NetworkDoor, rules_of
        from orfeas_desktop.engine.weights.store import WeightStore
        from orfeas_desktop.engine.weights.token import TokenKeeper
        from orfeas_desktop.paths import Paths

        del inputs
        paths = Paths.of()
        token = TokenKeeper.of(paths).read()
        around = Surroundings(
            store=WeightStore.of(paths),
            licences=Licences(paths.licences_file),
            door=NetworkDoor(lambda: rules_of(paths, token), paths.network_log),
            hub_cache=hub_cache(),
        )
        owned = download_set(cast("WeightsParams", params).weights, around, context)
        context.fact("commit", owned.commit)
        context.fact("bytes", sum(file.size for file in owned.files))
        context.fact("linked", sum(file.how == "linked" for file in owned.files))
        return (_report(context, owned.model_dump(mode="json")),)


@dataclass(frozen=True, kw_only=True)
class VerifyWeights(Chore):
    """Reads every byte of a set and compares hashes."""

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Leave a report. Raises WrongContent for a damaged or missing file, and what `verify_set` raises."""
        from orfeas_desktop.engine.weights.store import WeightStore
        from orfeas_desktop.engine.weights.upkeep import Verdict, verify_set

        del inputs
        found = verify_set(cast("WeightsParams", params).weights, WeightStore.of(), context)
        context.fact("bytes", sum(each.size for each in found))
        for each in found:
            if each.verdict is Verdict.wrong:
                raise WrongContent(
                    name=each.path.name, problem="its hash is another one", details=str(each.path)
                )
            if each.verdict is Verdict.missing:
                raise WrongContent(name=each.path.name, problem="it is missing", details=str(each.path))
        rows = [[str(each.path), each.size, each.sha256, each.verdict.value] for each in found]
        return (_report(context, {"files": rows}),)


class AddParams(Params):
    """What to take in."""

    path: str = param(
        "", QT_TRANSLATE_NOOP("Chores", "Place"), QT_TRANSLATE_NOOP("Chores", "A file or a folder.")
    )
    lora: bool = param(
        False,
        QT_TRANSLATE_NOOP("Chores", "LoRA"),
        QT_TRANSLATE_NOOP("Chores", "Whether it goes into the library of LoRAs."),
    )
    asked: str = asked_param()


@dataclass(frozen=True, kw_only=True)
class AddWeights(Chore):
    """Looks into a file or folder of the user's and remembers what it holds; torch pickles are converted."""

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Leave a report of what is known now. Raises what `add_from` raises."""
        from orfeas_desktop.engine.weights.adding import ADDED, Added, add_from
        from orfeas_desktop.engine.weights.lora_shelf import LoraShelf
        from orfeas_desktop.engine.weights.store import WeightStore

        del inputs
        wanted = cast("AddParams", params)
        loras, path = LoraShelf.of(), Path(wanted.path)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Read")):
            if wanted.lora:
                added = (Added(loras.add(path).name, path, "lora"),)
            else:
                added = add_from(WeightStore.of(), loras, path)
        return (_report(context, ADDED.dump_python(added, mode="json")),)


def _report(context: JobContext, said: object) -> Output:
    path = context.staging / "report.json"
    path.write_text(json.dumps(said), "utf-8")
    return Output("report", path, AssetKind.file, path.name)


_REPORT = (Slot("report", AssetKind.file, QT_TRANSLATE_NOOP("Slots", "Report")),)

DOWNLOAD_WEIGHTS = DownloadWeights(
    id="download-weights",
    version=1,
    title=QT_TRANSLATE_NOOP("Chores", "Download weights"),
    summary=QT_TRANSLATE_NOOP("Chores", "Fetches a weight set from the hub and checks it."),
    params=WeightsParams,
    inputs=(),
    outputs=_REPORT,
    lane=Lane.network,
)

VERIFY_WEIGHTS = VerifyWeights(
    id="verify-weights",
    version=1,
    title=QT_TRANSLATE_NOOP("Chores", "Verify weights"),
    summary=QT_TRANSLATE_NOOP("Chores", "Reads a weight set through and compares its hashes."),
    params=WeightsParams,
    inputs=(),
    outputs=_REPORT,
    lane=Lane.network,
)

ADD_WEIGHTS = AddWeights(
    id="add-weights",
    version=1,
    title=QT_TRANSLATE_NOOP("Chores", "Add weights"),
    summary=QT_TRANSLATE_NOOP("Chores", "Takes in what the user has already."),
    params=AddParams,
    inputs=(),
    outputs=_REPORT,
    lane=Lane.network,
)
