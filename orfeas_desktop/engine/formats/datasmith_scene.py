"""A Scene as a Datasmith file: the sheet (.udatasmith), meshes and textures in the folder beside it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent  # nosec B405  # only written here

import numpy as np

from orfeas_desktop import __version__
from orfeas_desktop.engine.formats.datasmith_mesh import CENTIMETRES, SWAP, udsmesh
from orfeas_desktop.engine.formats.publish import plain_stem
from orfeas_desktop.engine.formats.surface_pictures import Picture, Role, SurfacePictures
from orfeas_desktop.engine.mesh.mesh import AlphaMode
from orfeas_desktop.engine.scene.matrices import transforms_of
from orfeas_desktop.engine.scene.scene import LightKind
from orfeas_desktop.names import distinct

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Material, Mesh
    from orfeas_desktop.engine.scene.scene import Camera, Light, Node, Scene

    Matrix = NDArray[np.float64]

_MODES = {Role.base_color: 0, Role.emissive: 0, Role.normal: 2, Role.orm: 5}
_ROLES = (Role.base_color, Role.emissive, Role.normal, Role.orm)
_SRGB, _LINEAR = 1, 2
_RGB, _RED, _GREEN, _BLUE, _ALPHA = range(5)
_SENSOR_MM = 36.0
_CAMERA_TURN = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).T
"""From Unreal's camera, which looks along +x with z up, to axes right, up, back of one that looks along -z."""


def write_datasmith(scene: Scene, path: Path, step: Callable[[float], None]) -> int:
    """Write the sheet to `path` and the rest to the folder `NAME_Assets`; return the uses of textures.

    Raises Broken for a damaged texture, OSError.
    """
    writing = _Writing(path.parent / f"{path.stem}_Assets", Element("DatasmithUnrealScene"))
    writing.assets.mkdir(exist_ok=True)
    writing.head()
    nodes = [placed.node for placed in scene.walk()]
    names = distinct([_clean(node.name) for node in nodes])
    writing.names = dict(zip(map(id, nodes), names, strict=True))
    shown = tuple(mesh for node in nodes for mesh in (node.mesh, *node.lods) if mesh is not None)
    writing.materials(shown, lambda share: step(0.6 * share))
    for number, node in enumerate(scene.nodes):
        step(0.6 + 0.35 * number / len(scene.nodes))
        writing.actor(writing.root, node, np.eye(4))
    writing.root.extend(writing.shapes + writing.surfaces + writing.textures)
    indent(writing.root, "\t")
    ElementTree(writing.root).write(path, encoding="utf-8", xml_declaration=False)
    return writing.uses


@dataclass
class _Writing:
    assets: Path
    root: Element
    uses: int = 0
    names: dict[int, str] = field(default_factory=dict[int, str])
    shapes: list[Element] = field(default_factory=list[Element])
    surfaces: list[Element] = field(default_factory=list[Element])
    textures: list[Element] = field(default_factory=list[Element])
    _material_names: dict[Material, str] = field(default_factory=dict["Material", str])
    _meshes: dict[tuple[int, ...], str] = field(default_factory=dict["tuple[int, ...]", str])
    _mesh_names: set[str] = field(default_factory=set[str])
    _pictures: dict[bytes, str] = field(default_factory=dict[bytes, str])

    def head(self) -> None:
        """Say what wrote the file."""
        SubElement(self.root, "Version").text = "0.22"
        SubElement(self.root, "SDKVersion").text = "4.24E0"
        SubElement(self.root, "Host").text = "Orfeas Desktop"
        vendor = {"Vendor": "Orfeas", "ProductName": "Orfeas Desktop", "ProductVersion": __version__}
        SubElement(self.root, "Application", vendor)
        SubElement(self.root, "User", {"ID": "", "OS": ""})

    def materials(self, meshes: tuple[Mesh, ...], step: Callable[[float], None]) -> None:
        """Store every material once."""
        sets: dict[Material, int] = {}
        for mesh in meshes:
            for material in mesh.materials:
                sets[material] = max(sets.get(material, 0), len(mesh.uvs))
        names = distinct([_clean(material.name) for material in sets])
        self._material_names = dict(zip(sets, names, strict=True))
        makers = SurfacePictures(flip_green=True, factors=True)
        total, done = max(1, len(sets) * len(_ROLES)), count(1)
        for material, uv_sets in sets.items():
            self._surface(material, uv_sets, makers, lambda: step(next(done) / total))

    def actor(self, parent: Element, node: Node, above: Matrix) -> None:
        """Store a node with all below it; places are those of the whole scene, as Datasmith wants them."""
        name, matrix = self.names[id(node)], above @ node.transform.matrix()
        places = transforms_of(matrix)
        if node.camera is not None:
            actor = self._camera(parent, name, node.camera, matrix)
        elif node.light is not None:
            actor = self._light(parent, name, node.light, matrix)
        elif node.mesh is None:
            actor = _actor(parent, "Actor", name, node.name)
            _place(actor, matrix if len(places) == 1 else np.eye(4))
        else:
            actor = _actor(parent, "ActorMesh", name, node.name)
            sheared = len(places) > 1
            SubElement(actor, "mesh", {"name": self._mesh(name, node, matrix if sheared else None)})
            moved = np.eye(4)
            moved[:3, 3] = matrix[:3, 3]
            _place(actor, moved if sheared else matrix)
        if node.children:
            below = SubElement(actor, "children", {"visible": "true"})
            for child in node.children:
                self.actor(below, child, matrix)

    def _mesh(self, name: str, node: Node, sheared: Matrix | None) -> str:
        """Store the mesh of a node with levels and collision once, or as it is under a place that shears."""
        levels = tuple(mesh for mesh in (node.mesh, *node.lods) if mesh is not None)
        key = (*map(id, levels), 0, *map(id, node.collision))
        known = self._meshes.get(key) if sheared is None else None
        if known is not None:
            return known
        title = distinct([*sorted(self._mesh_names), f"SM_{name}"])[-1]
        self._mesh_names.add(title)
        if sheared is None:
            self._meshes[key] = title
        used = tuple(dict.fromkeys(material for mesh in levels for material in mesh.materials))
        ready = [_renumbered(mesh, used) for mesh in levels]
        data = udsmesh(title, ready, node.collision, None if sheared is None else sheared[:3, :3])
        (self.assets / f"{title}.udsmesh").write_bytes(data)
        shape = Element("StaticMesh", {"label": title, "name": title})
        for number, material in enumerate(used):
            SubElement(shape, "Material", {"id": str(number), "name": self._material_names[material]})
        SubElement(shape, "file", {"path": f"{self.assets.name}/{title}.udsmesh"})
        SubElement(shape, "LightmapUV", {"value": "-1"})
        SubElement(shape, "Hash", {"value": hashlib.md5(data, usedforsecurity=False).hexdigest()})
        self.shapes.append(shape)
        return title

    def _camera(self, parent: Element, name: str, camera: Camera, matrix: Matrix) -> Element:
        actor = _actor(parent, "Camera", name, name)
        aspect = camera.aspect or 16 / 9
        _aim(actor, matrix)
        focal = _SENSOR_MM / aspect / 2 / math.tan(camera.vertical_angle / 2)
        SubElement(actor, "SensorWidth", {"value": f"{_SENSOR_MM:.6f}"})
        SubElement(actor, "SensorAspectRatio", {"value": f"{aspect:.6f}"})
        SubElement(actor, "FocalLength", {"value": f"{focal:.6f}"})
        return actor

    def _light(self, parent: Element, name: str, light: Light, matrix: Matrix) -> Element:
        actor = _actor(parent, "Light", name, name)
        kinds = {
            LightKind.sun: "DirectionalLight",
            LightKind.point: "PointLight",
            LightKind.spot: "SpotLight",
        }
        actor.attrib |= {"type": kinds[light.kind], "enabled": "1"}
        _aim(actor, matrix)
        red, green, blue = (f"{part:.6f}" for part in light.color)
        SubElement(actor, "Color", {"usetemp": "0", "temperature": "6500.0", "R": red, "G": green, "B": blue})
        values: dict[str, str] = {"Intensity": f"{light.intensity:.6f}"}
        if light.kind is not LightKind.sun:
            values["IntensityUnits"] = "Candelas"
            if light.reach is not None:
                values["AttenuationRadius"] = f"{light.reach * CENTIMETRES:.6f}"
        if light.kind is LightKind.spot:
            values["InnerConeAngle"] = f"{math.degrees(light.inner_cone):.6f}"
            values["OuterConeAngle"] = f"{math.degrees(light.outer_cone):.6f}"
        for key, value in values.items():
            SubElement(actor, key, {"value": value})
        return actor

    def _surface(
        self, material: Material, uv_sets: int, makers: SurfacePictures, step: Callable[[], None]
    ) -> None:
        name = self._material_names[material]
        surface = Element("UEPbrMaterial", {"name": name, "label": _label(material.name)})
        graph = _Graph(SubElement(surface, "Expressions"), surface)
        used: dict[Role, _Used | None] = {}
        for role in _ROLES:
            used[role] = self._picture(material, role, name, uv_sets, makers)
            step()
        base, glow, normal, packed = used.values()
        if base:
            graph.connect("BaseColor", graph.texture("Base color", base), _RGB)
        else:
            graph.connect("BaseColor", graph.color("Base color", material.base_color), _RGB)
        if packed:
            surface_map = graph.texture("Occlusion, roughness, metal", packed)
            for target, output in (("AmbientOcclusion", _RED), ("Roughness", _GREEN), ("Metallic", _BLUE)):
                graph.connect(target, surface_map, output)
        else:
            graph.connect("Roughness", graph.scalar("Roughness", material.roughness), 0)
            graph.connect("Metallic", graph.scalar("Metal", material.metallic), 0)
        if normal:
            graph.connect("Normal", graph.texture("Normal", normal), _RGB)
        bright = max(material.emissive)
        if glow and bright != 1.0:
            graph.connect("EmissiveColor", graph.product(graph.texture("Glow", glow), bright), 0)
        elif glow:
            graph.connect("EmissiveColor", graph.texture("Glow", glow), _RGB)
        elif any(material.emissive):
            graph.connect("EmissiveColor", graph.color("Glow", (*material.emissive, 1.0)), _RGB)
        if material.alpha_mode is not AlphaMode.opaque:
            clear = (
                graph.texture("Opacity", base) if base else graph.scalar("Opacity", material.base_color[3])
            )
            mask = material.alpha_mode is AlphaMode.mask
            graph.connect("Opacity", clear, _ALPHA if base else 0)
            SubElement(surface, "BlendMode", {"value": "1" if mask else "2"})
        SubElement(surface, "TwoSided", {"enabled": str(material.double_sided)})
        SubElement(surface, "OpacityMaskClipValue", {"value": f"{material.alpha_cutoff:.4f}"})
        self.surfaces.append(surface)

    def _picture(
        self, material: Material, role: Role, name: str, uv_sets: int, makers: SurfacePictures
    ) -> _Used | None:
        """Store the picture of a role once; return its name and UV set, nothing when there is none."""
        picture = makers.picture(material, role, uv_sets)
        if picture is None:
            return None
        self.uses += 1
        if picture.data not in self._pictures:
            title = f"T_{name}_{role.value}"
            self._pictures[picture.data] = title
            self.textures.append(self._texture(title, picture, role))
        return _Used(self._pictures[picture.data], picture.uv_set)

    def _texture(self, title: str, picture: Picture, role: Role) -> Element:
        file = self.assets / f"{title}{picture.suffix}"
        file.write_bytes(picture.data)
        texture = Element(
            "Texture",
            {
                "name": title,
                "label": title,
                "texturemode": str(_MODES[role]),
                "texturefilter": "3",
                "textureaddressx": "0",
                "textureaddressy": "0",
                "rgbcurve": "-1.000000",
                "srgb": str(_LINEAR if picture.linear else _SRGB),
                "file": f"{self.assets.name}/{file.name}",
            },
        )
        digest = hashlib.md5(picture.data, usedforsecurity=False).hexdigest()
        SubElement(texture, "Hash", {"value": digest})
        return texture


class _Used(NamedTuple):
    """A picture that a material reads."""

    name: str
    uv_set: int


@dataclass
class _Graph:
    """The expressions of a material and what they drive."""

    expressions: Element
    surface: Element

    def texture(self, name: str, used: _Used) -> int:
        where = None
        if used.uv_set:
            where = len(self.expressions)
            values = {"Index": str(used.uv_set), "UTiling": "1.0", "VTiling": "1.0"}
            SubElement(self.expressions, "TextureCoordinate", values)
        texture = SubElement(self.expressions, "Texture", {"Name": name, "PathName": used.name})
        if where is not None:
            _input(texture, "0", where, 0)
        return len(self.expressions) - 1

    def product(self, expression: int, factor: float) -> int:
        other = self.scalar("Strength", factor)
        product = SubElement(self.expressions, "Multiply", {"Name": ""})
        _input(product, "0", expression, 0)
        _input(product, "1", other, 0)
        return len(self.expressions) - 1

    def color(self, name: str, value: tuple[float, float, float, float]) -> int:
        said = ",".join(f"{axis}={part:.6f}" for axis, part in zip("RGBA", value, strict=True))
        SubElement(self.expressions, "Color", {"Name": name, "constant": f"({said})"})
        return len(self.expressions) - 1

    def scalar(self, name: str, value: float) -> int:
        SubElement(self.expressions, "Scalar", {"Name": name, "constant": f"{value:.6f}"})
        return len(self.expressions) - 1

    def connect(self, target: str, expression: int, output: int) -> None:
        _input(self.surface, target, expression, output)


def _input(of: Element, name: str, expression: int, output: int) -> None:
    SubElement(of, "Input", {"Name": name, "expression": str(expression), "OutputIndex": str(output)})


def _actor(parent: Element, kind: str, name: str, label: str) -> Element:
    return SubElement(parent, kind, {"name": name, "label": _label(label), "layer": "Layer0"})


def _renumbered(mesh: Mesh, used: tuple[Material, ...]) -> Mesh:
    """Return the mesh, its faces numbering the materials as the finest level and those after it do."""
    if mesh.materials == used:
        return mesh
    numbers = np.array([used.index(material) for material in mesh.materials], np.int32)
    groups = np.zeros(mesh.face_count, np.int32) if mesh.face_materials is None else mesh.face_materials
    return mesh.changed(materials=used, face_materials=numbers[groups])


def _aim(actor: Element, matrix: Matrix) -> None:
    """Say where a camera or light stands, which in Unreal looks along +x."""
    turned = matrix.copy()
    axes = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    turned[:3, :3] = SWAP @ axes @ _CAMERA_TURN
    _place(actor, turned, swapped=True)


def _place(actor: Element, matrix: Matrix, *, swapped: bool = False) -> None:
    """Say where an actor stands: centimetres, z up, left-handed; `swapped`: its rotation is so already."""
    moved = matrix.copy()
    if not swapped:
        moved[:3, :3] = SWAP @ matrix[:3, :3] @ SWAP
    moved[:3, 3] = SWAP @ matrix[:3, 3] * CENTIMETRES
    (place, *_) = transforms_of(moved)
    numbers = (*place.translation, *place.scale, *place.rotation)
    keys = ("tx", "ty", "tz", "sx", "sy", "sz", "qx", "qy", "qz", "qw")
    values = {key: f"{value:.9g}" for key, value in zip(keys, numbers, strict=True)}
    SubElement(actor, "Transform", {**values, "qhex": ""})


def _label(name: str) -> str:
    """Return a name as XML can hold it."""
    return "".join(letter if letter.isprintable() else "_" for letter in name)


def _clean(name: str) -> str:
    """Return a name of letters, digits and _ that does not begin with one."""
    return plain_stem(f"{name}.x").replace("-", "_").strip("_") or "node"
