"""A mesh file of any format that can be read becomes a GLB file, a tree of parts as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.chores.base import Chore, stem_of
from orfeas_desktop.engine.jobs.context import Output
from orfeas_desktop.params import Params
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.assets import LocalFile
    from orfeas_desktop.engine.jobs.context import Inputs, JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Scene


class ImportParams(Params):
    """Nothing to choose."""


@dataclass(frozen=True, kw_only=True)
class ImportMesh(Chore):
    """Reads GLB, glTF, OBJ, STL or PLY and writes what is in it as the library keeps it."""

    def run(self, inputs: Inputs, params: Params, context: JobContext) -> tuple[Output, ...]:
        """Write one GLB file. Raises BadMesh for what is broken, hostile or not a mesh."""
        from orfeas_desktop.engine.mesh.facts import mesh_facts
        from orfeas_desktop.engine.mesh.glb import write_glb
        from orfeas_desktop.engine.scene.gltf_write_scene import KEPT, write_scene

        del params
        given = inputs["file"][0]
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Reading")):
            mesh, scene = _read(given)
            _tell_left_out(given, context)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Checking")):
            facts = mesh_facts(mesh)
            context.fact("vertices", facts.vertices)
            context.fact("faces", facts.faces)
            context.fact("watertight", facts.watertight)
            if scene is not None:
                _tell(scene, context)
        with context.stage(QT_TRANSLATE_NOOP("Stages", "Writing")):
            path = context.staging / "mesh.glb"
            if scene is None:
                write_glb(mesh, path)
            else:
                write_scene(scene, path, style=KEPT)
        return (Output("mesh", path, AssetKind.mesh, f"{stem_of(given.name)}.glb"),)


def _read(given: LocalFile) -> tuple[Mesh, Scene | None]:
    """Return the file's finest meshes as one, and its tree where it has one."""
    from orfeas_desktop.engine.mesh.files import read_mesh
    from orfeas_desktop.engine.scene.flatten import flat_mesh
    from orfeas_desktop.engine.scene.reading import holds_tree, read_scene

    file = replace(given, name=given.path.name)
    scene = read_scene(file) if holds_tree(file) else None
    if scene is None or scene.lone:
        return read_mesh(given.path), None
    return flat_mesh(scene), scene


def _tell_left_out(given: LocalFile, context: JobContext) -> None:
    from orfeas_desktop.engine.mesh.gltf_left_out import left_out
    from orfeas_desktop.engine.scene.reading import holds_tree

    names = left_out(given.path) if holds_tree(replace(given, name=given.path.name)) else ()
    if names:
        context.warn(
            QT_TRANSLATE_NOOP("Warnings", "The file also holds {names}; they were left out."),
            names=", ".join(names),
        )


def _tell(scene: Scene, context: JobContext) -> None:
    """Tell what the tree holds besides its finest meshes."""
    placed = [each.node for each in scene.walk()]
    context.fact("nodes", len(placed))
    for level, faces in enumerate(scene.levels()[1:], 1):
        context.fact(f"faces_lod{level}", faces)
    counts = {
        "collision_pieces": scene.pieces(),
        "cameras": sum(node.camera is not None for node in placed),
        "lights": sum(node.light is not None for node in placed),
    }
    for name, count in counts.items():
        if count:
            context.fact(name, count)


IMPORT_MESH = ImportMesh(
    id="import",
    version=2,
    title=QT_TRANSLATE_NOOP("Chores", "Import"),
    summary=QT_TRANSLATE_NOOP(
        "Chores",
        "Reads a mesh file (GLB, glTF, OBJ, STL, PLY) into the library. A GLB or glTF keeps its tree, levels of detail, collision pieces, cameras and lights.",
    ),
    params=ImportParams,
    inputs=(Slot("file", AssetKind.file, QT_TRANSLATE_NOOP("Slots", "Mesh file")),),
    outputs=(Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")),),
    lane=Lane.cpu,
)
