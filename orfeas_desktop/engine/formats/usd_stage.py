"""A scene as a USD stage: transforms, meshes with levels as variants, cameras, lights, collision pieces."""

from __future__ import annotations

import math
import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zipfile import ZipFile, ZipInfo

import numpy as np

from orfeas_desktop.engine.formats.usd_material import UsdMaterials, UsdTextures, identifiers, set_name
from orfeas_desktop.engine.scene.scene import LightKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from pxr import Sdf, Usd, UsdGeom

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.engine.scene.scene import Camera, Light, Node, Scene

LEVELS = "LOD"
"""The name of the variant set that holds a node's levels of detail."""
_LIGHT_RADIUS_M = 0.01
_SUN_ANGLE = 0.53
_APERTURE_MM = 24.0
_COPIES = 20
"""How many nodes may hold a mesh of their own that is equal: not every reader follows references in a file."""
_ZIP_HEADER = 30
_ZIP_PADDING = 0x1986


@dataclass(frozen=True)
class UsdStyle:
    """What of a scene is written, and how."""

    pieces: bool = True
    recipe: bool = True
    text: bool = False


@dataclass(frozen=True)
class WrittenStage:
    """What was written: faces of all levels and pieces, readings of pictures, and the pictures' files."""

    faces: int
    uvs: bool
    colors: bool
    textures: int
    pictures: tuple[Path, ...]


def write_stage(scene: Scene, path: Path, style: UsdStyle, step: Callable[[float], None]) -> WrittenStage:
    """Write `scene` as the USD file at `path`, y up, in metres, with its pictures in a folder beside it.

    Raises Broken for a damaged texture. `step` is told the share that is done and may raise.
    """
    from pxr import Sdf, Tf, Usd, UsdGeom

    layer = Sdf.Layer.CreateNew(str(path), args={"format": "usda" if style.text else "usdc"})
    stage = Usd.Stage.Open(layer)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    (root_name,) = identifiers([scene.name])
    root = UsdGeom.Xform.Define(stage, Sdf.Path(f"/{root_name}"))
    root.GetPrim().SetKind("component")
    stage.SetDefaultPrim(root.GetPrim())
    if style.recipe and scene.extras:
        told = {Tf.MakeValidIdentifier(key): _plain(value) for key, value in scene.extras.items()}
        layer.customLayerData = {"orfeas": {k: v for k, v in told.items() if v is not None}}
    textures = UsdTextures(path.parent / "textures")
    writer = _StageWriter(stage, UsdMaterials(stage, root.GetPath(), textures, scene.meshes()), style, step)
    writer.write(scene, root.GetPath())
    layer.Save()
    return WrittenStage(writer.faces, writer.uvs, writer.colors, textures.readings, tuple(textures.files))


def write_package(path: Path, files: Sequence[Path]) -> None:
    """Write the USDZ at `path`: the stage first, then its pictures by their places beside it.

    Nothing is compressed and each file starts at a multiple of 64 bytes (Usdz File Format Specification).
    """
    offset = 0
    with ZipFile(path, "w") as package:
        for file in files:
            entry = ZipInfo(file.relative_to(files[0].parent).as_posix())
            data = file.read_bytes()
            offset += _ZIP_HEADER + len(entry.filename)
            padding = -(offset + 4) % 64
            entry.extra = struct.pack("<HH", _ZIP_PADDING, padding) + bytes(padding)
            package.writestr(entry, data)
            offset += 4 + padding + len(data)


def _plain(value: str | float | None) -> str | float | None:
    """Return a value as USD's dictionaries hold it: whole numbers of any size as text."""
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**31
    return str(value) if whole else value


@dataclass
class _StageWriter:
    stage: Usd.Stage
    materials: UsdMaterials
    style: UsdStyle
    step: Callable[[float], None]
    faces: int = 0
    uvs: bool = False
    colors: bool = False
    _uses: Counter[tuple[int, ...]] = field(default_factory=Counter["tuple[int, ...]"])
    _written: dict[tuple[int, ...], Sdf.Path] = field(default_factory=dict["tuple[int, ...]", "Sdf.Path"])
    """Where the meshes of a node stand that other nodes hold too."""

    def write(self, scene: Scene, root: Sdf.Path) -> None:
        nodes = [placed.node for placed in scene.walk()]
        count = len(nodes)
        self._uses.update(tuple(map(id, (node.mesh, *node.lods))) for node in nodes)
        stack = [(node, root, name) for node, name in reversed(self._named(scene.nodes))]
        done = 0
        while stack:
            node, above, name = stack.pop()
            self.step(done / count)
            done += 1
            path = above.AppendChild(name)
            self._place(node, path, name)
            children = reversed(self._named(node.children, name))
            stack += [(child, path, child_name) for child, child_name in children]

    def _named(self, nodes: tuple[Node, ...], above: str = "") -> list[tuple[Node, str]]:
        taken = [f"{above}_geometry", f"{above}_collision", "Materials"]
        names = identifiers([*taken, *(node.name for node in nodes)])[len(taken) :]
        return list(zip(nodes, names, strict=True))

    def _place(self, node: Node, path: Sdf.Path, name: str) -> None:
        from pxr import Gf, UsdGeom

        if node.camera is not None:
            place = write_camera(self.stage, path, node.camera)
        elif node.light is not None:
            place = write_light(self.stage, path, node.light)
        else:
            place = UsdGeom.Xform.Define(self.stage, path)
        set_name(place.GetPrim(), node.name, name)
        matrix = node.transform.matrix()
        if not np.array_equal(matrix, np.eye(4)):
            place.AddTransformOp().Set(Gf.Matrix4d(matrix.T.tolist()))
        if node.mesh is not None:
            self._shape(node, node.mesh, path.AppendChild(f"{name}_geometry"))
        if self.style.pieces and node.collision:
            self._collide(node.collision, path.AppendChild(f"{name}_collision"))

    def _shape(self, node: Node, mesh: Mesh, path: Sdf.Path) -> None:
        levels = (mesh, *node.lods)
        self._count(levels)
        key = tuple(map(id, levels))
        known = self._written.setdefault(key, path)
        if known != path and self._uses[key] > _COPIES:
            self.stage.DefinePrim(path).GetReferences().AddInternalReference(known)
        elif node.lods:
            self._ladder(levels, path)
        else:
            self._mesh(mesh, path)

    def _count(self, meshes: tuple[Mesh, ...], *, bare: bool = False) -> None:
        self.faces += sum(mesh.face_count for mesh in meshes)
        self.uvs |= not bare and any(mesh.uvs for mesh in meshes)
        self.colors |= not bare and any(mesh.colors is not None for mesh in meshes)

    def _ladder(self, levels: tuple[Mesh, ...], path: Sdf.Path) -> None:
        from pxr import UsdGeom

        prim = UsdGeom.Xform.Define(self.stage, path).GetPrim()
        variants = prim.GetVariantSets().AddVariantSet(LEVELS)
        for number, mesh in enumerate(levels):
            variants.AddVariant(f"{LEVELS}{number}")
            variants.SetVariantSelection(f"{LEVELS}{number}")
            with variants.GetVariantEditContext():
                self._mesh(mesh, path.AppendChild(f"{path.name.removesuffix('_geometry')}_mesh"))
        variants.SetVariantSelection(f"{LEVELS}0")

    def _mesh(self, mesh: Mesh, path: Sdf.Path) -> None:
        made = write_mesh(self.stage, path, mesh)
        made.CreateDoubleSidedAttr(any(material.double_sided for material in mesh.materials))
        self.materials.bind(made, mesh)

    def _collide(self, pieces: tuple[Mesh, ...], path: Sdf.Path) -> None:
        from pxr import UsdGeom, UsdPhysics

        self._count(pieces, bare=True)
        scope = UsdGeom.Scope.Define(self.stage, path)
        scope.CreatePurposeAttr(UsdGeom.Tokens.guide)
        for number, piece in enumerate(pieces, 1):
            made = write_mesh(self.stage, path.AppendChild(f"piece_{number:02}"), piece, bare=True)
            UsdPhysics.CollisionAPI.Apply(made.GetPrim())
            UsdPhysics.MeshCollisionAPI.Apply(made.GetPrim()).CreateApproximationAttr("convexHull")


def write_mesh(stage: Usd.Stage, path: Sdf.Path, mesh: Mesh, *, bare: bool = False) -> UsdGeom.Mesh:
    """Write the geometry of `mesh`, in metres; its polygons where it has them. `bare` leaves out all but places."""
    from pxr import UsdGeom, Vt

    made = UsdGeom.Mesh.Define(stage, path)
    made.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    counts, indices = _faces(mesh)
    made.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(counts))
    made.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(indices))
    made.CreatePointsAttr(_vectors(mesh.vertices))
    made.CreateExtentAttr(_vectors(np.stack(mesh.bounds)))
    if bare:
        return made
    if mesh.normals is not None:
        made.CreateNormalsAttr(_vectors(mesh.normals))
        made.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    _write_primvars(made, mesh)
    return made


def _write_primvars(made: UsdGeom.Mesh, mesh: Mesh) -> None:
    from pxr import Sdf, UsdGeom, Vt

    primvars = UsdGeom.PrimvarsAPI(made)
    for index, uv in enumerate(mesh.uvs):
        upright = np.stack([uv[:, 0], np.float32(1) - uv[:, 1]], axis=1)
        kind = Sdf.ValueTypeNames.TexCoord2fArray
        primvar = primvars.CreatePrimvar(f"st{index or ''}", kind, UsdGeom.Tokens.vertex)
        primvar.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(upright)))
    if mesh.colors is not None:
        colors = made.CreateDisplayColorPrimvar(UsdGeom.Tokens.vertex)
        colors.Set(_vectors(_linear(mesh.colors[:, :3])))
        if mesh.colors[:, 3].min() < 255:
            opacity = (mesh.colors[:, 3] / 255).astype(np.float32)
            made.CreateDisplayOpacityPrimvar(UsdGeom.Tokens.vertex).Set(Vt.FloatArray.FromNumpy(opacity))


def _faces(mesh: Mesh) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    if mesh.polygons is not None and mesh.face_materials is None:
        return np.diff(mesh.polygons.offsets).astype(np.int32), mesh.polygons.indices.astype(np.int32)
    return np.full(mesh.face_count, 3, np.int32), np.ascontiguousarray(mesh.faces.reshape(-1))


def _vectors(values: NDArray[np.float32]) -> object:
    from pxr import Vt

    return Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(values, np.float32))


def _linear(encoded: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return sRGB bytes as linear light (IEC 61966-2-1)."""
    share = encoded.astype(np.float32) / np.float32(255)
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4).astype(np.float32)


def write_camera(stage: Usd.Stage, path: Sdf.Path, camera: Camera) -> UsdGeom.Camera:
    """Write a camera; its apertures are in tenths of a unit, as UsdGeomCamera has them."""
    from pxr import Gf, UsdGeom

    made = UsdGeom.Camera.Define(stage, path)
    aspect = camera.aspect or 1.5
    if camera.height is None:
        height = _APERTURE_MM
        made.CreateFocalLengthAttr(height / 2 / math.tan(camera.vertical_angle / 2))
    else:
        height = camera.height * 10
        made.CreateProjectionAttr(UsdGeom.Tokens.orthographic)
    made.CreateVerticalApertureAttr(height)
    made.CreateHorizontalApertureAttr(height * aspect)
    made.CreateClippingRangeAttr(Gf.Vec2f(camera.near, camera.far or 1e6))
    return made


def write_light(stage: Usd.Stage, path: Sdf.Path, light: Light) -> UsdGeom.Xformable:
    """Write a light as UsdLux has it, normalised: its size changes nothing of how bright it is.

    A sphere of area A sends π r² = A / 4 of its radiance one way, so that I candela need the intensity 4 I.
    """
    from pxr import Gf, UsdGeom, UsdLux

    if light.kind is LightKind.sun:
        made = UsdLux.DistantLight.Define(stage, path)
        made.CreateAngleAttr(_SUN_ANGLE)
        made.CreateIntensityAttr(light.intensity)
    else:
        made = UsdLux.SphereLight.Define(stage, path)
        made.CreateRadiusAttr(_LIGHT_RADIUS_M)
        made.CreateTreatAsPointAttr(True)
        made.CreateIntensityAttr(4.0 * light.intensity)
        if light.kind is LightKind.spot:
            shaping = UsdLux.ShapingAPI.Apply(made.GetPrim())
            shaping.CreateShapingConeAngleAttr(math.degrees(light.outer_cone))
            shaping.CreateShapingConeSoftnessAttr(1 - light.inner_cone / max(light.outer_cone, 1e-6))
    made.CreateNormalizeAttr(True)
    made.CreateColorAttr(Gf.Vec3f(*light.color))
    return UsdGeom.Xformable(made.GetPrim())
