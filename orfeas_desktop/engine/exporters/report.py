"""The report beside an export: what was written, what was read back, and who else looked at it."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from orfeas_desktop import __version__
from orfeas_desktop.engine.exporters.report_facts import Picture, Report, TextureTold
from orfeas_desktop.engine.exporters.report_page import page_of
from orfeas_desktop.engine.formats.reread import Reread, plain, reread
from orfeas_desktop.engine.formats.second_readers import Verdict, second_opinions
from orfeas_desktop.engine.mesh.textures import texture_size, textures_of
from orfeas_desktop.engine.render.likeness import likeness
from orfeas_desktop.engine.render.picture import Ground, Shot, draw_mesh
from orfeas_desktop.engine.scene.flatten import bounds_of, flat_mesh
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.params import FieldKind, ParamField, Params, Scalar

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Scene

_SIDE_PX = 640


@dataclass(frozen=True)
class Exported:
    """An export whose files lie in the staging folder, each with the name it will have, the main one first."""

    title: str
    exporter: str
    verified_by: str
    params: Params
    origin: str
    space: str
    notes: tuple[str, ...]
    unjudged: str
    files: tuple[tuple[str, Path], ...]
    reread: Reread | None = None
    """What was read already, where only the program that writes can read."""
    left_out: tuple[str, ...] = ()
    """Properties of surfaces that the format is not given."""


def write_report(export: Exported, scene: Scene, stem: Path, context: JobContext) -> tuple[Path, Path]:
    """Write `STEM-report.html` and `STEM-report.json` and return them. Raises Cancelled, OSError."""
    paths = tuple(path for _, path in export.files)
    verdicts = second_opinions(paths, context)
    picture, pixels = _picture(export, scene)
    report = _report(export, scene, verdicts, picture)
    page = stem.with_name(f"{stem.name}-report.html")
    page.write_text(page_of(report, pixels, _settings(export.params)), "utf-8")
    data = stem.with_name(f"{stem.name}-report.json")
    data.write_text(json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return page, data


def _report(export: Exported, scene: Scene, readers: tuple[Verdict, ...], picture: Picture) -> Report:
    low, high = bounds_of(scene)
    nodes = [placed.node for placed in scene.walk()]
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
        origin=export.origin,
        made=dict(scene.extras),
        settings=export.params.plain(),
        files=tuple((name, path.stat().st_size) for name, path in export.files),
        nodes=len(nodes),
        faces_per_level=scene.levels(),
        collision_pieces=scene.pieces(),
        cameras=sum(node.camera is not None for node in nodes),
        lights=sum(node.light is not None for node in nodes),
        textures=tuple(textures.values()),
        size_m=tuple(round(float(side), 6) for side in high - low),
        space=export.space,
        read_back_by=export.verified_by,
        readers=readers,
        picture=picture,
        notes=export.notes,
        left_out=export.left_out,
        unjudged=export.unjudged,
    )


def _settings(params: Params) -> list[tuple[str, str]]:
    """Return the settings as people know them; that there is a report, and what it says of the origin, is seen."""
    values = params.plain()
    return [
        (field.title, _in_words(field, values[field.name]))
        for field in params.fields()
        if field.name not in ("report", "origin")
    ]


def _in_words(field: ParamField, value: Scalar) -> str:
    if field.kind is FieldKind.boolean:
        return "yes" if value else "no"
    titles = {choice.value: choice.title for choice in field.choices}
    told = titles.get(str(value), str(value))
    return f"{told} {field.unit}" if field.unit and told == str(value) else told or "–"


def _shown(mesh: Mesh, found: Reread) -> Mesh:
    """Return what is compared of a mesh: what the format holds."""
    shown = plain(mesh)
    return shown if found.normals else shown.changed(normals=None)


def _picture(export: Exported, scene: Scene) -> tuple[Picture, str]:
    """Return what the picture shows, and the picture as PNG in base64; empty where nothing can draw."""
    from PIL import Image

    given = flat_mesh(scene)
    found = export.reread or reread(export.files[0][1])
    try:
        alike = None if found is None else likeness(*(_shown(mesh, found) for mesh in (given, found.mesh)))
        pixels = draw_mesh(
            given if found is None else found.mesh, Shot(_SIDE_PX, _SIDE_PX, Ground.transparent)
        )
    except OrfeasError:
        return Picture("" if found is None else found.reader, None, found is not None and found.colors), ""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", optimize=True)
    encoded = base64.b64encode(out.getvalue()).decode()
    reader, colors = ("", False) if found is None else (found.reader, found.colors)
    return Picture(reader, alike, colors), encoded
