"""Weight files as named tensors: safetensors, and torch pickles converted once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from safetensors import SafetensorError, safe_open
from torch import Tensor

from orfeas_desktop.engine.weights.torch_file import as_safetensors
from orfeas_desktop.errors import BadWeights, FileMissing, NotAFile, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class WeightFile:
    """A readable safetensors file; tensors are read when asked for."""

    path: Path
    shapes: Mapping[str, tuple[int, ...]]
    name: str
    """The name of the file that the user gave."""
    stamp: int = 0
    """When it was written, in nanoseconds."""

    def part(self, prefix: str) -> WeightPart:
        """The tensors whose keys start with `prefix` and a dot; all of them for an empty prefix."""
        start = f"{prefix}." if prefix else ""
        keys = {key.removeprefix(start): shape for key, shape in self.shapes.items() if key.startswith(start)}
        return WeightPart(self, start, keys)

    def tensors(self, keys: Mapping[str, str]) -> Iterator[tuple[str, Tensor]]:
        """Read tensors by key in the file, naming each as asked. Raises BadWeights."""
        try:
            with safe_open(self.path, framework="pt", device="cpu") as opened:
                for key, name in keys.items():
                    yield name, cast("Tensor", opened.get_tensor(key))
        except (SafetensorError, OSError, RuntimeError, ValueError) as problem:
            raise BadWeights(
                name=self.name, problem="it ends early or is damaged", details=str(problem)
            ) from None


@dataclass(frozen=True)
class WeightPart:
    """The tensors of one network in a file."""

    file: WeightFile
    start: str
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def numbers(self) -> int:
        """How many numbers the tensors hold."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def read(self, keep: Mapping[str, object] | None = None) -> dict[str, Tensor]:
        """Read the tensors (those in `keep`, when given) by their key without the prefix."""
        names = [name for name in self.shapes if keep is None or name in keep]
        return dict(self.file.tensors({self.start + name: name for name in names}))


def open_weights(path: Path, store: Path) -> WeightFile:
    """Open a weight file; a torch pickle is converted once into the folder `store`.

    Nothing in a pickle is ever run: only tensors in dictionaries are taken.
    Raises BadWeights, DiskFull, FileMissing, NotAFile, PermissionDenied.
    """
    _check_readable(path)
    return _open_safetensors(as_safetensors(path, store), path.name)


def _check_readable(path: Path) -> None:
    if path.is_dir():
        raise NotAFile(name=path.name)
    try:
        with path.open("rb") as stream:
            empty = not stream.read(1)
    except FileNotFoundError:
        raise FileMissing(name=path.name) from None
    except PermissionError:
        raise PermissionDenied(place=path.name) from None
    except OSError as problem:
        raise BadWeights(name=path.name, problem=problem.strerror or "it cannot be read") from None
    if empty:
        raise BadWeights(name=path.name, problem="it is empty")


def _open_safetensors(path: Path, name: str) -> WeightFile:
    try:
        with safe_open(path, framework="pt", device="cpu") as opened:
            keys = cast("list[str]", list(opened.keys()))
            shapes = {key: tuple(cast("list[int]", opened.get_slice(key).get_shape())) for key in keys}
    except (SafetensorError, OSError, ValueError, RuntimeError) as problem:
        raise BadWeights(
            name=name, problem="it is not a whole safetensors file", details=str(problem)
        ) from None
    return WeightFile(path, shapes, name, path.stat().st_mtime_ns)
