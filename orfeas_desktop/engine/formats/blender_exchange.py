"""A scene as files that the script for Blender builds its objects from, turned to Blender's z up."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.formats.publish import plain_stem
from orfeas_desktop.engine.mesh.color import linear_of
from orfeas_desktop.engine.mesh.textures import SUFFIXES, textures_of
from orfeas_desktop.engine.mesh.whole_picture import whole
from orfeas_desktop.engine.scene.flatten import in_metres
from orfeas_desktop.names import distinct

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Finish, Material, Mesh, Texture
    from orfeas_desktop.engine.scene.scene import Node, Scene

_LONGEST = 30
"""Of a material's name in that of a picture: Blender keeps 63 letters in all."""
Plain = str | float | bool | None | Sequence["Plain"] | Mapping[str, "Plain"]
TO_BLENDER = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], np.float64)


class Exchange:
    """Writes one scene to one folder: `scene.json`, and beside it numbers and pictures by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures: dict[bytes, str] = {}
        self._materials: dict[tuple[Material, bool], int] = {}
        self._told_materials: list[Plain] = []

    def write(self, scene: Scene, step: Callable[[float], None]) -> None:
        """Write the scene; `step` is told the share that is done and may raise. Raises Broken, OSError."""
        meshes = scene.meshes()
        told: list[Plain] = []
        for number, mesh in enumerate(meshes):
            step(number / len(meshes))
            told.append(self._mesh(in_metres(mesh), f"mesh{number}"))
        numbers = {id(mesh): number for number, mesh in enumerate(meshes)}
        record: Plain = {
            "name": scene.name,
            "extras": {
                f"orfeas_{key}": str(value) for key, value in scene.extras.items() if value is not None
            },
            "pictures": list(self.pictures.values()),
            "materials": self._told_materials,
            "meshes": told,
            "nodes": _nodes(scene, numbers),
        }
        (self.folder / "scene.json").write_text(json.dumps(record, ensure_ascii=False), "utf-8")

    def _mesh(self, mesh: Mesh, stem: str) -> Plain:
        whole = mesh.polygons is not None and mesh.face_materials is None
        corners = mesh.polygons.indices if whole and mesh.polygons is not None else mesh.faces.reshape(-1)
        starts = (
            mesh.polygons.offsets[:-1]
            if whole and mesh.polygons is not None
            else np.arange(0, len(corners), 3)
        )
        colored = mesh.colors is not None
        return {
            "name": mesh.name,
            "vertices": self._numbers(f"{stem}.vertices", _turned(mesh.vertices)),
            "starts": self._numbers(f"{stem}.starts", starts.astype("<i4")),
            "corners": self._numbers(f"{stem}.corners", corners.astype("<i4")),
            "normals": None
            if mesh.normals is None
            else self._numbers(f"{stem}.normals", _turned(mesh.normals)),
            "uvs": [
                self._numbers(
                    f"{stem}-UVMap{index or ''}.uv", (np.array([0, 1]) + uv * [1, -1])[corners].astype("<f4")
                )
                for index, uv in enumerate(mesh.uvs)
            ],
            "colors": None
            if mesh.colors is None
            else self._numbers(f"{stem}.colors", _light(mesh.colors)[corners].astype("<f4")),
            "materials": [self._material(material, len(mesh.uvs), colored) for material in mesh.materials],
            "groups": None
            if mesh.face_materials is None
            else self._numbers(f"{stem}.groups", mesh.face_materials.astype("<i4")),
        }

    def _numbers(self, name: str, values: NDArray[np.generic]) -> str:
        (self.folder / name).write_bytes(np.ascontiguousarray(values).tobytes())
        return name

    def _material(self, material: Material, sets: int, colored: bool) -> int:
        key = (material, colored)
        if key not in self._materials:
            self._materials[key] = len(self._told_materials)
            stem = plain_stem(f"{material.name}.x")[:_LONGEST]
            textures: dict[str, Plain] = {
                slot: {
                    "file": self._picture(texture, f"{stem}_{slot}"),
                    "uv_map": f"UVMap{texture.uv_set or ''}",
                }
                for slot, texture in textures_of(material).items()
                if texture.uv_set < sets
            }
            self._told_materials.append(
                {
                    "name": material.name,
                    "base_color": material.base_color,
                    "metallic": material.metallic,
                    "roughness": material.roughness,
                    "normal_scale": material.normal_scale,
                    "emissive": material.emissive,
                    "alpha_mode": material.alpha_mode.value,
                    "alpha_cutoff": material.alpha_cutoff,
                    "double_sided": material.double_sided,
                    "vertex_colors": colored,
                    "finish": _finish(material.finish),
                    "textures": textures,
                }
            )
        return self._materials[key]

    def _picture(self, texture: Texture, stem: str) -> str:
        digest = sha256(texture.data).digest()
        if digest not in self.pictures:
            wanted = f"{stem.removesuffix('_texture').removesuffix('_map')}{SUFFIXES[texture.media_type]}"
            *_, name = distinct([*self.pictures.values(), wanted])
            (self.folder / name).write_bytes(whole(texture).data)
            self.pictures[digest] = name
        return self.pictures[digest]


def _finish(finish: Finish) -> dict[str, Plain]:
    """Return the inputs of Blender's Principled surface, each under the names that it had, that differ from usual."""
    coat, sheen, drawn = finish.clearcoat, finish.sheen, finish.anisotropy
    told: dict[str, dict[str, Plain]] = {
        "ior": {"IOR": finish.ior},
        "clearcoat": {
            "Coat Weight|Clearcoat": coat.clearcoat_factor,
            "Coat Roughness|Clearcoat Roughness": coat.clearcoat_roughness_factor,
        },
        "sheen": {
            "Sheen Weight|Sheen": max(sheen.sheen_color_factor),
            "Sheen Roughness": sheen.sheen_roughness_factor,
        },
        "specular": {"Specular IOR Level|Specular": 0.5 * finish.specular.specular_factor},
        "transmission": {"Transmission Weight|Transmission": finish.transmission.transmission_factor},
        "anisotropy": {
            "Anisotropic": drawn.anisotropy_strength,
            "Anisotropic Rotation": drawn.anisotropy_rotation / math.tau % 1.0,
        },
    }
    return {name: value for part in finish.used() for name, value in told.get(part, {}).items()}


FINISH = frozenset({"ior", "clearcoat", "sheen", "specular", "transmission", "anisotropy"})
"""What of a finish Blender is given, as plain numbers."""


def _turned(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return (vectors @ TO_BLENDER[:3, :3].T).astype("<f4")


def _light(colors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return sRGB bytes as the linear values that Blender takes, alpha as it is."""
    shares = (colors / np.float32(255)).astype(np.float32)
    return np.concatenate([linear_of(shares[:, :3]), shares[:, 3:]], axis=1)


def _nodes(scene: Scene, numbers: Mapping[int, int]) -> list[Plain]:
    told: list[Plain] = []
    above: list[int] = []
    for number, placed in enumerate(scene.walk()):
        del above[placed.depth :]
        told.append(_node(placed.node, above[-1] if above else None, numbers))
        above.append(number)
    return told


def _node(node: Node, parent: int | None, numbers: Mapping[int, int]) -> Plain:
    matrix = TO_BLENDER @ node.transform.matrix() @ TO_BLENDER.T
    return {
        "name": node.name,
        "parent": parent,
        "matrix": matrix.tolist(),
        "mesh": None if node.mesh is None else numbers[id(node.mesh)],
        "lods": [numbers[id(mesh)] for mesh in node.lods],
        "collision": [numbers[id(mesh)] for mesh in node.collision],
        "camera": None if node.camera is None else asdict(node.camera),
        "light": None if node.light is None else asdict(node.light),
    }
