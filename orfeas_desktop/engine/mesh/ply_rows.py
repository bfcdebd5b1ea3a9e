"""The rows of one PLY element, from bytes or from numbers in text."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.source_files import MAX_FACES, Broken, require

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CODES = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "f4": "f", "f8": "d"}
_EARLY = "it ends early"
_MAX_UNEVEN = 5_000_000


@dataclass(frozen=True)
class PlyProperty:
    """A column: numbers of `kind`, or lists of them whose length is of kind `counted`."""

    name: str
    kind: str
    counted: str = ""


@dataclass(frozen=True)
class PlyElement:
    """A table of the header."""

    name: str
    count: int
    properties: list[PlyProperty]


@dataclass(frozen=True, eq=False)
class PlyTable:
    """Columns of an element; lists as (lengths, all values in a row)."""

    element: PlyElement
    columns: dict[str, NDArray[np.generic]]
    listed: dict[str, tuple[NDArray[np.int64], NDArray[np.generic]]]

    def floats(self, *names: str) -> NDArray[np.float32] | None:
        """Return these columns side by side as (N, n), or None when one is missing."""
        if any(name not in self.columns for name in names):
            return None
        with np.errstate(over="ignore"):
            return np.stack([self.columns[name].astype(np.float32) for name in names], axis=1)

    def lists(self, *names: str) -> tuple[NDArray[np.int64], NDArray[np.generic]] | None:
        """Return the first of these lists that there is."""
        return next((self.listed[name] for name in names if name in self.listed), None)

    def kind(self, name: str) -> str | None:
        """Return the declared type of a column."""
        return next((p.kind for p in self.element.properties if p.name == name), None)


def binary_table(data: bytes, start: int, element: PlyElement, order: str) -> tuple[PlyTable, int]:
    """Return the element's rows from byte `start` on, and where they end. Raises Broken."""
    _check(element, len(data) - start)
    if not element.count or not element.properties:
        return _empty(element), start
    lengths = _first_lengths(data, start, element, order)
    row = np.dtype(_row_fields(element, lengths, order))
    end = start + row.itemsize * element.count
    if end <= len(data):
        rows = np.frombuffer(data, row, element.count, start)
        if all((rows[f"{i} count"] == length).all() for i, length in lengths.items()):
            return _from_rows(element, rows, lengths), end
    require(bool(lengths), _EARLY)
    return _uneven(data, start, element, order)


def _row_fields(
    element: PlyElement, lengths: dict[int, int], order: str
) -> list[tuple[str, str, tuple[int, ...]]]:
    fields: list[tuple[str, str, tuple[int, ...]]] = []
    for index, column in enumerate(element.properties):
        if column.counted:
            fields.append((f"{index} count", order + column.counted, ()))
            fields.append((f"{index}", order + column.kind, (lengths[index],)))
        else:
            fields.append((f"{index}", order + column.kind, ()))
    return fields


def _first_lengths(data: bytes, start: int, element: PlyElement, order: str) -> dict[int, int]:
    lengths: dict[int, int] = {}
    for index, column in enumerate(element.properties):
        if column.counted:
            length = _number(data, start, order, column.counted)
            require(0 <= length <= len(data), _EARLY)
            lengths[index] = int(length)
            start += int(column.counted[1]) + int(length) * int(column.kind[1])
        else:
            start += int(column.kind[1])
    require(start <= len(data), _EARLY)
    return lengths


def _number(data: bytes, at: int, order: str, kind: str) -> float:
    try:
        value: float = struct.unpack_from(order + _CODES[kind], data, at)[0]
    except struct.error:
        raise Broken(_EARLY) from None
    require(abs(value) < 2**40, "a list in it has no sensible length")
    return value


def _from_rows(element: PlyElement, rows: NDArray[np.void], lengths: dict[int, int]) -> PlyTable:
    table = _empty(element)
    for index, column in enumerate(element.properties):
        if index in lengths:
            sizes = np.full(element.count, lengths[index], np.int64)
            table.listed[column.name] = (sizes, rows[f"{index}"].reshape(-1))
        else:
            table.columns[column.name] = rows[f"{index}"]
    return table


def _uneven(data: bytes, start: int, element: PlyElement, order: str) -> tuple[PlyTable, int]:
    """Walk the rows one by one: lists of different lengths."""
    require(
        element.count <= _MAX_UNEVEN,
        "it mixes faces of different sizes and has more than {limit}",
        limit=_MAX_UNEVEN,
    )
    sizes: dict[int, list[int]] = {i: [] for i, p in enumerate(element.properties) if p.counted}
    chunks: dict[int, list[bytes]] = {i: [] for i in range(len(element.properties))}
    for _ in range(element.count):
        for index, column in enumerate(element.properties):
            width = int(column.kind[1])
            if column.counted:
                length = int(_number(data, start, order, column.counted))
                require(length >= 0, "a list in it has no sensible length")
                start += int(column.counted[1])
                sizes[index].append(length)
                width *= length
            require(start + width <= len(data), _EARLY)
            chunks[index].append(data[start : start + width])
            start += width
    table = _empty(element)
    for index, column in enumerate(element.properties):
        values = np.frombuffer(b"".join(chunks[index]), order + column.kind)
        if column.counted:
            table.listed[column.name] = (np.array(sizes[index], np.int64), values)
        else:
            table.columns[column.name] = values
    return table, start


def text_table(values: NDArray[np.float64], start: int, element: PlyElement) -> tuple[PlyTable, int]:
    """Return the element's rows from number `start` on, and where they end. Raises Broken."""
    _check(element, len(values) - start)
    if not element.count or not element.properties:
        return _empty(element), start
    starts = _row_starts(values, start, element)
    table = _empty(element)
    at = starts[:-1]
    for column in element.properties:
        if column.counted:
            lengths = values[at].astype(np.int64)
            whole = np.repeat(at + 1 - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
            table.listed[column.name] = (lengths, values[whole + np.arange(len(whole))])
            at = at + 1 + lengths
        else:
            table.columns[column.name] = values[at]
            at = at + 1
    return table, int(starts[-1])


def _row_starts(values: NDArray[np.float64], start: int, element: PlyElement) -> NDArray[np.int64]:
    """Return where each row starts and, last, where the final one ends; every list length is checked."""
    width, lists = _first_width(values, start, element)
    end = start + width * element.count
    if end <= len(values):
        rows = values[start:end].reshape(element.count, width)
        if all((rows[:, place] == length).all() for place, length in lists):
            return np.arange(element.count + 1) * width + start
    require(bool(lists), _EARLY)
    starts = np.empty(element.count + 1, np.int64)
    for row in range(element.count):
        starts[row] = start
        width, _ = _first_width(values, start, element)
        start += width
    starts[-1] = start
    return starts


def _first_width(
    values: NDArray[np.float64], start: int, element: PlyElement
) -> tuple[int, list[tuple[int, int]]]:
    at = start
    lists: list[tuple[int, int]] = []
    for column in element.properties:
        if column.counted:
            require(at < len(values), _EARLY)
            length = float(values[at])
            require(length >= 0 and length <= len(values), "a list in it has no sensible length")
            lists.append((at - start, int(length)))
            at += int(length)
        at += 1
    require(at <= len(values), _EARLY)
    return at - start, lists


def _check(element: PlyElement, left: int) -> None:
    names = [p.name for p in element.properties]
    require(len(set(names)) == len(names), "its header names a column twice")
    require(element.count <= max(left, 0), _EARLY)
    require(element.count <= MAX_FACES, "it has more than {limit} elements", limit=MAX_FACES)


def _empty(element: PlyElement) -> PlyTable:
    none: NDArray[np.generic] = np.zeros(0)
    sizes = np.zeros(0, np.int64)
    return PlyTable(
        element,
        {p.name: none for p in element.properties if not p.counted},
        {p.name: (sizes, none) for p in element.properties if p.counted},
    )
