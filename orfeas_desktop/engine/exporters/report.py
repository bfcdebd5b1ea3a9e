"""The report beside an export: what was written, what was read back, and who else looked at it."""

from __future__ import annotations

import base64
import html
import io
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from orfeas_desktop import __version__
from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.formats.second_readers import Verdict, second_opinions
from orfeas_desktop.engine.mesh.files import read_mesh_file
from orfeas_desktop.engine.mesh.textures import texture_size, textures_of
from orfeas_desktop.engine.render.picture import Ground, Shot, draw_mesh
from orfeas_desktop.engine.scene.flatten import bounds_of, flat_mesh
from orfeas_desktop.errors import OrfeasError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.scene.scene import Scene
    from orfeas_desktop.params import Scalar

_DRAWN = (".glb", ".obj", ".stl", ".ply")
_SIDE_PX = 480


@dataclass(frozen=True)
class Exported:
    """An export whose files lie in the staging folder, each with the name it will have."""

    title: str
    exporter: str
    verified_by: str
    settings: Mapping[str, Scalar]
    files: tuple[tuple[str, Path], ...]


@dataclass(frozen=True)
class TextureTold:
    """A picture in the export."""

    use: str
    width: int
    height: int
    media_type: str


@dataclass(frozen=True)
class Report:
    """What is told of an export; the JSON file holds these names."""

    format: str
    exporter: str
    program: str
    settings: Mapping[str, Scalar]
    files: tuple[tuple[str, int], ...]
    """Names and bytes."""
    nodes: int
    faces_per_level: tuple[int, ...]
    collision_pieces: int
    textures: tuple[TextureTold, ...]
    size_m: tuple[float, ...]
    read_back_by: str
    readers: tuple[Verdict, ...]
    picture_of: str


def write_report(export: Exported, scene: Scene, stem: Path, context: JobContext) -> tuple[Path, Path]:
    """Write `STEM-report.html` and `STEM-report.json` and return them. Raises Cancelled, OSError."""
    paths = tuple(path for _, path in export.files)
    verdicts = second_opinions(paths, context)
    picture_of, picture = _picture(paths, scene)
    report = _report(export, scene, verdicts, picture_of)
    page = stem.with_name(f"{stem.name}-report.html")
    page.write_text(_page(report, picture), "utf-8")
    data = stem.with_name(f"{stem.name}-report.json")
    data.write_text(json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return page, data


def _report(export: Exported, scene: Scene, readers: tuple[Verdict, ...], picture_of: str) -> Report:
    low, high = bounds_of(scene)
    textures = {
        (slot, texture.data): TextureTold(slot, *texture_size(texture), texture.media_type)
        for mesh in scene.meshes()
        for material in mesh.materials
        for slot, texture in textures_of(material).items()
    }
    return Report(
        format=export.title,
        exporter=export.exporter,
        program=f"Orfeas Desktop {__version__}",
        settings=dict(export.settings),
        files=tuple((name, path.stat().st_size) for name, path in export.files),
        nodes=sum(1 for _ in scene.walk()),
        faces_per_level=scene.levels(),
        collision_pieces=scene.pieces(),
        textures=tuple(textures.values()),
        size_m=tuple(round(float(side), 6) for side in high - low),
        read_back_by=export.verified_by,
        readers=readers,
        picture_of=picture_of,
    )


def _picture(files: tuple[Path, ...], scene: Scene) -> tuple[str, str]:
    """Return what the picture shows, and the picture as PNG in base64; empty where nothing can draw."""
    from PIL import Image

    file = next((file for file in files if file.suffix in _DRAWN), None)
    said = "the scene as it was handed to the exporter" if file is None else f"{file.name}, read back"
    try:
        mesh = flat_mesh(scene) if file is None else read_mesh_file(local_file(file, AssetKind.mesh))
        pixels = draw_mesh(mesh, Shot(_SIDE_PX, _SIDE_PX, Ground.light))
    except OrfeasError as problem:
        return f"nothing: {problem.say()}", ""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return said, base64.b64encode(out.getvalue()).decode()


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24 }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #d8dde3 }}
th {{ font-weight: 600; white-space: nowrap }}
img {{ float: right; width: 240px; margin: 0 0 1rem 2rem; border-radius: 8px }}
.no {{ color: #b3261e }}
</style>
{picture}<h1>{title}</h1>
<table>{rows}</table>
<h2>Who looked at it</h2>
<table>{readers}</table>
<p>{rest}</p>
</html>
"""
_REST = "Readers that are not on this machine were not asked; whether the program it is meant for takes it as meant, only that program can say."


def _page(report: Report, picture: str) -> str:
    faces = " → ".join(f"{count:,}" for count in report.faces_per_level)
    pictures = [f"{each.use.replace('_', ' ')} {each.width} × {each.height}" for each in report.textures]
    rows = [
        ("Files", "; ".join(f"{name} ({size:,} bytes)" for name, size in report.files)),
        ("Size", " × ".join(f"{side:g}" for side in report.size_m) + " m"),
        ("Faces by level", faces),
        ("Collision pieces", str(report.collision_pieces)),
        ("Textures", "; ".join(pictures) or "none"),
        ("Settings", "; ".join(f"{name} = {value}" for name, value in report.settings.items())),
        ("Written by", f"{report.program}, {report.exporter}"),
        ("Picture", report.picture_of),
    ]
    asked = [(report.read_back_by, True, "read back by the program itself: faces, size, textures as written")]
    asked += [(f"{each.reader}, {each.file}", each.fine, each.words) for each in report.readers]
    title = f"{report.format}: {report.files[0][0]}"
    return _PAGE.format(
        title=html.escape(title),
        picture=f'<img alt="" src="data:image/png;base64,{picture}">' if picture else "",
        rows="".join(_row(name, html.escape(words)) for name, words in rows),
        readers="".join(_row(name, _verdict(fine, words)) for name, fine, words in asked),
        rest=_REST,
    )


def _row(name: str, cell: str) -> str:
    return f"<tr><th>{html.escape(name)}</th><td>{cell}</td></tr>"


def _verdict(fine: bool | None, words: str) -> str:
    if fine is None:
        return html.escape(f"not asked: {words}")
    return (
        html.escape(f"fine: {words}") if fine else f'<span class="no">{html.escape(f"fault: {words}")}</span>'
    )
