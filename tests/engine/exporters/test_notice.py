"""What the licence of the weights wants to go along is beside every export and in every GLB."""

from __future__ import annotations

import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.jobs.recipe import NOTICE
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb

WORDS = "Tencent Hunyuan 3D 2.0 is licensed under …"


def exported(exporter, mesh, tmp_path, context, **params):
    write_glb(mesh, tmp_path / "cup.glb", extras=mesh.extras)
    file = local_file(tmp_path / "cup.glb", AssetKind.mesh)
    return exporter.run({"mesh": (file,)}, exporter.params(**params), context)


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.id)
def test_the_notice_lies_beside_the_file(exporter, cube, tmp_path, job_context) -> None:
    small = cube.changed(extras={NOTICE: WORDS}, metres_per_unit=0.01)
    outputs = exported(exporter, small, tmp_path, job_context)
    notice = next(output for output in outputs if output.name == "cup-NOTICE.txt")
    assert notice.slot == "parts"
    assert notice.path.read_text("utf-8") == f"{WORDS}\n"


def test_without_a_notice_there_is_no_file(cube, tmp_path, job_context) -> None:
    (only,) = exported(EXPORTERS["glb"], cube, tmp_path, job_context)
    assert NOTICE not in read_glb(only.path).extras


def test_a_glb_without_its_recipe_keeps_the_notice(cube, tmp_path, job_context) -> None:
    mesh = cube.changed(extras={NOTICE: WORDS, "seed": 3})
    outputs = exported(EXPORTERS["glb"], mesh, tmp_path, job_context, recipe=False)
    assert dict(read_glb(outputs[0].path).extras) == {NOTICE: WORDS}
