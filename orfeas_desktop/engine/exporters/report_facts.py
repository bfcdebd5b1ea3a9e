"""What a report tells of an export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orfeas_desktop.engine.formats.second_readers import Verdict
from orfeas_desktop.engine.render.likeness import Likeness
from orfeas_desktop.params import Scalar


@dataclass(frozen=True)
class TextureTold:
    """A picture in the export."""

    use: str
    width: int
    height: int
    media_type: str


@dataclass(frozen=True)
class Picture:
    """What is shown of the export: who read it, and how much it looks as what was handed in."""

    reader: str
    """Empty: nobody here opens the format, so the picture shows what was handed to the exporter."""
    likeness: Likeness | None
    colors: bool
    """Whether colours can be compared."""


@dataclass(frozen=True)
class Report:
    """What is told of an export; the JSON file holds these names."""

    format: str
    exporter: str
    program: str
    origin: str
    """The preset and recipe that led to the export, where any did."""
    made: Mapping[str, Scalar]
    """What made the mesh, as the mesh itself keeps it."""
    settings: Mapping[str, Scalar]
    files: tuple[tuple[str, int], ...]
    """Names and bytes."""
    nodes: int
    faces_per_level: tuple[int, ...]
    collision_pieces: int
    cameras: int
    lights: int
    textures: tuple[TextureTold, ...]
    size_m: tuple[float, ...]
    space: str
    read_back_by: str
    readers: tuple[Verdict, ...]
    picture: Picture
    notes: tuple[str, ...]
    unjudged: str
    left_out: tuple[str, ...] = ()
    """Properties of surfaces that the format is not given."""
