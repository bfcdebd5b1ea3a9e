"""OBJ, STL and PLY as others write them, and what is wrong with them in one sentence."""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from orfeas_desktop.assets import AssetKind, LocalFile
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.files import read_mesh, read_mesh_file
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import AlphaMode
from orfeas_desktop.engine.mesh.textures import pixels_of
from orfeas_desktop.errors import BadMesh, FileMissing, NotAFile, PackedFile, PermissionDenied

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh


def saved(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def problem_of(path: Path) -> str:
    with pytest.raises(BadMesh) as caught:
        read_mesh(path)
    assert caught.value.arguments["name"] == path.name
    return str(caught.value.arguments["problem"])


@pytest.mark.parametrize("name", ["s.obj", "s.stl", "s.ply", "s.glb"])
def test_files_of_trimesh_are_read(tmp_path: Path, name: str) -> None:
    shape = trimesh.creation.icosphere(subdivisions=2)
    shape.export(tmp_path / name)
    facts = mesh_facts(read_mesh(tmp_path / name))
    assert facts.watertight
    assert facts.faces == len(shape.faces)
    scale = 0.001 if name.endswith("stl") else 1.0
    assert facts.volume_m3 == pytest.approx(shape.volume * scale**3, rel=1e-4)


def test_text_files_of_trimesh_are_read(tmp_path: Path) -> None:
    shape = trimesh.creation.box((1, 2, 3))
    stl = read_mesh(saved(tmp_path, "a.stl", shape.export(file_type="stl_ascii")))
    assert stl.metres_per_unit == 0.001
    assert mesh_facts(stl).size_m == pytest.approx((0.001, 0.003, 0.002))
    assert mesh_facts(stl).watertight
    ply = read_mesh(saved(tmp_path, "a.ply", shape.export(file_type="ply", encoding="ascii")))
    assert mesh_facts(ply).volume_m3 == pytest.approx(6)


def test_text_files_of_windows_begin_with_a_mark(tmp_path: Path) -> None:
    shape = trimesh.creation.box((1, 2, 3))
    saved(tmp_path, "a.mtl", "\ufeffnewmtl red\nKd 1 0 0\n")
    obj = "\ufeffmtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl red\nf 1 2 3\n"
    assert read_mesh(saved(tmp_path, "a.obj", obj)).materials[0].base_color[:3] == (1.0, 0.0, 0.0)
    assert read_mesh(saved(tmp_path, "b.obj", obj.replace("mtllib a.mtl\n", ""))).face_count == 1
    for kind, options in (("stl_ascii", {}), ("ply", {"encoding": "ascii"})):
        text = shape.export(file_type=kind, **options)
        data = text if isinstance(text, bytes) else text.encode()
        path = saved(tmp_path, f"a.{kind[:3]}", b"\xef\xbb\xbf" + data)
        assert read_mesh(path).face_count == 12


def test_a_blob_without_suffix_is_known_by_its_name(tmp_path: Path, cube: Mesh) -> None:
    path = saved(tmp_path, "0123abc", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    file = LocalFile(path, "0123abc", AssetKind.mesh, "thing.OBJ", 1)
    assert read_mesh_file(file).name == "thing"
    write_glb(cube, path)
    assert read_mesh_file(file).face_count == 12
    saved(tmp_path, "0123abc", "glTF")
    with pytest.raises(BadMesh) as caught:
        read_mesh_file(file)
    assert caught.value.arguments["name"] == "thing.OBJ"


def test_what_is_no_mesh_file(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        read_mesh(tmp_path / "nothing.obj")
    (tmp_path / "folder.obj").mkdir()
    with pytest.raises(NotAFile):
        read_mesh(tmp_path / "folder.obj")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.obj")
        with pytest.raises(NotAFile):
            read_mesh(tmp_path / "pipe.obj")
    assert problem_of(saved(tmp_path, "empty.stl", "")) == "it is empty"
    assert problem_of(saved(tmp_path, "words.docx", "hello")) == "its format is unknown"
    with pytest.raises(PackedFile):
        read_mesh(saved(tmp_path, "meshes.tar.gz", "hello"))
    big = tmp_path / "big.stl"
    with big.open("wb") as stream:
        stream.truncate(2**31 + 1)
    assert "larger" in problem_of(big)


def test_what_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, "a.obj", "v 0 0 0")

    def denied(*_: object, **__: object) -> bytes:
        raise PermissionError(13, "no", str(path))

    monkeypatch.setattr("pathlib.Path.read_bytes", denied)
    with pytest.raises(PermissionDenied):
        read_mesh(path)


OBJ_SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"


@pytest.mark.parametrize(
    ("body", "faces", "vertices"),
    [
        ("f 1 2 3 4\n", 2, 4),
        ("f -4 -3 -2 -1\n", 2, 4),
        ("vt 0 0\nvt 1 1\nf 1/1 2/1 3/2 4/2\n", 2, 4),
        ("vt 0 0\nvt 1 1\nf 1/1 2/1 3/2\nf 1/2 3/2 4/2\n", 2, 5),
        ("vn 0 0 1\nf 1//1 2//1 3//1\n", 1, 3),
        ("vt 0 0 0\nvn 0 0 1\nf 1/1/1 2/1/1 3/1/1\nf 1 3 4\n", 2, 6),
        ("vt 0 0\nf 1/1/ 2/1/ 3/1/\n", 1, 3),
        ("f 1 2 \\\n 3\n", 1, 3),
        ("\tf\t1 2 3 # three\r\n", 1, 3),
        ("g part\ns off\no thing\nl 1 2\np 1\nf 1 2 3\n", 1, 3),
    ],
)
def test_every_way_to_write_a_face(tmp_path: Path, body: str, faces: int, vertices: int) -> None:
    mesh = read_mesh(saved(tmp_path, "m.obj", OBJ_SQUARE + body))
    assert mesh.face_count == faces
    assert len(np.unique(mesh.faces)) == vertices


def test_obj_texture_rows_are_turned_over_and_polygons_kept(tmp_path: Path) -> None:
    mesh = read_mesh(saved(tmp_path, "m.obj", OBJ_SQUARE + "vt 0.25 0.75\nf 1/1 2/1 3/1 4/1\n"))
    assert mesh.uvs[0].tolist() == [[0.25, 0.25]] * 4
    assert mesh.polygons is not None
    assert mesh.polygons.offsets.tolist() == [0, 4]


def test_obj_vertex_colours_in_both_scales(tmp_path: Path) -> None:
    for scale in (1, 255):
        rows = "".join(f"v {x} {y} 0 {scale} 0 {0.2 * scale}\n" for x, y in ((0, 0), (1, 0), (0, 1)))
        mesh = read_mesh(saved(tmp_path, "m.obj", rows + "f 1 2 3\n"))
        assert mesh.colors is not None
        assert mesh.colors[0].tolist() == [255, 0, 51, 255]


def test_a_ragged_obj_is_still_read(tmp_path: Path) -> None:
    text = "v 0 0 0 1\nv 1 0 0\nv 0 1 0\nvt 0 1 0\nvt 1\nf 1/1 2/2 3/1\n"
    mesh = read_mesh(saved(tmp_path, "m.obj", text))
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert mesh.uvs[0].tolist() == [[0, 0], [1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# nothing\n", "no faces"),
        (OBJ_SQUARE + "f 1 2\n", "fewer than three"),
        (OBJ_SQUARE + "f 1 2 9\n", "not there"),
        (OBJ_SQUARE + "f 0 1 2\n", "not there"),
        (OBJ_SQUARE + "f -9 1 2\n", "not there"),
        (OBJ_SQUARE + "vt 0 0\nf 1/2 2/2 3/2\n", "not there"),
        (OBJ_SQUARE + "f a b c\n", "cannot be read"),
        (OBJ_SQUARE + "f 1/1/1/1 2 3\n", "cannot be read"),
        (OBJ_SQUARE + "f 1e30 2 3\n", "cannot be read"),
        (OBJ_SQUARE + "f nan 2 3\n", "cannot be read"),
        (OBJ_SQUARE + "f\n", "fewer than three"),
        ("f 1 2 3\n", "not there"),
        ("v 0 0\nf 1 1 1\n", "not three numbers"),
        ("v 0 0 0\nv 1 0\nv 1 1 0\nf 1 2 3\n", "not three numbers"),
        ("v 0 zero 0\nf 1 1 1\n", "cannot be read"),
        ("v nan 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n", "finite"),
        ("v 1e300 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n", "finite"),
    ],
)
def test_broken_objs_are_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in problem_of(saved(tmp_path, "m.obj", text))


def with_library(
    folder: Path, library: str, obj: str = "mtllib m.mtl\nusemtl a\n", name: str = "m.mtl"
) -> Mesh:
    saved(folder, name, library)
    return read_mesh(saved(folder, "m.obj", obj + OBJ_SQUARE + "vt 0 0\nf 1/1 2/1 3/1 4/1\n"))


def test_a_material_library_is_read(tmp_path: Path, encoded_picture: Callable[..., bytes]) -> None:
    saved(tmp_path, "my red.png", encoded_picture())
    saved(tmp_path, "rough.png", encoded_picture(size=(4, 4)))
    saved(tmp_path, "metal.tga", encoded_picture("TGA"))
    saved(tmp_path, "n.png", encoded_picture(size=(5, 5)))
    library = (
        "newmtl a\nKd 0.5 0.25 1\nKe 1 2 3\nPr 0.5\nPm 1\nd 0.5\nmap_Kd -s 1 1 1 my red.png\n"
        "map_Pr rough.png\nmap_Pm -bm 1 metal.tga\nnorm n.png\nmap_Ke my red.png\n"
    )
    material = with_library(tmp_path, library).materials[0]
    assert material.base_color == (0.5, 0.25, 1.0, 0.5)
    assert material.emissive == (1, 2, 3)
    assert (material.roughness, material.metallic) == (0.5, 1.0)
    assert material.alpha_mode is AlphaMode.blend
    assert material.base_color_texture is not None
    assert material.base_color_texture.data == encoded_picture()
    assert material.emissive_texture == material.base_color_texture
    assert material.normal_map is not None
    assert material.metallic_roughness_texture is not None
    assert pixels_of(material.metallic_roughness_texture).shape == (8, 16, 4)


@pytest.mark.parametrize("key", ["map_Pr", "map_Pm"])
def test_one_of_roughness_and_metal_is_enough(
    tmp_path: Path, encoded_picture: Callable[..., bytes], key: str
) -> None:
    saved(tmp_path, "x.png", encoded_picture())
    material = with_library(tmp_path, f"newmtl a\n{key} x.png\n").materials[0]
    assert material.metallic_roughness_texture is not None
    other = 2 if key == "map_Pr" else 1
    assert (pixels_of(material.metallic_roughness_texture)[:, :, other] == 255).all()
    assert material.metallic == (0.0 if key == "map_Pr" else 1.0)


def test_a_bump_map_counts_when_it_is_a_normal_map(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (4, 4), (128, 128, 255)).save(tmp_path / "n.png")
    Image.new("RGB", (4, 4), (90, 90, 90)).save(tmp_path / "height.png")
    assert with_library(tmp_path, "newmtl a\nmap_Bump -bm 1 n.png\n").materials[0].normal_map is not None
    assert with_library(tmp_path, "newmtl a\nmap_Bump height.png\n").materials[0].normal_map is None


def test_shine_becomes_roughness_and_transparency_alpha(tmp_path: Path) -> None:
    material = with_library(tmp_path, "newmtl a\nNs 6\nTr 0.25\n").materials[0]
    assert material.roughness == pytest.approx(0.5)
    assert material.base_color[3] == pytest.approx(0.75)


@pytest.mark.parametrize(
    "library",
    [
        "newmtl a\nKd red\nPr x\nNs\nmap_Kd\n",
        "Kd 1 1 1\n",
        "newmtl a\nmap_Kd gone.png\n",
        "newmtl b\n",
        "\0\xff",
    ],
)
def test_a_strange_library_does_no_harm(tmp_path: Path, library: str) -> None:
    material = with_library(tmp_path, library).materials[0]
    assert material.name == "a"
    assert material.base_color_texture is None
    assert material.base_color[3] == 1.0


def test_a_library_is_never_read_outside_the_folder(
    tmp_path: Path, encoded_picture: Callable[..., bytes]
) -> None:
    saved(tmp_path, "outside.png", encoded_picture())
    saved(tmp_path, "outside.mtl", "newmtl a\nKd 1 0 0\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.png").symlink_to(tmp_path / "outside.png")
    mesh = with_library(inside, "newmtl a\n", "mtllib ../outside.mtl\nusemtl a\n")
    assert mesh.materials[0].base_color == (1.0, 1.0, 1.0, 1.0)
    for name in ("../outside.png", str(tmp_path / "outside.png"), "link.png", "..\\outside.png"):
        assert with_library(inside, f"newmtl a\nmap_Kd {name}\n").materials[0].base_color_texture is None


def test_a_library_of_another_machine_is_found_by_its_last_name(tmp_path: Path) -> None:
    mesh = with_library(tmp_path, "newmtl a\nKd 1 0 0\n", "mtllib C:\\work\\100%.mtl\nusemtl a\n", "100%.mtl")
    assert mesh.materials[0].base_color == (1.0, 0.0, 0.0, 1.0)


def test_a_damaged_texture_is_named(tmp_path: Path) -> None:
    saved(tmp_path, "x.png", b"\x89PNG\r\n\x1a\nrubbish")
    saved(tmp_path, "m.mtl", "newmtl a\nmap_Kd x.png\n")
    path = saved(tmp_path, "m.obj", "mtllib m.mtl\nusemtl a\n" + OBJ_SQUARE + "f 1 2 3\n")
    assert "texture" in problem_of(path)


def test_faces_before_the_first_material_and_several_materials(tmp_path: Path) -> None:
    text = OBJ_SQUARE + "f 1 2 3\nusemtl a\nf 1 3 4\nusemtl b\nf 1 2 4\nusemtl a\nf 2 3 4\nusemtl c\n"
    mesh = read_mesh(saved(tmp_path, "m.obj", text))
    assert [material.name for material in mesh.materials] == ["default", "a", "b"]
    assert mesh.face_materials is not None
    assert mesh.face_materials.tolist() == [0, 1, 2, 1]


def test_too_many_materials(tmp_path: Path) -> None:
    text = OBJ_SQUARE + "".join(f"usemtl m{index}\nf 1 2 3\n" for index in range(10_001))
    assert "materials" in problem_of(saved(tmp_path, "m.obj", text))


STL_HEAD = b"x" * 80


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (STL_HEAD, "ends early"),
        (STL_HEAD + struct.pack("<I", 2) + bytes(50), "ends early"),
        (STL_HEAD + struct.pack("<I", 0), "no faces"),
        (STL_HEAD + struct.pack("<I", 2**32 - 1) + bytes(100), "ends early"),
        (STL_HEAD + struct.pack("<I", 1) + struct.pack("<12f", *[float("nan")] * 12) + bytes(2), "finite"),
        (b"solid x\nendsolid\n", "no faces"),
        (b"solid x\nfacet\nvertex 1 2 3\nvertex 1 2\n", "ends early"),
        (b"solid x\nfacet\nvertex 1 2 x\n" * 3, "cannot be read"),
        (b"just some words", "ends early"),
    ],
)
def test_broken_stls_are_refused(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in problem_of(saved(tmp_path, "m.stl", data))


def test_a_binary_stl_that_starts_with_solid(tmp_path: Path) -> None:
    data = trimesh.creation.box().export(file_type="stl")
    mesh = read_mesh(saved(tmp_path, "m.stl", b"solid" + data[5:]))
    assert mesh_facts(mesh).watertight


PLY_VERTICES = "element vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
PLY_FACES = "element face 2\nproperty list uchar int vertex_indices\n"


def ply(header: str, body: str, form: str = "ascii") -> bytes:
    return f"ply\nformat {form} 1.0\n{header}end_header\n{body}".encode()


SQUARE_ROWS = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n"


def test_ply_with_triangles_and_quads_in_text_and_binary(tmp_path: Path) -> None:
    text = ply(PLY_VERTICES + PLY_FACES, SQUARE_ROWS + "4 0 1 2 3\n3 0 1 2\n")
    places = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    for form, order in (("binary_little_endian", "<"), ("binary_big_endian", ">")):
        body = places.astype(f"{order}f4").tobytes()
        body += struct.pack(f"{order}B4iB3i", 4, 0, 1, 2, 3, 3, 0, 1, 2)
        binary = ply(PLY_VERTICES + PLY_FACES, "", form) + body
        one, other = read_mesh(saved(tmp_path, "a.ply", text)), read_mesh(saved(tmp_path, "b.ply", binary))
        assert one.faces.tolist() == other.faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 2]]
        np.testing.assert_array_equal(one.vertices, other.vertices)
        assert other.polygons is not None


def test_ply_with_everything(tmp_path: Path, encoded_picture: Callable[..., bytes]) -> None:
    saved(tmp_path, "my tex.png", encoded_picture())
    header = (
        "comment TextureFile my tex.png\nobj_info x\nelement vertex 3\n"
        + "".join(f"property float {name}\n" for name in ("x", "y", "z", "nx", "ny", "nz", "s", "t"))
        + "".join(f"property uchar {name}\n" for name in ("red", "green", "blue", "alpha"))
        + "element edge 1\nproperty int a\nelement nothing 0\nproperty int b\n"
        + "element face 1\nproperty list uchar uint vertex_index\nproperty uchar flags\n"
    )
    row = "0 0 1 0.25 0.75 255 128 0 64\n"
    body = f"0 0 0 {row}1 0 0 {row}0 1 0 {row}7\n3 0 1 2 9\n"
    mesh = read_mesh(saved(tmp_path, "m.ply", ply(header, body)))
    assert mesh.normals is not None
    assert mesh.normals[0].tolist() == [0, 0, 1]
    assert mesh.uvs[0][0].tolist() == [0.25, 0.25]
    assert mesh.colors is not None
    assert mesh.colors[0].tolist() == [255, 128, 0, 64]
    assert mesh.materials[0].base_color_texture is not None


def test_ply_colours_as_floats_and_texture_per_corner(tmp_path: Path) -> None:
    header = (
        "element vertex 4\n" + "".join(f"property float {name}\n" for name in ("x", "y", "z", "red", "green", "blue"))
        + "element face 2\nproperty list uchar int vertex_indices\nproperty list uchar float texcoord\n"
    )  # fmt: skip
    rows = "".join(f"{x} {y} 0 1 0.5 0\n" for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)))
    faces = "3 0 1 2 6 0 0 1 0 1 1\n3 0 2 3 6 0.5 0.5 1 1 0 1\n"
    mesh = read_mesh(saved(tmp_path, "m.ply", ply(header, rows + faces)))
    assert mesh.vertex_count == 5
    assert mesh.colors is not None
    assert mesh.colors[0].tolist() == [255, 128, 0, 255]
    assert mesh.uvs[0][mesh.faces[1]].tolist() == [[0.5, 0.5], [1, 0], [0, 0]]


def test_ply_leaves_out_points_and_lines_among_faces(tmp_path: Path) -> None:
    data = ply(PLY_VERTICES + PLY_FACES, SQUARE_ROWS + "2 0 1\n3 0 1 2\n")
    assert read_mesh(saved(tmp_path, "m.ply", data)).face_count == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"ply\n", "header"),
        (b"ply\nformat ascii 1.0\nend_header", "header"),
        (b"ply\nend_header\n", "format"),
        (ply("", "", "utf8"), "format"),
        (ply("element vertex\n", ""), "header"),
        (ply("element vertex -3\n", ""), "header"),
        (ply("property float x\n", ""), "header"),
        (ply("element vertex 1\nproperty quaternion x\n", ""), "header"),
        (ply("element a 1\n" * 200, ""), "too many"),
        (ply(PLY_VERTICES, SQUARE_ROWS), "no faces"),
        (
            ply(PLY_VERTICES + "element face 0\nproperty list uchar int vertex_indices\n", SQUARE_ROWS),
            "no faces",
        ),
        (ply(PLY_VERTICES + "element face 1\nproperty uchar x\n", SQUARE_ROWS + "1"), "no faces"),
        (ply("element vertex 1\nproperty float x\n" + PLY_FACES, "0 3 0 0 0 3 0 0 0"), "no positions"),
        (ply("element vertex 1\nproperty float x\nproperty float x\n", "0 0"), "twice"),
        (ply(PLY_VERTICES + PLY_FACES, SQUARE_ROWS + "3 0 1 2\n"), "ends early"),
        (ply(PLY_VERTICES + PLY_FACES, SQUARE_ROWS + "3 0 1 2\n3 0 1"), "ends early"),
        (ply(PLY_VERTICES + PLY_FACES, SQUARE_ROWS + "3 0 1 2\n4 0 1"), "ends early"),
        (ply(PLY_VERTICES + PLY_FACES, SQUARE_ROWS + "-3 0 1 2\n3 0 1 2"), "sensible"),
        (ply(PLY_VERTICES + PLY_FACES, SQUARE_ROWS + "nan 0 1 2\n3 0 1 2"), "sensible"),
        (ply(PLY_VERTICES + PLY_FACES, SQUARE_ROWS + "3 0 1 9\n3 0 1 2"), "not there"),
        (ply(PLY_VERTICES + PLY_FACES, SQUARE_ROWS + "3 0 1 1e300\n3 0 1 2"), "not there"),
        (ply(PLY_VERTICES + PLY_FACES, SQUARE_ROWS + "3 0 1 x\n3 0 1 2"), "cannot be read"),
        (ply(PLY_VERTICES.replace("4", "999999999999") + PLY_FACES, SQUARE_ROWS), "ends early"),
        (
            ply(PLY_VERTICES.replace("4", "999999999999") + PLY_FACES, "", "binary_little_endian"),
            "ends early",
        ),
        (ply(PLY_FACES, "\x03", "binary_little_endian"), "ends early"),
        (ply(PLY_FACES, "\x7f" * 20, "binary_little_endian"), "ends early"),
        (ply(PLY_FACES, "\x01\0\0\0\0\x02\0\0\0\0", "binary_little_endian"), "ends early"),
        (
            ply(PLY_FACES.replace("uchar", "char"), "\x01\0\0\0\0\x7f" + "\0" * 9, "binary_little_endian"),
            "ends early",
        ),
        (
            ply(PLY_FACES.replace("uchar", "int"), "\x01" + "\0" * 7 + "\xff" * 8, "binary_little_endian"),
            "sensible|early",
        ),
        (
            ply(PLY_FACES.replace("uchar", "float"), "\0\0\xc0\x7f" * 3, "binary_little_endian"),
            "sensible|early",
        ),
    ],
)
def test_broken_plys_are_refused(tmp_path: Path, data: bytes, said: str) -> None:
    import re

    assert re.search(said, problem_of(saved(tmp_path, "m.ply", data)))


@given(st.sampled_from(["obj", "stl", "ply"]), st.data())
@settings(max_examples=150)
def test_flipped_bytes_never_do_more_than_refuse(tmp_path: Path, form: str, data: st.DataObject) -> None:
    encoding = {"encoding": data.draw(st.sampled_from(["ascii", "binary"]))} if form == "ply" else {}
    exported = trimesh.creation.box().export(file_type=form, **encoding)
    whole = bytearray(exported if isinstance(exported, bytes) else exported.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BadMesh):
        read_mesh(saved(tmp_path, f"m.{form}", bytes(whole))).check()
