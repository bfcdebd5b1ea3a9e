"""Binary STL files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import face_normals
from orfeas_desktop.engine.mesh.stl_read import FACET

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh


def facets_of(mesh: Mesh) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (F, 3) unit normals, zero for a face without area, and (F, 3, 3) corners."""
    normals = face_normals(mesh.vertices, mesh.faces)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = (normals / np.where(length > 0, length, 1.0)).astype(np.float32)
    return normals, mesh.vertices[mesh.faces]


def write_binary_stl(path: Path, normals: NDArray[np.float32], corners: NDArray[np.float32]) -> None:
    """Write facets as they are."""
    facets = np.zeros(len(corners), FACET)
    facets["normal"] = normals
    facets["corners"] = corners
    with path.open("wb") as stream:
        stream.write(b"Orfeas Desktop".ljust(80, b"\0") + len(facets).to_bytes(4, "little"))
        stream.write(facets.data)
