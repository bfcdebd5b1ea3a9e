"""Reads a written Datasmith folder again: its sheet, every mesh, and whether all names lead somewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.formats.datasmith_mesh import UdsFile, read_udsmesh
from orfeas_desktop.engine.mesh.source_files import Broken, require
from orfeas_desktop.engine.mesh.transform import Transform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element  # nosec B405  # a type only

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class DatasmithActor:
    """A mesh of the scene where it stands: `matrix` (4, 4) in centimetres, z up, left-handed."""

    name: str
    parent: str
    shape: str
    """What the sheet calls its mesh."""
    file: UdsFile
    matrix: NDArray[np.float64]


@dataclass(frozen=True)
class DatasmithScene:
    """What a Datasmith file holds."""

    actors: tuple[DatasmithActor, ...]
    textures: int
    """Uses by materials."""


def read_datasmith(sheet: Path) -> DatasmithScene:
    """Return the scene of a sheet. Raises Broken when anything it names is missing or not as it should be."""
    from defusedxml.ElementTree import ParseError, parse

    try:
        root = parse(sheet).getroot()
    except (ParseError, OSError) as problem:
        raise Broken(f"its sheet cannot be read ({problem})") from None
    if root is None or root.tag != "DatasmithUnrealScene":
        raise Broken("its sheet is of another kind")
    materials = {each.get("name") for each in root.iter("UEPbrMaterial")}
    textures = {str(each.get("name")): str(each.get("file")) for each in root.findall("Texture")}
    for file in textures.values():
        require((sheet.parent / file).is_file(), f"the texture {file} is missing")
    uses = [each.get("PathName") for each in root.iter("Texture") if each.get("PathName")]
    require(set(uses) <= textures.keys(), "a material names a texture that is not there")
    meshes = {str(each.get("name")): _mesh(each, sheet.parent, materials) for each in root.iter("StaticMesh")}
    return DatasmithScene(tuple(_actors(root, "", meshes)), len(set(_material_uses(root))))


def _material_uses(root: Element) -> Iterator[tuple[str, str]]:
    for material in root.iter("UEPbrMaterial"):
        for each in material.iter("Texture"):
            yield str(material.get("name")), str(each.get("PathName"))


def _mesh(shape: Element, folder: Path, materials: set[str | None]) -> UdsFile:
    file = shape.find("file")
    path = folder / str(file.get("path") if file is not None else "")
    require(path.is_file(), f"the mesh {path.name} is missing")
    mesh = read_udsmesh(path.read_bytes())
    named = [each.get("name") for each in shape.findall("Material")]
    require(set(named) <= materials, "a mesh names a material that is not there")
    used = max(int(level.materials.max()) for level in mesh.levels)
    require(used < len(named), "a face names a material that is not there")
    return mesh


def _actors(element: Element, parent: str, meshes: dict[str, UdsFile]) -> Iterator[DatasmithActor]:
    for actor in element:
        if actor.tag not in ("Actor", "ActorMesh", "Camera", "Light"):
            continue
        name = str(actor.get("name"))
        shape = actor.find("mesh")
        if shape is not None:
            title = str(shape.get("name"))
            require(title in meshes, "an actor names a mesh that is not there")
            yield DatasmithActor(name, parent, title, meshes[title], _matrix(actor))
        below = actor.find("children")
        if below is not None:
            yield from _actors(below, name, meshes)


def _matrix(actor: Element) -> NDArray[np.float64]:
    place = actor.find("Transform")
    if place is None:
        raise Broken("an actor has no place")
    try:
        t, s, q = (
            [float(str(place.get(key))) for key in keys]
            for keys in (("tx", "ty", "tz"), ("sx", "sy", "sz"), ("qx", "qy", "qz", "qw"))
        )
    except ValueError:
        raise Broken("a place in it is not a number") from None
    return Transform((t[0], t[1], t[2]), (q[0], q[1], q[2], q[3]), (s[0], s[1], s[2])).matrix()
