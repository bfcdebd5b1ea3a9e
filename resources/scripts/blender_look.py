"""Run inside Blender 3.4 or later: `-- FILE` opens or imports a file and says what it found."""

import json
import math
import sys
from pathlib import Path

import bpy
import numpy

ANSWER = "ORFEAS "
WAYS = {
    ".fbx": (("wm", "fbx_import"), ("import_scene", "fbx")),
    ".glb": (("import_scene", "gltf"),),
    ".gltf": (("import_scene", "gltf"),),
    ".obj": (("wm", "obj_import"), ("import_scene", "obj")),
    ".stl": (("wm", "stl_import"), ("import_mesh", "stl")),
    ".ply": (("wm", "ply_import"), ("import_mesh", "ply")),
    ".usdc": (("wm", "usd_import"),),
    ".usda": (("wm", "usd_import"),),
    ".usdz": (("wm", "usd_import"),),
}
NO_MODULE = "this Blender lacks a module that its importer needs"
LACKING = {
    "ModuleNotFoundError": NO_MODULE,
    "LoadLibrary": NO_MODULE,
    "AttributeError: module": NO_MODULE,
    "not available on this addon version": "this Blender does not know an extension that the file needs",
}
"""What importers say when something is missing in this Blender, not in the file, and what that means."""
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
        operator = getattr(getattr(bpy.ops, room), verb)
        if not is_there(operator):
            continue
        try:
            operator(filepath=str(path))
        except RuntimeError as problem:
            told = [meaning for words, meaning in LACKING.items() if words in str(problem)]
            if told:
                return told[0]
            raise
        return ""
    return "this Blender has no importer for the format"


def is_there(operator):
    try:
        operator.get_rna_type()
    except KeyError:
        return False
    return True


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
