"""A Scene as the records of an FBX 7.4 document."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import count
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.formats.fbx_attributes import (
    CREATOR,
    FIRST_IDENTITY,
    Properties,
    camera_properties,
    documents,
    header,
    light_properties,
    lod_properties,
    material_properties,
    place_properties,
    put_properties,
    settings,
)
from orfeas_desktop.engine.formats.fbx_binary import Record, Whole
from orfeas_desktop.engine.formats.fbx_geometry import GeometryStyle, geometry_record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from orfeas_desktop.engine.formats.surface_pictures import Picture
    from orfeas_desktop.engine.mesh.mesh import Material, Mesh
    from orfeas_desktop.engine.scene.scene import Camera, Light

    Matrix = NDArray[np.float64]

_FILE_ID = bytes.fromhex("28b32aebb624ccc2bfc8b02aa92bfcf1")
_EPOCH = "1970-01-01 10:00:00:000"
Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
CAMERA_TURN = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
"""From FBX's camera, which looks along +x, to one that looks along -z."""
LIGHT_TURN = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""From FBX's light, which shines along -y, to one that shines along -z."""


@dataclass(frozen=True, eq=False)
class Linked:
    """A picture as a texture of a material: the property it drives, its file as seen from the FBX."""

    drives: str
    picture: Picture
    file: str
    embedded: bool

    @property
    def name(self) -> str:
        """What it is called."""
        return PurePosixPath(self.file).stem


@dataclass
class FbxDocument:
    """Gathers objects and their connections; `z_up` and `units_per_metre` say what the numbers mean.

    `watts`: lights say their power as Blender does.
    """

    z_up: bool
    units_per_metre: float
    threads: int = 1
    watts: bool = False
    polygons: bool = False
    _identities: Iterator[int] = field(default_factory=lambda: count(FIRST_IDENTITY))
    _objects: list[Record] = field(default_factory=list["Record"])
    _links: list[tuple[int, int, str]] = field(default_factory=list[tuple[int, int, str]])
    _geometries: dict[tuple[int, bool], tuple[Mesh, int]] = field(
        default_factory=dict["tuple[int, bool]", "tuple[Mesh, int]"]
    )
    _videos: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def basis(self) -> Matrix:
        """The (3, 3) rotation from y up to the file's axes."""
        return Z_UP if self.z_up else np.eye(3)

    def add_model(self, name: str, kind: str, parent: int, matrix: Matrix) -> int:
        """Put a model of `kind` (`Mesh`, `Null`, `LodGroup`, `Camera`, `Light`) at a place; return its identity.

        `matrix` (4, 4) is the place in its parent's space, y up, in metres; for cameras and lights see `turned`.
        """
        identity = next(self._identities)
        record = Record("Model", (Whole(identity), f"{name}\0\1Model", kind))
        record.add("Version", 232)
        offset = self.basis @ matrix[:3, 3] * self.units_per_metre
        rotation, scale = self._rotation_and_scale(matrix[:3, :3], kind)
        put_properties(record, place_properties(offset.tolist(), _euler(rotation), scale))
        record.add("Shading", True)
        record.add("Culling", "CullingOff")
        self._objects.append(record)
        self._links.append((identity, parent, ""))
        return identity

    def add_mesh(
        self,
        name: str,
        mesh: Mesh,
        parent: int,
        matrix: Matrix,
        materials: Sequence[int],
        *,
        shared: bool = True,
    ) -> int:
        """Put a mesh model at a place; the same object given again may share its geometry."""
        model = self.add_model(name, "Mesh", parent, matrix)
        key = (id(mesh), bool(materials))
        known = self._geometries.get(key) if shared else None
        if known is None:
            known = (mesh, next(self._identities))
            self._geometries[key] = known
            scaled = self.basis * self.units_per_metre
            title = mesh.name if shared else name
            style = GeometryStyle(polygons=self.polygons, materials=bool(materials))
            self._objects.append(geometry_record(known[1], title, mesh, scaled, self.threads, style))
        self._links.append((known[1], model, ""))
        self._links += [(material, model, "") for material in materials]
        return model

    def add_lod_group(self, name: str, parent: int, matrix: Matrix, thresholds: Sequence[float]) -> int:
        """Put a group whose children are levels of detail; `thresholds` are distances in metres between them."""
        model = self.add_model(name, "LodGroup", parent, matrix)
        distances = [distance * self.units_per_metre for distance in thresholds]
        self._attribute(model, name, "LodGroup", lod_properties(distances))
        return model

    def add_group(self, name: str, parent: int, matrix: Matrix) -> int:
        """Put an empty place."""
        model = self.add_model(name, "Null", parent, matrix)
        self._attribute(model, name, "Null", (("Look", "enum", "", "", 1),))
        return model

    def add_camera(self, name: str, camera: Camera, parent: int, matrix: Matrix) -> int:
        """Put a camera at a place."""
        model = self.add_model(name, "Camera", parent, matrix)
        self._attribute(model, name, "Camera", camera_properties(camera, self.units_per_metre))
        return model

    def add_light(self, name: str, light: Light, parent: int, matrix: Matrix) -> int:
        """Put a light at a place."""
        model = self.add_model(name, "Light", parent, matrix)
        self._attribute(model, name, "Light", light_properties(light, watts=self.watts))
        return model

    def add_material(self, name: str, material: Material, pictures: Sequence[Linked]) -> int:
        """Store a material: Phong, roughness as shininess and metal as reflection, as Blender and FBX tools read it."""
        identity = next(self._identities)
        record = Record("Material", (Whole(identity), f"{name}\0\1Material", ""))
        record.add("Version", 102)
        record.add("ShadingModel", "Phong")
        record.add("MultiLayer", 0)
        put_properties(record, material_properties(material))
        self._objects.append(record)
        for linked in pictures:
            self._links.append((self._texture(linked), identity, linked.drives))
        return identity

    def records(self, title: str) -> list[Record]:
        """Return the top records of the file, in the order that readers expect."""
        return [
            header(),
            Record("FileId", (_FILE_ID,)),
            Record("CreationTime", (_EPOCH,)),
            Record("Creator", (CREATOR,)),
            settings(z_up=self.z_up, units_per_metre=self.units_per_metre),
            documents(title),
            Record("References"),
            self._definitions(),
            Record("Objects", below=self._objects),
            self._connections(),
            Record("Takes", below=[Record("Current", ("",))]),
        ]

    def _rotation_and_scale(self, linear: Matrix, kind: str) -> tuple[Matrix, tuple[float, float, float]]:
        """Return rotation and scale in the file's axes of a matrix that is a rotation times a scale."""
        lengths = np.linalg.norm(linear, axis=0)
        axes = linear / np.where(lengths > 0, lengths, 1.0)
        if np.linalg.det(axes) < 0:
            axes, lengths = axes * [-1, 1, 1], lengths * [-1, 1, 1]
        x, y, z = lengths.tolist()
        turn = {"Camera": CAMERA_TURN, "Light": LIGHT_TURN}.get(kind)
        if turn is not None:
            return self.basis @ axes @ turn, (1.0, 1.0, 1.0)
        return self.basis @ axes @ self.basis.T, (x, z, y) if self.z_up else (x, y, z)

    def _attribute(self, model: int, name: str, kind: str, properties: Properties) -> None:
        identity = next(self._identities)
        record = Record("NodeAttribute", (Whole(identity), f"{name}\0\1NodeAttribute", kind))
        record.add("TypeFlags", kind)
        put_properties(record, properties)
        self._objects.append(record)
        self._links.append((identity, model, ""))

    def _texture(self, linked: Linked) -> int:
        video = self._video(linked)
        identity = next(self._identities)
        name = linked.name
        record = Record("Texture", (Whole(identity), f"{name}\0\1Texture", ""))
        record.add("Type", "TextureVideoClip")
        record.add("Version", 202)
        record.add("TextureName", f"{name}\0\1Texture")
        uv_set = linked.picture.uv_set
        put_properties(
            record,
            (
                ("UVSet", "KString", "", "", f"UVMap{uv_set or ''}"),
                ("UseMaterial", "bool", "", "", 1),
                ("WrapModeU", "enum", "", "", 0),
                ("WrapModeV", "enum", "", "", 0),
            ),
        )
        record.add("Media", f"{name}\0\1Video")
        record.add("FileName", linked.file)
        record.add("RelativeFilename", linked.file)
        record.add("ModelUVTranslation", 0.0, 0.0)
        record.add("ModelUVScaling", 1.0, 1.0)
        record.add("Texture_Alpha_Source", "None")
        record.add("Cropping", 0, 0, 0, 0)
        self._objects.append(record)
        self._links.append((video, identity, ""))
        return identity

    def _video(self, linked: Linked) -> int:
        if linked.file not in self._videos:
            identity = next(self._identities)
            name = linked.name
            record = Record("Video", (Whole(identity), f"{name}\0\1Video", "Clip"))
            record.add("Type", "Clip")
            put_properties(record, (("Path", "KString", "XRefUrl", "", linked.file),))
            record.add("UseMipMap", 0)
            record.add("Filename", linked.file)
            record.add("RelativeFilename", linked.file)
            if linked.embedded:
                record.add("Content", linked.picture.data)
            self._objects.append(record)
            self._videos[linked.file] = identity
        return self._videos[linked.file]

    def _definitions(self) -> Record:
        record = Record("Definitions")
        record.add("Version", 100)
        counts = {"GlobalSettings": 1}
        for each in self._objects:
            counts[each.name] = counts.get(each.name, 0) + 1
        record.add("Count", sum(counts.values()))
        for name, number in counts.items():
            record.add("ObjectType", name).add("Count", number)
        return record

    def _connections(self) -> Record:
        record = Record("Connections")
        for child, parent, target in self._links:
            if target:
                record.add("C", "OP", Whole(child), Whole(parent), target)
            else:
                record.add("C", "OO", Whole(child), Whole(parent))
        return record


def _euler(rotation: Matrix) -> tuple[float, float, float]:
    """Return degrees about x, then y, then z of a (3, 3) rotation."""
    level = math.hypot(rotation[0, 0], rotation[1, 0])
    y = math.atan2(-rotation[2, 0], level)
    if level > 1e-9:
        x = math.atan2(rotation[2, 1], rotation[2, 2])
        z = math.atan2(rotation[1, 0], rotation[0, 0])
    else:
        x, z = math.atan2(-rotation[1, 2], rotation[1, 1]), 0.0
    return math.degrees(x), math.degrees(y), math.degrees(z)
