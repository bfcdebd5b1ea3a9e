"""glTF files of others: strips, fans, sparse and interleaved arrays, quantised values, moved textures, trees of nodes."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.glb import read_glb
from orfeas_desktop.engine.mesh.mesh import AlphaMode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]], np.float32)
TYPES = {"f4": 5126, "u1": 5121, "i1": 5120, "u2": 5123, "i2": 5122, "u4": 5125}


@dataclass
class Maker:
    """A hand-made GLB."""

    content: dict[str, Any] = field(
        default_factory=lambda: {
            "asset": {"version": "2.0"}, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
            "meshes": [{"primitives": []}], "accessors": [], "bufferViews": [],
        }
    )  # fmt: skip
    binary: bytes = b""

    def view(self, data: bytes, **more: object) -> int:
        self.content["bufferViews"].append(
            {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data), **more}
        )
        self.binary += data + bytes(-len(data) % 4)
        return len(self.content["bufferViews"]) - 1

    def array(self, values: np.ndarray[Any, Any], view: int | None = None, **more: object) -> int:
        values = values if values.ndim == 2 else values[:, None]
        self.content["accessors"].append(
            {
                "bufferView": self.view(values.tobytes()) if view is None else view,
                "componentType": TYPES[values.dtype.str[1:]],
                "count": len(values),
                "type": ("SCALAR", "VEC2", "VEC3", "VEC4")[values.shape[1] - 1],
                **more,
            }
        )
        return len(self.content["accessors"]) - 1

    def primitive(self, attributes: dict[str, int], indices: object = None, **more: object) -> None:
        entry: dict[str, object] = {"attributes": attributes, **more}
        if indices is not None:
            entry["indices"] = self.array(np.array(indices, np.uint16))
        self.content["meshes"][0]["primitives"].append(entry)

    def read(self, folder: Path) -> Mesh:
        self.content["buffers"] = [{"byteLength": len(self.binary)}]
        text = json.dumps(self.content).encode()
        text += b" " * (-len(text) % 4)
        body = struct.pack("<I4s", len(text), b"JSON") + text
        body += struct.pack("<I4s", len(self.binary), b"BIN\0") + self.binary
        (folder / "made.glb").write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
        return read_glb(folder / "made.glb")


def corners(mesh: Mesh) -> list[list[list[float]]]:
    return mesh.vertices[mesh.faces].tolist()


@pytest.mark.parametrize(
    ("mode", "indices", "faces"),
    [
        (4, [0, 1, 2, 1, 3, 2], [[0, 1, 2], [1, 3, 2]]),
        (4, [0, 1, 2, 1], [[0, 1, 2]]),
        (4, None, [[0, 1, 2]]),
        (5, [0, 1, 2, 3], [[0, 1, 2], [1, 3, 2]]),
        (5, [0, 1, 2, 2, 3], [[0, 1, 2], [2, 2, 3]]),
        (6, [0, 1, 3, 2], [[1, 3, 0], [3, 2, 0]]),
    ],
)
def test_triangles_strips_and_fans(
    tmp_path: Path, mode: int, indices: list[int] | None, faces: list[list[int]]
) -> None:
    maker = Maker()
    maker.primitive({"POSITION": maker.array(SQUARE)}, indices, mode=mode)
    expected = [face for face in faces if len(set(face)) == 3]
    assert maker.read(tmp_path).faces.tolist() == expected


def test_a_strip_of_two_points_is_nothing_beside_triangles(tmp_path: Path) -> None:
    maker = Maker()
    place = maker.array(SQUARE)
    maker.primitive({"POSITION": place}, [0, 1], mode=5)
    maker.primitive({"POSITION": place}, [0, 1], mode=1)
    maker.primitive({"POSITION": place}, [0, 1, 2])
    assert maker.read(tmp_path).face_count == 1


def test_interleaved_vertices(tmp_path: Path) -> None:
    maker = Maker()
    rows = np.concatenate([SQUARE, np.tile([0, 0, 1], (4, 1)), SQUARE[:, :2]], axis=1).astype(np.float32)
    view = maker.view(rows.tobytes(), byteStride=32)
    attributes = {
        "POSITION": maker.array(SQUARE, view),
        "NORMAL": maker.array(SQUARE, view, byteOffset=12),
        "TEXCOORD_0": maker.array(SQUARE[:, :2], view, byteOffset=24),
    }
    maker.primitive(attributes, [0, 1, 2])
    mesh = maker.read(tmp_path)
    np.testing.assert_array_equal(mesh.vertices, SQUARE)
    np.testing.assert_array_equal(mesh.normals, rows[:, 3:6])
    np.testing.assert_array_equal(mesh.uvs[0], SQUARE[:, :2])


def sparse(maker: Maker, places: list[int], kind: type[np.generic] = np.uint8) -> dict[str, object]:
    changed = np.full((len(places), 3), 9, np.float32)
    return {
        "count": len(places),
        "indices": {"bufferView": maker.view(np.array(places, kind).tobytes()), "componentType": TYPES[np.dtype(kind).str[1:]]},
        "values": {"bufferView": maker.view(changed.tobytes())},
    }  # fmt: skip


def test_sparse_values_replace_the_base(tmp_path: Path) -> None:
    maker = Maker()
    maker.primitive({"POSITION": maker.array(SQUARE, sparse=sparse(maker, [1, 3]))}, [0, 1, 2])
    assert maker.read(tmp_path).vertices.tolist() == [[0, 0, 0], [9, 9, 9], [0, 1, 0], [9, 9, 9]]


def test_sparse_values_over_nothing(tmp_path: Path) -> None:
    maker = Maker()
    place = maker.array(SQUARE, sparse=sparse(maker, [2], np.uint32))
    del maker.content["accessors"][place]["bufferView"]
    maker.primitive({"POSITION": place}, [0, 1, 2])
    assert maker.read(tmp_path).vertices.tolist() == [[0, 0, 0], [0, 0, 0], [9, 9, 9], [0, 0, 0]]


@pytest.mark.parametrize(
    ("places", "kind", "said"),
    [([4], np.uint8, "outside its base"), ([0] * 5, np.uint8, "longer"), ([1], np.int8, "whole-number")],
)
def test_sparse_lies_are_refused(
    tmp_path: Path, places: list[int], kind: type[np.generic], said: str
) -> None:
    from orfeas_desktop.errors import BadMesh

    maker = Maker()
    maker.primitive({"POSITION": maker.array(SQUARE, sparse=sparse(maker, places, kind))}, [0, 1, 2])
    with pytest.raises(BadMesh, match=said):
        maker.read(tmp_path)


def test_quantised_values_become_floats(tmp_path: Path) -> None:
    maker = Maker()
    attributes = {
        "POSITION": maker.array((SQUARE * 100).astype(np.int16)),
        "NORMAL": maker.array(np.tile(np.array([0, 0, 127], np.int8), (4, 1)), normalized=True),
        "TEXCOORD_0": maker.array((SQUARE[:, :2] * 65535).astype(np.uint16), normalized=True),
        "COLOR_0": maker.array(np.tile(np.array([255, 0, 55], np.uint8), (4, 1)), normalized=True),
    }
    maker.primitive(attributes, [0, 1, 2])
    maker.content["extensionsRequired"] = ["KHR_mesh_quantization"]
    maker.content["nodes"][0]["scale"] = [0.01, 0.01, 0.01]
    mesh = maker.read(tmp_path)
    np.testing.assert_allclose(mesh.vertices, SQUARE, atol=1e-6)
    np.testing.assert_allclose(mesh.normals, np.tile([0, 0, 1], (4, 1)), atol=1e-6)
    np.testing.assert_array_equal(mesh.uvs[0], SQUARE[:, :2])
    assert mesh.colors is not None
    assert mesh.colors[0].tolist() == [255, 0, 128, 255]


def test_places_of_a_tree_multiply(tmp_path: Path) -> None:
    maker = Maker()
    maker.primitive({"POSITION": maker.array(SQUARE)}, [0, 1, 2])
    maker.content["nodes"] = [
        {"translation": [10, 0, 0], "children": [1, 2]},
        {"scale": [2, 2, 2], "mesh": 0},
        {"matrix": [0, 0, -1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 5, 1], "mesh": 0},
    ]
    mesh = maker.read(tmp_path)
    np.testing.assert_allclose(mesh.vertices[:3], [[10, 0, 0], [12, 0, 0], [10, 2, 0]], atol=1e-6)
    np.testing.assert_allclose(mesh.vertices[4:7], [[10, 0, 5], [10, 0, 4], [10, 1, 5]], atol=1e-6)


def test_what_one_part_lacks_is_filled_in(tmp_path: Path) -> None:
    maker = Maker()
    full = {
        "POSITION": maker.array(SQUARE),
        "NORMAL": maker.array(np.tile(np.array([0, 0, 1], np.float32), (4, 1))),
        "TANGENT": maker.array(np.tile(np.array([1, 0, 0, 1], np.float32), (4, 1))),
        "TEXCOORD_0": maker.array(SQUARE[:, :2].copy()),
        "COLOR_0": maker.array(np.zeros((4, 4), np.float32)),
    }
    maker.primitive(full, [0, 1, 2], material=0)
    maker.primitive({"POSITION": maker.array(SQUARE + np.float32(5))}, [0, 1, 2])
    maker.content["materials"] = [{"name": "paint", "alphaMode": "BLEND", "doubleSided": True}]
    mesh = maker.read(tmp_path)
    assert mesh.normals is not None
    np.testing.assert_allclose(mesh.normals[4:7], np.tile([0, 0, 1], (3, 1)), atol=1e-6)
    assert mesh.tangents is None
    assert (mesh.uvs[0][4:] == 0).all()
    assert mesh.colors is not None
    assert mesh.colors[4].tolist() == [255] * 4
    assert mesh.colors[0].tolist() == [0] * 4
    assert [material.name for material in mesh.materials] == ["paint", "default"]
    assert mesh.materials[0].alpha_mode is AlphaMode.blend
    assert mesh.face_materials is not None
    assert mesh.face_materials.tolist() == [0, 1]


def textured(maker: Maker, picture: bytes, **info: object) -> None:
    maker.content["images"] = [{"bufferView": maker.view(picture)}]
    maker.content["textures"] = [{"source": 0}]
    maker.content["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0, **info}}}]


def test_a_moved_texture_is_moved_for_good(tmp_path: Path, encoded_picture: Callable[..., bytes]) -> None:
    maker = Maker()
    attributes = {"POSITION": maker.array(SQUARE), "TEXCOORD_0": maker.array(SQUARE[:, :2].copy())}
    maker.primitive(attributes, [0, 1, 2], material=0)
    transform = {"offset": [0.5, 0.25], "rotation": np.pi / 2, "scale": [2, 3]}
    textured(maker, encoded_picture(), extensions={"KHR_texture_transform": transform})
    mesh = maker.read(tmp_path)
    np.testing.assert_allclose(mesh.uvs[0][:3], [[0.5, 0.25], [0.5, -1.75], [3.5, 0.25]], atol=1e-6)
    assert mesh.materials[0].base_color_texture is not None


def test_a_transform_may_name_another_uv_set(tmp_path: Path, encoded_picture: Callable[..., bytes]) -> None:
    maker = Maker()
    attributes = {"POSITION": maker.array(SQUARE)}
    attributes |= {f"TEXCOORD_{index}": maker.array(SQUARE[:, :2].copy()) for index in range(2)}
    maker.primitive(attributes, [0, 1, 2], material=0)
    textured(maker, encoded_picture(), extensions={"KHR_texture_transform": {"texCoord": 1}})
    texture = maker.read(tmp_path).materials[0].base_color_texture
    assert texture is not None
    assert texture.uv_set == 1


def test_arrays_of_different_lengths_are_refused(tmp_path: Path) -> None:
    from orfeas_desktop.errors import BadMesh

    maker = Maker()
    maker.primitive(
        {"POSITION": maker.array(SQUARE), "TEXCOORD_0": maker.array(SQUARE[:3, :2].copy())}, [0, 1, 2]
    )
    with pytest.raises(BadMesh, match="differ in length"):
        maker.read(tmp_path)


def test_an_unknown_alpha_mode_is_opaque_and_units_must_be_sensible(tmp_path: Path) -> None:
    maker = Maker()
    maker.primitive({"POSITION": maker.array(SQUARE)}, [0, 1, 2], material=0)
    maker.content["materials"] = [{"alphaMode": "STRANGE"}]
    maker.content["nodes"][0]["extras"] = {"metres_per_unit": -3}
    maker.content["asset"]["extras"] = {"orfeas": [1]}
    mesh = maker.read(tmp_path)
    assert mesh.materials[0].alpha_mode is AlphaMode.opaque
    assert mesh.metres_per_unit == 1.0
    assert mesh.extras == {}
    assert corners(mesh) == SQUARE[[[0, 1, 2]]].tolist()
