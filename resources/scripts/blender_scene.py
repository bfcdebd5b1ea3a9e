"""Run inside Blender 3.4 or later, or a Python with bpy.

`-- write FOLDER FILE.blend` makes a file; `-- read FILE.blend [FOLDER]` says what is in one, and leaves what it shows
in the folder.
"""

import array
import json
import math
import sys
from pathlib import Path

import bpy
from mathutils import Matrix

ANSWER = "ORFEAS "
TO_BLENDER = Matrix(((1, 0, 0, 0), (0, 0, -1, 0), (0, 1, 0, 0), (0, 0, 0, 1)))
LUMENS_PER_WATT = 683.0


def write(folder, target):
    told = json.loads((folder / "scene.json").read_text("utf-8"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.name = told["name"]
    scene.unit_settings.system = "METRIC"
    scene.unit_settings.scale_length = 1.0
    for key, value in told["extras"].items():
        scene[key] = value
    images = {name: picture(folder / name) for name in told["pictures"]}
    materials = [material(each, images) for each in told["materials"]]
    meshes = [mesh(each, folder, materials) for each in told["meshes"]]
    shown = collection(told["name"], scene.collection)
    made = []
    for node in told["nodes"]:
        made.append(place(node, meshes, shown, made))
    levels = max((len(node["lods"]) for node in told["nodes"]), default=0)
    for level in range(levels):
        further(told["nodes"], made, meshes, collection(f"LOD{level + 1}", scene.collection, hidden=True), level)
    if any(node["collision"] for node in told["nodes"]):
        pieces(told["nodes"], made, meshes, collection("Collision", scene.collection, hidden=True))
    bpy.ops.wm.save_as_mainfile(filepath=str(target), compress=True, check_existing=False)


def collection(name, above, hidden=False):
    made = bpy.data.collections.new(name)
    above.children.link(made)
    made.hide_viewport = made.hide_render = hidden
    return made


def placed(name, data, where, parent, matrix):
    made = bpy.data.objects.new(name, data)
    where.objects.link(made)
    made.parent = parent
    made.matrix_local = matrix
    return made


def place(node, meshes, where, made):
    parent = made[node["parent"]] if node["parent"] is not None else None
    data = meshes[node["mesh"]] if node["mesh"] is not None else None
    own = placed(node["name"], data, where, parent, Matrix(node["matrix"]))
    if node["camera"]:
        eye = placed(f"{node['name']}_camera", camera(node), where, own, TO_BLENDER)
        bpy.context.scene.camera = bpy.context.scene.camera or eye
    if node["light"]:
        placed(f"{node['name']}_light", light(node), where, own, TO_BLENDER)
    return own


def further(nodes, made, meshes, where, level):
    for node, own in zip(nodes, made):
        if len(node["lods"]) > level:
            placed(f"{node['name']}_LOD{level + 1}", meshes[node["lods"][level]], where, own, Matrix())


def pieces(nodes, made, meshes, where):
    for node, own in zip(nodes, made):
        for number, index in enumerate(node["collision"], 1):
            hull = placed(f"UCX_{node['name']}_{number:02}", meshes[index], where, own, Matrix())
            hull.display_type = "WIRE"


def camera(node):
    told = node["camera"]
    made = bpy.data.cameras.new(node["name"])
    made.clip_start = told["near"]
    made.clip_end = told["far"] or 1000.0
    made.sensor_fit = "VERTICAL"
    if told["height"] is not None:
        made.type = "ORTHO"
        made.ortho_scale = told["height"] * max(told["aspect"] or 1.5, 1.0)
    else:
        made.angle_y = told["vertical_angle"]
    return made


def light(node):
    told = node["light"]
    made = bpy.data.lights.new(node["name"], {"directional": "SUN", "spot": "SPOT", "point": "POINT"}[told["kind"]])
    made.color = told["color"]
    around = 1.0 if told["kind"] == "directional" else 4 * math.pi
    made.energy = told["intensity"] * around / LUMENS_PER_WATT
    if told["kind"] == "spot":
        made.spot_size = 2 * told["outer_cone"]
        made.spot_blend = 1 - told["inner_cone"] / max(told["outer_cone"], 1e-6)
    return made


def picture(path):
    made = bpy.data.images.load(str(path))
    made.pack()
    return made


def numbers(path, kind):
    values = array.array(kind)
    values.frombytes(path.read_bytes())
    if sys.byteorder == "big":
        values.byteswap()
    return values


def mesh(told, folder, materials):
    made = bpy.data.meshes.new(told["name"])
    places = numbers(folder / told["vertices"], "f")
    starts = numbers(folder / told["starts"], "i")
    corners = numbers(folder / told["corners"], "i")
    made.vertices.add(len(places) // 3)
    made.vertices.foreach_set("co", places)
    made.loops.add(len(corners))
    made.loops.foreach_set("vertex_index", corners)
    made.polygons.add(len(starts))
    made.polygons.foreach_set("loop_start", starts)
    if bpy.app.version < (3, 6):
        ends = [*starts[1:], len(corners)]
        made.polygons.foreach_set("loop_total", [end - start for start, end in zip(starts, ends)])
    made.polygons.foreach_set("use_smooth", [bool(told["normals"])] * len(starts))
    for name in told["uvs"]:
        layer = made.uv_layers.new(name=Path(name).stem.rpartition("-")[2], do_init=False)
        layer.data.foreach_set("uv", numbers(folder / name, "f"))
    if told["colors"]:
        layer = made.color_attributes.new("Color", "BYTE_COLOR", "CORNER")
        layer.data.foreach_set("color", numbers(folder / told["colors"], "f"))
    for index in told["materials"]:
        made.materials.append(materials[index])
    if told["groups"]:
        made.polygons.foreach_set("material_index", numbers(folder / told["groups"], "i"))
    made.update(calc_edges=True)
    if told["normals"]:
        if hasattr(made, "use_auto_smooth"):
            made.use_auto_smooth = True
        flat = numbers(folder / told["normals"], "f")
        made.normals_split_custom_set_from_vertices([flat[i : i + 3] for i in range(0, len(flat), 3)])
    return made


def material(told, images):
    made = bpy.data.materials.new(told["name"])
    made.use_nodes = True
    made.use_backface_culling = not told["double_sided"]
    if told["alpha_mode"] != "OPAQUE" and hasattr(made, "blend_method"):
        made.blend_method = "CLIP" if told["alpha_mode"] == "MASK" else "BLEND"
        made.alpha_threshold = told["alpha_cutoff"]
    tree = made.node_tree
    surface = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    *color, alpha = told["base_color"]
    surface.inputs["Base Color"].default_value = (*color, 1.0)
    surface.inputs["Metallic"].default_value = told["metallic"]
    surface.inputs["Roughness"].default_value = told["roughness"]
    for names, value in told["finish"].items():
        for name in names.split("|"):
            if name in surface.inputs:
                surface.inputs[name].default_value = value
                break
    glow = next(surface.inputs[name] for name in ("Emission Color", "Emission") if name in surface.inputs)
    glow.default_value = (*told["emissive"], 1.0)
    if "Emission Strength" in surface.inputs:
        surface.inputs["Emission Strength"].default_value = 1.0
    base = reader(tree, told, "base_color_texture", images, "sRGB", -300)
    source = tinted(tree, base.outputs["Color"], color) if base else None
    if told["vertex_colors"] and not base:
        drawn = tree.nodes.new("ShaderNodeVertexColor")
        drawn.layer_name = "Color"
        source = tinted(tree, drawn.outputs["Color"], color)
    if source:
        tree.links.new(source, surface.inputs["Base Color"])
    if told["alpha_mode"] != "OPAQUE":
        surface.inputs["Alpha"].default_value = alpha
        if base:
            tree.links.new(base.outputs["Alpha"], surface.inputs["Alpha"])
    rest(tree, told, images, surface, glow)
    return made


def rest(tree, told, images, surface, glow):
    packed = reader(tree, told, "metallic_roughness_texture", images, "Non-Color", -600)
    if packed:
        parts = tree.nodes.new("ShaderNodeSeparateColor")
        tree.links.new(packed.outputs["Color"], parts.inputs[0])
        for output, name, factor in (("Green", "Roughness", told["roughness"]), ("Blue", "Metallic", told["metallic"])):
            tree.links.new(scaled(tree, parts.outputs[output], factor), surface.inputs[name])
    bent = reader(tree, told, "normal_map", images, "Non-Color", -900)
    if bent:
        normal = tree.nodes.new("ShaderNodeNormalMap")
        normal.inputs["Strength"].default_value = told["normal_scale"]
        tree.links.new(bent.outputs["Color"], normal.inputs["Color"])
        tree.links.new(normal.outputs["Normal"], surface.inputs["Normal"])
    shining = reader(tree, told, "emissive_texture", images, "sRGB", -1200)
    if shining:
        tree.links.new(tinted(tree, shining.outputs["Color"], told["emissive"]), glow)
    shade = reader(tree, told, "occlusion_texture", images, "Non-Color", -1500)
    if shade:
        shade.label = "Occlusion"


def reader(tree, told, slot, images, space, height):
    name = told["textures"].get(slot)
    if name is None:
        return None
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image = images[name["file"]]
    node.image.colorspace_settings.name = space
    node.location = (-700, 600 + height)
    where = tree.nodes.new("ShaderNodeUVMap")
    where.uv_map = name["uv_map"]
    where.location = (-950, 600 + height)
    tree.links.new(where.outputs["UV"], node.inputs["Vector"])
    return node


def tinted(tree, source, color):
    if all(value == 1.0 for value in color):
        return source
    node = tree.nodes.new("ShaderNodeMixRGB")
    node.blend_type = "MULTIPLY"
    node.inputs[0].default_value = 1.0
    node.inputs[2].default_value = (*color, 1.0)
    tree.links.new(source, node.inputs[1])
    return node.outputs[0]


def scaled(tree, source, factor):
    if factor == 1.0:
        return source
    node = tree.nodes.new("ShaderNodeMath")
    node.operation = "MULTIPLY"
    node.inputs[1].default_value = factor
    tree.links.new(source, node.inputs[0])
    return node.outputs[0]


def read(path, folder=None):
    bpy.ops.wm.open_mainfile(filepath=str(path))
    bpy.context.view_layer.update()
    hidden = {each.name for group in bpy.data.collections if group.hide_viewport for each in group.objects}
    low, high = [math.inf] * 3, [-math.inf] * 3
    faces = 0
    for each in bpy.data.objects:
        if each.type != "MESH":
            continue
        faces += sum(polygon.loop_total - 2 for polygon in each.data.polygons)
        if each.name in hidden:
            continue
        for vertex in each.data.vertices:
            x, z, y = each.matrix_world @ vertex.co
            for axis, value in enumerate((x, y, -z)):
                low[axis], high[axis] = min(low[axis], value), max(high[axis], value)
    answer = {
        "faces": faces,
        "low": low,
        "high": high,
        "uvs": any(each.uv_layers for each in bpy.data.meshes),
        "colors": any(each.color_attributes for each in bpy.data.meshes),
        "textures": sum(image.packed_file is not None and image.size[0] > 0 for image in bpy.data.images),
        "version": bpy.app.version_string,
    }
    if folder is not None:
        shown = [each for each in bpy.data.objects if each.type == "MESH" and each.name not in hidden]
        told = [part(each, f"part{number}", folder) for number, each in enumerate(shown)]
        (folder / "seen.json").write_text(json.dumps(told), "utf-8")
    print(ANSWER + json.dumps(answer), flush=True)


def part(each, stem, folder):
    """Leave a mesh where it stands: places, normals and UVs of the corners of each triangle."""
    shape = each.data
    if hasattr(shape, "calc_normals_split"):
        shape.calc_normals_split()
    shape.calc_loop_triangles()
    turn = each.matrix_world.to_3x3().inverted_safe().transposed()
    spots = [each.matrix_world @ vertex.co for vertex in shape.vertices]
    painted = shape.color_attributes[0].data if shape.color_attributes else None
    places, normals, uvs, colors, groups = (array.array(kind) for kind in "ffffi")
    for triangle in shape.loop_triangles:
        groups.append(triangle.material_index)
        for loop in triangle.loops:
            places.extend(spots[shape.loops[loop].vertex_index])
            normals.extend((turn @ shape.loops[loop].normal).normalized())
            if shape.uv_layers:
                uvs.extend(shape.uv_layers[0].data[loop].uv)
            if painted:
                colors.extend(painted[loop].color_srgb)
    told = {"places": places, "normals": normals, "uvs": uvs, "colors": colors, "groups": groups}
    for name, values in told.items():
        if sys.byteorder == "big":
            values.byteswap()
        (folder / f"{stem}.{name}").write_bytes(values.tobytes())
    return {"stem": stem, "mirrored": each.matrix_world.determinant() < 0,
            "materials": [look(each, folder) for each in shape.materials]}


def look(material, folder):
    """Return name, colour and picture of a material."""
    surface = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    taken = surface.inputs["Base Color"]
    told = {"name": material.name, "color": list(taken.default_value)[:3], "picture": ""}
    source = taken.links[0].from_node if taken.is_linked else None
    if source is not None and source.type == "MIX_RGB":
        told["color"] = list(source.inputs[2].default_value)[:3]
        source = source.inputs[1].links[0].from_node
    elif source is not None:
        told["color"] = [1.0, 1.0, 1.0]
    if source is not None and source.type == "TEX_IMAGE":
        told["picture"] = f"{source.image.name}"
        (folder / told["picture"]).write_bytes(source.image.packed_file.data)
    return told


if __name__ == "__main__":
    verb, *paths = sys.argv[sys.argv.index("--") + 1 :]
    {"write": write, "read": read}[verb](*map(Path, paths))
