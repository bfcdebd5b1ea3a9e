"""What the exporters of 3MF files share: the setting of colours, writing and reading back."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from orfeas_desktop.engine.exporters.base import Contents, Written
from orfeas_desktop.engine.formats.threemf import Coloring, Wanted, read_3mf_contents, write_3mf
from orfeas_desktop.engine.jobs.recipe import NOTICE
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.errors import BadMesh, ExportNotVerified
from orfeas_desktop.params import Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh


def coloring_param() -> Coloring:
    """Return the field of a `Params` class that says how colours are carried."""
    return param(
        Coloring.textures,
        QT_TRANSLATE_NOOP("Params", "Colours"),
        QT_TRANSLATE_NOOP("Params", "Textures are exact; some printing programs read vertex colours only."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Textures"),
                QT_TRANSLATE_NOOP("Params", "A colour per vertex"),
                QT_TRANSLATE_NOOP("Params", "None"),
            )
        ),
    )


def write_threemf(
    parts: Sequence[Mesh], path: Path, wanted: Wanted, step: Callable[[float], None]
) -> Written:
    """Write `parts`, in millimetres and z up. Raises BadMesh for a damaged texture."""
    noted = replace(wanted, notice=str(parts[0].extras.get(NOTICE) or ""))
    try:
        return Written(Contents(**asdict(write_3mf(parts, path, noted, step))), space="z up, millimetres")
    except Broken as problem:
        raise BadMesh(name=parts[0].name, problem=str(problem)) from None


def read_back_threemf(path: Path) -> Contents:
    """Return what the file holds. Raises ExportNotVerified when its unit is another one."""
    try:
        return Contents(**asdict(read_3mf_contents(path)))
    except Broken as problem:
        raise ExportNotVerified(format="3MF", problem=str(problem)) from None
