"""The files that the viewport maps: a manifest and the `.npy` arrays it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from orfeas_desktop.engine.render.surface import Finish, Surface
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.requests import JobResult

Triple = tuple[float, float, float]
Kind = TypeVar("Kind", bound=np.generic)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SurfaceFiles(_Record):
    """The array files of one surface, by name, and its finish."""

    vertices: str
    faces: str
    normals: str | None
    uv: str | None
    colors: str | None
    texture: str | None
    color: tuple[float, float, float, float]
    metallic: float
    roughness: float
    emissive: Triple


class DisplayFacts(_Record):
    """What is said of the mesh beside it. Lengths are in metres."""

    vertices: int
    faces: int
    low: Triple
    high: Triple

    @property
    def size(self) -> Triple:
        """Width, height and depth."""
        (x0, y0, z0), (x1, y1, z1) = self.low, self.high
        return x1 - x0, y1 - y0, z1 - z0


class DisplayManifest(_Record):
    """What can be drawn of one mesh; a preview has a stand-in and no surfaces yet."""

    format: Literal[1] = 1
    metres_per_unit: float
    facts: DisplayFacts
    surfaces: tuple[SurfaceFiles, ...]
    stand_in: SurfaceFiles | None


@dataclass(frozen=True, eq=False)
class Display:
    """What the viewport draws, checked and mapped. Vertices are in units of `metres_per_unit`."""

    facts: DisplayFacts
    metres_per_unit: float
    surfaces: tuple[Surface, ...]
    stand_in: Surface | None


def write_surface(surface: Surface, folder: Path, prefix: str) -> tuple[SurfaceFiles, tuple[Path, ...]]:
    """Write the surface's arrays as `folder/prefix-….npy`; return their names and paths."""
    written: list[Path] = []

    def save(label: str, array: NDArray[Any] | None) -> str | None:
        if array is None:
            return None
        path = folder / f"{prefix}-{label}.npy"
        np.save(path, array, allow_pickle=False)
        written.append(path)
        return path.name

    finish = surface.finish
    files = SurfaceFiles(
        vertices=save("vertices", surface.vertices) or "",
        faces=save("faces", surface.faces) or "",
        normals=save("normals", surface.normals),
        uv=save("uv", surface.uv),
        colors=save("colors", surface.colors),
        texture=save("texture", surface.texture),
        color=finish.color,
        metallic=finish.metallic,
        roughness=finish.roughness,
        emissive=finish.emissive,
    )
    return files, tuple(written)


def array_paths(result: JobResult) -> dict[str, Path]:
    """Return where the arrays of a display job lie, by the names that its manifest uses."""
    return {output.file.name: output.file.path for output in result.files if output.slot == "arrays"}


def read_display(manifest: Path, arrays: Mapping[str, Path] | None = None) -> Display:
    """Map what `manifest` names; a file absent from `arrays` (name to path) is looked for beside it.

    The stand-in is read whole, so that its short-lived files are not held.
    Raises BadMesh when a file is missing or does not hold what it should.
    """
    try:
        read = DisplayManifest.model_validate_json(manifest.read_bytes())
    except (OSError, ValidationError) as fault:
        raise BadMesh(
            name=manifest.name, problem="its display files are damaged", details=str(fault)
        ) from fault
    places = arrays or {}

    def surface(files: SurfaceFiles, *, mapped: bool) -> Surface:
        return _read_surface(files, manifest.parent, places, mapped=mapped)

    try:
        return Display(
            facts=read.facts,
            metres_per_unit=read.metres_per_unit,
            surfaces=tuple(surface(files, mapped=True) for files in read.surfaces),
            stand_in=None if read.stand_in is None else surface(read.stand_in, mapped=False),
        )
    except (OSError, ValueError, EOFError) as fault:
        raise BadMesh(
            name=manifest.name, problem="its display files are damaged", details=str(fault)
        ) from fault


def _read_surface(files: SurfaceFiles, folder: Path, places: Mapping[str, Path], *, mapped: bool) -> Surface:
    def load(name: str | None) -> NDArray[Any] | None:
        if name is None:
            return None
        path = places.get(name) or folder / name
        return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)

    vertices, faces = load(files.vertices), load(files.faces)
    count = 0 if vertices is None else len(vertices)
    return Surface(
        vertices=_checked(vertices, np.float32, (count, 3)),
        faces=_checked_faces(faces, count),
        normals=_optional(load(files.normals), np.float32, (count, 3)),
        uv=_optional(load(files.uv), np.float32, (count, 2)),
        colors=_optional(load(files.colors), np.uint8, (count, 4)),
        texture=_checked_texture(load(files.texture)),
        finish=Finish(files.color, files.metallic, files.roughness, files.emissive),
    )


def _optional(array: NDArray[Any] | None, kind: type[Kind], shape: tuple[int, ...]) -> NDArray[Kind] | None:
    return None if array is None else _checked(array, kind, shape)


def _checked(array: NDArray[Any] | None, kind: type[Kind], shape: tuple[int, ...]) -> NDArray[Kind]:
    """Return the array when it can be handed to VTK as it is; the look at its values also pages it in."""
    if (
        array is None
        or array.dtype != kind
        or array.shape != shape
        or not array.flags.c_contiguous
        or not array.size
    ):
        raise ValueError("an array has the wrong form")
    if array.dtype.kind == "f" and not np.isfinite(array.sum(dtype=np.float64)):
        raise ValueError("an array holds a value that is not finite")
    return array


def _checked_faces(array: NDArray[Any] | None, count: int) -> NDArray[np.int32]:
    faces = _checked(array, np.int32, (0 if array is None else len(array), 3))
    if faces.min() < 0 or faces.max() >= count:
        raise ValueError("a face names a vertex that is not there")
    return faces


def _checked_texture(array: NDArray[Any] | None) -> NDArray[np.uint8] | None:
    if array is None:
        return None
    if array.ndim != 3 or array.shape[2] not in (3, 4):
        raise ValueError("a texture has the wrong form")
    return _checked(array, np.uint8, array.shape)
