"""The binary container of FBX 7.4: named records with typed properties, large arrays deflated."""

from __future__ import annotations

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from numpy.typing import NDArray

VERSION = 7400
_MAGIC = b"Kaydara FBX Binary  \0\x1a\0"
_FOOT_ID = bytes.fromhex("fabcab09d0c8d466b176fb831cf7267e")
_FOOT_END = bytes.fromhex("f85a8c6adef5d97eece90ce3758f290b")
_END = bytes(13)
_CODES = {"<f8": b"d", "<i4": b"i", "<i8": b"l"}
_DEFLATE_FROM = 128
_LEVEL = 1


@dataclass(frozen=True)
class Whole:
    """A 64-bit whole number: identities and times."""

    value: int


@dataclass(frozen=True, eq=False)
class Packed:
    """An array as it stands in the file; the same object may stand in several records."""

    data: bytes


Property = bool | int | float | str | bytes | Whole | Packed


@dataclass
class Record:
    """A named record: properties, then records below it."""

    name: str
    properties: tuple[Property, ...] = ()
    below: list[Record] = field(default_factory=list["Record"])

    def add(self, name: str, *properties: Property) -> Record:
        """Put a record below this one; return it."""
        record = Record(name, properties)
        self.below.append(record)
        return record


def packed(array: NDArray[np.floating] | NDArray[np.integer], kind: str) -> Packed:
    """Return an array of `kind` (`<f8`, `<i4`, `<i8`) as the file holds it."""
    plain = np.ascontiguousarray(array, dtype=kind).reshape(-1)
    raw = plain.data.cast("B") if plain.size else b""
    if len(raw) < _DEFLATE_FROM:
        return Packed(_CODES[kind] + struct.pack("<III", plain.size, 0, len(raw)) + bytes(raw))
    squeezed = zlib.compress(raw, _LEVEL)
    return Packed(_CODES[kind] + struct.pack("<III", plain.size, 1, len(squeezed)) + squeezed)


def packed_all(
    arrays: Sequence[tuple[NDArray[np.floating] | NDArray[np.integer], str]], threads: int
) -> list[Packed]:
    """Return several arrays as `packed` does, deflated side by side."""
    with ThreadPoolExecutor(max(1, threads)) as pool:
        return list(pool.map(packed, *zip(*arrays, strict=True)))


def write_document(stream: BinaryIO, records: Sequence[Record]) -> None:
    """Write a whole FBX file."""
    stream.write(_MAGIC + struct.pack("<I", VERSION))
    at = len(_MAGIC) + 4
    for record in records:
        for piece in _pieces(record, at):
            stream.write(piece)
            at += len(piece)
    stream.write(_END + _FOOT_ID + bytes(4))
    at += len(_END) + len(_FOOT_ID) + 4
    stream.write(bytes(16 - at % 16) + struct.pack("<I", VERSION) + bytes(120) + _FOOT_END)


def _pieces(record: Record, start: int) -> Iterator[bytes]:
    """Yield the bytes of a record that begins at `start`."""
    name = record.name.encode("ascii")
    properties = [_property(value) for value in record.properties]
    length = sum(map(len, properties))
    head = 13 + len(name)
    below = list(_below(record, start + head + length))
    end = start + head + length + sum(map(len, below))
    yield struct.pack("<IIIB", end, len(properties), length, len(name)) + name
    yield from properties
    yield from below


def _below(record: Record, start: int) -> Iterator[bytes]:
    at = start
    for each in record.below:
        for piece in _pieces(each, at):
            at += len(piece)
            yield piece
    if record.below or not record.properties:
        yield _END


def _property(value: Property) -> bytes:
    match value:
        case bool():
            return b"C" + bytes([value])
        case int():
            return b"I" + struct.pack("<i", value)
        case float():
            return b"D" + struct.pack("<d", value)
        case str():
            text = value.encode("utf-8", "replace")
            return b"S" + struct.pack("<I", len(text)) + text
        case bytes():
            return b"R" + struct.pack("<I", len(value)) + value
        case Whole():
            return b"L" + struct.pack("<q", value.value)
        case Packed():
            return value.data
