"""Run inside Blender 3.4 or later: `-- FILE` opens or imports a file and says what it found."""

import json
import math
import sys
from pathlib import Path

import bpy
import numpy

ANSWER = "ORFEAS "
WAYS = {
    ".fbx": (("import_scene", "fbx"),),
    ".glb": (("import_scene", "gltf"),),
    ".gltf": (("import_scene", "gltf"),),
    ".obj": (("wm", "obj_import"), ("import_scene", "obj")),
    ".stl": (("wm", "stl_import"), ("import_mesh", "stl")),
    ".ply": (("wm", "ply_import"), ("import_mesh", "ply")),
    ".usdc": (("wm", "usd_import"),),
    ".usda": (("wm", "usd_import"),),
    ".usdz": (("wm", "usd_import"),),
}
LACKING = ("ModuleNotFoundError", "LoadLibrary", "AttributeError: module")
"""What importers say when something of this Blender's Python is missing, not of the file."""
for name, kind in {"bool": bool, "int": int, "float": float, "object": object}.items():
    if name not in vars(numpy):  # importers of older Blenders want them, newer numpy has dropped them
        setattr(numpy, name, kind)


def opened(path):
    """Open the file; return why it cannot be, where this Blender lacks the means."""
    if path.suffix == ".blend":
        bpy.ops.wm.open_mainfile(filepath=str(path))
        return ""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    for room, verb in WAYS[path.suffix]:
        if not hasattr(bpy.types, f"{room.upper()}_OT_{verb}"):
            continue
        try:
            getattr(getattr(bpy.ops, room), verb)(filepath=str(path))
        except RuntimeError as problem:
            if any(words in str(problem) for words in LACKING):
                return "this Blender lacks a module that its importer needs"
            raise
        return ""
    return "this Blender has no importer for the format"


def look():
    low, high = [math.inf] * 3, [-math.inf] * 3
    meshes = faces = 0
    for each in bpy.context.scene.objects:
        if each.type != "MESH":
            continue
        meshes += 1
        faces += sum(polygon.loop_total - 2 for polygon in each.data.polygons)
        for corner in each.bound_box:
            place = each.matrix_world @ type(each.location)(corner)
            for axis in range(3):
                low[axis], high[axis] = min(low[axis], place[axis]), max(high[axis], place[axis])
    size = [high[axis] - low[axis] for axis in range(3)] if meshes else [0, 0, 0]
    pictures = sum(image.size[0] > 0 for image in bpy.data.images)
    return {"meshes": meshes, "faces": faces, "size": size, "pictures": pictures}


if __name__ == "__main__":
    problem = opened(Path(sys.argv[sys.argv.index("--") + 1]))
    bpy.context.view_layer.update()
    told = {"cannot": problem} if problem else look()
    print("\n" + ANSWER + json.dumps(told | {"version": bpy.app.version_string}), flush=True)
