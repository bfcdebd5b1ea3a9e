"""FBX 7.4 binary: the tree, levels of detail, collision pieces and materials, for engines and 3D programs."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from orfeas_desktop.assets import COLLISION, LODS
from orfeas_desktop.engine.exporters.base import Contents, Exporter, ExportParams, Written, corner
from orfeas_desktop.engine.formats.assimp_files import assimp_contents
from orfeas_desktop.engine.formats.fbx_scene import FbxStyle, FbxWritten, write_fbx
from orfeas_desktop.engine.formats.surface_pictures import Role
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.scene.fitness import require_places, with_lone_cameras, without_loose
from orfeas_desktop.engine.scene.flatten import bounds_of_all, placed_meshes
from orfeas_desktop.engine.scene.tangents import with_tangents_where_needed
from orfeas_desktop.errors import BadMesh
from orfeas_desktop.params import Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.scene.scene import Scene


class FbxPreset(StrEnum):
    """Whose habits the file follows."""

    unreal = "unreal"
    unity = "unity"
    maya = "maya"
    max = "3dsmax"
    blender = "blender"


class Pictures(StrEnum):
    """Where the textures go."""

    embedded = "embedded"
    beside = "beside"
    none = "none"


class FbxParams(ExportParams):
    """Settings of the FBX exporter."""

    preset: FbxPreset = param(
        FbxPreset.blender,
        QT_TRANSLATE_NOOP("Params", "For"),
        QT_TRANSLATE_NOOP("Params", "Sets axes, units and names as that program expects them."),
        traits=Traits(choice_titles=("Unreal", "Unity", "Maya", "3ds Max", "Blender")),
    )
    textures: Pictures = param(
        Pictures.embedded,
        QT_TRANSLATE_NOOP("Params", "Textures"),
        QT_TRANSLATE_NOOP("Params", "Inside the file, or as pictures beside it."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Inside the file"),
                QT_TRANSLATE_NOOP("Params", "Beside the file"),
                QT_TRANSLATE_NOOP("Params", "None"),
            )
        ),
    )
    levels: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Levels of detail"),
        QT_TRANSLATE_NOOP("Params", "Writes them as a group that engines change by distance."),
    )
    pieces: bool = param(
        True,
        QT_TRANSLATE_NOOP("Params", "Collision pieces"),
        QT_TRANSLATE_NOOP("Params", "Writes them as meshes named UCX_…, which Unreal takes as collision."),
    )
    tangents: bool = param(
        False,
        QT_TRANSLATE_NOOP("Params", "Tangents"),
        QT_TRANSLATE_NOOP("Params", "Writes MikkTSpace tangents; engines can also compute them."),
    )

    def refused(self) -> frozenset[str]:
        """Return the input slots that these settings keep out of the file."""
        kept = {LODS: self.levels, COLLISION: self.pieces}
        return frozenset(slot for slot, wanted in kept.items() if not wanted)


_COLOURS = (Role.base_color, Role.normal, Role.emissive, Role.opacity)
_STYLES = {
    FbxPreset.unreal: FbxStyle(
        z_up=True, prefix="SM_", plain=True, roles=(*_COLOURS, Role.orm), flip_green=True
    ),
    FbxPreset.unity: FbxStyle(plain=True, roles=(*_COLOURS, Role.metallic_smoothness, Role.occlusion)),
    FbxPreset.maya: FbxStyle(plain=True, polygons=True, roles=(*_COLOURS, Role.roughness, Role.metallic)),
    FbxPreset.max: FbxStyle(
        z_up=True, plain=True, polygons=True, roles=(*_COLOURS, Role.roughness, Role.metallic)
    ),
    FbxPreset.blender: FbxStyle(
        z_up=True,
        units_per_metre=1.0,
        watts=True,
        polygons=True,
        roles=(*_COLOURS, Role.roughness, Role.metallic),
    ),
}


def _write(scene: Scene, path: Path, params: FbxParams, context: JobContext) -> Written:
    style = _style(params)
    require_places(scene)
    scene = with_lone_cameras(without_loose(scene))
    if params.tangents:
        scene = with_tangents_where_needed(scene, everywhere=True)
    try:
        written = write_fbx(scene, path, style, context.threads, context.progress)
    except Broken as problem:
        raise BadMesh(name=scene.name, problem=str(problem)) from None
    return Written(_expected(scene, style, written), written.pictures, space=_space(style))


def _expected(scene: Scene, style: FbxStyle, written: FbxWritten) -> Contents:
    shown = scene.mapped(
        lambda node: replace(
            node,
            lods=node.lods if style.levels else (),
            collision=node.collision if style.pieces else (),
        )
    )
    low, high = bounds_of_all(shown)
    meshes = [mesh for placed in shown.walk() for mesh in placed_meshes(placed.node)]
    return Contents(
        faces=sum(mesh.face_count for mesh in meshes),
        low=corner(low * style.units_per_metre),
        high=corner(high * style.units_per_metre),
        uvs=any(mesh.uvs for mesh in meshes),
        textures=written.linked,
    )


def _space(style: FbxStyle) -> str:
    unit = "metres" if style.units_per_metre == 1.0 else "centimetres"
    return f"{'z' if style.z_up else 'y'} up, {unit}"


def _read_back(path: Path) -> Contents:
    return Contents(**assimp_contents(path))


def _style(params: FbxParams) -> FbxStyle:
    style = _STYLES[params.preset]
    return replace(
        style,
        levels=params.levels,
        pieces=params.pieces,
        embed=params.textures is Pictures.embedded,
        roles=() if params.textures is Pictures.none else style.roles,
    )


FBX = Exporter(
    id="fbx",
    version=4,
    title=QT_TRANSLATE_NOOP("Exporters", "FBX"),
    summary=QT_TRANSLATE_NOOP(
        "Exporters", "For Unreal, Unity, Maya, 3ds Max and Blender, with levels of detail and collision."
    ),
    params=FbxParams,
    suffix=".fbx",
    verified_by="assimp",
    unjudged=(
        "No Autodesk program and no engine was asked. FBX has no metal and roughness of its own: those pictures are "
        "named as the chosen program expects them. Blender 5 takes neither metal nor a whole surface's transparency "
        "from an FBX of others; GLB and .blend files keep both."
    ),
    finish=frozenset(),
    write=_write,
    read_back=_read_back,
)
