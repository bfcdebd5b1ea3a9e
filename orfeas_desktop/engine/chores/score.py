"""The scorecard of a mesh: closed, pieces, faces, texture layout and sharpness, likeness to its picture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.chores.base import MESH_IN, Chore
from orfeas_desktop.engine.jobs.context import Output
from orfeas_desktop.errors import BadPicture
from orfeas_desktop.params import Params
from orfeas_desktop.pictures import read_picture
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.assets import LocalFile
    from orfeas_desktop.engine.jobs.context import Inputs, JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.params import Scalar

_HALF = 127
_CLEAR = 0.01
"""Share of a picture that has to be clear before its alpha counts as an outline."""


class ScoreParams(Params):
    """Nothing to set."""


@dataclass(frozen=True, kw_only=True)
class Score(Chore):
    """Measures a mesh after it was made; a mask or a cut-out picture tells what its outline should be."""

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Leave the figures as facts and as a report. Raises BadMesh."""
        from orfeas_desktop.engine.mesh.facts import mesh_facts
        from orfeas_desktop.engine.mesh.files import read_mesh_file

        del params
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Reading")):
            mesh = read_mesh_file(inputs["mesh"][0])
            context.progress(1.0)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Measuring")):
            facts = mesh_facts(mesh)
            told: dict[str, Scalar] = {
                "closed": facts.watertight,
                "components": facts.components,
                "faces": facts.faces,
            }
            context.progress(0.4)
            told |= _layout(mesh)
            context.progress(0.8)
            told["silhouette_iou"] = _likeness(mesh, inputs)
            context.progress(1.0)
        for name, value in told.items():
            context.fact(name, value)
        path = context.staging / "score.json"
        path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        return (Output("score", path, AssetKind.report, path.name),)


def _layout(mesh: Mesh) -> dict[str, Scalar]:
    from orfeas_desktop.engine.mesh.charts import chart_facts
    from orfeas_desktop.engine.mesh.score import sharpness
    from orfeas_desktop.engine.mesh.textures import pixels_of, texture_size

    textures = [material.base_color_texture for material in mesh.materials]
    largest = max((each for each in textures if each), key=lambda each: max(texture_size(each)), default=None)
    if not mesh.uvs:
        return {}
    charts = chart_facts(mesh, texture_side=max(texture_size(largest)) if largest else None)
    density = charts.texels_per_mm
    return {
        "uv_stretch": round(charts.stretch, 4),
        "uv_coverage": round(charts.coverage, 4),
        "texels_per_mm": None if density is None else round(density, 4),
        "texture_sharpness": None if largest is None else round(sharpness(pixels_of(largest)), 3),
    }


def _likeness(mesh: Mesh, inputs: Inputs) -> float | None:
    """Return how well the outline from the front meets the picture's, 0..1; None when that is not known."""
    from orfeas_desktop.engine.mesh.score import cut_out, front_outline, overlap

    inside = None
    try:
        if "mask" in inputs:
            inside = _pixels(inputs["mask"][0])[..., 0] > _HALF
        elif "picture" in inputs:
            alpha = _pixels(inputs["picture"][0])[..., 3] > _HALF
            inside = alpha if (~alpha).mean() > _CLEAR else None
    except BadPicture:
        return None
    wanted = None if inside is None else cut_out(inside)
    return None if wanted is None else round(overlap(front_outline(mesh), wanted), 4)


def _pixels(file: LocalFile) -> NDArray[np.uint8]:
    return np.asarray(read_picture(file.path, max_side=1024, max_megapixels=1000).convert("RGBA"))


SCORE = Score(
    id="score",
    version=1,
    title=QT_TRANSLATE_NOOP("Chores", "Scorecard"),
    summary=QT_TRANSLATE_NOOP("Chores", "How good a mesh is, in figures."),
    params=ScoreParams,
    inputs=(
        *MESH_IN,
        Slot("mask", AssetKind.mask, QT_TRANSLATE_NOOP("Slots", "Mask"), required=False),
        Slot("picture", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "Picture"), required=False),
    ),
    outputs=(Slot("score", AssetKind.report, QT_TRANSLATE_NOOP("Slots", "Scorecard")),),
    lane=Lane.cpu,
)
