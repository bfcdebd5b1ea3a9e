"""Torch pickles as safetensors files: nothing in them is run, their tensors are written out once."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from orfeas_desktop.engine.weights.file_table import only_here, told
from orfeas_desktop.errors import BadWeights

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from torch import Tensor

PICKLED = (".bin", ".ckpt", ".pt", ".pth")
ONE_FILE = (".safetensors", *PICKLED)
"""How files of tensors end."""
LARGEST_NAME = 512
LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
WRAPPED = "state_dict"
DTYPES = {
    "torch.float16": "F16",
    "torch.bfloat16": "BF16",
    "torch.float32": "F32",
    "torch.float64": "F64",
    "torch.float8_e4m3fn": "F8_E4M3",
    "torch.float8_e5m2": "F8_E5M2",
    "torch.int64": "I64",
    "torch.int32": "I32",
    "torch.int16": "I16",
    "torch.int8": "I8",
    "torch.uint8": "U8",
    "torch.bool": "BOOL",
}


def as_safetensors(path: Path, store: Path) -> Path:
    """Return the file itself, or what a torch pickle was converted into, once, in the folder `store`.

    Raises BadWeights, DiskFull, PermissionDenied and PathTooLong.
    """
    if path.suffix.lower() not in PICKLED or path.is_dir():
        return path
    target = _place(path, store)
    if not target.exists():
        with conversion(store):
            if not target.exists():
                write_converted(path, target)
    return target


@contextmanager
def conversion(store: Path) -> Generator[None]:
    """Convert alone in the folder `store`; what a conversion that was ended left there goes.

    Raises WeightsBusy when another program converts there.
    """
    with only_here(store.parent / "locks" / f"{store.name}.lock", store.name):
        for left in store.glob("*.part"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)
        yield


@contextmanager
def looked_into(path: Path, store: Path) -> Generator[Path]:
    """Hold `as_safetensors` of a file; when it turns out not to be usable, what was converted goes again."""
    plain = as_safetensors(path, store)
    try:
        yield plain
    except BadWeights as problem:
        if plain == path:
            raise
        plain.unlink(missing_ok=True)
        raise BadWeights(
            name=path.name, problem=str(problem.arguments["problem"]), details=problem.details
        ) from None


def converted_copies(paths: Iterable[Path], store: Path) -> tuple[Path, ...]:
    """Return what torch pickles among `paths`, as they are now, were converted into."""
    pickles = (path for path in paths if path.suffix.lower() in PICKLED and path.is_file())
    return tuple(copy for copy in (_place(path, store) for path in pickles) if copy.is_file())


def forget_converted(place: Path) -> None:
    """Delete a file or folder that something was converted into. Raises PermissionDenied."""
    try:
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    except OSError as problem:
        raise told(problem, place.parent) from problem


def _place(path: Path, store: Path) -> Path:
    """Where in `store` a pickle as it is now is converted to. Raises BadWeights."""
    try:
        facts = path.stat()
    except OSError as problem:
        raise BadWeights(name=path.name, problem=problem.strerror or "it cannot be read") from None
    identity = f"{path.resolve()}\0{facts.st_size}\0{facts.st_mtime_ns}"
    return store / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.safetensors"


def write_converted(path: Path, target: Path) -> tuple[str, ...]:
    """Write the tensors of a torch pickle as a safetensors file and return their names.

    Raises BadWeights, DiskFull, PermissionDenied and PathTooLong.
    """
    tensors = dict(_flat(_unwrapped(_load_pickle(path), path.name), path.name))
    if not tensors:
        raise BadWeights(name=path.name, problem="it holds no tensors")
    for key, tensor in tensors.items():
        _check_plain(key, tensor, path.name)
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, made = tempfile.mkstemp(suffix=".part", dir=target.parent)
        temporary = Path(made)
        with os.fdopen(handle, "wb") as stream:
            _write_safetensors(tensors, stream)
        temporary.replace(target)
    except OSError as problem:
        raise told(problem, target.parent) from problem
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
    return tuple(tensors)


def _check_plain(key: str, tensor: Tensor, name: str) -> None:
    """Raise BadWeights for numbers of a kind that weights have not, or that do not lie in the file."""
    if str(tensor.dtype) not in DTYPES:
        raise BadWeights(name=name, problem=f"it holds numbers of the kind {tensor.dtype}")
    dense = str(tensor.layout) == "torch.strided" and tensor.device.type == "cpu"
    if not dense or tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise BadWeights(name=name, problem=f"its entry “{key[:60]}” is no plain table of numbers")


def _write_safetensors(tensors: Mapping[str, Tensor], stream: BinaryIO) -> None:
    """Write tensor after tensor, so that never more than one of them is copied."""
    import torch

    header: dict[str, dict[str, object]] = {"__metadata__": {"format": "pt"}}
    end = 0
    for key, tensor in tensors.items():
        start, end = end, end + tensor.numel() * tensor.element_size()
        header[key] = {
            "dtype": DTYPES[str(tensor.dtype)],
            "shape": list(tensor.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    stream.write(len(text).to_bytes(8, "little") + text)
    for tensor in tensors.values():
        stream.write(tensor.contiguous().view(-1).view(torch.uint8).numpy().data)


def _load_pickle(path: Path) -> object:
    try:
        with path.open("rb") as stream:
            start = stream.read(len(LEGACY_START))
    except OSError as problem:
        raise BadWeights(name=path.name, problem=problem.strerror or "it cannot be read") from None
    zipped = start.startswith(b"PK")
    if not zipped and start != LEGACY_START:
        raise BadWeights(name=path.name, problem="it is not a torch file")
    import torch

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


def _unwrapped(loaded: object, name: str) -> Mapping[object, object]:
    """The table of tensors, which training programs put beside their own notes."""
    if not isinstance(loaded, Mapping):
        raise BadWeights(name=name, problem="it holds no table of tensors")
    table = cast("Mapping[object, object]", loaded)
    inner = table.get(WRAPPED)
    return cast("Mapping[object, object]", inner) if isinstance(inner, Mapping) else table


def _flat(table: Mapping[object, object], name: str, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """The tensors in a table and in tables in it, by name; all else is left out."""
    from torch import Tensor

    for key, value in table.items():
        if not isinstance(key, str):
            continue
        if isinstance(value, Tensor):
            if len(key) > LARGEST_NAME:
                raise BadWeights(name=name, problem="its keys are not names")
            yield prefix + key, value.detach()
        elif isinstance(value, Mapping) and not prefix:
            yield from _flat(cast("Mapping[object, object]", value), name, f"{key}.")
