"""Broken and hostile glTF files are refused in one sentence, quickly and without much memory."""

from __future__ import annotations

import base64
import copy
import json
import struct
import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orfeas_desktop.engine.mesh.files import read_mesh
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.errors import BadMesh

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh

POSITIONS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
INDICES = np.array([0, 1, 2, 0, 2, 3], np.uint16)
BINARY = POSITIONS.tobytes() + INDICES.tobytes()


def document() -> dict[str, Any]:
    return {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5123, "count": 6, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteLength": 48},
            {"buffer": 0, "byteOffset": 48, "byteLength": 12},
        ],
        "buffers": [{"byteLength": 60}],
    }


def glb(content: dict[str, Any] | bytes, binary: bytes | None = BINARY) -> bytes:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text
    if binary is not None:
        body += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


def refused(tmp_path: Path, data: bytes, name: str = "bad.glb") -> str:
    path = tmp_path / name
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(BadMesh) as caught:
            read_mesh(path)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20 + 8 * len(data)
    finally:
        tracemalloc.stop()
    problem = str(caught.value.arguments["problem"])
    assert caught.value.arguments["name"] == name
    assert 0 < len(problem) < 250
    assert "\n" not in problem
    return problem


def accepted(tmp_path: Path, data: bytes, name: str = "good.glb") -> Mesh:
    (tmp_path / name).write_bytes(data)
    return read_mesh(tmp_path / name)


def with_change(*steps: object, value: object) -> dict[str, Any]:
    changed: Any = copy.deepcopy(document())
    place = changed
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = value
    return changed


def test_the_untouched_file_is_read(tmp_path: Path) -> None:
    mesh = accepted(tmp_path, glb(document()))
    np.testing.assert_array_equal(mesh.vertices, POSITIONS)
    np.testing.assert_array_equal(mesh.faces, INDICES.reshape(-1, 3))


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    whole = glb(document())
    for length in range(0, len(whole), 7):
        refused(tmp_path, whole[:length])


@pytest.mark.parametrize(
    ("steps", "value", "said"),
    [
        (("accessors", 0, "count"), 2**39, "more than"),
        (("accessors", 0, "count"), 5, "outside"),
        (("accessors", 0, "count"), -1, "not valid glTF"),
        (("accessors", 0, "count"), 0, "not there"),
        (("accessors", 0, "byteOffset"), -12, "not valid glTF"),
        (("accessors", 0, "byteOffset"), 2**39, "outside"),
        (("accessors", 0, "type"), "MAT4", "unknown type"),
        (("accessors", 0, "type"), "VEC2", "columns"),
        (("accessors", 0, "componentType"), 1, "unknown type"),
        (("accessors", 1, "componentType"), 5126, "outside"),
        (("accessors", 1, "componentType"), 5122, "whole numbers"),
        (("accessors", 1, "bufferView"), 9, "not there"),
        (("bufferViews", 0, "byteLength"), 61, "outside"),
        (("bufferViews", 0, "byteOffset"), 2**39, "outside"),
        (("bufferViews", 0, "byteStride"), 4, "overlaps"),
        (("bufferViews", 0, "byteStride"), 252, "outside"),
        (("bufferViews", 0, "buffer"), 1, "not there"),
        (("buffers", 0, "byteLength"), 2**39, "ends early"),
        (("meshes", 0, "primitives", 0, "attributes", "POSITION"), 7, "not there"),
        (("meshes", 0, "primitives", 0, "attributes"), {}, "no triangles"),
        (("meshes", 0, "primitives", 0, "mode"), 1, "no triangles"),
        (("meshes", 0, "primitives", 0, "material"), 0, "not there"),
        (("meshes", 0, "primitives", 0, "attributes", "NORMAL"), 1, "columns"),
        (("nodes", 0, "mesh"), 3, "not there"),
        (("nodes", 0, "children"), [0], "loop"),
        (("nodes", 0, "children"), [5], "not there"),
        (("nodes", 0, "scale"), [1e300, 1, 1], "finite"),
        (("nodes", 0, "matrix"), [1.0], "not valid glTF"),
        (("scenes", 0, "nodes"), [0, 0], "loop"),
        (("scene",), 4, "not there"),
        (("scenes",), [], None),
        (("asset", "version"), "1.0", "version"),
        (("extensionsRequired",), ["EXT_mesh_gpu_instancing"], "EXT_mesh_gpu_instancing"),
        (("buffers", 0, "uri"), "other.bin", "another file"),
        (("buffers", 0, "uri"), "data:text/plain,hello", "base64"),
        (("buffers", 0, "uri"), "data:;base64,###", "base64"),
        (("images",), [{"uri": "x.png"}], None),
    ],
)
def test_each_lie_is_named(
    tmp_path: Path, steps: tuple[object, ...], value: object, said: str | None
) -> None:
    data = glb(with_change(*steps, value=value))
    if said is None:
        accepted(tmp_path, data)
    else:
        assert said in refused(tmp_path, data)


def with_material(images: list[object], **more: object) -> dict[str, Any]:
    changed = document()
    changed["meshes"][0]["primitives"][0]["material"] = 0
    changed["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    changed["textures"] = [{"source": 0}]
    changed["images"] = images
    changed.update(more)
    return changed


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ([], "picture that is not there"),
        ([{}], "no data"),
        ([{"uri": "../secret.png"}], "another file"),
        ([{"bufferView": 0}], "not a PNG"),
        ([{"uri": "data:image/png;base64,iVBORw0KGgoAAAAN"}], "damaged"),
        ([{"bufferView": 8}], "not there"),
    ],
)
def test_bad_pictures_are_refused(tmp_path: Path, images: list[object], said: str) -> None:
    assert said in refused(tmp_path, glb(with_material(images)))


def test_a_picture_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    import zlib

    for side, said in ((60_000, "too many pixels"), (None, "limit is")):
        width, height = (side, side) if side else (20_000, 2)
        head = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
        png = b"\x89PNG\r\n\x1a\n"
        for kind, body in ((b"IHDR", head), (b"IDAT", zlib.compress(b"\0"))):
            png += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        uri = "data:image/png;base64," + base64.b64encode(png).decode()
        assert said in refused(tmp_path, glb(with_material([{"uri": uri}])))


def test_texture_index_without_texture(tmp_path: Path) -> None:
    assert "texture that is not there" in refused(tmp_path, glb(with_material([], textures=[])))
    mesh = accepted(tmp_path, glb(with_material([], textures=[{}])))
    assert mesh.materials[0].base_color_texture is None


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"asset":' * 50_000,
        b"{" + b'"a":[' * 5000,
        b"\xff\xfe{}",
        b"null",
        b"{}",
        b'{"asset":{"version":"2.0"},"nodes":7}',
        b'{"asset":{"version":"2.0"}}',
        b'{"asset":{"version":"2.0"},"scenes":[{"nodes":[NaN]}]}',
        b'{"asset":{"version":"2.0"},"scene":' + b"9" * 5000 + b"}",
        b'{"asset":{"version":"2.0"},"accessors":[' + b"0," * 4_000_000 + b"0]}",
    ],
)
def test_json_bombs_are_refused(tmp_path: Path, text: bytes) -> None:
    refused(tmp_path, glb(text))
    refused(tmp_path, text, "bad.gltf")


def test_instances_cannot_multiply_beyond_the_limit(tmp_path: Path) -> None:
    changed = document()
    changed["accessors"][0] = {"componentType": 5126, "count": 1_000_000, "type": "VEC3"}
    changed["nodes"] = [{"mesh": 0} for _ in range(100)]
    changed["scenes"] = [{"nodes": list(range(100))}]
    assert "more than" in refused(tmp_path, glb(changed))
    changed = document()
    changed["meshes"][0]["primitives"] *= 3000
    changed["nodes"] = [{"mesh": 0} for _ in range(100)]
    changed["scenes"] = [{"nodes": list(range(100))}]
    assert "parts" in refused(tmp_path, glb(changed))


def test_a_long_chain_of_nodes_is_walked(tmp_path: Path) -> None:
    changed = document()
    changed["nodes"] = [{"children": [index + 1], "translation": [1, 0, 0]} for index in range(5000)] + [
        {"mesh": 0}
    ]
    mesh = accepted(tmp_path, glb(changed))
    assert mesh.bounds[0][0] == 5000


def test_nodes_in_a_ring_without_a_scene(tmp_path: Path) -> None:
    changed = document()
    del changed["scenes"]
    changed["nodes"] = [{"children": [1]}, {"children": [0], "mesh": 0}]
    assert "loop" in refused(tmp_path, glb(changed))


def test_a_value_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    assert "finite" in refused(tmp_path, glb(document(), b"\0\0\xc0\x7f" + BINARY[4:]))


def test_a_face_beyond_the_vertices_is_refused(tmp_path: Path) -> None:
    assert "not there" in refused(tmp_path, glb(document(), BINARY[:-2] + b"\x04\x00"))


def test_no_binary_part(tmp_path: Path) -> None:
    assert "binary part" in refused(tmp_path, glb(document(), None))


def test_wrong_container(tmp_path: Path) -> None:
    whole = glb(document())
    assert "version 1" in refused(tmp_path, whole[:4] + b"\1\0\0\0" + whole[8:])
    assert "no JSON" in refused(tmp_path, whole[:16] + b"XXXX" + whole[20:])
    (tmp_path / "text.glb").write_bytes(b"this is no mesh at all, only words")
    with pytest.raises(BadMesh, match="not a GLB"):
        read_glb(tmp_path / "text.glb")


@pytest.mark.parametrize(
    "uri",
    ["../outside.bin", "/etc/passwd", "%2e%2e/outside.bin", "..\\outside.bin", "file:///etc/passwd", "C:/x.bin",
     "https://example.org/x.bin", "sub/../../outside.bin", "missing.bin", "", "a\0b", "link.bin", "loop.bin", "x" * 5000],
)  # fmt: skip
def test_a_gltf_reaches_only_its_folder(tmp_path: Path, uri: str) -> None:
    (tmp_path / "outside.bin").write_bytes(BINARY)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.bin").symlink_to(tmp_path / "outside.bin")
    (inside / "loop.bin").symlink_to(inside / "loop.bin")
    said = refused(inside, json.dumps(with_change("buffers", 0, "uri", value=uri)).encode(), "m.gltf")
    assert "not a file beside it" in said


def test_a_gltf_reads_files_beside_it(tmp_path: Path, encoded_picture: Callable[..., bytes]) -> None:
    (tmp_path / "my data.bin").write_bytes(BINARY)
    (tmp_path / "tex").mkdir()
    (tmp_path / "tex" / "a.png").write_bytes(encoded_picture())
    changed = with_material([{"uri": "tex/a.png"}])
    changed["buffers"][0]["uri"] = "my%20data.bin"
    mesh = accepted(tmp_path, json.dumps(changed).encode(), "m.gltf")
    assert mesh.materials[0].base_color_texture is not None
    assert mesh.face_count == 2


def test_data_uris_are_read(tmp_path: Path) -> None:
    uri = "data:application/octet-stream;base64," + base64.b64encode(BINARY).decode()
    changed = with_change("buffers", 0, "uri", value=uri)
    assert accepted(tmp_path, json.dumps(changed).encode(), "m.gltf").face_count == 2
    assert accepted(tmp_path, glb(changed, None)).face_count == 2


@given(st.data())
@settings(max_examples=150)
def test_flipped_bytes_never_do_more_than_refuse(tmp_path: Path, data: st.DataObject) -> None:
    whole = bytearray(glb(document()))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "m.glb"
    path.write_bytes(whole)
    with suppress(BadMesh):
        read_glb(path).check()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
@settings(max_examples=200)
def test_strange_values_never_do_more_than_refuse(tmp_path: Path, data: st.DataObject) -> None:
    changed: Any = with_material([{"uri": "data:image/png;base64,iVBORw0KGgo="}], textures=[{}])
    place = changed
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(JSON)
        break
    path = tmp_path / "m.glb"
    path.write_bytes(glb(changed))
    with suppress(BadMesh):
        read_glb(path).check()


def test_every_cut_of_a_full_file_is_refused(tmp_path: Path, ball: Mesh) -> None:
    write_glb(ball, tmp_path / "ball.glb")
    whole = (tmp_path / "ball.glb").read_bytes()
    for share in np.linspace(0, 0.999, 25):
        refused(tmp_path, whole[: int(share * len(whole))])
