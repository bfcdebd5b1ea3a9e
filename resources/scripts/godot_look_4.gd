# Run by Godot 4 in a project: says what each file of wanted.json holds after it was imported.
# The languages of Godot 3 and 4 cannot share a file: what changes here changes in godot_look_3.gd too.
extends SceneTree

func walk(node, above, found):
	var place = above
	if node is Node3D:
		place = above * node.transform
	if node is MeshInstance3D and node.mesh != null:
		found.meshes += 1
		for surface in range(node.mesh.get_surface_count()):
			look(node.mesh.surface_get_arrays(surface), place, found)
	for child in node.get_children():
		walk(child, place, found)

func look(arrays, place, found):
	var corners = arrays[Mesh.ARRAY_VERTEX]
	var index = arrays[Mesh.ARRAY_INDEX]
	found.faces += int((corners.size() if index == null or index.size() == 0 else index.size()) / 3.0)
	for corner in corners:
		var at = place * corner
		for axis in range(3):
			found.low[axis] = min(found.low[axis], at[axis])
			found.high[axis] = max(found.high[axis], at[axis])

func _init():
	var told = {}
	for name in JSON.parse_string(FileAccess.get_file_as_string("res://wanted.json")):
		var scene = load("res://" + name)
		var found = {"meshes": 0, "faces": 0, "low": [INF, INF, INF], "high": [-INF, -INF, -INF]}
		if scene is PackedScene:
			var root = scene.instantiate()
			walk(root, Transform3D(), found)
			root.free()
		var size = [0, 0, 0]
		for axis in range(3):
			if found.faces > 0:
				size[axis] = found.high[axis] - found.low[axis]
		told[name] = {"meshes": found.meshes, "faces": found.faces, "size": size}
	print("ORFEAS " + JSON.stringify(told))
	quit()
