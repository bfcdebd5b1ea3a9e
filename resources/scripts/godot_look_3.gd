# Run by Godot 3 in a project: says what each file of wanted.json holds after it was imported.
# The languages of Godot 3 and 4 cannot share a file: what changes here changes in godot_look_4.gd too.
extends SceneTree

func walk(node, above, found):
	var place = above
	if node is Spatial:
		place = above * node.transform
	if node is MeshInstance and node.mesh != null:
		found.meshes += 1
		for surface in range(node.mesh.get_surface_count()):
			look(node.mesh.surface_get_arrays(surface), place, found)
	for child in node.get_children():
		walk(child, place, found)

func look(arrays, place, found):
	var corners = arrays[Mesh.ARRAY_VERTEX]
	var index = arrays[Mesh.ARRAY_INDEX]
	found.faces += (corners.size() if index == null or index.size() == 0 else index.size()) / 3
	for corner in corners:
		var at = place.xform(corner)
		for axis in range(3):
			found.low[axis] = min(found.low[axis], at[axis])
			found.high[axis] = max(found.high[axis], at[axis])

func _init():
	var file = File.new()
	file.open("res://wanted.json", File.READ)
	var told = {}
	for name in parse_json(file.get_as_text()):
		var scene = load("res://" + name)
		var found = {"meshes": 0, "faces": 0, "low": [INF, INF, INF], "high": [-INF, -INF, -INF]}
		if scene is PackedScene:
			walk(scene.instance(), Transform(), found)
		var size = [0, 0, 0]
		for axis in range(3):
			if found.faces > 0:
				size[axis] = found.high[axis] - found.low[axis]
		told[name] = {"meshes": found.meshes, "faces": found.faces, "size": size}
	print("ORFEAS " + JSON.print(told))
	quit()
