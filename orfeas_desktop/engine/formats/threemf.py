"""3MF files: millimetres, colours and groups; written by lib3mf, read back by Expat."""

from __future__ import annotations

import io
import locale
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5
from xml.parsers import expat

import numpy as np

from orfeas_desktop.engine.mesh.color import encoded_bytes, linear_of
from orfeas_desktop.engine.mesh.sample import surface_colors
from orfeas_desktop.engine.mesh.source_files import Broken
from orfeas_desktop.engine.mesh.textures import TextureFormat, pixels_of, recoded
from orfeas_desktop.engine.mesh.weld import first_of_each, row_ids, welded_ids
from orfeas_desktop.engine.mesh.whole_picture import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Colour, Mesh, Texture

_TEXTURE_RELATION = "http://schemas.microsoft.com/3dmanufacturing/2013/01/3dtexture"
_MODEL = "3D/3dmodel.model"
_DIGITS = 9
_AXES = ["x", "y", "z"]


class Coloring(StrEnum):
    """How a 3MF file carries colours."""

    textures = "textures"
    vertices = "vertices"
    none = "none"


@dataclass(frozen=True)
class ThreemfContents:
    """What a 3MF file holds: bounds in millimetres."""

    faces: int
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    textures: int
    colors: bool


@dataclass(frozen=True)
class Wanted:
    """How colours are carried, the licence's notice, and where on the bed the object's origin stands, in mm."""

    coloring: Coloring
    notice: str = ""
    place: tuple[float, float] = (0.0, 0.0)


def write_3mf(
    parts: Sequence[Mesh], path: Path, wanted: Wanted, step: Callable[[float], None]
) -> ThreemfContents:
    """Write `parts`, in millimetres and z up, each as an object; return what the file should hold.

    Vertices at one place become one, faces without area are left out: the format allows no others. Each material
    is a group of its own. Raises Broken for a damaged texture or a part of no area.
    """
    with locale_kept():
        return _written(parts, path, wanted, step)


@contextmanager
def locale_kept() -> Generator[None]:
    """Undo what lib3mf does: it sets the locale of the process to "C", in which Python reads text as ASCII."""
    before = locale.setlocale(locale.LC_ALL)
    try:
        yield
    finally:
        locale.setlocale(locale.LC_ALL, before)


def _written(
    parts: Sequence[Mesh], path: Path, wanted: Wanted, step: Callable[[float], None]
) -> ThreemfContents:
    from lib3mf import Lib3MF, get_wrapper

    library: Any = get_wrapper()
    model = library.CreateModel()
    model.SetUnit(Lib3MF.ModelUnit.MilliMeter)
    model.SetBuildUUID(_uuid("build"))
    place = library.GetTranslationTransform(*wanted.place, 0.0)
    file = _File(model, wanted.coloring)
    for number, part in enumerate(parts, 1):
        step(0.6 * (number - 1) / len(parts))
        body = file.add(part, _uuid(f"object {number}"))
        model.AddBuildItem(body, place).SetUUID(_uuid(f"item {number}"))
    group = model.GetMetaDataGroup()
    group.AddMetaData("", "Title", _text(parts[0].name), "xs:string", False)
    group.AddMetaData("", "Application", "Orfeas Desktop", "xs:string", False)
    if wanted.notice:
        group.AddMetaData("", "LicenseTerms", _text(wanted.notice), "xs:string", True)
    step(0.6)
    writer = model.QueryWriter("3mf")
    writer.SetDecimalPrecision(_DIGITS)
    writer.WriteToFile(str(path))
    step(1.0)
    low, high = np.min(file.lows, axis=0).tolist(), np.max(file.highs, axis=0).tolist()
    return ThreemfContents(
        file.faces, (low[0], low[1], low[2]), (high[0], high[1], high[2]), file.textures, file.colored
    )


def strict_problem(path: Path) -> str:
    """Return what lib3mf, reading as strictly as it can, finds wrong; nothing when there is nothing."""
    from lib3mf import ELib3MFException, get_wrapper

    library: Any = get_wrapper()
    with locale_kept():
        try:
            model = library.CreateModel()
            reader = model.QueryReader("3mf")
            reader.SetStrictModeActive(True)
            reader.ReadFromFile(str(path))
            warnings = int(reader.GetWarningCount())
        except ELib3MFException as problem:
            return str(problem)
    return f"{warnings} warnings" if warnings else ""


def _text(words: str) -> str:
    """Return what XML can hold of `words`."""
    return "".join(letter if letter.isprintable() else " " for letter in words) or "mesh"


def _uuid(part: str) -> str:
    """Return a name that is the same in every file: the format wants one, and equal meshes make equal files."""
    return str(uuid5(NAMESPACE_URL, f"orfeas-desktop/3mf/{part}"))


class _File:
    """Puts meshes into a lib3mf model, and keeps count."""

    def __init__(self, model: Any, coloring: Coloring) -> None:
        self._model = model
        self._coloring = coloring
        self.faces = 0
        self.textures = 0
        self.colored = False
        self.lows: list[NDArray[np.float32]] = []
        self.highs: list[NDArray[np.float32]] = []

    def add(self, mesh: Mesh, uuid: str) -> Any:
        """Add `mesh` as an object and return it."""
        from lib3mf import Lib3MF

        ids = welded_ids(mesh.vertices)
        corners = ids[mesh.faces]
        kept = np.flatnonzero((corners != np.roll(corners, 1, axis=1)).all(axis=1))
        if not len(kept):
            raise Broken("every face in it is without area")
        used, faces = np.unique(corners[kept], return_inverse=True)
        faces = faces.reshape(-1, 3).astype(np.uint32)
        places = mesh.vertices[first_of_each(ids)[used]].astype(np.float32)
        body = self._model.AddMeshObject()
        body.SetName(_text(mesh.name))
        body.SetUUID(uuid)
        body.SetGeometry(
            (Lib3MF.Position * len(places)).from_buffer_copy(places.tobytes()),
            (Lib3MF.Triangle * len(faces)).from_buffer_copy(faces.tobytes()),
        )
        self.faces += len(faces)
        self.lows.append(places.min(axis=0))
        self.highs.append(places.max(axis=0))
        if self._coloring is not Coloring.none:
            self._paint(body, mesh, kept)
        return body

    def _paint(self, body: Any, mesh: Mesh, kept: NDArray[np.int64]) -> None:
        """Give every kept face its material, texture or corner colours."""
        self.colored = True
        by_vertex = self._coloring is Coloring.vertices or mesh.colors is not None
        colors = surface_colors(mesh) if by_vertex else None
        if colors is not None:
            _set_properties(body, self._corner_colors(mesh.faces[kept], colors))
            return
        groups = np.zeros(mesh.face_count, np.int32) if mesh.face_materials is None else mesh.face_materials
        rows = np.zeros((len(kept), 4), np.uint32)
        plain = None
        for number in np.unique(groups[kept]).tolist():
            material, mine = mesh.materials[number], groups[kept] == number
            texture = material.base_color_texture
            if texture is not None and texture.uv_set < len(mesh.uvs):
                rows[mine] = self._texture_corners(mesh, texture, material.base_color, kept[mine])
                continue
            plain = plain or self._model.AddBaseMaterialGroup()
            shade = encoded_bytes(np.array([material.base_color], np.float32))[0].tolist()
            index = plain.AddMaterial(_text(material.name), _color(*shade))
            rows[mine] = [plain.GetResourceID(), index, index, index]
        _set_properties(body, rows)

    def _corner_colors(self, faces: NDArray[np.int32], colors: NDArray[np.uint8]) -> NDArray[np.uint32]:
        words = np.ascontiguousarray(colors).view(np.uint32).reshape(-1)
        kinds, of_vertex = np.unique(words, return_inverse=True)
        group = self._model.AddColorGroup()
        shades = kinds.view(np.uint8).reshape(-1, 4).tolist()
        numbers = np.array([group.AddColor(_color(*shade)) for shade in shades], np.uint32)
        return _rows(group, numbers[of_vertex[faces]])

    def _texture_corners(
        self, mesh: Mesh, texture: Texture, factor: Colour, faces: NDArray[np.int64]
    ) -> NDArray[np.uint32]:
        from lib3mf import Lib3MF

        self.textures += 1
        picture, suffix = _picture(texture, factor)
        name = f"/3D/Textures/texture{self.textures}{suffix}"
        attachment = self._model.AddAttachment(name, _TEXTURE_RELATION)
        attachment.ReadFromBuffer(picture)
        resource = self._model.AddTexture2DFromAttachment(attachment)
        jpeg = suffix == ".jpg"
        resource.SetContentType(Lib3MF.TextureType.JPEG if jpeg else Lib3MF.TextureType.PNG)
        resource.SetTileStyleUV(Lib3MF.TextureTileStyle.Wrap, Lib3MF.TextureTileStyle.Wrap)
        group = self._model.AddTexture2DGroup(resource)
        used, of_corner = np.unique(mesh.faces[faces], return_inverse=True)
        uv = np.ascontiguousarray(mesh.uvs[texture.uv_set][used], np.float32)
        same = row_ids(uv.view(np.uint32))
        spots = uv[first_of_each(same)].astype(np.float64).tolist()
        numbers = np.array([group.AddTex2Coord(Lib3MF.Tex2Coord(u, 1.0 - v)) for u, v in spots], np.uint32)
        return _rows(group, numbers[same[of_corner.reshape(-1, 3)]])


def _rows(group: Any, corners: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return (F, 4) properties as the format holds them: the group, and a number of it for each corner."""
    first = np.full((len(corners), 1), group.GetResourceID(), np.uint32)
    return np.concatenate([first, corners], axis=1)


def _set_properties(body: Any, rows: NDArray[np.uint32]) -> None:
    from lib3mf import Lib3MF

    body.SetAllTriangleProperties((Lib3MF.TriangleProperties * len(rows)).from_buffer_copy(rows.tobytes()))
    body.SetObjectLevelProperty(int(rows[0, 0]), int(rows[0, 1]))


def _color(red: int, green: int, blue: int, alpha: int) -> Any:
    from lib3mf import Lib3MF

    return Lib3MF.Color(red, green, blue, alpha)


def _picture(texture: Texture, factor: Colour) -> tuple[bytes, str]:
    """Return the texture as PNG or JPEG bytes with its factor multiplied in, and the suffix: the format has none."""
    from PIL import Image

    if factor != (1.0, 1.0, 1.0, 1.0):
        pixels = pixels_of(texture)
        height, width = pixels.shape[:2]
        table = linear_of(np.arange(256) / 255.0)
        light = table[pixels.reshape(-1, 4)]
        light[:, 3] = pixels.reshape(-1, 4)[:, 3] / np.float32(255)
        shaded = encoded_bytes(light * np.array(factor, np.float32)).reshape(height, width, 4)
        out = io.BytesIO()
        Image.fromarray(shaded, "RGBA").save(out, "PNG")
        return out.getvalue(), ".png"
    whole(texture)
    if texture.media_type == "image/jpeg":
        return texture.data, ".jpg"
    if texture.media_type != "image/png":
        texture = recoded(texture, TextureFormat.png)
    return texture.data, ".png"


class _Counting:
    """Counts the triangles of a model part and keeps its vertices."""

    def __init__(self) -> None:
        self.unit = ""
        self.faces = 0
        self.textures = 0
        self.colors = False
        self.places: list[str] = []

    def begin(self, name: str, attributes: list[str]) -> None:
        """Take an element with its attributes, names and values in turn."""
        if name == "triangle":
            self.faces += 1
        elif name == "vertex" and attributes[::2] == _AXES:
            self.places += attributes[1::2]
        elif name == "vertex":
            told = _by_name(attributes)
            self.places += [told[axis] for axis in _AXES]
        elif name == "model":
            self.unit = _by_name(attributes).get("unit", "millimeter")
        else:
            self.textures += name.endswith("texture2dgroup")
            self.colors |= name.endswith(("texture2dgroup", "colorgroup", "basematerials"))


def _by_name(attributes: list[str]) -> dict[str, str]:
    return dict(zip(attributes[::2], attributes[1::2], strict=True))


def _refuse_words(*_: object) -> None:
    raise Broken("it defines words of its own")


def read_3mf_contents(path: Path) -> ThreemfContents:
    """Return what a 3MF file of one object holds. Raises Broken for another unit than millimetres and for no XML."""
    counting = _Counting()
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.StartElementHandler = counting.begin
    parser.StartDoctypeDeclHandler = _refuse_words
    with zipfile.ZipFile(path) as archive, archive.open(_MODEL) as stream:
        try:
            parser.ParseFile(stream)
        except expat.ExpatError as problem:
            raise Broken(f"it is no XML ({problem})") from None
    if counting.unit != "millimeter":
        raise Broken(f"its unit is {counting.unit}, not millimetres")
    places = np.array(counting.places or [np.nan] * 3, np.float64).reshape(-1, 3)
    low, high = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    return ThreemfContents(
        counting.faces,
        (low[0], low[1], low[2]),
        (high[0], high[1], high[2]),
        counting.textures,
        counting.colors,
    )
