"""Weight files as named tensors: safetensors, and torch pickles converted once."""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import pickle
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from orfeas_desktop.errors import BadWeights, DiskFull, FileMissing, NotAFile, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_NAME = 512
LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
PICKLED = (".ckpt", ".pt", ".pth", ".bin")
DTYPES = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32", torch.float64: "F64"}


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

    Nothing in a pickle is ever run: only tensors in dictionaries are accepted.
    Raises BadWeights, DiskFull, FileMissing, NotAFile, PermissionDenied.
    """
    _check_readable(path)
    if path.suffix.lower() in PICKLED:
        return _open_safetensors(_converted(path, store), path.name)
    return _open_safetensors(path, path.name)


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


def _converted(path: Path, store: Path) -> Path:
    facts = path.stat()
    identity = f"{path.resolve()}\0{facts.st_size}\0{facts.st_mtime_ns}"
    target = store / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.safetensors"
    if target.exists():
        return target
    tensors = dict(_flat(_load_pickle(path), path.name))
    if not tensors:
        raise BadWeights(name=path.name, problem="it holds no tensors")
    unknown = next((tensor.dtype for tensor in tensors.values() if tensor.dtype not in DTYPES), None)
    if unknown is not None:
        raise BadWeights(name=path.name, problem=f"it holds numbers of the kind {unknown}")
    store.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(suffix=".part", dir=store)
    try:
        with os.fdopen(handle, "wb") as stream:
            _write_safetensors(tensors, stream)
        Path(temporary).replace(target)
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            raise DiskFull(place=str(store)) from None
        raise
    finally:
        Path(temporary).unlink(missing_ok=True)
    return target


def _write_safetensors(tensors: Mapping[str, Tensor], stream: BinaryIO) -> None:
    """Write tensor after tensor, so that never more than one of them is copied."""
    header: dict[str, dict[str, object]] = {}
    end = 0
    for key, tensor in tensors.items():
        start, end = end, end + tensor.numel() * tensor.element_size()
        header[key] = {
            "dtype": DTYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    stream.write(len(text).to_bytes(8, "little") + text)
    for tensor in tensors.values():
        stream.write(tensor.contiguous().view(-1).view(torch.uint8).numpy().data)


def _load_pickle(path: Path) -> object:
    with path.open("rb") as stream:
        start = stream.read(len(LEGACY_START))
    zipped = start.startswith(b"PK")
    if not zipped and start != LEGACY_START:
        raise BadWeights(name=path.name, problem="it is not a torch file")
    try:
        return cast("object", torch.load(path, map_location="cpu", weights_only=True, mmap=zipped))
    except pickle.UnpicklingError as problem:
        said = "it holds more than numbers, which could be a program"
        raise BadWeights(name=path.name, problem=said, details=str(problem)) from None
    except (
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
    ) as problem:
        raise BadWeights(
            name=path.name, problem="it is not a whole torch file", details=str(problem)
        ) from None


def _flat(loaded: object, name: str, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    if not isinstance(loaded, Mapping):
        raise BadWeights(name=name, problem="it holds no table of tensors")
    for key, value in cast("Mapping[object, object]", loaded).items():
        if not isinstance(key, str) or len(key) > LARGEST_NAME:
            raise BadWeights(name=name, problem="its keys are not names")
        if isinstance(value, Tensor):
            yield prefix + key, value.detach()
        elif value is None or isinstance(value, str | int | float):
            continue
        elif isinstance(value, Mapping) and not prefix:
            yield from _flat(cast("object", value), name, f"{key}.")
        else:
            raise BadWeights(name=name, problem=f"its entry “{key[:60]}” is not a tensor")
