"""A small picture of a mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.chores.base import MESH_IN, Chore, stem_of
from orfeas_desktop.engine.jobs.context import Output
from orfeas_desktop.engine.render.picture import Ground, Shot, draw_mesh, save_picture
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import Inputs, JobContext


class ThumbnailParams(Params):
    """How large, and on what."""

    size: int = param(
        256,
        QT_TRANSLATE_NOOP("Params", "Size"),
        QT_TRANSLATE_NOOP("Params", "Width and height of the picture."),
        ge=64,
        le=4096,
        traits=Traits(unit="px", step=64),
    )
    background: Ground = param(
        Ground.transparent,
        QT_TRANSLATE_NOOP("Params", "Background"),
        QT_TRANSLATE_NOOP("Params", "What is behind the mesh."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Transparent"),
                QT_TRANSLATE_NOOP("Params", "Dark"),
                QT_TRANSLATE_NOOP("Params", "Light"),
            )
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Thumbnail(Chore):
    """Draws the mesh from three quarters, its texture on."""

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Write one PNG file. Raises BadMesh, and ProgramMissing without OpenGL."""
        from orfeas_desktop.engine.mesh.files import read_mesh

        wanted = cast("ThumbnailParams", params)
        given = inputs["mesh"][0]
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Reading")):
            mesh = read_mesh(given.path)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Drawing")):
            pixels = draw_mesh(mesh, Shot(wanted.size, wanted.size, wanted.background))
            context.check_cancelled()
            path = context.staging / "thumbnail.png"
            save_picture(pixels, path)
        return (Output("thumbnail", path, AssetKind.thumbnail, f"{stem_of(given.name)}.png"),)


THUMBNAIL = Thumbnail(
    id="thumbnail",
    version=1,
    title=QT_TRANSLATE_NOOP("Chores", "Thumbnail"),
    summary=QT_TRANSLATE_NOOP("Chores", "A picture of the mesh as a PNG file."),
    params=ThumbnailParams,
    inputs=MESH_IN,
    outputs=(Slot("thumbnail", AssetKind.thumbnail, QT_TRANSLATE_NOOP("Slots", "Thumbnail")),),
    lane=Lane.cpu,
)
