"""The working format: a Mesh as one GLB file, written byte for byte the same each time, read back with every bound checked.

Units: vertices stay as they are; the node's scale is `metres_per_unit`, and its extras name that number so that
reading gives the same vertices in the same unit. Readers that know nothing of it see the right size in metres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.gltf_container import parse_document, split_glb
from orfeas_desktop.engine.mesh.gltf_read import mesh_of
from orfeas_desktop.engine.mesh.gltf_write import GltfBuilder
from orfeas_desktop.engine.mesh.source_files import Broken, read_bounded
from orfeas_desktop.engine.mesh.transform import Transform
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.params import Scalar

MAX_DOCUMENT_BYTES = 2**28


def write_glb(mesh: Mesh, path: Path, *, extras: Mapping[str, Scalar] | None = None) -> None:
    """Write `mesh` to `path`: one primitive per material over shared vertices.

    The mesh's extras and `extras` are kept under `asset.extras.orfeas`. Polygons of up to four corners travel by FB_ngon_encoding where there is one material; others are left out.
    Raises BadMesh for a mesh whose arrays do not fit together, OSError when the disk refuses.
    """
    write_glb_nodes([(mesh.name, mesh, Transform())], path, extras={**mesh.extras, **(extras or {})})


def write_glb_nodes(
    placed: Sequence[tuple[str, Mesh, Transform]], path: Path, *, extras: Mapping[str, Scalar] | None = None
) -> None:
    """Write several meshes, one node each, with these `extras` only; a mesh given twice is stored once.

    Raises as `write_glb`.
    """
    builder = GltfBuilder()
    for name, mesh, transform in placed:
        builder.add(name, mesh.check(), transform)
    with path.open("wb") as stream:
        builder.write(stream, extras or {})


def read_glb(path: Path) -> Mesh:
    """Return all triangles of the GLB at `path` as one mesh.

    Raises BadMesh for anything broken or hostile, FileMissing, NotAFile, PermissionDenied.
    """
    data = read_bounded(path)
    try:
        text, binary = split_glb(data)
        return mesh_of(parse_document(text), binary, None, path.stem).check()
    except Broken as problem:
        raise BadMesh(name=path.name, problem=str(problem)) from None
    except BadMesh as problem:
        raise BadMesh(name=path.name, problem=str(problem.arguments["problem"])) from None


def read_gltf(path: Path) -> Mesh:
    """Return the mesh of a .gltf, whose other files lie in its folder. Raises as `read_glb`."""
    data = read_bounded(path, MAX_DOCUMENT_BYTES)
    try:
        return mesh_of(parse_document(data), None, path.parent, path.stem).check()
    except Broken as problem:
        raise BadMesh(name=path.name, problem=str(problem)) from None
    except BadMesh as problem:
        raise BadMesh(name=path.name, problem=str(problem.arguments["problem"])) from None
