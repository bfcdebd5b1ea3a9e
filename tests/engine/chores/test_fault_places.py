"""Where the faults of a report lie."""

from __future__ import annotations

import json

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.chores.fault_places import FAULT_PLACES
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.errors import BadInput


@pytest.fixture
def places_of(cube, make_context, tmp_path):
    """Run the chore on a cube and a report of this text."""

    def run(report: str):
        write_glb(cube.changed(metres_per_unit=0.5), tmp_path / "in.glb")
        (tmp_path / "report.json").write_text(report)
        inputs = {
            "mesh": (local_file(tmp_path / "in.glb", AssetKind.mesh),),
            "report": (local_file(tmp_path / "report.json", AssetKind.report),),
        }
        (output,) = FAULT_PLACES.run(inputs, FAULT_PLACES.params(), make_context())
        with np.load(output.path, allow_pickle=False) as held:
            return {name: held[name] for name in held.files}

    return run


def test_faces_become_triangles_in_metres_and_points_stay(places_of, cube):
    faults = [
        {"fault": "turned-faces", "faces": [2, 5]},
        {"fault": "open-edges", "points": [[0, 0, 1]]},
        {"fault": "inside-out", "count": 1},
    ]
    found = places_of(json.dumps({"faults": faults}))
    assert set(found) == {"turned-faces-faces", "open-edges-points"}
    np.testing.assert_allclose(
        found["turned-faces-faces"], cube.vertices[cube.faces[[2, 5]]] * 0.5, atol=1e-6
    )
    assert found["open-edges-points"].tolist() == [[0, 0, 1]]


@pytest.mark.parametrize(
    "report",
    [
        "",
        "[]",
        "{}",
        '{"faults": 3}',
        '{"faults": [{"faces": [1]}]}',
        '{"faults": [{"fault": "x", "faces": [99999]}]}',
        '{"faults": [{"fault": "x", "faces": [-1]}]}',
        '{"faults": [{"fault": "x", "points": [[1, 2]]}]}',
        '{"faults": [{"fault": "x", "faces": ["a"]}]}',
    ],
)
def test_a_report_of_something_else_is_refused(places_of, report):
    with pytest.raises(BadInput, match="does not belong"):
        places_of(report)
