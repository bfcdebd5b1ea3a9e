"""Names by which Unity's files refer to each other: GUIDs of files, numbers of the things inside a model."""

from __future__ import annotations

import hashlib

_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)
_MASK = 2**64 - 1


def guid_of(asset: str, path: str) -> str:
    """Return the GUID of a file of an asset: the same each time it is exported under the same name."""
    return hashlib.md5(f"orfeas-desktop:{asset}:{path}".encode(), usedforsecurity=False).hexdigest()


def object_id(asset: str, path: str) -> int:
    """Return a positive number for an object of a prefab, the same each time."""
    digest = hashlib.sha256(f"{asset}:{path}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1 | 1 << 61


def model_file_id(kind: str, name: str, number: int = 0) -> int:
    """Return the number by which Unity knows the `number`th thing of that kind and name in an imported model."""
    value = xxh64(f"Type:{kind}->{name}{number}".encode())
    return value - 2**64 if value >= 2**63 else value


def xxh64(data: bytes) -> int:
    """Return the 64-bit xxHash of `data` with seed 0."""
    at, size = 0, len(data)
    if size >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while at + 32 <= size:
            for lane in range(4):
                word = int.from_bytes(data[at : at + 8], "little")
                lanes[lane] = _round(lanes[lane], word)
                at += 8
        turns = (1, 7, 12, 18)
        value = sum(_left(lane, turn) for lane, turn in zip(lanes, turns, strict=True)) & _MASK
        for lane in lanes:
            value = ((value ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        value = _P5
    return _finished((value + size) & _MASK, data[at:])


def _finished(value: int, rest: bytes) -> int:
    at = 0
    while at + 8 <= len(rest):
        value ^= _round(0, int.from_bytes(rest[at : at + 8], "little"))
        value = (_left(value, 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= len(rest):
        value ^= int.from_bytes(rest[at : at + 4], "little") * _P1 & _MASK
        value = (_left(value, 23) * _P2 + _P3) & _MASK
        at += 4
    for byte in rest[at:]:
        value ^= byte * _P5 & _MASK
        value = _left(value, 11) * _P1 & _MASK
    value = (value ^ value >> 33) * _P2 & _MASK
    value = (value ^ value >> 29) * _P3 & _MASK
    return value ^ value >> 32


def _round(lane: int, word: int) -> int:
    return _left((lane + word * _P2) & _MASK, 31) * _P1 & _MASK


def _left(value: int, turn: int) -> int:
    return (value << turn | value >> (64 - turn)) & _MASK
