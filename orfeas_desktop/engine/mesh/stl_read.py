"""STL files: binary and text, millimetres, z up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.engine.mesh.source_files import MAX_FACES, MAX_TEXT_BYTES, numbers, require
from orfeas_desktop.engine.mesh.weld import first_of_each, welded_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def parse_stl(data: bytes, name: str) -> Mesh:
    """Return the mesh, corners at one place welded, turned to y up. Raises Broken."""
    count = int.from_bytes(data[80:84], "little")
    binary = len(data) >= 84 and len(data) >= 84 + count * FACET.itemsize
    if data.lstrip()[:5].lower() == b"solid" and (not binary or b"facet" in data[:1000].lower()):
        corners = _text_corners(data)
    else:
        require(binary, "it ends early")
        require(count <= MAX_FACES, "it has more than {limit} faces", limit=MAX_FACES)
        corners = np.frombuffer(data, FACET, count, 84)["corners"].reshape(-1, 3)
    require(len(corners) > 0, "it has no faces")
    turned = np.stack([corners[:, 0], corners[:, 2], -corners[:, 1]], axis=1).astype(np.float32)
    ids = welded_ids(turned)
    return Mesh(
        vertices=turned[first_of_each(ids)],
        faces=ids.reshape(-1, 3).astype(np.int32),
        metres_per_unit=0.001,
        name=name,
    )


def _text_corners(data: bytes) -> NDArray[np.float32]:
    require(len(data) <= MAX_TEXT_BYTES, "it is larger than {limit} MB", limit=MAX_TEXT_BYTES // 2**20)
    rows = [row[6:] for line in data.split(b"\n") if (row := line.strip())[:6].lower() == b"vertex"]
    values = numbers(b" ".join(rows))
    require(
        len(values) == 3 * len(rows) and len(rows) % 3 == 0, "it ends early or a corner is not three numbers"
    )
    with np.errstate(over="ignore"):
        return values.reshape(-1, 3).astype(np.float32)
