"""A 3MF as lib3mf reads it, with its colours: every object of the build where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import numpy as np

from orfeas_desktop.engine.formats.threemf import locale_kept
from orfeas_desktop.engine.mesh.color import linear_of
from orfeas_desktop.engine.mesh.merge import merged
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.engine.mesh.source_files import require
from orfeas_desktop.engine.mesh.textures import media_type_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

_METRES = np.float32(0.001)


def threemf_mesh(path: Path) -> Mesh:
    """Return the mesh in metres and y up, corners apart, without normals. Raises Broken, OSError, ValueError."""
    from lib3mf import ELib3MFException, get_wrapper

    library: Any = get_wrapper()
    with locale_kept():
        try:
            model = library.CreateModel()
            model.QueryReader("3mf").ReadFromFile(str(path))
            parts = list(_parts(model, path))
        except ELib3MFException as problem:
            raise ValueError(str(problem)) from None
    require(bool(parts), "it shows no mesh")
    return merged(parts).changed(name=path.stem)


def _parts(model: Any, path: Path) -> Iterable[Mesh]:
    """Yield each object that is built, one mesh for each group of properties in it."""
    items = model.GetBuildItems()
    while items.MoveNext():
        item = items.GetCurrent()
        body = model.GetMeshObjectByID(item.GetObjectResourceID())
        matrix = np.array([list(row) for row in item.GetObjectTransform().Fields], np.float32)
        x, y, z = (_numbers(body.GetVertices(), "<f4", 3) @ matrix[:3] + matrix[3]).T * _METRES
        places = np.stack([x, z, -y], axis=1)
        faces = _numbers(body.GetTriangleIndices(), "<u4", 3)
        rows = _numbers(body.GetAllTriangleProperties(), "<u4", 4)
        for resource in np.unique(rows[:, 0]).tolist():
            mine = rows[:, 0] == resource
            yield _painted(
                places[faces[mine]].reshape(-1, 3), model, resource, rows[mine, 1:].reshape(-1), path
            )


def _numbers(rows: Iterable[Any], kind: str, width: int) -> NDArray[Any]:
    """Return records of C as an array (N, width)."""
    return np.frombuffer(b"".join(map(bytes, rows)), kind).reshape(-1, width)


def _painted(
    places: NDArray[np.float32], model: Any, resource: int, corners: NDArray[np.uint32], path: Path
) -> Mesh:
    """Return faces whose corners stand at `places`, with the properties `corners` of that resource."""
    from lib3mf import Lib3MF

    mesh = Mesh(places, np.arange(len(places), dtype=np.int32).reshape(-1, 3))
    kind = model.GetPropertyTypeByID(resource) if resource else None
    used, of_corner = np.unique(corners, return_inverse=True)
    if kind == Lib3MF.PropertyType.TexCoord:
        group = model.GetTexture2DGroupByID(resource)
        spots = [group.GetTex2Coord(number) for number in used.tolist()]
        uv = np.array([(spot.U, 1.0 - spot.V) for spot in spots], np.float32)[of_corner]
        with ZipFile(path) as package:
            data = package.read(group.GetTexture2D().GetAttachment().GetPath().removeprefix("/"))
        look = Material(base_color_texture=Texture(data, media_type_of(data)))
        return mesh.changed(uvs=(uv,), materials=(look,))
    if kind == Lib3MF.PropertyType.Colors:
        group = model.GetColorGroupByID(resource)
        return mesh.changed(colors=_shades(map(group.GetColor, used.tolist()))[of_corner])
    if kind == Lib3MF.PropertyType.BaseMaterial:
        group = model.GetBaseMaterialGroupByID(resource)
        shades = _shades(map(group.GetDisplayColor, used.tolist())).astype(np.float64) / 255
        light = np.concatenate([linear_of(shades[:, :3]), shades[:, 3:]], axis=1).tolist()
        looks = tuple(Material(base_color=(red, green, blue, alpha)) for red, green, blue, alpha in light)
        return mesh.changed(materials=looks, face_materials=of_corner[::3].astype(np.int32))
    return mesh


def _shades(colors: Iterable[Any]) -> NDArray[np.uint8]:
    return np.array([(each.Red, each.Green, each.Blue, each.Alpha) for each in colors], np.uint8)
