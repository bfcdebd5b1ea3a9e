"""A Scene becomes an FBX file: tree, levels of detail, collision pieces, materials with their pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.formats.fbx_attributes import ROOT
from orfeas_desktop.engine.formats.fbx_binary import write_document
from orfeas_desktop.engine.formats.fbx_document import FbxDocument, Linked
from orfeas_desktop.engine.formats.publish import plain_stem
from orfeas_desktop.engine.formats.surface_pictures import Role, SurfacePictures
from orfeas_desktop.engine.scene.flatten import bounds_of
from orfeas_desktop.names import distinct

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Material, Mesh
    from orfeas_desktop.engine.scene.scene import Node, Scene

    Matrix = NDArray[np.float64]

_LINKS = {
    Role.base_color: "DiffuseColor",
    Role.normal: "NormalMap",
    Role.emissive: "EmissiveColor",
    Role.roughness: "ShininessExponent",
    Role.metallic: "ReflectionFactor",
    Role.opacity: "TransparentColor",
}
"""Which property of a Phong material a picture drives; other pictures only lie beside the file."""


@dataclass(frozen=True)
class FbxStyle:
    """How a scene is told in an FBX.

    prefix   of mesh names
    plain    whether names keep to ASCII letters, digits, - and _
    embed    whether pictures lie in the file; else beside it
    """

    z_up: bool = False
    units_per_metre: float = 100.0
    prefix: str = ""
    plain: bool = False
    embed: bool = True
    levels: bool = True
    pieces: bool = True
    roles: tuple[Role, ...] = (Role.base_color, Role.normal, Role.emissive, Role.roughness, Role.metallic)
    flip_green: bool = False
    factors: bool = True
    """Whether pictures hold the colours and factors of the material: most programs let them take their place."""
    watts: bool = False
    """Whether lights say their power in watts, as Blender reads them."""
    polygons: bool = False
    """Whether quads stay; engines cut them into triangles, and not always along the same diagonal."""
    picture_folder: str = ""
    """Where pictures lie beside the file."""
    shared: bool = True
    """Whether nodes of one mesh share its geometry; else each geometry is called as its node."""


@dataclass(frozen=True)
class FbxWritten:
    """What lies where: picture files beside the FBX, and the names that things have in it."""

    pictures: tuple[Path, ...]
    materials: Mapping[Material, str]
    picture_of: Mapping[tuple[Material, Role], Path]
    nodes: Mapping[int, str]
    """Names by the identity of the scene's nodes."""
    linked: int
    """How many times a material refers to a picture."""


def write_fbx(
    scene: Scene, path: Path, style: FbxStyle, threads: int, step: Callable[[float], None]
) -> FbxWritten:
    """Write `scene` to `path`, and its pictures beside it when they are not embedded.

    Cameras and lights have nodes of their own (`with_lone_cameras`).

    Raises Broken for a damaged texture, OSError.
    """
    document = FbxDocument(style.z_up, style.units_per_metre, threads, style.watts, style.polygons)
    writing = _Writing(path, style, document)
    nodes = [placed.node for placed in scene.walk()]
    writing.name_nodes(nodes)
    meshes = [mesh for node in nodes for mesh in writing.meshes_of(node)]
    writing.add_materials(meshes, lambda share: step(0.6 * share))
    low, high = bounds_of(scene)
    writing.size = float(np.linalg.norm(high - low))
    done = iter(range(1, len(nodes) + 1))
    for node in scene.nodes:
        writing.add(node, ROOT, lambda: step(0.6 + 0.3 * next(done) / len(nodes)))
    with path.open("wb") as stream:
        write_document(stream, writing.document.records(path.stem))
    return FbxWritten(
        tuple(dict.fromkeys(writing.files.values())) if not style.embed else (),
        writing.material_names,
        writing.picture_of,
        writing.names,
        writing.linked,
    )


@dataclass
class _Writing:
    path: Path
    style: FbxStyle
    document: FbxDocument
    size: float = 1.0
    linked: int = 0
    names: dict[int, str] = field(default_factory=dict[int, str])
    files: dict[bytes, Path] = field(default_factory=dict[bytes, "Path"])
    material_names: dict[Material, str] = field(default_factory=dict["Material", str])
    picture_of: dict[tuple[Material, Role], Path] = field(
        default_factory=dict["tuple[Material, Role]", "Path"]
    )
    _materials: dict[Material, int] = field(default_factory=dict["Material", int])

    def name_nodes(self, nodes: list[Node]) -> None:
        """Give every node a name of its own; a lone mesh is called as the file."""
        alone = sum(node.mesh is not None for node in nodes) == 1
        wanted = [
            self._said(self.path.stem if alone and node.mesh is not None else node.name, node)
            for node in nodes
        ]
        self.names = dict(zip(map(id, nodes), distinct(wanted), strict=True))

    def meshes_of(self, node: Node) -> Iterator[Mesh]:
        """Yield the meshes of a node that are written."""
        if node.mesh is not None:
            yield node.mesh
            yield from node.lods if self.style.levels else ()

    def add_materials(self, meshes: list[Mesh], step: Callable[[float], None]) -> None:
        """Store every material once, with its pictures."""
        uv_sets: dict[Material, int] = {}
        for mesh in meshes:
            for material in mesh.materials:
                uv_sets[material] = max(uv_sets.get(material, 0), len(mesh.uvs))
        said = [self._clean(material.name) for material in uv_sets]
        self.material_names = dict(zip(uv_sets, distinct(said), strict=True))
        makers = SurfacePictures(flip_green=self.style.flip_green, factors=self.style.factors)
        total, done = max(1, len(uv_sets) * len(self.style.roles)), count(1)
        for material, sets in uv_sets.items():
            name = self.material_names[material]
            pictures = list(self._pictures(material, name, sets, makers, lambda: step(next(done) / total)))
            told = _rest(material, pictures) if self.style.factors else material
            self._materials[material] = self.document.add_material(name, told, pictures)

    def add(self, node: Node, parent: int, step: Callable[[], None]) -> None:
        """Store a node with all below it; collision pieces stand beside it."""
        name, place = self.names[id(node)], node.transform.matrix()
        model, render_name = self._body(node, name, parent, place)
        step()
        for child in node.children:
            self.add(child, model, step)
        for number, piece in enumerate(node.collision if self.style.pieces else (), 1):
            self._piece(f"UCX_{render_name}_{number:02d}", piece, parent, place)

    def _body(self, node: Node, name: str, parent: int, place: Matrix) -> tuple[int, str]:
        """Store what a node holds; return the model that its children stand under, and its mesh's name."""
        levels = node.lods if self.style.levels else ()
        if node.camera is not None:
            return self.document.add_camera(name, node.camera, parent, place), name
        if node.light is not None:
            return self.document.add_light(name, node.light, parent, place), name
        if node.mesh is None:
            return self.document.add_group(name, parent, place), name
        if not levels:
            return self._mesh(name, node.mesh, parent, place), name
        if not node.children:
            return self._levels(node, name, name, parent, place), f"{name}_LOD0"
        group = self.document.add_group(name, parent, place)
        self._levels(node, f"{name}_levels", name, group, np.eye(4))
        return group, f"{name}_LOD0"

    def _levels(self, node: Node, group_name: str, name: str, parent: int, place: Matrix) -> int:
        distances = [self.size * 5.0 * 2**level for level in range(len(node.lods))]
        group = self.document.add_lod_group(group_name, parent, place, distances)
        for level, mesh in enumerate(self.meshes_of(node)):
            self._mesh(f"{name}_LOD{level}", mesh, group, np.eye(4))
        return group

    def _piece(self, name: str, mesh: Mesh, parent: int, place: Matrix) -> None:
        self.document.add_mesh(name, mesh, parent, place, (), shared=self.style.shared)

    def _mesh(self, name: str, mesh: Mesh, parent: int, place: Matrix) -> int:
        materials = [self._materials[material] for material in mesh.materials]
        return self.document.add_mesh(name, mesh, parent, place, materials, shared=self.style.shared)

    def _pictures(
        self, material: Material, name: str, uv_sets: int, makers: SurfacePictures, step: Callable[[], None]
    ) -> Iterator[Linked]:
        for role in self.style.roles:
            picture = makers.picture(material, role, uv_sets)
            step()
            if picture is None:
                continue
            file = self.files.get(picture.data)
            if file is None:
                label = plain_stem(f"{self.path.stem}_{name}.x")
                file = self.path.parent / self.style.picture_folder / f"{label}_{role.value}{picture.suffix}"
                self.files[picture.data] = file
                if not self.style.embed:
                    file.parent.mkdir(exist_ok=True)
                    file.write_bytes(picture.data)
            self.picture_of[material, role] = file
            if role in _LINKS:
                self.linked += 1
                place = file.relative_to(self.path.parent).as_posix()
                yield Linked(_LINKS[role], picture, place, self.style.embed)

    def _said(self, name: str, node: Node) -> str:
        prefix = self.style.prefix if node.mesh is not None else ""
        cleaned = self._clean(name)
        return cleaned if cleaned.startswith(prefix) else f"{prefix}{cleaned}"

    def _clean(self, name: str) -> str:
        if self.style.plain:
            return plain_stem(f"{name}.x")
        kept = "".join(letter if letter.isprintable() else "_" for letter in name)
        return kept.replace("::", "_").replace("|", "_").strip()[:120] or "node"


def _rest(material: Material, pictures: list[Linked]) -> Material:
    """Return what the material says beside pictures that hold its colours: white, for readers that multiply."""
    driven = {linked.drives for linked in pictures}
    glow, alpha = max(material.emissive), material.base_color[3]
    return replace(
        material,
        base_color=(1.0, 1.0, 1.0, alpha) if _LINKS[Role.base_color] in driven else material.base_color,
        emissive=(glow, glow, glow) if _LINKS[Role.emissive] in driven else material.emissive,
        metallic=1.0 if _LINKS[Role.metallic] in driven else material.metallic,
        normal_scale=1.0,
    )
