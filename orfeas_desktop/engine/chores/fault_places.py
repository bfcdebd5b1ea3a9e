"""Where the faults of a report lie: triangles and points that the 3D view can mark."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.chores.base import MESH_IN, Chore
from orfeas_desktop.engine.jobs.context import Output
from orfeas_desktop.errors import BadInput
from orfeas_desktop.params import Params
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.jobs.context import Inputs, JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh


class FaultPlacesParams(Params):
    """Nothing to set."""


@dataclass(frozen=True, kw_only=True)
class FaultPlaces(Chore):
    """Looks the faces that a report names up in its mesh."""

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Write `ID-faces` (N, 3, 3) and `ID-points` (N, 3) in metres. Raises BadMesh, and BadInput for no report."""
        from orfeas_desktop.engine.mesh.files import read_mesh_file

        del params
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Reading")):
            mesh = read_mesh_file(inputs["mesh"][0])
            faults = _faults_of(inputs["report"][0].path)
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Write")):
            path = context.staging / "places.npz"
            try:
                arrays = {name: array for fault in faults for name, array in _places(fault, mesh).items()}
            except (KeyError, IndexError, TypeError, ValueError) as problem:
                raise _no_report(str(problem)) from None
            np.savez(path, allow_pickle=False, **arrays)
            context.progress(1.0)
        return (Output("places", path, AssetKind.display, path.name),)


def _faults_of(path: Path) -> list[dict[str, object]]:
    try:
        report = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as problem:
        raise _no_report(str(problem)) from None
    faults = cast("dict[str, object]", report).get("faults") if isinstance(report, dict) else None
    if not isinstance(faults, list):
        raise _no_report("no list of faults")
    return [
        cast("dict[str, object]", each) for each in cast("list[object]", faults) if isinstance(each, dict)
    ]


def _places(fault: dict[str, object], mesh: Mesh) -> dict[str, NDArray[np.float32]]:
    name = str(fault["fault"])
    found: dict[str, NDArray[np.float32]] = {}
    if fault.get("faces"):
        numbers = np.asarray(fault["faces"], np.int64).reshape(-1)
        if numbers.min() < 0:
            raise ValueError("a face has a number below nought")
        places = mesh.vertices[mesh.faces[numbers]].astype(np.float64) * mesh.metres_per_unit
        found[f"{name}-faces"] = places.astype(np.float32)
    if fault.get("points"):
        found[f"{name}-points"] = np.asarray(fault["points"], np.float32).reshape(-1, 3)
    return found


def _no_report(details: str) -> BadInput:
    return BadInput(entry="fault-places", problem="the report does not belong to the mesh", details=details)


FAULT_PLACES = FaultPlaces(
    id="fault-places",
    version=1,
    title=QT_TRANSLATE_NOOP("Chores", "Places of faults"),
    summary=QT_TRANSLATE_NOOP("Chores", "Where the faults that a report names lie."),
    params=FaultPlacesParams,
    inputs=(*MESH_IN, Slot("report", AssetKind.report, QT_TRANSLATE_NOOP("Slots", "Report"))),
    outputs=(Slot("places", AssetKind.display, QT_TRANSLATE_NOOP("Slots", "Places")),),
    lane=Lane.cpu,
)
