"""A Datasmith folder as its strict reader finds it, turned back to y up, right-handed, in metres."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element  # nosec B405  # a type only

import numpy as np

from orfeas_desktop.engine.formats.datasmith_check import read_datasmith
from orfeas_desktop.engine.formats.datasmith_mesh import CENTIMETRES, SWAP, UdsMesh
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.mesh.source_files import Broken, require
from orfeas_desktop.engine.mesh.textures import media_type_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_PARTS = re.compile(r"[RGB]=([-+.\de]+)")


def datasmith_mesh(sheet: Path) -> Mesh:
    """Return the finest level of everything. Raises Broken, OSError."""
    from defusedxml.ElementTree import parse

    scene = read_datasmith(sheet)
    root = parse(sheet).getroot()
    if root is None:
        raise Broken("its sheet is empty")
    files = {str(each.get("name")): sheet.parent / str(each.get("file")) for each in root.findall("Texture")}
    looks = {str(each.get("name")): _material(each, files) for each in root.findall("UEPbrMaterial")}
    used = {
        str(shape.get("name")): tuple(looks[str(each.get("name"))] for each in shape.findall("Material"))
        for shape in root.findall("StaticMesh")
    }
    parts = [_placed(actor.file.levels[0], actor.matrix, used[actor.shape]) for actor in scene.actors]
    require(bool(parts), "it shows no mesh")
    return merged(parts).changed(name=sheet.stem)


def _placed(found: UdsMesh, matrix: NDArray[np.float64], looks: tuple[Material, ...]) -> Mesh:
    places = (found.vertices @ matrix[:3, :3].T + matrix[:3, 3]) @ SWAP.T / CENTIMETRES
    order = found.corners.reshape(-1)
    faces = np.arange(len(order), dtype=np.int32).reshape(-1, 3)
    normals = None
    if len(found.normals):
        normals = found.normals @ np.linalg.inv(matrix[:3, :3]) @ SWAP.T
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    if np.linalg.det(matrix[:3, :3]) < 0:
        faces = np.ascontiguousarray(faces[:, ::-1])
    return Mesh(
        places[order].astype(np.float32),
        faces,
        normals=None if normals is None else normals.astype(np.float32),
        uvs=found.uvs,
        colors=found.colors[:, [2, 1, 0, 3]] if len(found.colors) else None,
        materials=looks or (Material(),),
        face_materials=found.materials,
    )


def _material(surface: Element, files: dict[str, Path]) -> Material:
    name = str(surface.get("name"))
    expressions = list(surface.find("Expressions") or ())
    driven = {str(each.get("Name")): int(str(each.get("expression"))) for each in surface.findall("Input")}
    base = expressions[driven["BaseColor"]]
    if base.tag == "Texture":
        data = files[str(base.get("PathName"))].read_bytes()
        return Material(name, base_color_texture=Texture(data, media_type_of(data)))
    red, green, blue = map(float, _PARTS.findall(str(base.get("constant"))))
    return Material(name, base_color=(red, green, blue, 1.0))
