"""How files are named between rooms: by kind and by the digest of their content."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from io import BufferedIOBase, BufferedReader
from pathlib import Path

LODS = "lods"
COLLISION = "collision"
ALONG = (LODS, COLLISION)
"""Slots of files that belong to a mesh and go along with it, several in each."""
MESH_SUFFIXES = (".glb", ".gltf", ".obj", ".stl", ".ply")
"""Mesh files that can be read."""


class AssetKind(StrEnum):
    """What a file holds."""

    picture = "picture"
    mask = "mask"
    mesh = "mesh"
    report = "report"
    file = "file"
    thumbnail = "thumbnail"
    display = "display"
    """Arrays that the viewport maps (`.npy` in one folder-like archive)."""


@dataclass(frozen=True)
class AssetRef:
    """A blob of the library: `digest` is the SHA-256 of its bytes in lower-case hex."""

    digest: str
    kind: AssetKind
    name: str
    """The file name it came with or was given, for people; its suffix tells the format."""
    size: int


@dataclass(frozen=True)
class LocalFile:
    """A file outside the library, named by path, its content pinned by digest."""

    path: Path
    digest: str
    kind: AssetKind
    name: str
    size: int


def digest_of(stream: BufferedIOBase) -> str:
    """Return the SHA-256 of what is left in `stream`, in lower-case hex."""
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def open_file(path: Path) -> BufferedReader:
    """Open a file for reading. Raises OSError; IsADirectoryError also for pipes and devices, which may never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return path.open("rb")


def local_file(path: Path, kind: AssetKind, name: str | None = None) -> LocalFile:
    """Pin the file at `path` by its digest. Raises OSError when it cannot be read."""
    with open_file(path) as stream:
        digest = digest_of(stream)
        size = stream.tell()
    return LocalFile(path, digest, kind, name or path.name, size)
