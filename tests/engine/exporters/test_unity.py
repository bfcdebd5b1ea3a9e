"""Unity folders and packages, judged by unityparser, PyYAML, assimp and ufbx."""

from __future__ import annotations

import io
import re
import tarfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from PIL import Image
from unityparser import UnityDocument

from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.formats.unity_check import unity_contents
from orfeas_desktop.engine.formats.unity_ids import guid_of, model_file_id, xxh64
from orfeas_desktop.engine.formats.unity_yaml import plain_yaml
from orfeas_desktop.engine.mesh.transform import Transform
from orfeas_desktop.engine.scene.scene import Camera, Light, LightKind, Node, Scene
from tests.engine.exporters.readers import assert_same, assimp_parts, assimp_scene, parts_of, ufbx_scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def folders(
    asset_file: Path, tmp_path_factory: pytest.TempPathFactory, exported: Callable[..., Path]
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("unity")
    return {
        pipeline: exported("unity", asset_file, folder, name=f"Chair_{pipeline}", pipeline=pipeline).parent
        for pipeline in ("builtin", "urp", "hdrp")
    }


@pytest.mark.parametrize(
    ("name", "number"),
    [("Candy.001", 812695599402130866), ("Candy.002", 3866930481526856542), ("Candy.003", -9026653672969465343),
     ("obj_screw_new", -1351841031486281740)],
)  # fmt: skip
def test_numbers_of_meshes_are_those_that_unity_gave(name: str, number: int) -> None:
    assert model_file_id("Mesh", name) == number


def test_the_hash_is_xxhash() -> None:
    assert [xxh64(text) for text in (b"", b"a", b"Nobody inspects the spammish repetition")] == [
        0xEF46DB3751D8E999, 0xD24EC4F1A98C6E5B, 0xFBCEA83C8A378BF1,
    ]  # fmt: skip


def test_the_model_has_every_mesh_under_its_name(
    folders: dict[str, Path], asset: Scene, tmp_path: Path
) -> None:
    model = folders["urp"] / "Chair_urp.fbx"
    wanted = parts_of(asset, pieces="UCX_{name}_LOD0_{number:02d}")
    assert_same(assimp_parts(assimp_scene(model, tmp_path)), wanted, unit=100.0)
    found = ufbx_scene(model)
    assert len(found["meshes"]) == len(wanted), "every mesh has a name of its own"
    assert len(found["textures"]) == 3
    assert all((model.parent / name).is_file() for name in found["textures"]), (
        "other programs find the pictures"
    )


def test_every_file_has_settings_with_a_guid_of_its_own(folders: dict[str, Path]) -> None:
    for name, folder in folders.items():
        guids: list[str] = []
        for path in (path for path in folder.rglob("*") if path.suffix != ".meta"):
            if path.name.endswith("-NOTICE.txt"):
                continue
            said = yaml.safe_load(path.with_name(f"{path.name}.meta").read_text())
            assert said["fileFormatVersion"] == 2
            assert re.fullmatch(r"[0-9a-f]{32}", said["guid"])
            assert said["guid"] == guid_of(folder.name, path.relative_to(folder).as_posix()), name
            guids.append(said["guid"])
        assert len(set(guids)) == len(guids) > 8


def objects(path: Path) -> dict[int, Any]:
    return {int(entry.anchor): entry for entry in UnityDocument.load_yaml(str(path)).entries}


def test_the_prefab_stands_as_the_asset(folders: dict[str, Path], asset: Scene) -> None:
    folder = folders["urp"]
    found = objects(folder / "Chair_urp.prefab")
    ids = {
        model_file_id("Mesh", name): name for name in (*parts_of(asset), "UCX_Ell_LOD0_01", "UCX_Ell_LOD0_02")
    }
    model = guid_of("Chair_urp", "Chair_urp.fbx")
    places = dict(walk(found, ids, model))
    wanted = {
        (f"{placed.node.name}_LOD{level}" if placed.node.lods else placed.node.name): placed.matrix
        for placed in asset.walk() if placed.node.mesh is not None
        for level in range(1 + len(placed.node.lods))
    }  # fmt: skip
    flip = np.diag([-1.0, 1, 1, 1])
    assert set(places) == set(wanted)
    for name, matrix in wanted.items():
        np.testing.assert_allclose(places[name], flip @ matrix @ flip, atol=1e-6)
    kinds = [type(entry).__name__ for entry in found.values()]
    assert (kinds.count("LODGroup"), kinds.count("MeshCollider"), kinds.count("Camera")) == (1, 2, 1)
    (group,) = [entry for entry in found.values() if type(entry).__name__ == "LODGroup"]
    heights = [float(level["screenRelativeHeight"]) for level in group.m_LODs]
    assert heights == sorted(heights, reverse=True)
    assert len(heights) == 3
    for level in group.m_LODs:
        (drawn,) = level["renderers"]
        assert type(found[int(drawn["renderer"]["fileID"])]).__name__ == "MeshRenderer"
    colliders = [entry for entry in found.values() if type(entry).__name__ == "MeshCollider"]
    assert {ids[int(entry.m_Mesh["fileID"])] for entry in colliders} == {"UCX_Ell_LOD0_01", "UCX_Ell_LOD0_02"}


def walk(found: dict[int, Any], ids: dict[int, str], model: str) -> Any:
    """Yield the names of drawn meshes and where they stand."""
    transforms = {key: entry for key, entry in found.items() if type(entry).__name__ == "Transform"}

    def matrix(key: int) -> np.ndarray:
        entry = transforms[key]
        t, r, s = ([float(part[axis]) for axis in axes] for part, axes in (
            (entry.m_LocalPosition, "xyz"), (entry.m_LocalRotation, "xyzw"), (entry.m_LocalScale, "xyz")))  # fmt: skip
        own = Transform(tuple(t), tuple(r), tuple(s)).matrix()
        parent = int(entry.m_Father["fileID"])
        if parent:
            assert {int(child["fileID"]) for child in transforms[parent].m_Children} >= {key}
        return matrix(parent) @ own if parent else own

    by_object = {int(entry.m_GameObject["fileID"]): key for key, entry in transforms.items()}
    for entry in found.values():
        if type(entry).__name__ == "MeshFilter":
            assert entry.m_Mesh["guid"] == model
            yield ids[int(entry.m_Mesh["fileID"])], matrix(by_object[int(entry.m_GameObject["fileID"])])


SHADERS = {"builtin": "0000000000000000f000000000000000", "urp": "933532a4fcc9baf4fa0491de14d08ed7",
           "hdrp": "6e4ae4064600d784cac1e41a9e6f2e59"}  # fmt: skip
MAPS = {
    "builtin": {"_MainTex", "_BumpMap", "_MetallicGlossMap", "_OcclusionMap", "_EmissionMap"},
    "urp": {"_BaseMap", "_BumpMap", "_MetallicGlossMap", "_OcclusionMap", "_EmissionMap"},
    "hdrp": {"_BaseColorMap", "_NormalMap", "_MaskMap", "_EmissiveColorMap"},
}


@pytest.mark.parametrize("pipeline", SHADERS)
def test_materials_use_the_shader_of_the_pipeline(folders: dict[str, Path], pipeline: str) -> None:
    folder = folders[pipeline]
    (paint,) = objects(folder / "Materials" / "Red_paint.mat").values()
    assert paint.m_Shader["guid"] == SHADERS[pipeline]
    slots = {name: value for each in paint.m_SavedProperties["m_TexEnvs"] for name, value in each.items()}
    assert set(slots) == MAPS[pipeline]
    guids = {
        yaml.safe_load(path.read_text())["guid"]: path for path in (folder / "Textures").glob("*.png.meta")
    }
    assert {slot["m_Texture"]["guid"] for slot in slots.values()} == set(guids)
    importers = {
        path.name.split("_")[-1]: yaml.safe_load(path.read_text())["TextureImporter"]
        for path in guids.values()
    }
    assert importers["Normal.png.meta"]["textureType"] == 1
    assert importers["BaseColor.png.meta"]["mipmaps"]["sRGBTexture"] == 1
    (steel,) = objects(folder / "Materials" / "Steel.mat").values()
    floats = {
        name: float(value) for each in steel.m_SavedProperties["m_Floats"] for name, value in each.items()
    }
    assert floats["_Metallic"] == 1.0
    assert floats["_Glossiness" if pipeline == "builtin" else "_Smoothness"] == pytest.approx(0.7)


def test_metal_and_smoothness_share_a_picture(folders: dict[str, Path], asset: Scene) -> None:
    surface = asset.nodes[0].mesh.materials[0].metallic_roughness_texture
    source = np.asarray(Image.open(io.BytesIO(surface.data)))
    (path,) = (folders["urp"] / "Textures").glob("*MetallicSmoothness.png")
    packed = np.asarray(Image.open(path))
    np.testing.assert_array_equal(packed[..., 0], source[..., 2])
    np.testing.assert_array_equal(packed[..., 3], 255 - source[..., 1])
    (path,) = (folders["hdrp"] / "Textures").glob("*MaskMap.png")
    np.testing.assert_array_equal(np.asarray(Image.open(path))[..., 3], 255 - source[..., 1])


def test_a_package_holds_the_same_files(
    folders: dict[str, Path], asset_file: Path, tmp_path: Path, exported: Callable[..., Path]
) -> None:
    package = exported("unity-package", asset_file, tmp_path, name="Chair_urp", pipeline="urp")
    with tarfile.open(package) as tar:
        names = {
            tar.extractfile(member).read().decode(): member.name.split("/")[0]
            for member in tar.getmembers() if member.name.endswith("/pathname")
        }  # fmt: skip
        for path in (
            path for path in folders["urp"].rglob("*") if not path.name.endswith((".meta", "NOTICE.txt"))
        ):
            guid = names.pop(f"Assets/Chair_urp/{path.relative_to(folders['urp']).as_posix()}")
            if path.is_file():
                assert tar.extractfile(f"{guid}/asset").read() == path.read_bytes()
            settings = tar.extractfile(f"{guid}/asset.meta").read()
            assert settings == path.with_name(f"{path.name}.meta").read_bytes()
            assert yaml.safe_load(settings)["guid"] == guid
        assert not names


def test_a_broken_reference_or_setting_is_noticed(
    folders: dict[str, Path], asset_file: Path, tmp_path: Path, exported: Callable[..., Path]
) -> None:
    folder = exported("unity", asset_file, tmp_path, name="Torn").parent
    assert unity_contents(folder)["faces"] > 0
    texture = next((folder / "Textures").glob("*.png.meta"))
    text = texture.read_text()
    texture.write_text(text.replace("guid: ", "guid: 0"))
    assert unity_contents(folder)["faces"] == 0
    texture.write_text(plain_yaml({"guid": "x"}))
    assert unity_contents(folder)["faces"] == 0
    texture.with_suffix("").unlink()
    assert unity_contents(folder)["faces"] == 0


@pytest.mark.parametrize(("pipeline", "share"), [("builtin", np.pi), ("urp", 1.0), ("hdrp", 1.0)])
def test_lights_shine_along_z_as_bright_as_the_pipeline_counts(
    folders: dict[str, Path], pipeline: str, share: float
) -> None:
    found = objects(folders[pipeline] / f"Chair_{pipeline}.prefab")
    names = {key: entry.m_Name for key, entry in found.items() if type(entry).__name__ == "GameObject"}
    of = {names[int(entry.m_GameObject["fileID"])]: entry for entry in found.values() if hasattr(entry, "m_GameObject")
          and type(entry).__name__ in ("Light", "Camera")}  # fmt: skip
    places = {names[int(entry.m_GameObject["fileID"])]: entry for entry in found.values()
              if type(entry).__name__ == "Transform"}  # fmt: skip
    assert {name: (int(of[name].m_Type), float(of[name].m_Intensity)) for name in ("Sun", "Bulb", "Torch")} == {
        "Sun": (1, pytest.approx(3 / share)), "Bulb": (2, pytest.approx(54 / share)),
        "Torch": (0, pytest.approx(54 / share)),
    }  # fmt: skip
    assert float(of["Torch"].m_SpotAngle) == pytest.approx(np.degrees(1.0))
    assert float(of["Torch"].m_InnerSpotAngle) == pytest.approx(np.degrees(0.4))
    assert [float(of["Sun"].m_Color[part]) for part in "rgb"] == pytest.approx([1.0, 0.735, 0.537], abs=1e-3)
    for name, wanted in (("Sun", [0, -np.sin(np.pi / 3), -0.5]), ("Torch", [0, -np.sin(np.pi / 3), -0.5]),
                         ("Eye", [0, -np.sin(np.pi / 9), -np.cos(np.pi / 9)])):  # fmt: skip
        turn = tuple(float(places[name].m_LocalRotation[axis]) for axis in "xyzw")
        np.testing.assert_allclose(Transform(rotation=turn).matrix()[:3, 2], wanted, atol=1e-6)


def test_one_root_with_camera_light_and_mesh(
    asset: Scene, cube: Any, make_context: Callable[..., Any]
) -> None:
    """What shares a node with a mesh gets a node of its own, so that turning a camera moves nothing else."""
    lamp = Light(LightKind.spot, intensity=3.0)
    scene = Scene(
        (Node("Desk", cube, children=(Node("Lamp", light=lamp),), camera=Camera(height=2.0)),), "desk"
    )
    context = make_context()
    exporter = EXPORTERS["unity"]
    folder = context.staging / "desk"
    folder.mkdir()
    exporter.write(scene, folder, exporter.params(name="desk"), context)
    found = objects(folder / "desk.prefab")
    names = {entry.m_Name for entry in found.values() if type(entry).__name__ == "GameObject"}
    assert names == {"desk", "Lamp", "Desk_camera"}
    kinds = [type(entry).__name__ for entry in found.values()]
    assert (kinds.count("Camera"), kinds.count("Light")) == (1, 1)


@pytest.mark.parametrize(("scale", "kept"), [(1.0, 0), (-1.0, 1)])
def test_mirrored_colliders_keep_their_meshes_in_memory(
    scale: float, kept: int, cube: Any, make_context: Callable[..., Any]
) -> None:
    """Unity cannot mirror a collider whose mesh it has let go."""
    context = make_context()
    folder = context.staging / "box"
    folder.mkdir()
    scene = Scene((Node("Box", cube, Transform(scale=(scale, 1, 1)), collision=(cube,)),), "box")
    EXPORTERS["unity"].write(scene, folder, EXPORTERS["unity"].params(name="box"), context)
    said = yaml.safe_load((folder / "box.fbx.meta").read_text())
    assert said["ModelImporter"]["meshes"]["isReadable"] == kept
