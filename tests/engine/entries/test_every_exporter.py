"""What every exporter promises."""

from __future__ import annotations

import locale
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.errors import BadMesh, BadParams, Cancelled, NotPrintable
from orfeas_desktop.params import FieldKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from orfeas_desktop.assets import LocalFile
    from orfeas_desktop.engine.exporters.base import Exporter
    from orfeas_desktop.engine.mesh.mesh import Mesh

BED = {"bed_width_mm": 5000, "bed_depth_mm": 5000, "bed_height_mm": 5000}
MOST_CHOICES = 8
"""Of longer lists, which come from data files, the ends stand for the rest."""
PROMISING = ("print", "print-stl")
"""Exporters that refuse what cannot be printed; the cube of two metres wants a large bed."""


def usual(exporter: Exporter[Any], **settings: Any) -> Any:
    """The exporter's settings, its defaults where the sample meshes allow."""
    return exporter.params.check(exporter.id, (BED if exporter.id in PROMISING else {}) | settings)


ELSEWHERE = ("report", "card_format")
"""Settings tried in test_report.py, being the same for all, and in test_ktx2.py, needing a program."""
OWN = [exporter for exporter in EXPORTERS if not exporter.program]
"""Those that need another program have their own tests: it is not everywhere, and stamps its files."""
every_exporter = pytest.mark.parametrize("exporter", OWN, ids=lambda exporter: exporter.id)


@pytest.fixture(params=["cube", "ball"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> LocalFile:
    mesh: Mesh = request.getfixturevalue(request.param)
    write_glb(mesh, tmp_path / "in.glb")
    return local_file(tmp_path / "in.glb", AssetKind.mesh, f"{request.param}.glb")


@every_exporter
def test_it_says_what_it_is(exporter: Exporter[Any]) -> None:
    assert exporter.title
    assert exporter.summary.endswith(".")
    assert exporter.suffix.startswith(".") is not exporter.folder
    flat = exporter.id in {"obj", "stl", "ply", "3mf", "print", "print-stl"}
    assert [slot.name for slot in exporter.inputs] == (["mesh"] if flat else ["mesh", "lods", "collision"])
    assert [slot.name for slot in exporter.outputs] == ["file", "parts"]
    for field in exporter.params.fields():
        assert field.title
        assert field.help.endswith(".")


@every_exporter
def test_same_input_same_bytes_and_nothing_else_left(
    exporter: Exporter[Any], source: LocalFile, make_context: Callable[..., Any]
) -> None:
    before = locale.setlocale(locale.LC_ALL), Path.cwd()
    made: list[dict[str, bytes]] = []
    for _ in range(2):
        context = make_context()
        outputs = exporter.run({"mesh": (source,)}, usual(exporter), context)
        assert {output.path for output in outputs} == {
            path for path in context.staging.rglob("*") if path.is_file()
        }
        assert [output.slot for output in outputs] == ["file"] + ["parts"] * (len(outputs) - 1)
        made.append({output.name: output.path.read_bytes() for output in outputs})
    assert (locale.setlocale(locale.LC_ALL), Path.cwd()) == before
    assert made[0] == made[1]
    assert {"bytes", "faces", "width_mm", "height_mm", "depth_mm", "verified_by"} <= context.facts.keys()


@every_exporter
def test_progress_rises_to_one_in_every_stage(
    exporter: Exporter[Any], source: LocalFile, make_context: Callable[..., Any]
) -> None:
    context = make_context()
    exporter.run({"mesh": (source,)}, usual(exporter), context)
    for stage in context.stages:
        told = [fraction for title, fraction in context.fractions if title == stage]
        assert told == sorted(told)
        assert told[-1] == 1.0


@every_exporter
def test_a_cancel_is_obeyed_wherever_it_comes(
    exporter: Exporter[Any], source: LocalFile, make_context: Callable[..., Any]
) -> None:
    whole = make_context()
    exporter.run({"mesh": (source,)}, usual(exporter), whole)
    for look in range(1, whole.looks + 1):
        context = make_context(cancel_at=look)
        try:
            exporter.run({"mesh": (source,)}, usual(exporter), context)
        except Cancelled:
            continue
        # What was judged for the first time before is known by now.
        assert context.looks < look


@every_exporter
def test_settings_survive_json_and_bad_ones_are_refused(exporter: Exporter[Any]) -> None:
    params = exporter.params()
    assert exporter.params.check(exporter.id, params.plain()) == params
    with pytest.raises(BadParams):
        exporter.params.check(exporter.id, {"no such setting": 1})
    for field in exporter.params.fields():
        bad = 7 if field.kind is FieldKind.text else "no such value"
        with pytest.raises(BadParams):
            exporter.params.check(exporter.id, {field.name: bad})


@every_exporter
def test_every_choice_runs(
    exporter: Exporter[Any], source: LocalFile, make_context: Callable[..., Any]
) -> None:
    for field in exporter.params.fields():
        if field.name in ELSEWHERE:
            continue
        choices = [choice.value for choice in field.choices]
        values = (choices[:2] + choices[-2:] if len(choices) > MOST_CHOICES else choices) or (
            [True, False] if field.kind.value == "boolean" else []
        )
        for value in values:
            params = usual(exporter, **{field.name: value})
            assert exporter.run({"mesh": (source,)}, params, make_context())


@every_exporter
def test_a_messy_mesh_is_exported_as_it_is(
    exporter: Exporter[Any], cube: Mesh, tmp_path: Path, make_context: Callable[..., Any]
) -> None:
    """A loose vertex, a collapsed face, a face twice, a hole: written all the same, unless printing is promised."""
    vertices = np.concatenate([cube.vertices, [[9, 9, 9]]]).astype(np.float32)
    faces = np.concatenate([cube.faces[1:], [[0, 0, 1]], cube.faces[5:6]]).astype(np.int32)
    write_glb(cube.changed(vertices=vertices, faces=faces), tmp_path / "messy.glb")
    context, given = make_context(), local_file(tmp_path / "messy.glb", AssetKind.mesh)
    if exporter.id in PROMISING:
        with pytest.raises(NotPrintable, match="holes"):
            exporter.run({"mesh": (given,)}, usual(exporter), context)
        return
    exporter.run({"mesh": (given,)}, exporter.params(), context)
    assert context.facts["faces"] == 13


@every_exporter
def test_a_broken_mesh_is_named(
    exporter: Exporter[Any], tmp_path: Path, make_context: Callable[..., Any]
) -> None:
    (tmp_path / "bad").write_bytes(b"glTF and then nothing")
    broken = local_file(tmp_path / "bad", AssetKind.mesh, "My chair.glb")
    context = make_context()
    with pytest.raises(BadMesh, match=r"My chair\.glb"):
        exporter.run({"mesh": (broken,)}, exporter.params(), context)
    assert list(context.staging.iterdir()) == []
