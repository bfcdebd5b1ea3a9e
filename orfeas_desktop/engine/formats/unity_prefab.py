"""A Scene as a Unity prefab: the tree with renderers, LOD groups and colliders that refer to meshes of a model file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.formats.unity_ids import model_file_id, object_id
from orfeas_desktop.engine.formats.unity_materials import MATERIAL_ID, Pipeline
from orfeas_desktop.engine.formats.unity_yaml import Reference, UnityFile, Value
from orfeas_desktop.engine.mesh.color import encoded_of
from orfeas_desktop.engine.scene.scene import Camera, Light, LightKind, Node, Scene, Transform

if TYPE_CHECKING:
    from orfeas_desktop.engine.mesh.mesh import Material, Mesh

_NOTHING = Reference(0)
_LEAST_SHARE = 0.01


@dataclass
class PrefabWriter:
    """Writes one prefab.

    names      of nodes by identity, as the model file has them
    materials  GUIDs of material files
    pipeline   how bright a light of one candela is in Unity
    """

    asset: str
    model_guid: str
    names: Mapping[int, str]
    materials: Mapping[Material, str]
    pipeline: Pipeline
    file: UnityFile = field(default_factory=UnityFile)

    def text(self, scene: Scene) -> str:
        """Return the prefab; a scene of several roots gets one above them."""
        if len(scene.nodes) == 1:
            self._node(scene.nodes[0], self.names[id(scene.nodes[0])], 0)
        else:
            path = self.asset
            below = [
                self._node(node, f"{path}/{self.names[id(node)]}", self._id(path, 4)) for node in scene.nodes
            ]
            self._object(path, self.asset, Transform(), 0, below, [])
        return self.file.text()

    def _node(self, node: Node, path: str, parent: int) -> int:
        """Write a node with all below it; return its transform."""
        name, own = self.names[id(node)], self._id(path, 4)
        below = [self._node(child, f"{path}/{self.names[id(child)]}", own) for child in node.children]
        components: list[int] = []
        if node.lods and node.mesh is not None:
            components.append(self._levels(node, name, path, own, below))
        elif node.mesh is not None:
            components += self._renderer(path, path, name, node.mesh)
        for number, _ in enumerate(node.collision, 1):
            components.append(self._collider(path, number, name, leveled=bool(node.lods)))
        if node.camera is not None:
            components.append(self._camera(path, node.camera))
        if node.light is not None:
            components.append(self._light(path, node.light))
        turned = _turned(node) if node.camera or node.light else node.transform
        return self._object(path, name, turned, parent, below, components)

    def _levels(self, node: Node, name: str, path: str, own: int, below: list[int]) -> int:
        """Write a child for each level and the group over them; return the group."""
        group = self._id(path, 205)
        levels: list[Value] = []
        ladder = [node.mesh, *node.lods]
        for level, mesh in enumerate(ladder):
            if mesh is None:
                continue
            inner = f"{path}/{name}_LOD{level}"
            components = self._renderer(inner, inner, f"{name}_LOD{level}", mesh)
            below.append(self._object(inner, f"{name}_LOD{level}", Transform(), own, [], components))
            share = 0.5 ** (level + 1) if level < len(ladder) - 1 else _LEAST_SHARE
            levels.append(
                {
                    "screenRelativeHeight": max(share, _LEAST_SHARE),
                    "fadeTransitionWidth": 0,
                    "renderers": [{"renderer": Reference(self._id(inner, 23))}],
                }
            )
        low, high = node.mesh.bounds if node.mesh is not None else ((0.0,) * 3, (0.0,) * 3)
        size = max(float(b - a) for a, b in zip(low, high, strict=True))
        middle = [float(a + b) / 2 for a, b in zip(low, high, strict=True)]
        self.file.add(
            205,
            group,
            "LODGroup",
            {
                **_head(self._id(path, 1)),
                "serializedVersion": 2,
                "m_LocalReferencePoint": {"x": -middle[0], "y": middle[1], "z": middle[2]},
                "m_Size": size,
                "m_FadeMode": 0,
                "m_AnimateCrossFading": 0,
                "m_LastLODIsBillboard": 0,
                "m_LODs": levels,
                "m_Enabled": 1,
            },
        )
        return group

    def _renderer(self, path: str, holder: str, mesh_name: str, mesh: Mesh) -> list[int]:
        """Write what shows a mesh of the model; return its components."""
        game_object, shape, drawn = self._id(holder, 1), self._id(path, 33), self._id(path, 23)
        self.file.add(
            33,
            shape,
            "MeshFilter",
            {**_head(game_object), "m_Mesh": Reference(model_file_id("Mesh", mesh_name), self.model_guid)},
        )
        self.file.add(
            23,
            drawn,
            "MeshRenderer",
            {
                **_head(game_object),
                "m_Enabled": 1,
                "m_CastShadows": 1,
                "m_ReceiveShadows": 1,
                "m_DynamicOccludee": 1,
                "m_MotionVectors": 1,
                "m_LightProbeUsage": 1,
                "m_ReflectionProbeUsage": 1,
                "m_RenderingLayerMask": 1,
                "m_Materials": [
                    Reference(MATERIAL_ID, self.materials[material], 2) for material in mesh.materials
                ],
            },
        )
        return [shape, drawn]

    def _collider(self, path: str, number: int, name: str, *, leveled: bool) -> int:
        identity = self._id(f"{path}#{number}", 64)
        piece = f"UCX_{name}{'_LOD0' if leveled else ''}_{number:02d}"
        self.file.add(
            64,
            identity,
            "MeshCollider",
            {
                **_head(self._id(path, 1)),
                "m_Material": _NOTHING,
                "m_IsTrigger": 0,
                "m_Enabled": 1,
                "serializedVersion": 4,
                "m_Convex": 1,
                "m_CookingOptions": 30,
                "m_Mesh": Reference(model_file_id("Mesh", piece), self.model_guid),
            },
        )
        return identity

    def _camera(self, path: str, camera: Camera) -> int:
        identity = self._id(path, 20)
        self.file.add(
            20,
            identity,
            "Camera",
            {
                **_head(self._id(path, 1)),
                "m_Enabled": 1,
                "serializedVersion": 2,
                "near clip plane": camera.near,
                "far clip plane": camera.far or 1000.0,
                "field of view": math.degrees(camera.vertical_angle),
                "orthographic": int(camera.height is not None),
                "orthographic size": (camera.height or 10.0) / 2,
                "m_Depth": 0,
            },
        )
        return identity

    def _light(self, path: str, light: Light) -> int:
        identity = self._id(path, 108)
        red, green, blue = encoded_of(np.array(light.color)).tolist()
        share = math.pi if self.pipeline is Pipeline.builtin else 1.0
        self.file.add(
            108,
            identity,
            "Light",
            {
                **_head(self._id(path, 1)),
                "m_Enabled": 1,
                "serializedVersion": 10,
                "m_Type": {LightKind.spot: 0, LightKind.sun: 1, LightKind.point: 2}[light.kind],
                "m_Color": {"r": red, "g": green, "b": blue, "a": 1},
                "m_Intensity": light.intensity / share,
                "m_Range": light.reach or min(max(10.0 * math.sqrt(light.intensity), 10.0), 1000.0),
                "m_SpotAngle": math.degrees(2 * light.outer_cone),
                "m_InnerSpotAngle": math.degrees(2 * light.inner_cone),
            },
        )
        return identity

    def _object(
        self, path: str, name: str, place: Transform, parent: int, below: list[int], components: list[int]
    ) -> int:
        """Write a game object with its transform; return the transform."""
        game_object, transform = self._id(path, 1), self._id(path, 4)
        self.file.add(
            1,
            game_object,
            "GameObject",
            {
                **_base(),
                "serializedVersion": 6,
                "m_Component": [{"component": Reference(each)} for each in (transform, *components)],
                "m_Layer": 0,
                "m_Name": name,
                "m_TagString": "Untagged",
                "m_Icon": _NOTHING,
                "m_NavMeshLayer": 0,
                "m_StaticEditorFlags": 0,
                "m_IsActive": 1,
            },
        )
        x, y, z = place.translation
        a, b, c, d = place.rotation
        self.file.add(
            4,
            transform,
            "Transform",
            {
                **_head(game_object),
                "serializedVersion": 2,
                "m_LocalRotation": {"x": a, "y": -b, "z": -c, "w": d},
                "m_LocalPosition": {"x": -x, "y": y, "z": z},
                "m_LocalScale": dict(zip("xyz", place.scale, strict=True)),
                "m_ConstrainProportionsScale": 0,
                "m_Children": [Reference(each) for each in below],
                "m_Father": Reference(parent),
                "m_LocalEulerAnglesHint": {"x": 0, "y": 0, "z": 0},
            },
        )
        return transform

    def _id(self, path: str, number: int) -> int:
        return object_id(self.asset, f"{path}:{number}")


def _turned(node: Node) -> Transform:
    """Return the node's place for a camera or light: Unity's look along +z, ours along -z."""
    x, y, z, w = node.transform.rotation
    return Transform(node.transform.translation, (-z, w, x, -y), node.transform.scale)


def _base() -> dict[str, Value]:
    return {
        "m_ObjectHideFlags": 0,
        "m_CorrespondingSourceObject": _NOTHING,
        "m_PrefabInstance": _NOTHING,
        "m_PrefabAsset": _NOTHING,
    }


def _head(game_object: int) -> dict[str, Value]:
    return {**_base(), "m_GameObject": Reference(game_object)}
