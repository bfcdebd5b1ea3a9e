"""Unity: a folder for its Assets, or one package: model, textures, materials, prefab with levels and colliders."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from orfeas_desktop.engine.exporters.base import Contents, Exporter, ExportParams, Written, corner
from orfeas_desktop.engine.formats.unity_check import unity_contents
from orfeas_desktop.engine.formats.unity_folder import UnityWritten, write_unity_folder
from orfeas_desktop.engine.formats.unity_materials import Pipeline
from orfeas_desktop.engine.formats.unity_package import unpack
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.scene.fitness import require_places, with_lone_cameras, without_loose
from orfeas_desktop.engine.scene.flatten import bounds_of_all, placed_meshes
from orfeas_desktop.errors import BadMesh, ExportNotVerified
from orfeas_desktop.params import Traits, param
from orfeas_desktop.words import QT_TRANSLATE_NOOP

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import JobContext
    from orfeas_desktop.engine.scene.scene import Scene

_PER_METRE = 100.0


class UnityParams(ExportParams):
    """Settings of the Unity exporters."""

    pipeline: Pipeline = param(
        Pipeline.urp,
        QT_TRANSLATE_NOOP("Params", "Render pipeline"),
        QT_TRANSLATE_NOOP("Params", "The one that the Unity project uses; its shaders differ."),
        traits=Traits(
            choice_titles=(
                QT_TRANSLATE_NOOP("Params", "Built-in"),
                QT_TRANSLATE_NOOP("Params", "Universal (URP)"),
                QT_TRANSLATE_NOOP("Params", "High definition (HDRP)"),
            )
        ),
    )


def _write_folder(scene: Scene, path: Path, params: UnityParams, context: JobContext) -> Written:
    require_places(scene)
    ready = with_lone_cameras(without_loose(scene))
    if params.pipeline is Pipeline.hdrp and any(placed.node.light for placed in ready.walk()):
        context.warn(
            QT_TRANSLATE_NOOP(
                "Warnings", "HDRP adds units to lights of its own: look how bright they are there."
            )
        )
    try:
        written = write_unity_folder(ready, path, params.pipeline, context.threads, context.progress)
    except Broken as problem:
        raise BadMesh(name=scene.name, problem=str(problem)) from None
    return Written(
        _expected(ready, written),
        main=written.prefab,
        space="y up, centimetres in the model, metres in Unity",
    )


def _expected(scene: Scene, written: UnityWritten) -> Contents:
    low, high = bounds_of_all(scene)
    meshes = [mesh for placed in scene.walk() for mesh in placed_meshes(placed.node)]
    return Contents(
        faces=sum(mesh.face_count for mesh in meshes),
        low=corner(low * _PER_METRE),
        high=corner(high * _PER_METRE),
        uvs=any(mesh.uvs for mesh in meshes),
        textures=len(written.fbx.picture_of),
    )


def _read_folder(path: Path) -> Contents:
    return Contents(**unity_contents(path))


def _write_package(scene: Scene, path: Path, params: UnityParams, context: JobContext) -> Written:
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    written = _write_folder(scene, folder, params, context)
    _pack(folder, path)
    shutil.rmtree(folder)
    return replace(written, main=None)


def _pack(folder: Path, path: Path) -> None:
    """Write a .unitypackage: a folder per file, named by its GUID, with the file, its settings and its path."""
    with (
        path.open("wb") as stream,
        gzip.GzipFile("", "wb", 1, stream, mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for meta in sorted(folder.rglob("*.meta")):
            asset, settings = meta.with_suffix(""), meta.read_bytes()
            guid = str(yaml.safe_load(settings)["guid"])
            inside = f"Assets/{folder.name}/{asset.relative_to(folder).as_posix()}"
            if asset.is_file():
                _put(tar, f"{guid}/asset", asset.read_bytes())
            _put(tar, f"{guid}/asset.meta", settings)
            _put(tar, f"{guid}/pathname", inside.encode())


def _put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    tar.addfile(info, io.BytesIO(data))


def _read_package(path: Path) -> Contents:
    with tempfile.TemporaryDirectory() as place:
        try:
            return Contents(**unity_contents(unpack(path, Path(place))))
        except Broken as problem:
            raise ExportNotVerified(format="Unity", problem=str(problem)) from None


_UNJUDGED = (
    "No Unity was asked. The model was read as FBX, every setting as YAML, and every reference was followed; whether "
    "Unity's importer makes of them what was meant, only Unity can say."
)
UNITY = Exporter(
    id="unity",
    version=3,
    title=QT_TRANSLATE_NOOP("Exporters", "Unity folder"),
    summary=QT_TRANSLATE_NOOP(
        "Exporters", "A folder for Assets: model, textures, materials and a prefab with levels and colliders."
    ),
    params=UnityParams,
    suffix="",
    folder=True,
    verified_by="assimp",
    unjudged=_UNJUDGED,
    finish=frozenset(),
    write=_write_folder,
    read_back=_read_folder,
)
UNITY_PACKAGE = Exporter(
    id="unity-package",
    version=3,
    title=QT_TRANSLATE_NOOP("Exporters", "Unity package"),
    summary=QT_TRANSLATE_NOOP("Exporters", "The same as the Unity folder, in one file to double-click."),
    params=UnityParams,
    suffix=".unitypackage",
    verified_by="assimp",
    unjudged=_UNJUDGED,
    finish=frozenset(),
    write=_write_package,
    read_back=_read_package,
)
