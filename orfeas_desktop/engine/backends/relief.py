"""Quick relief: one picture, or one from each side, becomes a closed textured mesh without any AI weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from pydantic import field_validator

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.backends.base import Backend, Task
from orfeas_desktop.engine.jobs.context import Output
from orfeas_desktop.engine.jobs.recipe import recipe
from orfeas_desktop.engine.relief.height import Shape
from orfeas_desktop.engine.relief.mask import Box, FoundMask, find_mask
from orfeas_desktop.engine.relief.views import Side
from orfeas_desktop.params import FieldKind, Params, Traits, param
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.assets import LocalFile
    from orfeas_desktop.engine.jobs.context import Inputs, JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.relief.build import View

    Bytes = NDArray[np.uint8]

LONGEST_SIDE = 1024
MOST_MEGAPIXELS = 1000.0
"""A last stop only: the user's own limit is kept before a job is made."""

SURE = 0.6
"""Below this confidence a look at the mask is due."""


class MaskParams(Params):
    """Settings of the entry `relief-mask`."""

    box: str = param(
        "",
        QT_TRANSLATE_NOOP("Params", "Box"),
        QT_TRANSLATE_NOOP("Params", "Where the object is, as x0,y0,x1,y1 in pixels of the front picture."),
        traits=Traits(kind=FieldKind.box),
    )

    @field_validator("box")
    @classmethod
    def _is_box(cls, text: str) -> str:
        read_box(text)
        return text


class ReliefParams(MaskParams):
    """Settings of the entry `relief`."""

    shape: Shape = param(
        Shape.auto,
        QT_TRANSLATE_NOOP("Params", "Shape"),
        QT_TRANSLATE_NOOP(
            "Params",
            "How depth is invented; automatic makes vessels round and all else soft. Side pictures overrule it.",
        ),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Automatic"),
                QT_TRANSLATE_NOOP("Params", "Soft"),
                QT_TRANSLATE_NOOP("Params", "Round"),
            )
        ),
    )
    depth: float = param(
        1.0,
        QT_TRANSLATE_NOOP("Params", "Depth"),
        QT_TRANSLATE_NOOP(
            "Params", "Thicker or thinner than the program would have it. Side pictures overrule it."
        ),
        ge=0.5,
        le=1.5,
        traits=Traits(step=0.05, unit="×"),
    )
    resolution: int = param(
        160,
        QT_TRANSLATE_NOOP("Params", "Resolution"),
        QT_TRANSLATE_NOOP(
            "Params", "Cells along the longest side; more gives finer outlines and more triangles."
        ),
        ge=64,
        le=256,
        traits=Traits(step=16, advanced=True),
    )
    detail: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Fine relief"),
        QT_TRANSLATE_NOOP(
            "Params",
            "Reads small bumps from light and dark; printed patterns become bumps too. "
            "Not used with side pictures.",
        ),
    )


def read_box(text: str) -> Box | None:
    """Read `x0,y0,x1,y1`; nothing means no box. Raises ValueError for anything else."""
    if not text.strip():
        return None
    corners = [float(part) for part in text.split(",")]
    if len(corners) != 4 or not np.isfinite(corners).all():
        raise ValueError("a box is x0,y0,x1,y1")
    x0, y0, x1, y1 = corners
    if x0 < 0 or y0 < 0 or x1 <= x0 or y1 <= y0:
        raise ValueError("a box is x0,y0,x1,y1 with x0 < x1, y0 < y1 and none below 0")
    return Box(x0, y0, x1, y1)


def _prepare(context: JobContext) -> None:
    """Make OpenCV use the job's threads and repeat itself for the job's seed."""
    import cv2

    cv2.setNumThreads(context.threads)
    cv2.setRNGSeed(context.seed % 2**31)


def _pixels(file: LocalFile) -> tuple[Bytes, tuple[float, float]]:
    """Return the picture (H, W, 4), at most 1024 on its longest side, and its scale along x and y."""
    from orfeas_desktop.pictures import check_picture, read_picture

    info = check_picture(file.path, max_megapixels=MOST_MEGAPIXELS)
    image = read_picture(file.path, max_side=LONGEST_SIDE, max_megapixels=MOST_MEGAPIXELS)
    return np.asarray(image), (image.width / info.width, image.height / info.height)


def _front_mask(inputs: Inputs, picture: Bytes, scale: tuple[float, float], box: str) -> FoundMask:
    given = inputs.get("mask")
    corners = read_box(box)
    return find_mask(
        picture,
        inputs["front"][0].name,
        box=corners.scaled(*scale) if corners else None,
        given=_pixels(given[0])[0] if given else None,
    )


def _mask_output(found: FoundMask, name: str, context: JobContext) -> Output:
    """Write the mask, white where the object is."""
    from PIL import Image

    path = context.staging / "mask.png"
    Image.fromarray(found.inside.astype(np.uint8) * np.uint8(255)).save(path)
    return Output("mask", path, AssetKind.mask, f"{Path(name).stem} mask.png")


def _tell(found: FoundMask, confidence: float, context: JobContext) -> None:
    context.fact("mask_how", found.how.value)
    context.fact("mask_confidence", round(confidence, 3))


_FRONT = Slot("front", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "Front"))
_MASK_IN = Slot("mask", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "Mask"), required=False)
_MASK_OUT = Slot("mask", AssetKind.mask, QT_TRANSLATE_NOOP("Slots", "Mask"))


@dataclass(frozen=True, kw_only=True)
class Relief(Backend):
    """Builds the mesh; everything heavy is imported while it runs."""

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """See the module; raises the BadPicture family, OutOfMemory and Cancelled."""
        options = cast("ReliefParams", params)
        _prepare(context)
        views, found, confidence = self._views(inputs, options, context)
        _tell(found, confidence, context)
        mask = _mask_output(found, views[Side.front].name, context)
        context.preview(mask.path, mask.kind)
        if confidence < SURE:
            context.warn(
                QT_TRANSLATE_NOOP(
                    "Warnings", "The outline in “{name}” may be wrong: check the mask or draw a box."
                ),
                name=views[Side.front].name,
            )
        made_by = recipe(self, inputs, options, context.seed)
        mesh = replace(_built(views, options, context), extras=made_by)
        return self._written(mesh, views[Side.front].name, context), mask

    def unload(self) -> None:
        """Nothing is kept between runs."""

    @staticmethod
    def _views(
        inputs: Inputs, options: ReliefParams, context: JobContext
    ) -> tuple[dict[Side, View], FoundMask, float]:
        """Return the pictures by side, the front's mask, and the confidence of the least sure mask."""
        from orfeas_desktop.engine.relief.build import View

        with context.stage(QT_TRANSLATE_NOOP("Stages", "Reading the picture")):
            files = {side: inputs[side.value][0] for side in Side if inputs.get(side.value)}
            pictures = {side: _pixels(file) for side, file in files.items()}
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Finding the object")):
            front, scale = pictures[Side.front]
            found = _front_mask(inputs, front, scale, options.box)
            views = {Side.front: View(front, found.inside, files[Side.front].name)}
            confidence = found.confidence
            for side in files:
                context.check_cancelled()
                if side is Side.front:
                    continue
                other = find_mask(pictures[side][0], files[side].name)
                views[side] = View(pictures[side][0], other.inside, files[side].name)
                confidence = min(confidence, other.confidence)
        return views, found, confidence

    @staticmethod
    def _written(mesh: Mesh, name: str, context: JobContext) -> Output:
        from orfeas_desktop.engine.mesh.facts import mesh_facts
        from orfeas_desktop.engine.mesh.glb import write_glb

        with context.stage(QT_TRANSLATE_NOOP("Stages", "Writing the mesh")):
            facts = mesh_facts(mesh)
            context.fact("vertices", facts.vertices)
            context.fact("faces", facts.faces)
            context.fact("watertight", facts.watertight)
            path = context.staging / "mesh.glb"
            write_glb(replace(mesh, name=Path(name).stem), path)
        return Output("mesh", path, AssetKind.mesh, f"{Path(name).stem}.glb")


def _built(views: dict[Side, View], params: ReliefParams, context: JobContext) -> Mesh:
    from orfeas_desktop.engine.relief.build import ReliefOptions, build_relief
    from orfeas_desktop.engine.relief.build_views import build_from_views

    if Side.left in views or Side.right in views:
        if (params.shape, params.depth) != (ReliefParams().shape, ReliefParams().depth):
            context.warn(
                QT_TRANSLATE_NOOP(
                    "Warnings", "Shape and depth come from the side pictures; the settings are not used."
                )
            )
        return build_from_views(views, params.resolution, context)
    options = ReliefOptions(params.shape, params.depth, params.resolution, params.detail)
    return build_relief(views[Side.front], options, context, behind=views.get(Side.back))


@dataclass(frozen=True, kw_only=True)
class ReliefMask(Backend):
    """Finds the object only, for the user to look at and correct before building."""

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """See the class; raises the BadPicture family and Cancelled."""
        _prepare(context)
        file = inputs["front"][0]
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Reading the picture")):
            picture, scale = _pixels(file)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Finding the object")):
            found = _front_mask(inputs, picture, scale, cast("MaskParams", params).box)
        _tell(found, found.confidence, context)
        return (_mask_output(found, file.name, context),)

    def unload(self) -> None:
        """Nothing is kept between runs."""


RELIEF = Relief(
    id="relief",
    version=2,
    title=QT_TRANSLATE_NOOP("Backends", "Quick relief (no AI weights)"),
    summary=QT_TRANSLATE_NOOP(
        "Backends",
        "Inflates the outline of one object; the back is invented unless you give pictures of the sides.",
    ),
    params=ReliefParams,
    inputs=(
        _FRONT,
        Slot("left", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "From the left"), required=False),
        Slot("back", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "From behind"), required=False),
        Slot("right", AssetKind.picture, QT_TRANSLATE_NOOP("Slots", "From the right"), required=False),
        _MASK_IN,
    ),
    outputs=(Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")), _MASK_OUT),
    lane=Lane.cpu,
    task=Task.image_to_mesh,
    licence="Apache-2.0",
)

RELIEF_MASK = ReliefMask(
    id="relief-mask",
    version=1,
    title=QT_TRANSLATE_NOOP("Backends", "Find the object"),
    summary=QT_TRANSLATE_NOOP(
        "Backends", "Shows which part of a picture “Quick relief” takes for the object."
    ),
    params=MaskParams,
    inputs=(_FRONT, _MASK_IN),
    outputs=(_MASK_OUT,),
    lane=Lane.cpu,
    task=Task.image_to_mask,
)
