"""Targets: where each export of a preset goes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path

from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.presets import Preset, PresetExport


def targets(preset: Preset, folder: Path, name: str) -> Iterator[tuple[PresetExport, Path]]:
    """Yield every export with a file or folder of its own in `folder`, called `name` and how it ends.

    A further file that would end as an earlier one has the exporter's id in its name. Raises UnknownEntry.
    """
    taken: set[str] = set()
    for part in preset.exports:
        exporter = EXPORTERS[part.to]
        own = f"{name}-{part.to}"
        stems = chain(() if exporter.folder else (name,), (own,), (f"{own}-{number}" for number in count(2)))
        file = next(f"{stem}{exporter.suffix}" for stem in stems if f"{stem}{exporter.suffix}" not in taken)
        taken.add(file)
        yield part, folder / file
