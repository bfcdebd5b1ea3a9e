"""The printing promise: what is written a slicer takes, what cannot be printed is not written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import BadParams, NotPrintable
from tests.print_bodies import box, closed_bodies, mesh_of_body, unfit_bodies
from tests.printing_files import read_3mf, slicer_says

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh

CLOSED, UNFIT = closed_bodies(), unfit_bodies()


@pytest.fixture
def export(make_context: Callable[..., Any], tmp_path: Path) -> Callable[..., tuple[Any, Path]]:
    """Run an exporter on a mesh and return its context and the file it left."""

    def run(entry: str, mesh: Mesh, **settings: object) -> tuple[Any, Path]:
        write_glb(mesh, tmp_path / "in.glb")
        exporter, context = EXPORTERS[entry], make_context()
        given = local_file(tmp_path / "in.glb", AssetKind.mesh, f"{mesh.name}.glb")
        output, *_ = exporter.run({"mesh": (given,)}, exporter.params.check(entry, settings), context)
        return context, output.path

    return run


def test_there_are_more_than_forty() -> None:
    assert len(CLOSED) + len(UNFIT) == 42


@pytest.mark.parametrize("name", CLOSED)
def test_what_is_written_a_slicer_calls_manifold(export: Callable[..., tuple[Any, Path]], name: str) -> None:
    mesh = CLOSED[name]
    width, height, depth = (side * 1000 for side in mesh.size_m)
    for entry in ("print", "print-stl"):
        context, path = export(entry, mesh, min_wall_mm=0.8)
        said = slicer_says(path)
        assert said["manifold"] == "yes"
        assert int(said["number_of_facets"]) == mesh.face_count == context.facts["faces"]
        assert [float(said[f"size_{axis}"]) for axis in "xyz"] == pytest.approx(
            [width, depth, height], abs=1e-4
        )
        assert context.facts["printable"] is True
        if entry == "print":
            read = read_3mf(path)
            assert read.manifold
            assert float(said["min_x"]) == pytest.approx(110 - width / 2, abs=1e-4)
            assert float(said["min_z"]) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("name", UNFIT)
@pytest.mark.parametrize("entry", ["print", "print-stl"])
def test_what_cannot_be_printed_is_named_and_not_written(
    export: Callable[..., tuple[Any, Path]], tmp_path: Path, name: str, entry: str
) -> None:
    mesh, expected = UNFIT[name]
    with pytest.raises(NotPrintable) as caught:
        export(entry, mesh)
    report = json.loads(caught.value.details)
    stopping = [fault for fault in report["faults"] if fault["stops_printing"]]
    assert {fault["fault"] for fault in stopping} >= expected
    assert report["printable"] is False
    for fault in stopping:
        assert fault["sentence"][1:].rstrip(".") in caught.value.say()
        assert f"“{fault['tool']}”" in caught.value.advise()
        assert fault.get("faces") or fault.get("points") or fault["fault"] == "outside-bed"
    assert not list(tmp_path.rglob(f"*{EXPORTERS[entry].suffix}"))


def test_the_bed_decides_to_a_thousandth(export: Callable[..., tuple[Any, Path]]) -> None:
    export("print", mesh_of_body(box(220, 10, 10)))
    with pytest.raises(NotPrintable, match="bed"):
        export("print", mesh_of_body(box(220.01, 10, 10)))
    export("print", mesh_of_body(box(250, 10, 10)), printer="prusa-mk4")
    with pytest.raises(NotPrintable, match="bed"):
        export("print", mesh_of_body(box(10, 250, 10)), printer="prusa-mk4")
    export("print", mesh_of_body(box(10, 250, 10)), printer="prusa-mk4", bed_depth_mm=250)


def test_an_unknown_bed_is_asked_for(export: Callable[..., tuple[Any, Path]]) -> None:
    with pytest.raises(BadParams, match="bed_width_mm"):
        export("print", mesh_of_body(box(10, 10, 10)), printer="custom")
    export(
        "print",
        mesh_of_body(box(10, 10, 10)),
        printer="custom",
        bed_width_mm=50,
        bed_depth_mm=50,
        bed_height_mm=50,
    )


def test_supports_are_announced(export: Callable[..., tuple[Any, Path]]) -> None:
    table = box(30, 30, 3, (0, 0, 20)) + box(5, 5, 20.5)
    context, _ = export("print", mesh_of_body(table))
    assert context.facts["supports_needed"] is True
    assert "supports" in context.warnings[0]


def test_textures_and_groups_stay_in_a_printed_file(
    export: Callable[..., tuple[Any, Path]], ball: Mesh
) -> None:
    context, path = export("print", ball)
    read = read_3mf(path)
    assert read.manifold
    assert np.unique(read.properties[:, 0]).size == 2
    assert context.facts["verified_by"] == "Expat"


def test_what_the_print_check_judged_is_exported_without_judging_it_again(
    make_context: Callable[..., Any], tmp_path: Path
) -> None:
    """Another printer, or a place that moved, is judged anew."""
    table = mesh_of_body(box(30, 30, 3, (0, 0, 20)) + box(5, 5, 20.5)).changed(metres_per_unit=0.0013)
    write_glb(table, tmp_path / "in.glb")
    given = {"mesh": (local_file(tmp_path / "in.glb", AssetKind.mesh, "table.glb"),)}
    check = TOOLS["print-check"]
    judged, *_ = check.run(given, check.params(), make_context())
    given = {"mesh": (local_file(judged.path, AssetKind.mesh, "table.glb"),)}

    def steps_of(files: Any, **settings: object) -> tuple[int, Any]:
        context = make_context()
        EXPORTERS["print-stl"].run(files, EXPORTERS["print-stl"].params.check("print-stl", settings), context)
        return sum(stage == "Write" for stage, _ in context.fractions), context

    few, known = steps_of(given)
    many, anew = steps_of(given, layer_mm=0.25)
    assert few < 5 < many
    assert known.warnings == anew.warnings != []
    assert {**known.facts, "layer_mm": 0.25} == anew.facts
    moved = table.vertices.copy()
    moved[0] += 1
    write_glb(table.changed(vertices=moved), tmp_path / "moved.glb")
    assert steps_of({"mesh": (local_file(tmp_path / "moved.glb", AssetKind.mesh, "moved.glb"),)})[0] > 5
