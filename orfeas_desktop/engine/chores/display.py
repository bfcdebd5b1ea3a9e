"""A mesh becomes arrays that the viewport maps: first a stand-in, then the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.chores.base import MESH_IN, Chore
from orfeas_desktop.engine.chores.display_files import DisplayFacts, DisplayManifest, write_surface
from orfeas_desktop.engine.jobs.context import Output
from orfeas_desktop.params import Params, Traits, param
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.chores.display_files import SurfaceFiles
    from orfeas_desktop.engine.jobs.context import Inputs, JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.render.surface import Surface


class DisplayParams(Params):
    """How much detail is shown."""

    stand_in_faces: int = param(
        60_000,
        QT_TRANSLATE_NOOP("Params", "Stand-in faces"),
        QT_TRANSLATE_NOOP(
            "Params", "A mesh of more than twice as many faces is shown reduced first and while it turns."
        ),
        ge=100,
        le=1_000_000,
        traits=Traits(advanced=True),
    )
    texture_side: int = param(
        4096,
        QT_TRANSLATE_NOOP("Params", "Largest texture"),
        QT_TRANSLATE_NOOP("Params", "Larger textures are shown reduced."),
        ge=64,
        le=8192,
        traits=Traits(unit="px", advanced=True),
    )


@dataclass(frozen=True, kw_only=True)
class PrepareDisplay(Chore):
    """Writes a manifest and its arrays; a large mesh's stand-in is previewed on the way."""

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Write the display files. Raises BadMesh."""
        from orfeas_desktop.engine.chores.stand_in import stand_in_of
        from orfeas_desktop.engine.mesh.files import read_mesh
        from orfeas_desktop.engine.render.surface import surfaces_of

        wanted = cast("DisplayParams", params)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Reading")):
            mesh = read_mesh(inputs["mesh"][0].path)
            surfaces = surfaces_of(mesh, max_texture_side=wanted.texture_side)
        stand_in, files = None, []
        if mesh.face_count > 2 * wanted.stand_in_faces:
            with context.stage(QT_TRANSLATE_NOOP("Stages", "Stand-in")):
                reduced = stand_in_of(surfaces, wanted.stand_in_faces)
                stand_in, files = write_surface(reduced, context.staging, "stand-in")
                context.preview(
                    _write(context.staging / "preview.json", mesh, (), stand_in), AssetKind.display
                )
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Display")):
            shown, paths = self._write_surfaces(surfaces, context)
            manifest = _write(context.staging / "display.json", mesh, shown, stand_in)
        arrays = (Output("arrays", path, AssetKind.display, path.name) for path in (*files, *paths))
        return (Output("manifest", manifest, AssetKind.display, manifest.name), *arrays)

    def _write_surfaces(
        self, surfaces: tuple[Surface, ...], context: JobContext
    ) -> tuple[tuple[SurfaceFiles, ...], list[Path]]:
        shown: list[SurfaceFiles] = []
        paths: list[Path] = []
        for number, surface in enumerate(surfaces):
            context.progress(number / len(surfaces))
            files, written = write_surface(surface, context.staging, str(number))
            shown.append(files)
            paths.extend(written)
        context.progress(1.0)
        return tuple(shown), paths


def _write(path: Path, mesh: Mesh, surfaces: tuple[SurfaceFiles, ...], stand_in: SurfaceFiles | None) -> Path:
    low, high = (corner.astype(float) * mesh.metres_per_unit for corner in mesh.bounds)
    manifest = DisplayManifest(
        metres_per_unit=mesh.metres_per_unit,
        facts=DisplayFacts(
            vertices=mesh.vertex_count,
            faces=mesh.face_count,
            low=(low[0], low[1], low[2]),
            high=(high[0], high[1], high[2]),
        ),
        surfaces=surfaces,
        stand_in=stand_in,
    )
    path.write_text(manifest.model_dump_json(), encoding="utf-8")
    return path


DISPLAY = PrepareDisplay(
    id="display",
    version=1,
    title=QT_TRANSLATE_NOOP("Chores", "Display"),
    summary=QT_TRANSLATE_NOOP("Chores", "Arrays that the 3D view maps into memory."),
    params=DisplayParams,
    inputs=MESH_IN,
    outputs=(
        Slot("manifest", AssetKind.display, QT_TRANSLATE_NOOP("Slots", "Manifest")),
        Slot("arrays", AssetKind.display, QT_TRANSLATE_NOOP("Slots", "Arrays"), many=True),
    ),
    lane=Lane.cpu,
)
