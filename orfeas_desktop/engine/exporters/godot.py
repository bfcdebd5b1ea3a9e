"""Godot 4: a folder with a GLB, a scene with collision and visibility ranges, and import settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.assets import COLLISION
from orfeas_desktop.engine.exporters.base import Contents, Exporter, ExportParams, Written
from orfeas_desktop.engine.exporters.glb_contents import glb_contents, glb_read_back
from orfeas_desktop.engine.formats.godot_read import check_tscn, points_of, read_tscn
from orfeas_desktop.engine.formats.godot_scene import GodotStyle, godot_names, write_import, write_tscn
from orfeas_desktop.engine.mesh.finish import ALL
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.scene.flatten import bounds_of
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, LevelStyle, write_scene
from orfeas_desktop.errors import ExportNotVerified
from orfeas_desktop.params import Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.scene.scene import Scene

_FURTHER = 2.5


class GodotParams(ExportParams):
    """Settings of the Godot exporter."""

    first_switch: float = param(
        8.0,
        QT_TRANSLATE_NOOP("Params", "First level of detail until"),
        QT_TRANSLATE_NOOP(
            "Params", "How many sizes of the asset away; each further level lasts 2.5 times as far."
        ),
        ge=0.5,
        le=1000.0,
        traits=Traits(unit="×", step=1.0),
    )
    pieces: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Collision pieces"),
        QT_TRANSLATE_NOOP("Params", "Makes a static body of them."),
    )

    def refused(self) -> frozenset[str]:
        """Return the input slots that these settings keep out of the file."""
        return frozenset() if self.pieces else frozenset({COLLISION})


def _write(scene: Scene, path: Path, params: GodotParams, context: JobContext) -> Written:
    named = godot_names(scene)
    low, high = bounds_of(named)
    size = float(np.linalg.norm(high - low))
    levels = len(named.levels())
    switches = tuple(round(size * params.first_switch * _FURTHER**level, 3) for level in range(levels - 1))
    model, style = path / f"{path.name}.glb", GltfStyle(LevelStyle.nodes)
    context.progress(0.1)
    write_scene(named, model, style=style)
    context.progress(0.9)
    write_import(path / f"{model.name}.import")
    main = path / f"{path.name}.tscn"
    write_tscn(named, main, model.name, GodotStyle(switches, params.pieces))
    return Written(glb_contents(named, style), main=main)


def _read_back(path: Path) -> Contents:
    import trimesh

    model = path / f"{path.name}.glb"
    graph = trimesh.load_scene(model, process=False).graph
    root = graph.base_frame
    inside = {
        "/".join(graph.transforms.shortest_path(root, name)[1:]) for name in graph.nodes if name != root
    }
    try:
        sections = read_tscn((path / f"{path.name}.tscn").read_text("utf-8"))
        check_tscn(sections, inside)
        for section in sections:
            if section.attributes.get("type") == "ConvexPolygonShape3D":
                points_of(section)
    except Broken as problem:
        raise ExportNotVerified(format="Godot", problem=str(problem)) from None
    return glb_read_back(model)


GODOT = Exporter(
    id="godot",
    version=2,
    title=QT_TRANSLATE_NOOP("Exporters", "Godot 4"),
    summary=QT_TRANSLATE_NOOP(
        "Exporters", "A folder for a Godot project: model, scene with collision and levels, import settings."
    ),
    params=GodotParams,
    suffix="",
    folder=True,
    verified_by="trimesh",
    unjudged=(
        "The model was read as GLB, the scene by a strict reader of the format that finds every node and resource it "
        "names; what a Godot makes of the scene, only a Godot 4 can say."
    ),
    finish=ALL,
    write=_write,
    read_back=_read_back,
)
