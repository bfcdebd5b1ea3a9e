"""The triangles of a glTF scene, gathered into one Mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.color import encoded_bytes
from orfeas_desktop.engine.mesh.gltf_accessors import GltfArrays, item
from orfeas_desktop.engine.mesh.gltf_materials import GltfMaterials, MovedSet, moved_uv
from orfeas_desktop.engine.mesh.gltf_schema import GltfNode
from orfeas_desktop.engine.mesh.gltf_write import EXTRAS_KEY, UNIT_KEY
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.mesh import Material, Mesh
from orfeas_desktop.engine.mesh.polygons import joined
from orfeas_desktop.engine.mesh.source_files import MAX_FACES, MAX_VERTICES, Broken, one_line, require
from orfeas_desktop.engine.mesh.transform import Transform, transformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.gltf_schema import GltfDocument, GltfPrimitive
    from orfeas_desktop.params import Scalar

_TRIANGLES, _STRIP, _FAN = 4, 5, 6
_MAX_PARTS = 200_000


@dataclass(frozen=True)
class PlacedMesh:
    """A mesh of the document where a node puts it."""

    mesh: int
    matrix: NDArray[np.float64]
    node: GltfNode


def mesh_of(document: GltfDocument, binary: memoryview | None, folder: Path | None, name: str) -> Mesh:
    """Return all triangles of the document's scene as one mesh in metres, or in the unit that its nodes name.

    Points, lines, skins, morph targets and animations are left out. Raises Broken for whatever does not fit.
    """
    arrays = GltfArrays(document, binary, folder)
    placed = list(_placed(document))
    check_size(document, arrays, placed)
    materials = GltfMaterials(document, arrays, folder)
    unit = _common_unit(placed)
    parts = [part for place in placed for part in _parts(document, arrays, materials, place, unit)]
    require(bool(parts), "it has no triangles")
    whole = _gathered(parts, materials)
    if [placed[0].mesh] == [place.mesh for place in placed]:
        whole = _with_polygons(whole, document.meshes[placed[0].mesh].primitives)
    title = placed[0].node.name or document.meshes[placed[0].mesh].name or name
    return whole.changed(name=one_line(title) or name, metres_per_unit=unit, extras=file_extras(document))


def local_mesh(
    document: GltfDocument, arrays: GltfArrays, materials: GltfMaterials, index: int
) -> Mesh | None:
    """Return the triangles of one mesh of the document where it is not placed, with the materials that it uses.

    None when it has no triangles. Raises Broken.
    """
    parts = list(_parts(document, arrays, materials, PlacedMesh(index, np.eye(4), GltfNode()), 1.0))
    if not parts:
        return None
    whole = _with_polygons(_gathered(parts, materials), document.meshes[index].primitives)
    groups = whole.face_materials
    if groups is None:
        return whole.changed(materials=whole.materials[:1])
    used, rows = np.unique(groups, return_inverse=True)
    return whole.changed(
        materials=tuple(whole.materials[index] for index in used),
        face_materials=rows.astype(np.int32) if len(used) > 1 else None,
    )


def _with_polygons(mesh: Mesh, primitives: list[GltfPrimitive]) -> Mesh:
    """Return the mesh with the polygons that a single primitive of FB_ngon_encoding holds."""
    only = primitives[0]
    if (
        len(primitives) > 1
        or only.mode != _TRIANGLES
        or only.extensions is None
        or only.extensions.ngons is None
    ):
        return mesh
    starts = np.ones(mesh.face_count, bool)
    starts[1:] = mesh.faces[1:, 0] != mesh.faces[:-1, 0]
    return mesh.changed(polygons=joined(mesh.faces, starts))


def _gathered(parts: list[Mesh], materials: GltfMaterials) -> Mesh:
    palette = tuple(materials.all())
    if any(part.materials[0] is _NO_MATERIAL for part in parts):
        palette = (*palette, _NO_MATERIAL)
    return merged([part.changed(materials=palette) for part in parts])


def file_extras(document: GltfDocument) -> dict[str, Scalar]:
    extras = document.asset.extras
    own = extras.get(EXTRAS_KEY) if isinstance(extras, dict) else None
    if not isinstance(own, dict):
        return {}
    return {
        key: value
        for key, value in own.items()
        if value is None or isinstance(value, str | int | float | bool)
    }


_NO_MATERIAL = Material(name="default")


def _placed(document: GltfDocument) -> Iterator[PlacedMesh]:
    """Walk the scene depth first; a node met twice is a loop or a tangle, and refused."""
    if document.scenes:
        roots = item(document.scenes, document.scene or 0, "scene").nodes
    else:
        below = {child for node in document.nodes for child in node.children}
        roots = [index for index in range(len(document.nodes)) if index not in below]
        require(bool(roots) or not document.nodes, "its nodes form a loop")
    seen: set[int] = set()
    beside = {other for node in document.nodes for other in lods_of(node)}
    stack = [(index, np.eye(4)) for index in reversed(roots)]
    while stack:
        index, parent = stack.pop()
        if index in beside:
            continue
        require(index not in seen, "its nodes form a loop")
        seen.add(index)
        node = item(document.nodes, index, "node")
        with np.errstate(all="ignore"):
            matrix = parent @ node_matrix(node)
        if node.mesh is not None:
            item(document.meshes, node.mesh, "mesh")
            yield PlacedMesh(node.mesh, matrix, node)
        stack += [(child, matrix) for child in reversed(node.children)]


def lods_of(node: GltfNode) -> list[int]:
    """Return the nodes that stand in for the node, finest first (MSFT_lod)."""
    return node.extensions.lods.ids if node.extensions and node.extensions.lods else []


def node_matrix(node: GltfNode) -> NDArray[np.float64]:
    if node.matrix is not None:
        return np.array(node.matrix).reshape(4, 4).T
    return Transform(node.translation, node.rotation, node.scale).matrix()


def check_size(document: GltfDocument, arrays: GltfArrays, placed: list[PlacedMesh]) -> None:
    """Refuse what would grow too large, from the counts alone."""
    vertices = faces = parts = 0
    sizes: dict[int, tuple[int, int, int]] = {}
    for place in placed:
        if place.mesh not in sizes:
            primitives = [
                p for p in document.meshes[place.mesh].primitives if p.mode in (_TRIANGLES, _STRIP, _FAN)
            ]
            groups = {_attributes(p): p for p in primitives}
            counts = [
                arrays.accessor(p.attributes["POSITION"]).count
                for p in groups.values()
                if "POSITION" in p.attributes
            ]
            corners = [
                arrays.accessor(p.attributes["POSITION"] if p.indices is None else p.indices).count
                for p in primitives
                if "POSITION" in p.attributes
            ]
            sizes[place.mesh] = (sum(counts), sum(corners), len(primitives))
        added = sizes[place.mesh]
        vertices, faces, parts = vertices + added[0], faces + added[1] // 3, parts + added[2]
    require(vertices <= MAX_VERTICES, "it has more than {limit} vertices", limit=MAX_VERTICES)
    require(faces <= MAX_FACES, "it has more than {limit} faces", limit=MAX_FACES)
    require(parts <= _MAX_PARTS, "it has more than {limit} parts", limit=_MAX_PARTS)


def _common_unit(placed: list[PlacedMesh]) -> float:
    """Return the metres per unit that every mesh node names, 1 when they differ or name none."""
    units = {node_unit(place.node) for place in placed}
    return units.pop() if len(units) == 1 else 1.0


def node_unit(node: GltfNode) -> float:
    """Return the metres per unit that the node's extras name, 1 when they name none."""
    extras = node.extras
    unit = extras.get(UNIT_KEY) if isinstance(extras, dict) else None
    usable = isinstance(unit, int | float) and not isinstance(unit, bool) and 1e-12 < unit < 1e12
    return float(unit) if usable and isinstance(unit, int | float) else 1.0


def _attributes(primitive: GltfPrimitive) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(primitive.attributes.items()))


def _parts(
    document: GltfDocument, arrays: GltfArrays, materials: GltfMaterials, place: PlacedMesh, unit: float
) -> Iterator[Mesh]:
    """Yield one mesh per group of primitives that share their vertices, placed; palette indices still global."""
    groups: dict[object, list[GltfPrimitive]] = {}
    for primitive in document.meshes[place.mesh].primitives:
        if primitive.mode in (_TRIANGLES, _STRIP, _FAN):
            arrays.unpack(primitive)
        moved = tuple(
            (each.target, each.source, each.transform.model_dump_json())
            for each in materials.moved_sets(primitive.material)
        )
        groups.setdefault((_attributes(primitive), moved), []).append(primitive)
    matrix = place.matrix.copy()
    matrix[:3] /= unit
    still = np.array_equal(matrix, np.eye(4))
    for primitives in groups.values():
        triangles = [(_faces(arrays, p), p.material) for p in primitives if "POSITION" in p.attributes]
        kept = [(faces, material) for faces, material in triangles if len(faces)]
        if not kept:
            continue
        base = _vertices(arrays, primitives[0], materials.moved_sets(primitives[0].material))
        faces = np.concatenate([faces for faces, _ in kept])
        require(int(faces.max()) < base.vertex_count, "a face names a vertex that is not there")
        count = len(document.materials)
        groups_of_faces = [np.full(len(f), count if m is None else m, np.int32) for f, m in kept]
        require(all(m is None or m < count for _, m in kept), "it names a material that is not there")
        bare = any(material is None for _, material in kept)
        part = base.changed(
            faces=faces.astype(np.int32),
            face_materials=np.concatenate(groups_of_faces),
            materials=(_NO_MATERIAL,) if bare else (Material(),),
        )
        yield part if still else transformed(part, matrix)


def _faces(arrays: GltfArrays, primitive: GltfPrimitive) -> NDArray[np.int64]:
    """Return (F, 3) corners of triangles, strips or fans; none for points and lines."""
    if primitive.mode not in (_TRIANGLES, _STRIP, _FAN):
        return np.zeros((0, 3), np.int64)
    if primitive.indices is None:
        corners = np.arange(arrays.accessor(primitive.attributes["POSITION"]).count)
    else:
        corners = arrays.indices(primitive.indices)
    if primitive.mode == _TRIANGLES:
        return corners[: len(corners) // 3 * 3].reshape(-1, 3)
    if len(corners) < 3:
        return np.zeros((0, 3), np.int64)
    if primitive.mode == _FAN:
        return np.stack([corners[1:-1], corners[2:], np.full(len(corners) - 2, corners[0])], axis=1)
    strip = np.stack([corners[:-2], corners[1:-1], corners[2:]], axis=1)
    strip[1::2, 1:] = strip[1::2, :0:-1]
    solid = (strip[:, 0] != strip[:, 1]) & (strip[:, 1] != strip[:, 2]) & (strip[:, 0] != strip[:, 2])
    return strip[solid]


def _vertices(arrays: GltfArrays, primitive: GltfPrimitive, moved: Sequence[MovedSet]) -> Mesh:
    """Return the vertices of a primitive as a mesh without faces."""
    named = primitive.attributes
    vertices = arrays.floats(named["POSITION"], (3,))
    optional = {key: arrays.floats(named[key], widths) for key, widths in _OPTIONAL.items() if key in named}
    uvs: list[NDArray[np.float32]] = []
    while f"TEXCOORD_{len(uvs)}" in named:
        uvs.append(arrays.floats(named[f"TEXCOORD_{len(uvs)}"], (2,)))
    for array in (*optional.values(), *uvs):
        if len(array) != len(vertices):
            raise Broken("its arrays differ in length")
    if uvs:
        uvs = _with_moved(uvs, moved)
    colors = optional.get("COLOR_0")
    return Mesh(
        vertices=vertices,
        faces=np.zeros((0, 3), np.int32),
        normals=optional.get("NORMAL"),
        tangents=optional.get("TANGENT"),
        uvs=tuple(uvs),
        colors=None if colors is None else encoded_bytes(np.nan_to_num(colors)),
    )


def _with_moved(uvs: list[NDArray[np.float32]], moved: Sequence[MovedSet]) -> list[NDArray[np.float32]]:
    found = list(uvs)
    for each in moved:
        if each.source < len(uvs):
            found += [uvs[0]] * (each.target + 1 - len(found))
            found[each.target] = moved_uv(uvs[each.source], each.transform)
    return found


_OPTIONAL = {"NORMAL": (3,), "TANGENT": (4,), "COLOR_0": (3, 4)}
