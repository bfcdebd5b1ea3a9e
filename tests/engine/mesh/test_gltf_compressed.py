"""glTF files with compressed geometry: what others wrote is read, what is broken or lies is refused in one sentence."""

from __future__ import annotations

import json
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.distance import closest_on
from orfeas_desktop.engine.mesh.files import read_mesh
from orfeas_desktop.engine.mesh.gltf_compress import ROUNDING, Compression, draco_part, in_cache_order
from orfeas_desktop.engine.mesh.mesh import Material
from orfeas_desktop.engine.scene.gltf_write_scene import GltfStyle, write_scene
from orfeas_desktop.engine.scene.scene import Node, Scene
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh

BOTH = (Compression.draco, Compression.meshopt)


@pytest.fixture
def rich(ball: Callable[..., Mesh]) -> Mesh:
    """A ball with everything that a vertex can have, and two materials."""
    mesh = ball() if callable(ball) else ball
    count, faces = mesh.vertex_count, mesh.face_count
    normals = mesh.vertices / np.linalg.norm(mesh.vertices, axis=1, keepdims=True)
    tangents = np.concatenate([np.roll(normals, 1, axis=1), np.ones((count, 1))], axis=1)
    uv = mesh.vertices[:, :2] * np.float32(0.02) + np.float32(0.5)
    groups = np.zeros(faces, np.int32)
    groups[faces // 2 :] = 1
    return mesh.changed(
        normals=normals.astype(np.float32),
        tangents=tangents.astype(np.float32),
        uvs=(uv, uv[:, ::-1].copy()),
        colors=np.tile(np.array([[200, 100, 50, 255]], np.uint8), (count, 1)),
        materials=(Material("one"), Material("other")),
        face_materials=groups,
    )


def written(mesh: Mesh, path: Path, compression: Compression) -> Path:
    write_scene(Scene((Node("ball", mesh),)), path, style=GltfStyle(compression=compression))
    return path


def opened(path: Path) -> tuple[dict[str, Any], bytes]:
    data = path.read_bytes()
    length = int.from_bytes(data[12:16], "little")
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def put(path: Path, content: dict[str, Any], binary: bytes) -> Path:
    text = json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    body = (
        struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary
    )
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
    return path


def refused(path: Path) -> str:
    with pytest.raises(BadMesh) as caught:
        read_mesh(path)
    return str(caught.value.arguments["problem"])


@pytest.mark.parametrize("compression", BOTH)
def test_nothing_is_lost_but_precision(rich: Mesh, tmp_path: Path, compression: Compression) -> None:
    read = read_mesh(written(rich, tmp_path / "a.glb", compression))
    size = max(rich.size_m) / rich.metres_per_unit
    assert read.face_count == rich.face_count
    assert np.bincount(read.face_materials).tolist() == np.bincount(rich.face_materials).tolist()
    unit = read.metres_per_unit / rich.metres_per_unit
    for one, other, scale in ((rich, read, 1 / unit), (read, rich, unit)):
        found = closest_on(other, one.vertices.astype(np.float64) * scale)
        assert found.distances.max() < ROUNDING * size * max(scale, 1)
    assert (len(read.uvs), read.tangents is not None, read.colors is not None) == (2, True, True)
    np.testing.assert_array_equal(np.unique(read.colors, axis=0), np.unique(rich.colors, axis=0))
    np.testing.assert_allclose(read.uvs[0].max(axis=0), rich.uvs[0].max(axis=0), atol=2e-4)
    directions = read.vertices / np.linalg.norm(read.vertices, axis=1, keepdims=True)
    assert np.abs(read.normals - directions).max() < 5e-3


def test_the_files_are_much_smaller(rich: Mesh, tmp_path: Path) -> None:
    plain, draco, packed = (
        written(rich.changed(tangents=None, uvs=rich.uvs[:1]), tmp_path / f"{kind}.glb", kind).stat().st_size
        for kind in Compression
    )
    assert draco < 0.5 * plain
    assert packed < 0.7 * plain


def test_flat_triangles_are_not_lost(cube: Mesh, tmp_path: Path) -> None:
    sliver = np.array([[0, 1, 1], [0, 0, 2]], np.int32)
    mesh = cube.changed(faces=np.concatenate([cube.faces, sliver]))
    assert draco_part(mesh, None).faces == mesh.face_count
    for kind in BOTH:
        assert read_mesh(written(mesh, tmp_path / f"{kind}.glb", kind)).face_count == mesh.face_count


def test_the_order_for_graphics_cards_keeps_every_face(rich: Mesh) -> None:
    ordered = in_cache_order(rich)
    assert ordered.vertex_count == len(np.unique(rich.faces))
    for group in (0, 1):
        one, other = (
            np.sort(
                mesh.vertices[mesh.faces[mesh.face_materials == group]]
                .reshape(-1, 9)
                .view("f4,f4,f4,f4,f4,f4,f4,f4,f4"),
                axis=0,
            )
            for mesh in (
                rich.changed(faces=_lowest_first(rich)),
                ordered.changed(faces=_lowest_first(ordered)),
            )
        )
        np.testing.assert_array_equal(one, other)


def _lowest_first(mesh: Mesh) -> np.ndarray[Any, Any]:
    """Return the faces, each turned so that its corner lowest in x, y, z comes first."""
    order = np.lexsort(mesh.vertices.T[::-1])
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    start = rank[mesh.faces].argmin(axis=1)
    return np.take_along_axis(mesh.faces, (start[:, None] + np.arange(3)) % 3, axis=1)


def test_draco_of_others_is_read(rich: Mesh, tmp_path: Path) -> None:
    import DracoPy
    import trimesh

    plain = trimesh.Trimesh(rich.vertices, rich.faces, process=False)
    (tmp_path / "t.glb").write_bytes(trimesh.Scene([plain]).export(file_type="glb", extension_draco=True))
    assert read_mesh(tmp_path / "t.glb").face_count == rich.face_count

    content, _ = opened(written(rich.changed(face_materials=None), tmp_path / "a.glb", Compression.draco))
    named = {"a name": rich.vertices[:, :2].astype(np.float32)}
    for ordered in (True, False):
        data = DracoPy.encode(
            rich.vertices, rich.faces.astype(np.uint32), generic_attributes=named, preserve_order=ordered
        )
        number = {each["attribute_type"]: each["unique_id"] for each in DracoPy.decode(data).attributes}[0]
        (primitive,) = content["meshes"][0]["primitives"]
        primitive["attributes"] = {"POSITION": primitive["attributes"]["POSITION"]}
        primitive["extensions"]["KHR_draco_mesh_compression"]["attributes"] = {"POSITION": number}
        content["bufferViews"] = [{"buffer": 0, "byteLength": len(data)}]
        content["buffers"] = [{"byteLength": len(data)}]
        read = read_mesh(put(tmp_path / "n.glb", content, data + bytes(-len(data) % 4)))
        assert read.face_count == rich.face_count


def draco_file(rich: Mesh, path: Path) -> tuple[dict[str, Any], bytearray]:
    mesh = rich.changed(face_materials=None, materials=rich.materials[:1])
    content, binary = opened(written(mesh, path, Compression.draco))
    return content, bytearray(binary)


def test_draco_that_grows_beyond_what_it_says_is_refused(rich: Mesh, tmp_path: Path) -> None:
    content, binary = draco_file(rich, tmp_path / "a.glb")
    (primitive,) = content["meshes"][0]["primitives"]
    content["accessors"][primitive["indices"]]["count"] = 30
    assert "more than it says" in refused(put(tmp_path / "less.glb", content, bytes(binary)))
    content, binary = draco_file(rich, tmp_path / "a.glb")
    binary[12:16] = b"\xff\xff\xff\x7f"
    assert "more than it says" in refused(put(tmp_path / "bomb.glb", content, bytes(binary)))
    content, binary = draco_file(rich, tmp_path / "a.glb")
    content["accessors"][0]["count"] = 10**9
    assert "20000000" in refused(put(tmp_path / "counts.glb", content, bytes(binary)))


@pytest.mark.parametrize(
    ("at", "byte", "said"),
    [(0, 0, "damaged"), (5, 1, "of a kind"), (7, 0, "of a kind"), (8, 7, "damaged"), (10, 0x80, "damaged")],
)
def test_each_lie_in_a_draco_head_is_refused(
    rich: Mesh, tmp_path: Path, at: int, byte: int, said: str
) -> None:
    content, binary = draco_file(rich, tmp_path / "a.glb")
    binary[at] = byte
    if at == 10:
        binary[11:] = b"\xff" * (len(binary) - 11)
    assert said in refused(put(tmp_path / "bad.glb", content, bytes(binary)))


def test_metadata_that_never_ends_is_refused(rich: Mesh, tmp_path: Path) -> None:
    content, binary = draco_file(rich, tmp_path / "a.glb")
    binary[10] = 0x80
    binary[11:] = (b"\0" + b"\0\x01\x01x" * 50).ljust(len(binary) - 11, b"\0")
    assert "damaged" in refused(put(tmp_path / "bad.glb", content, bytes(binary)))


def test_an_attribute_that_the_stream_lacks_is_refused(rich: Mesh, tmp_path: Path) -> None:
    content, binary = draco_file(rich, tmp_path / "a.glb")
    (primitive,) = content["meshes"][0]["primitives"]
    primitive["extensions"]["KHR_draco_mesh_compression"]["attributes"]["POSITION"] = 99
    assert "damaged" in refused(put(tmp_path / "bad.glb", content, bytes(binary)))
    primitive["extensions"]["KHR_draco_mesh_compression"]["attributes"] = {"POSITION": 0}
    assert "columns" in refused(put(tmp_path / "other.glb", content, bytes(binary)))


@pytest.mark.parametrize("compression", BOTH)
def test_cuts_and_flips_never_do_more_than_refuse(
    rich: Mesh, tmp_path: Path, compression: Compression
) -> None:
    content, binary = opened(written(rich, tmp_path / "a.glb", compression))
    random = np.random.default_rng(5)
    path = tmp_path / "b.glb"
    for cut in random.integers(1, len(binary), 10):
        assert refused(put(path, content, binary[:cut] + bytes(len(binary) - cut)))
    for at in random.integers(11, min(len(binary), 400), 30):
        torn = bytearray(binary)
        torn[at] ^= int(random.integers(1, 255))
        with suppress(BadMesh):
            read_mesh(put(path, content, bytes(torn)))


def test_each_lie_about_meshoptimizer_is_refused(rich: Mesh, tmp_path: Path) -> None:
    path = written(rich, tmp_path / "a.glb", Compression.meshopt)

    def lie(name: str, value: object, view: int = 0) -> str:
        content, binary = opened(path)
        content["bufferViews"][view]["extensions"]["EXT_meshopt_compression"][name] = value
        return refused(put(tmp_path / "bad.glb", content, binary))

    assert "damaged" in lie("count", 3)
    assert "damaged" in lie("byteStride", 4)
    assert "outside" in lie("byteLength", 10**8)
    assert "outside" in lie("byteOffset", 10**8)
    assert "not valid" in lie("mode", "OTHER")
    assert "not valid" in lie("filter", "OTHER")
    assert "damaged" in lie("filter", "QUATERNION")
    assert "buffer" in lie("buffer", 7)
    content, binary = opened(path)
    view = content["bufferViews"][0]
    view["byteLength"] = 2**33
    view["extensions"]["EXT_meshopt_compression"]["count"] = 2**33 // 12
    assert "too large" in refused(put(tmp_path / "bad.glb", content, binary))


def test_the_name_that_khronos_gave_is_known(rich: Mesh, tmp_path: Path) -> None:
    content, binary = opened(written(rich, tmp_path / "a.glb", Compression.meshopt))
    text = json.dumps(content).replace("EXT_meshopt_compression", "KHR_meshopt_compression")
    assert read_mesh(put(tmp_path / "k.glb", json.loads(text), binary)).face_count == rich.face_count
