"""A Godot 4 scene (.tscn, format 3) around a GLB: visibility ranges, collision shapes, and how to import it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.scene.flatten import moved
from orfeas_desktop.names import distinct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Node, Placed, Scene
    from orfeas_desktop.params import Scalar

_FORBIDDEN = re.compile(r'[.:@/"%$\\]')
_HINTS = re.compile(
    r"[-_](col|convcol|colonly|convcolonly|noimp|rigid|navmesh|occ|occonly|vehicle|wheel|loop|cycle)$",
    re.IGNORECASE,
)
"""Endings of names by which Godot's importer turns a node into something else."""
MODEL = "Model"


def godot_names(scene: Scene) -> Scene:
    """Return the scene with names that Godot keeps as they are: allowed letters, no hints, each once."""
    names = iter(distinct([_plain(placed.node.name) for placed in scene.walk()]))

    def named(node: Node) -> Node:
        return replace(node, name=next(names), children=tuple(map(named, node.children)))

    return replace(scene, nodes=tuple(map(named, scene.nodes)))


def _plain(name: str) -> str:
    kept = _FORBIDDEN.sub("_", name).strip() or "node"
    return f"{kept}_mesh" if _HINTS.search(kept) else kept


@dataclass(frozen=True)
class GodotStyle:
    """What stands in the scene beside the model; distances in metres at which a level gives way to the next."""

    switches: tuple[float, ...] = ()
    pieces: bool = True


def write_tscn(scene: Scene, path: Path, model: str, style: GodotStyle) -> None:
    """Write the scene that holds the GLB called `model`, whose levels are nodes NAME_LOD0, NAME_LOD1 …"""
    shapes = _shapes(scene) if style.pieces else []
    lines = [f"[gd_scene load_steps={len(shapes) + 2} format=3]", ""]
    lines += [f'[ext_resource type="PackedScene" path={_quoted(model)} id="1_model"]', ""]
    for number, (_, points) in enumerate(shapes, 1):
        lines += [f'[sub_resource type="ConvexPolygonShape3D" id="shape_{number}"]']
        lines += [f"points = PackedVector3Array({', '.join(f'{value:.9g}' for value in points.flat)})", ""]
    lines += [f'[node name={_quoted(_plain(scene.name))} type="Node3D"]', *_metadata(scene.extras), ""]
    lines += [f'[node name="{MODEL}" parent="." instance=ExtResource("1_model")]', ""]
    ranged = [
        line for above, placed in _with_paths(scene) for line in _ranges(placed.node, above, style.switches)
    ]
    lines += ranged
    if shapes:
        lines += ['[node name="Collision" type="StaticBody3D" parent="."]', ""]
    for number, (name, _) in enumerate(shapes, 1):
        lines += [f'[node name={_quoted(name)} type="CollisionShape3D" parent="Collision"]']
        lines += [f'shape = SubResource("shape_{number}")', ""]
    if ranged:
        lines += [f'[editable path="{MODEL}"]', ""]
    path.write_text("\n".join(lines), "utf-8", newline="\n")


def _metadata(extras: Mapping[str, Scalar]) -> list[str]:
    text = json.dumps(dict(extras), ensure_ascii=False, sort_keys=True)
    return [f"metadata/orfeas = {_quoted(text)}"] if extras else []


def _quoted(text: str) -> str:
    """Return text as Godot's variant writer escapes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _with_paths(scene: Scene) -> list[tuple[str, Placed]]:
    """Return every node with the path of its parent in the scene file."""
    found: list[tuple[str, Placed]] = []
    above = [MODEL]
    for placed in scene.walk():
        del above[placed.depth + 1 :]
        found.append(("/".join(above), placed))
        above.append(_shown_name(placed.node))
    return found


def _shown_name(node: Node) -> str:
    return f"{node.name}_LOD0" if node.lods else node.name


def _ranges(node: Node, above: str, switches: Sequence[float]) -> list[str]:
    lines: list[str] = []
    last = len(node.lods)
    ends = [*switches[:last], *[switches[-1]] * max(last - len(switches), 0)] if last and switches else []
    for level in range(last + 1 if ends else 0):
        lines.append(f"[node name={_quoted(f'{node.name}_LOD{level}')} parent={_quoted(above)}]")
        if level:
            lines.append(f"visibility_range_begin = {ends[level - 1]:.6g}")
        if level < last:
            lines.append(f"visibility_range_end = {ends[level]:.6g}")
        lines.append("")
    return lines


def _shapes(scene: Scene) -> list[tuple[str, NDArray[np.float32]]]:
    """Return collision pieces by name as the corners of convex hulls in the scene's space.

    Godot scales no collision shapes, so that places and scales of nodes go into the points.
    """
    return [
        (f"{placed.node.name}_{number}", _corners(piece, placed.matrix))
        for placed in scene.walk()
        for number, piece in enumerate(placed.node.collision, 1)
    ]


def _corners(piece: Mesh, matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.unique(moved(piece, matrix).vertices, axis=0)


def write_import(path: Path) -> None:
    """Write the settings with which Godot 4 imports the GLB that the file is named after; `path` ends in .import.

    Levels of detail come with the asset, so Godot makes none; pictures stay in the project as files.
    """
    settings = {
        "nodes/apply_root_scale": "true",
        "nodes/root_scale": "1.0",
        "nodes/import_as_skeleton_bones": "false",
        "meshes/ensure_tangents": "true",
        "meshes/generate_lods": "false",
        "meshes/create_shadow_meshes": "true",
        "meshes/light_baking": "1",
        "meshes/lightmap_texel_size": "0.2",
        "animation/import": "false",
        "gltf/naming_version": "1",
        "gltf/embedded_image_handling": "1",
    }
    head = '[remap]\n\nimporter="scene"\nimporter_version=1\ntype="PackedScene"\n\n[params]\n\n'
    path.write_text(
        head + "".join(f"{key}={value}\n" for key, value in settings.items()), "utf-8", newline="\n"
    )
