"""Exported files hold what their settings promise, and a wrong file is never called done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import trimesh
from PIL import Image

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.exporters.base import Contents, Exporter, Written, verify
from orfeas_desktop.engine.formats.publish import publish
from orfeas_desktop.engine.mesh.facts import mesh_facts
from orfeas_desktop.engine.mesh.files import read_mesh
from orfeas_desktop.engine.mesh.glb import read_glb, write_glb
from orfeas_desktop.engine.mesh.mesh import AlphaMode, Material, Mesh, Texture
from orfeas_desktop.engine.mesh.textures import media_type_of, texture_size, textures_of
from orfeas_desktop.errors import BadMesh, ExportNotVerified
from orfeas_desktop.requests import OutputFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orfeas_desktop.engine.scene.scene import Scene


@pytest.fixture
def export(make_context: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Run an exporter on a mesh and return its context and the paths it left."""

    def run(entry: str, mesh: Mesh, name: str = "Möbel 1.glb", **settings: object) -> tuple[Any, list[Path]]:
        source = tmp_path / "source"
        write_glb(mesh, source)
        exporter = EXPORTERS[entry]
        context = make_context()
        file = local_file(source, AssetKind.mesh, name)
        outputs = exporter.run({"mesh": (file,)}, exporter.params.check(entry, settings), context)
        assert {output.path for output in outputs} == set(context.staging.iterdir())
        assert outputs[0].name == f"{name.rpartition('.')[0]}{exporter.suffix}"
        return context, [output.path for output in outputs]

    return run


def test_glb_keeps_everything_and_the_recipe(export: Callable[..., Any], ball: Mesh) -> None:
    recipe = {"backend": "relief", "seed": 3}
    context, (path,) = export("glb", ball.changed(extras=recipe))
    read = read_glb(path)
    assert read.extras == recipe
    assert read.materials == ball.materials
    assert context.facts["bytes"] == path.stat().st_size
    assert context.facts["verified_by"] == "trimesh"
    assert context.facts["height_mm"] == pytest.approx(40)
    _, (path,) = export("glb", ball.changed(extras=recipe), recipe=False)
    assert read_glb(path).extras == {}


def test_glb_textures_are_recoded(
    export: Callable[..., Any], ball: Mesh, encoded_picture: Callable[..., bytes]
) -> None:
    large = Texture(encoded_picture(size=(2048, 1024)), "image/png")
    alpha = Texture(encoded_picture(mode="RGBA"), "image/png")
    materials = (
        replace(
            ball.materials[0], base_color_texture=large, normal_map=large, metallic_roughness_texture=alpha
        ),
        replace(ball.materials[1], normal_map=Texture(encoded_picture("WEBP"), "image/webp")),
    )
    _, (path,) = export("glb", ball.changed(materials=materials), texture_format="jpeg", texture_side="512")
    first, second = read_glb(path).materials
    found = {slot: media_type_of(texture.data) for slot, texture in textures_of(first).items()}
    assert found == {
        "base_color_texture": "image/jpeg", "normal_map": "image/png", "metallic_roughness_texture": "image/png",
    }  # fmt: skip
    assert first.base_color_texture is not None
    assert texture_size(first.base_color_texture) == (512, 256)
    assert second.normal_map is not None
    assert second.normal_map.media_type == "image/png"


def test_a_damaged_texture_stops_the_export(
    export: Callable[..., Any], ball: Mesh, encoded_picture: Callable[..., bytes]
) -> None:
    torn = Texture(encoded_picture(size=(64, 64))[:-40], "image/png")
    mesh = ball.changed(materials=tuple(replace(m, base_color_texture=torn) for m in ball.materials))
    for entry, settings in (("glb", {"texture_format": "jpeg"}), ("ply", {})):
        with pytest.raises(BadMesh, match="texture in it is damaged"):
            export(entry, mesh, **settings)
    webp = Texture(encoded_picture("WEBP", size=(64, 64))[:-40], "image/webp")
    with pytest.raises(BadMesh, match="texture in it is damaged"):
        export(
            "obj", mesh.changed(materials=tuple(replace(m, base_color_texture=webp) for m in mesh.materials))
        )


def test_obj_is_closed_textured_and_right_side_up(export: Callable[..., Any], ball: Mesh) -> None:
    _, (path, *parts) = export("obj", ball)
    assert path.name == "Mobel_1.obj"
    assert [part.name for part in parts] == [
        "Mobel_1.mtl", "Mobel_1_lower_half_base_color.png", "Mobel_1_lower_half_metallic.png",
        "Mobel_1_lower_half_roughness.png", "Mobel_1_upper_half_base_color.jpg",
    ]  # fmt: skip
    read = read_mesh(path)
    assert mesh_facts(read).watertight
    assert [material.name for material in read.materials] == ["lower_half", "upper_half"]
    assert read.materials[0].base_color_texture == ball.materials[0].base_color_texture
    assert read.materials[0].normal_map == ball.materials[0].normal_map
    assert read.materials[1].base_color == pytest.approx((1.0, 0.5, 0.25, 1.0))
    assert read.materials[1].metallic == 0.5
    np.testing.assert_allclose(read.uvs[0][read.faces], ball.uvs[0][ball.faces], atol=1e-6)
    np.testing.assert_allclose(read.bounds, np.array(ball.bounds) * 0.001, atol=1e-8)
    other = trimesh.load(path, force="mesh", process=False)
    assert len(other.faces) == ball.face_count


def test_obj_units_up_axis_and_no_textures(export: Callable[..., Any], ball: Mesh) -> None:
    _, paths = export("obj", ball, up="z", unit="mm", textures=False)
    assert [path.suffix for path in paths] == [".obj", ".mtl"]
    read = read_mesh(paths[0])
    assert read.bounds[0].tolist() == pytest.approx([-20, -20, -20], abs=0.4)
    assert read.bounds[1][2] == pytest.approx(20)
    assert "map_" not in paths[1].read_text()


def test_obj_with_colours_alpha_and_equal_names(
    export: Callable[..., Any], cube: Mesh, encoded_picture: Callable[..., bytes]
) -> None:
    texture = Texture(encoded_picture(mode="RGBA"), "image/png")
    materials = (
        Material("a b", base_color_texture=texture, alpha_mode=AlphaMode.mask),
        Material("a_b", emissive=(1.0, 0.0, 0.0), roughness=0.0),
    )
    mesh = cube.changed(
        uvs=(np.random.default_rng(1).random((8, 2)).astype(np.float32),),
        colors=np.arange(32, dtype=np.uint8).reshape(8, 4),
        materials=materials,
        face_materials=np.array([0, 1] * 6, np.int32),
    )
    _, (path, mtl, *pictures) = export("obj", mesh)
    assert {picture.name for picture in pictures} == {"Mobel_1_a_b_base_color.png", "Mobel_1_a_b_alpha.png"}
    assert "newmtl a_b_2" in mtl.read_text()
    read = read_mesh(path)
    assert read.materials[0].alpha_mode is AlphaMode.blend
    assert read.colors is not None
    assert {tuple(row) for row in read.colors[:, :3].tolist()} == {
        tuple(row) for row in mesh.colors[:, :3].tolist()
    }


def test_obj_of_a_bare_mesh(export: Callable[..., Any], cube: Mesh) -> None:
    _, (path, _) = export("obj", cube)
    assert "f 1 2 4\n" in path.read_text()
    _, (path, _) = export("obj", cube.changed(normals=cube.vertices / np.float32(3**0.5)))
    assert "f 1//1 2//2 4//4\n" in path.read_text()


def test_an_exported_obj_can_be_published_under_another_name(
    export: Callable[..., Any], ball: Mesh, tmp_path: Path
) -> None:
    _, paths = export("obj", ball)
    names = ["Möbel 1.obj", *(path.name for path in paths[1:])]
    files = [
        OutputFile("parts" if index else "file", local_file(path, AssetKind.file, name))
        for index, (path, name) in enumerate(zip(paths, names, strict=True))
    ]
    (tmp_path / "out").mkdir()
    target, *_ = publish(files, tmp_path / "out" / "stool.obj")
    read = read_mesh(target)
    assert read.materials[0].base_color_texture is not None
    assert all(path.name.startswith("stool") for path in target.parent.iterdir())


@pytest.mark.parametrize("encoding", ["binary", "text"])
def test_stl_is_in_millimetres_on_the_floor_with_z_up(
    export: Callable[..., Any], ball: Mesh, encoding: str
) -> None:
    context, (path,) = export("stl", ball, encoding=encoding)
    shape = trimesh.load(path)
    assert shape.is_watertight
    assert shape.bounds[0][2] == pytest.approx(0, abs=1e-5)
    assert shape.bounds[1][2] == pytest.approx(40, rel=1e-5)
    assert shape.volume > 0
    assert context.warnings == []
    assert mesh_facts(read_mesh(path)).size_m == pytest.approx(mesh_facts(ball).size_m, rel=1e-5)


def test_stl_units_axis_and_place(export: Callable[..., Any], ball: Mesh) -> None:
    _, (path,) = export("stl", ball, unit="cm", up="y", floor=False)
    assert trimesh.load(path).bounds[:, 1].tolist() == pytest.approx([-2, 2])
    _, (path,) = export("stl", ball, unit="m", up="y", floor=True)
    assert trimesh.load(path).bounds[:, 1].tolist() == pytest.approx([0, 0.04], abs=1e-7)


@pytest.mark.parametrize(
    ("entry", "settings", "held"),
    [
        ("glb", {}, {"mesh", "lods"}),
        ("glb", {"levels": "none", "pieces": True}, {"mesh", "collision"}),
        ("fbx", {}, {"mesh", "lods", "collision"}),
        ("fbx", {"levels": False, "pieces": False}, {"mesh"}),
        ("usd", {"pieces": False}, {"mesh", "lods"}),
        ("usdz", {}, {"mesh", "lods"}),
        ("godot", {"pieces": False}, {"mesh", "lods"}),
        ("blend", {"pieces": False}, {"mesh", "lods"}),
        ("unity", {}, {"mesh", "lods", "collision"}),
        ("obj", {}, {"mesh"}),
    ],
)
def test_exporters_say_which_meshes_come_into_the_files(
    entry: str, settings: dict[str, Any], held: set[str]
) -> None:
    exporter = EXPORTERS[entry]
    assert exporter.held(exporter.params.check(entry, settings)) == held


def test_stl_says_when_a_mesh_is_open_and_forgets_loose_vertices(
    export: Callable[..., Any], cube: Mesh
) -> None:
    loose = np.concatenate([cube.vertices, [[9, 9, 9]]]).astype(np.float32)
    flat = np.concatenate([cube.faces[1:], [[0, 0, 1]]]).astype(np.int32)
    context, _ = export("stl", cube.changed(vertices=loose, faces=flat))
    assert context.warnings == ["The mesh is not closed (3 open edges): it may not print well."]


def test_obj_holds_colours_beside_textures(export: Callable[..., Any], ball: Mesh) -> None:
    colors = np.tile(np.uint8([[10, 200, 30, 255]]), (ball.vertex_count, 1))
    _, (path, *_) = export("obj", ball.changed(colors=colors))
    read = read_mesh(path)
    assert read.uvs
    assert read.colors is not None
    assert set(map(tuple, read.colors[:, :3].tolist())) == {(10, 200, 30)}


@pytest.mark.parametrize("format_id", ["stl", "3mf"])
def test_printing_formats_say_what_else_keeps_a_mesh_from_being_a_solid(
    export: Callable[..., Any], cube: Mesh, format_id: str
) -> None:
    turned = cube.changed(faces=np.concatenate([cube.faces[:1, ::-1], cube.faces[1:]]))
    context, _ = export(format_id, turned)
    assert context.warnings == [
        "Neighbouring faces look to opposite sides along some edges (3 in all): it may not print well."
    ]
    twice = cube.changed(faces=np.concatenate([cube.faces, cube.faces[:1]]))
    context, _ = export(format_id, twice)
    assert context.warnings == [
        "More than two faces meet along some edges (3 in all): it may not print well."
    ]


@pytest.mark.parametrize("encoding", ["binary", "text"])
def test_ply_has_colours_from_the_texture(export: Callable[..., Any], ball: Mesh, encoding: str) -> None:
    context, (path,) = export("ply", ball, encoding=encoding)
    read = read_mesh(path)
    assert read.normals is not None
    assert read.colors is not None
    assert np.ptp(read.colors[:, 0].astype(int)) > 200
    np.testing.assert_allclose(read.bounds, np.array(ball.bounds) * 0.001, atol=1e-8)
    other = trimesh.load(path, process=False)
    np.testing.assert_array_equal(other.visual.vertex_colors, read.colors)
    assert context.facts["verified_by"] == "VTK"
    _, (path,) = export("ply", ball, encoding=encoding, colors=False)
    assert read_mesh(path).colors is None


@pytest.mark.parametrize("encoding", ["binary", "text"])
def test_ply_of_a_bare_mesh(export: Callable[..., Any], cube: Mesh, encoding: str) -> None:
    _, (path,) = export("ply", cube, encoding=encoding)
    assert mesh_facts(read_mesh(path)).watertight


GOOD = Contents(12, (0, 0, 0), (1, 1, 1), uvs=True, textures=1, colors=True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"faces": 11}, "11 faces instead of 12"),
        ({"high": (1, 1, 1.001)}, "size or place"),
        ({"low": (float("nan"), 0, 0)}, "size or place"),
        ({"uvs": False}, "texture coordinates"),
        ({"textures": 0}, "0 textures instead of 1"),
        ({"colors": False}, "colours"),
    ],
)
def test_every_difference_is_found(change: dict[str, Any], said: str) -> None:
    verify("X", GOOD, GOOD)
    verify("X", replace(GOOD, uvs=False, colors=False), GOOD)
    verify("X", GOOD, replace(GOOD, high=(1.000001, 1, 1)))
    with pytest.raises(ExportNotVerified, match=said):
        verify("X", GOOD, replace(GOOD, **change))


@pytest.mark.parametrize(
    "entry", [exporter.id for exporter in EXPORTERS if exporter.id not in ("blend", "print", "print-stl")]
)
def test_a_damaged_file_is_not_called_done(
    entry: str, make_context: Callable[..., Any], cube: Mesh, tmp_path: Path
) -> None:
    """Each file loses a face after it was written. Blender reads its own file; printing refuses an open mesh."""
    exporter: Exporter[Any] = EXPORTERS[entry]

    def write_less(scene: Scene, path: Path, params: Any, context: Any) -> Written:
        written = exporter.write(scene, path, params, context)
        less = scene.with_meshes(lambda mesh: mesh.changed(faces=mesh.faces[:-1]))
        exporter.write(less, path, params, context)
        return written

    write_glb(cube.changed(metres_per_unit=0.01), tmp_path / "cube.glb")
    inputs = {"mesh": (local_file(tmp_path / "cube.glb", AssetKind.mesh),)}
    with pytest.raises(ExportNotVerified, match="11 faces instead of 12"):
        replace(exporter, write=write_less).run(inputs, exporter.params(), make_context())


def test_a_missing_picture_is_noticed(export: Callable[..., Any], ball: Mesh) -> None:
    _, (path, mtl, picture, *_) = export("obj", ball)
    reader = EXPORTERS["obj"].read_back
    assert reader(path).textures == 4
    picture.write_bytes(b"no picture")
    assert reader(path).textures == 3
    picture.unlink()
    assert reader(path).textures == 3
    mtl.write_text("newmtl a\n")
    assert reader(path).textures == 0


def test_an_unreadable_file_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.stl").write_bytes(b"")
    assert EXPORTERS["stl"].read_back(tmp_path / "empty.stl").faces == 0


def test_pictures_of_obj_are_grey_where_one_channel_counts(export: Callable[..., Any], ball: Mesh) -> None:
    _, paths = export("obj", ball)
    rough = next(path for path in paths if path.stem.endswith("roughness"))
    with Image.open(rough) as picture:
        assert picture.mode == "L"
