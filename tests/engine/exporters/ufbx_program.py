"""Prints as JSON what ufbx finds in an FBX; a process of its own, because its Python objects do not outlive a collection."""

from __future__ import annotations

import base64
import gc
import json
import os
import sys

import numpy as np
import ufbx

HELD = []


def held(value):
    """Keep what ufbx hands out: it does not keep it itself."""
    HELD.append(value)
    return value


def column(values, count, width):
    if not held(values).exists:
        return np.zeros((count, width)).tolist()
    rows, indices = held(values.values), held(values.indices)
    return np.array(rows)[np.array(indices)].tolist()


def instance(node):
    m = held(held(node).geometry_to_world)
    matrix = [[getattr(held(column), axis) for column in (m.c0, m.c1, m.c2, m.c3)] for axis in "xyz"]
    parent = held(node.parent)
    return {"name": node.name, "parent": parent.name, "mode": int(node.inherit_mode), "matrix": matrix}


def mesh_facts(mesh):
    return {
        "faces": held(mesh).num_faces,
        "points": mesh.num_vertices,
        "uv_sets": len(held(mesh.uv_sets)),
        "tangents": bool(held(mesh.vertex_tangent).exists),
        "instances": [instance(node) for node in held(mesh.instances)],
        "place": column(mesh.vertex_position, mesh.num_indices, 3),
        "normal": column(mesh.vertex_normal, mesh.num_indices, 3),
        "uv": column(mesh.vertex_uv, mesh.num_indices, 2),
    }


def main() -> None:
    gc.disable()
    scene = held(ufbx.load_file(sys.argv[1]))
    settings = held(scene.settings)
    said = {
        "meshes": [mesh_facts(mesh) for mesh in held(scene.meshes)],
        "unit_meters": settings.unit_meters,
        "up": int(held(settings.axes).up),
        "materials": [held(material).name for material in held(scene.materials)],
        "cameras": [
            [held(held(camera).field_of_view_deg).y, camera.near_plane, camera.far_plane]
            for camera in held(scene.cameras)
        ],
        "lights": [[int(held(light).type), light.intensity] for light in held(scene.lights)],
        "levels": [
            [held(level).distance for level in held(held(group).lod_levels)]
            for group in held(scene.lod_groups)
        ],
        "textures": {
            held(texture).relative_filename: base64.b64encode(bytes(held(texture.content))).decode()
            for texture in held(scene.textures)
        },
    }
    sys.stdout.write(json.dumps(said))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
