"""GLB files with pictures for graphics cards, made by a program that the user installed."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.engine.exporters.glb_contents import glb_read_again
from orfeas_desktop.engine.formats.ktx2 import ktx2_size
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.textures import pixels_of
from orfeas_desktop.errors import BackendFailed, BadMesh, ProgramMissing
from tests.engine.conftest import RecordingContext
from tests.engine.exporters.conftest import PAINT, picture, prism
from tests.engine.exporters.readers import gltf_report, ktx2_picture
from tests.engine.mesh.test_gltf_compressed import opened

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = Path(__file__).with_name("toktx_program.py")


@pytest.fixture
def painted(tmp_path: Path) -> Path:
    odd = picture((250, 10, 20), (10, 240, 30), (20, 30, 230), (200, 190, 40), size=18)
    material = replace(PAINT, base_color_texture=odd, emissive_texture=None, occlusion_texture=None)
    write_glb(prism(1).changed(materials=(material,), face_materials=None), tmp_path / "a.glb")
    return tmp_path / "a.glb"


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def put(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "toktx").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "toktx").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    return put


def export(path: Path, folder: Path, entry: str = "glb", **settings: Any) -> tuple[Path, RecordingContext]:
    staging = folder / f"as_{entry}"
    staging.mkdir()
    context = RecordingContext(staging, folder)
    params = EXPORTERS[entry].params.check(entry, settings)
    file = local_file(path, AssetKind.mesh)
    return EXPORTERS[entry].run({"mesh": (file,)}, params, context)[0].path, context


def test_pictures_are_ktx2_and_the_validator_finds_no_errors(
    painted: Path, tmp_path: Path, on_path: Callable[[str], None]
) -> None:
    on_path(f'exec "{sys.executable}" "{PROGRAM}" "$@"')
    out, context = export(painted, tmp_path, card_format="etc1s", compression="meshopt", report=True)
    report = gltf_report(out)
    assert report["issues"]["numErrors"] == 0, report["issues"]["messages"]
    assert "KHR_texture_basisu" in report["info"]["extensionsUsed"]
    assert context.facts["verified_by"] == "Orfeas Desktop"
    content, binary = opened(out)
    heads = []
    for image in content["images"]:
        view = content["bufferViews"][image["bufferView"]]
        start = view.get("byteOffset", 0)
        data = binary[start : start + view["byteLength"]]
        heads.append((image["mimeType"], ktx2_size(data), int.from_bytes(data[44:48], "little")))
    assert heads == [
        ("image/ktx2", (20, 20), 1),
        ("image/ktx2", (16, 16), 1),
        ("image/ktx2", (16, 16), 2),
    ]
    assert not list(out.parent.glob(".ktx2*"))
    (told,) = (json.loads(file.read_text()) for file in out.parent.glob("*-report.json"))
    assert told["settings"]["card_format"] == "etc1s"


@pytest.mark.parametrize("form", ["etc1s", "uastc"])
def test_another_decoder_finds_the_pixels(
    painted: Path, tmp_path: Path, on_path: Callable[[str], None], form: str
) -> None:
    """Colours within what the coding loses, each curve told rightly, smaller copies down to a pixel."""
    on_path(f'exec "{sys.executable}" "{PROGRAM}" "$@"')
    out, _ = export(painted, tmp_path, "gltf", card_format=form)
    document = json.loads(out.read_text("utf-8"))
    material = document["materials"][0]
    surface = material["pbrMetallicRoughness"]
    for told, texture, curve in (
        (surface["baseColorTexture"], None, True),
        (surface["metallicRoughnessTexture"], PAINT.metallic_roughness_texture, False),
        (material["normalTexture"], PAINT.normal_map, False),
    ):
        used = document["textures"][told["index"]]["extensions"]["KHR_texture_basisu"]["source"]
        found, said = ktx2_picture(out.with_name(document["images"][used]["uri"]))
        assert (said["srgb"], said["levels"]) == (curve, 5)
        if texture is not None:
            assert np.abs(found.astype(int) - pixels_of(texture)).max() <= 24
        else:  # 18 pixels wide before, 20 now: the quarters are where they were
            corners = found[[2, 2, -3, -3], [2, -3, 2, -3], :3].astype(int)
            assert np.abs(corners - [(250, 10, 20), (10, 240, 30), (20, 30, 230), (200, 190, 40)]).max() <= 24


def test_without_the_program_it_is_named(
    painted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramMissing, match="toktx"):
        export(painted, tmp_path, card_format="uastc")


@pytest.mark.parametrize("script", ["echo no luck; exit 3", "exit 0", 'echo x > ".ktx2"'])
def test_a_program_that_fails_leaves_nothing(
    painted: Path, tmp_path: Path, on_path: Callable[[str], None], script: str
) -> None:
    on_path(script)
    with pytest.raises(BackendFailed, match="toktx"):
        export(painted, tmp_path, card_format="uastc")
    assert list((tmp_path / "as_glb").iterdir()) == []


def test_what_is_written_is_looked_at(painted: Path, tmp_path: Path, on_path: Callable[[str], None]) -> None:
    on_path(f'exec "{sys.executable}" "{PROGRAM}" "$@"')
    out, _ = export(painted, tmp_path, "gltf", card_format="etc1s")
    pictures = sorted(out.parent.glob("*.ktx2"))
    assert len(pictures) == 3
    pictures[0].write_bytes(b"torn")
    with pytest.raises(BadMesh, match="KTX2"):
        glb_read_again(out, pictures=False)
