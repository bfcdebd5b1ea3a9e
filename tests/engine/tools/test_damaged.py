"""Every tool on every kind of damaged mesh: a checked result, never worse without a word, or one sentence."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pygltflib
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.mesh.facts import MeshFacts, mesh_facts
from orfeas_desktop.engine.mesh.files import read_mesh
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.tools import TOOLS
from orfeas_desktop.errors import OrfeasError
from tests.bad_inputs import png_header
from tests.bench.workshop import raw_mesh
from tests.engine.entries.test_every_tool import LIGHT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import Output, WorkEntry


def figure() -> Mesh:
    """A closed ball of 40 mm and 240 faces, its texture layout one chart with a seam."""
    turns, rings = 15, 9
    at = np.arange((rings + 1) * (turns + 1)).reshape(rings + 1, turns + 1)
    v, u = np.meshgrid(np.arange(rings + 1) / rings, np.arange(turns + 1) / turns, indexing="ij")
    angle, height = 2 * np.pi * (u % 1.0), np.pi * v
    sine = np.where((v == 0) | (v == 1), 0.0, np.sin(height))
    places = 20 * np.stack([sine * np.sin(angle), np.cos(height), sine * np.cos(angle)], axis=-1)
    quads = np.stack([at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]], axis=-1)
    faces = np.concatenate([quads[:-1, :, [0, 1, 2]].reshape(-1, 3), quads[1:, :, [0, 2, 3]].reshape(-1, 3)])
    uv = np.stack([u, v], axis=-1).reshape(-1, 2).astype(np.float32)
    return Mesh(
        places.reshape(-1, 3).astype(np.float32),
        faces.astype(np.int32),
        uvs=(uv,),
        metres_per_unit=0.001,
        name="figure",
    )


def with_faces(mesh: Mesh, faces: Any) -> Mesh:
    return mesh.changed(faces=np.concatenate([mesh.faces, np.int32(faces)]))


def holes(mesh: Mesh) -> Mesh:
    return mesh.changed(faces=np.delete(mesh.faces, [*range(60, 72), 100, 101, 150, 200], axis=0))


def flipped(mesh: Mesh) -> Mesh:
    faces = mesh.faces.copy()
    faces[::7] = faces[::7, ::-1]
    return mesh.changed(faces=faces)


def fins(mesh: Mesh) -> Mesh:
    some, count = mesh.faces[20:120:10], mesh.vertex_count
    tips = np.arange(len(some)) + count
    grown = mesh.changed(
        vertices=np.concatenate([mesh.vertices, mesh.vertices[some[:, 0]] * np.float32(1.2)]),
        uvs=(np.concatenate([mesh.uvs[0], mesh.uvs[0][some[:, 0]]]),),
    )
    return with_faces(grown, np.stack([some[:, 0], some[:, 1], tips], axis=1))


def moebius(_: Mesh) -> Mesh:
    ring = np.arange(24)
    angle = 2 * np.pi * ring / 24
    across = np.stack(
        [np.cos(angle / 2) * np.cos(angle), np.sin(angle / 2), np.cos(angle / 2) * np.sin(angle)], axis=1
    )
    middle = np.stack([3 * np.cos(angle), 0 * angle, 3 * np.sin(angle)], axis=1)
    ahead = (ring + 1) % 24
    b, c = np.where(ring == 23, 24, ahead), np.where(ring == 23, 0, 24 + ahead)
    faces = np.concatenate([np.stack([ring, b, c], axis=1), np.stack([ring, c, 24 + ring], axis=1)])
    return Mesh(np.concatenate([middle + across, middle - across]).astype(np.float32), faces.astype(np.int32))


def soup(_: Mesh) -> Mesh:
    random = np.random.default_rng(4)
    places = random.random((200, 1, 3)) + random.normal(scale=0.2, size=(200, 3, 3))
    return Mesh(places.reshape(-1, 3).astype(np.float32), np.arange(600, dtype=np.int32).reshape(-1, 3))


def two_balls(mesh: Mesh, shift: float) -> Mesh:
    return merged([mesh, mesh.changed(vertices=mesh.vertices + np.float32([shift, 0, 0]))])


def line(_: Mesh) -> Mesh:
    places = np.linspace(0, 1, 9, dtype=np.float32)[:, None] * np.float32([1, 2, 3])
    return Mesh(places, np.int32([[0, 1, 2], [2, 3, 4], [4, 5, 6], [6, 7, 8]]))


def bomb(mesh: Mesh) -> Mesh:
    picture = Texture(png_header(60_000, 60_000), "image/png")
    return mesh.changed(materials=(Material(base_color_texture=picture),))


def square(_: Mesh) -> Mesh:
    places = np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    return Mesh(places, np.int32([[0, 1, 2], [0, 2, 3]]), uvs=(places[:, :2].copy(),))


MESHES: dict[str, Callable[[Mesh], Mesh]] = {
    "holes": holes,
    "flipped": flipped,
    "inside out": lambda mesh: mesh.changed(faces=np.ascontiguousarray(mesh.faces[:, ::-1])),
    "doubled": lambda mesh: with_faces(mesh, mesh.faces[::3]),
    "fins": fins,
    "flat faces": lambda mesh: with_faces(mesh, [[5, 5, 6], [7, 7, 7], [1, 40, 1]]),
    "two triangles": square,
    "one triangle": lambda mesh: Mesh(np.eye(3, dtype=np.float32), np.int32([[0, 1, 2]])),
    "all in a line": line,
    "all in a point": lambda mesh: mesh.changed(vertices=np.ones_like(mesh.vertices)),
    "tiny": lambda mesh: mesh.changed(vertices=mesh.vertices * np.float32(1e-9)),
    "tiny unit": lambda mesh: mesh.changed(metres_per_unit=1e-12),
    "huge": lambda mesh: mesh.changed(vertices=mesh.vertices * np.float32(1e6)),
    "far away": lambda mesh: mesh.changed(vertices=mesh.vertices + np.float32(1e5)),
    "Möbius band": moebius,
    "soup": soup,
    "pierced": lambda mesh: two_balls(mesh, 13.0),
    "touching": lambda mesh: two_balls(mesh, 40.0),
    "picture bomb": bomb,
    "unused vertices": lambda mesh: mesh.changed(faces=mesh.faces[:40]),
    "UVs all over": lambda mesh: mesh.changed(uvs=(mesh.uvs[0] * np.float32(1e5) - np.float32(5e4),)),
}


def patched(mesh: Mesh, value: float) -> bytes:
    """The GLB with this number as the first coordinate."""
    from io import BytesIO

    from orfeas_desktop.engine.mesh.gltf_write import GltfBuilder
    from orfeas_desktop.engine.mesh.transform import Transform

    builder, out = GltfBuilder(), BytesIO()
    builder.add("figure", mesh, Transform())
    builder.write(out, {})
    data = bytearray(out.getvalue())
    start = 12 + 8 + struct.unpack_from("<I", data, 12)[0] + 8
    struct.pack_into("<f", data, start, value)
    return bytes(data)


def edited(mesh: Mesh, folder: Path, change: Callable[[pygltflib.GLTF2], None]) -> bytes:
    write_glb(mesh, folder / "plain.glb")
    document = pygltflib.GLTF2().load(str(folder / "plain.glb"))
    assert document is not None
    change(document)
    return b"".join(document.save_to_bytes())


def only_points(document: pygltflib.GLTF2) -> None:
    document.meshes[0].primitives[0].mode = pygltflib.POINTS
    document.meshes[0].primitives[0].indices = None


def without_meshes(document: pygltflib.GLTF2) -> None:
    document.meshes, document.nodes = [], []
    document.scenes[0].nodes = []


def same_names(document: pygltflib.GLTF2) -> None:
    document.nodes.append(pygltflib.Node(name=document.nodes[0].name, mesh=0, translation=[0.1, 0, 0]))
    document.scenes[0].nodes.append(1)
    document.materials.append(document.materials[0])


FILES: dict[str, Callable[[Mesh, Path], bytes]] = {
    "not a number": lambda mesh, _: patched(mesh, np.nan),
    "infinite": lambda mesh, _: patched(mesh, np.inf),
    "largest float": lambda mesh, _: patched(mesh, 3e38),
    "only points": lambda mesh, folder: edited(mesh, folder, only_points),
    "empty": lambda mesh, folder: edited(mesh, folder, without_meshes),
    "same names": lambda mesh, folder: edited(mesh, folder, same_names),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file a kind."""
    made = tmp_path_factory.mktemp("damaged")
    mesh = figure()
    for kind, make in MESHES.items():
        write_glb(make(mesh).changed(name="figure"), made / f"{kind}.glb")
    for kind, build in FILES.items():
        (made / f"{kind}.glb").write_bytes(build(mesh, made))
    write_glb(mesh.changed(vertices=mesh.vertices * np.float32(0.5)), made / "other.glb")
    return made


def worse(before: MeshFacts, after: MeshFacts) -> list[str]:
    """What is worse of a mesh than it was."""
    found = {
        "open": before.watertight and not after.watertight,
        "crowded": after.nonmanifold_edges > before.nonmanifold_edges,
        "inside out": (after.volume_m3 or 0) < 0 <= (before.volume_m3 or 0),
        "vanished": bool(before.area_m2) and not after.area_m2,
    }
    return [name for name, true in found.items() if true]


def attempt(tool: WorkEntry, inputs: Any, context: Any) -> tuple[tuple[Output, ...], str]:
    """Run the tool; return what it left, or the sentence of its refusal."""
    try:
        return tool.run(inputs, tool.params.check(tool.id, LIGHT.get(tool.id, {})), context), ""
    except OrfeasError as refusal:
        return (), str(refusal)


@pytest.mark.parametrize("kind", [*MESHES, *FILES])
@pytest.mark.parametrize("tool", list(TOOLS), ids=lambda tool: tool.id)
def test_a_checked_result_or_one_sentence(
    tool: WorkEntry, kind: str, folder: Path, make_context: Callable[..., Any]
) -> None:
    inputs = {"mesh": (local_file(folder / f"{kind}.glb", AssetKind.mesh, f"{kind}.glb"),)}
    for slot in tool.inputs:
        if slot.required and slot.name != "mesh":
            inputs[slot.name] = (local_file(folder / "other.glb", slot.kind, "other.glb"),)
    context = make_context()
    outputs, said = attempt(tool, inputs, context)
    if not outputs:
        assert kind in said or "figure" in said
        assert "\n" not in said
        return
    meshes = [read_glb(output.path) for output in outputs if output.kind is AssetKind.mesh]
    assert all(mesh.face_count for mesh in meshes)
    found = worse(mesh_facts(read_mesh(folder / f"{kind}.glb")), mesh_facts(meshes[0]))
    assert not found or context.warnings


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five million faces, 2 % of them gone or turned."""
    path = tmp_path_factory.mktemp("huge") / "huge.glb"
    write_glb(raw_mesh(5_050_000, 0.02).changed(colors=None), path)
    return path


@pytest.mark.parametrize("tool", ["place", "smooth", "unwrap"])
def test_five_million_damaged_faces_are_worked_on_or_refused(
    tool: str, huge: Path, make_context: Callable[..., Any]
) -> None:
    context = make_context()
    outputs, said = attempt(TOOLS[tool], {"mesh": (local_file(huge, AssetKind.mesh, "huge.glb"),)}, context)
    assert context.facts["faces_before"] > 4_990_000
    if tool == "unwrap":
        assert "“Decimate” leaves fewer" in said
    else:
        assert read_glb(outputs[0].path).face_count == context.facts["faces_before"]
