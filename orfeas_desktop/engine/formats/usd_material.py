"""Materials as UsdPreviewSurface, and the pictures that they read."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.formats.surface_pictures import bent, png_of
from orfeas_desktop.engine.mesh.mesh import AlphaMode
from orfeas_desktop.engine.mesh.textures import SUFFIXES, TextureFormat, pixels_of, recoded
from orfeas_desktop.names import distinct

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pxr import Sdf, Usd, UsdGeom, UsdShade

    from orfeas_desktop.engine.mesh.mesh import Finish, Material, Mesh, Texture

    Numbers = tuple[float, ...]


FINISH = frozenset({"ior", "clearcoat", "transmission"})
"""What of a finish UsdPreviewSurface holds; transmission as opacity."""
_LONGEST = 80
"""Of a material's name, which stands in the names of its pictures."""


def identifiers(names: list[str]) -> tuple[str, ...]:
    """Return names that every reader of USD takes for prims: ASCII letters, digits and _, distinct."""
    bare = [unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() for name in names]
    plain = [re.sub(r"[^A-Za-z0-9_]", "_", name) or "_" for name in bare]
    return distinct([f"_{name}" if name[0].isdigit() else name for name in plain])


def set_name(prim: Usd.Prim, name: str, identifier: str) -> None:
    """Keep the name for people where the prim's own differs."""
    if name != identifier:
        prim.SetDisplayName(name)


@dataclass
class UsdTextures:
    """The pictures of a stage in one folder, equal ones once, as PNG or JPEG, which is what USDZ may hold."""

    folder: Path
    """Stands beside the stage's file."""
    files: list[Path] = field(default_factory=list["Path"])
    readings: int = 0
    """How often a material reads a picture."""
    _known: dict[bytes, str] = field(default_factory=dict[bytes, str])

    def path_of(self, texture: Texture, name: str) -> str:
        """Write the picture unless it is there, and return its path relative to the stage. Raises Broken."""
        self.readings += 1
        digest = sha256(texture.data).digest()
        if digest not in self._known:
            plain = recoded(texture, TextureFormat.png) if texture.media_type == "image/webp" else texture
            taken = {file.stem for file in self.files}
            stem, number = name, 2
            while stem in taken:
                stem, number = f"{name}_{number}", number + 1
            file = self.folder / f"{stem}{SUFFIXES[plain.media_type]}"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(plain.data)
            self.files.append(file)
            self._known[digest] = f"./{self.folder.name}/{file.name}"
        return self._known[digest]


@dataclass
class UsdMaterials:
    """The materials of a stage, equal ones once, under the root's `Materials`; `meshes` are all that use them."""

    stage: Usd.Stage
    root: Sdf.Path
    textures: UsdTextures
    meshes: Sequence[Mesh]
    _known: dict[tuple[Material, bool], UsdShade.Material] = field(
        default_factory=dict["tuple[Material, bool]", "UsdShade.Material"]
    )

    def __post_init__(self) -> None:
        looks = dict.fromkeys(_look(material, mesh) for mesh in self.meshes for material in mesh.materials)
        names = identifiers([material.name[:_LONGEST] for material, _ in looks])
        self._names = dict(zip(looks, names, strict=True))

    def bind(self, made: UsdGeom.Mesh, mesh: Mesh) -> None:
        """Give `made` the materials of `mesh`, by faces where there are several. Raises Broken."""
        from pxr import UsdShade, Vt

        used = [0] if mesh.face_materials is None else np.unique(mesh.face_materials).tolist()
        if len(used) == 1:
            material = self._material(mesh.materials[used[0]], mesh)
            UsdShade.MaterialBindingAPI.Apply(made.GetPrim()).Bind(material)
            return
        binding = UsdShade.MaterialBindingAPI.Apply(made.GetPrim())
        for index in used:
            faces = np.flatnonzero(mesh.face_materials == index).astype(np.int32)
            subset = binding.CreateMaterialBindSubset(f"material_{index}", Vt.IntArray.FromNumpy(faces))
            material = self._material(mesh.materials[index], mesh)
            UsdShade.MaterialBindingAPI.Apply(subset.GetPrim()).Bind(material)
        binding.SetMaterialBindSubsetsFamilyType("partition")

    def _material(self, material: Material, mesh: Mesh) -> UsdShade.Material:
        look = _look(material, mesh)
        if look not in self._known:
            name = self._names[look]
            path = self.root.AppendPath(f"Materials/{name}")
            writer = _MaterialWriter(self.stage, path, self.textures, name)
            self._known[look] = writer.write(material, sets=len(mesh.uvs), colored=look[1])
            set_name(self._known[look].GetPrim(), material.name, name)
        return self._known[look]


def _look(material: Material, mesh: Mesh) -> tuple[Material, bool]:
    """Return a material, and whether it shows the mesh's vertex colours."""
    return material, mesh.colors is not None and material.base_color_texture is None


@dataclass
class _MaterialWriter:
    """Writes one material as UsdPreviewSurface 2.6 describes it."""

    stage: Usd.Stage
    path: Sdf.Path
    textures: UsdTextures
    name: str

    def write(self, material: Material, *, sets: int, colored: bool) -> UsdShade.Material:
        from pxr import Sdf, UsdGeom, UsdShade

        UsdGeom.Scope.Define(self.stage, self.path.GetParentPath())
        made = UsdShade.Material.Define(self.stage, self.path)
        surface = self._shader("surface", "UsdPreviewSurface")
        made.CreateSurfaceOutput().ConnectToSource(surface.ConnectableAPI(), "surface")
        self._base(surface, material, sets, colored)
        self._rest(surface, material, sets)
        surface.CreateInput("useSpecularWorkflow", Sdf.ValueTypeNames.Int).Set(0)
        return made

    def _base(self, surface: UsdShade.Shader, material: Material, sets: int, colored: bool) -> None:
        from pxr import Gf, Sdf

        types = Sdf.ValueTypeNames
        *color, alpha = material.base_color
        base = surface.CreateInput("diffuseColor", types.Color3f)
        opacity = surface.CreateInput("opacity", types.Float)
        picture = self._picture(
            "base_color", material.base_color_texture, sets, ("sRGB", (*color, alpha), (0.0, 0.0, 0.0, 0.0))
        )
        see_through = material.alpha_mode is not AlphaMode.opaque
        clear = 1.0 - material.finish.transmission.transmission_factor
        opacity.Set(alpha if see_through else clear)
        if picture is not None:
            base.ConnectToSource(picture.ConnectableAPI(), "rgb")
            if see_through:
                opacity.ConnectToSource(picture.ConnectableAPI(), "a")
        elif colored:
            reader = self._shader("vertex_color", "UsdPrimvarReader_float3")
            reader.CreateInput("varname", types.String).Set("displayColor")
            reader.CreateOutput("result", types.Float3)
            base.ConnectToSource(reader.ConnectableAPI(), "result")
        else:
            base.Set(Gf.Vec3f(*color))
        if material.alpha_mode is AlphaMode.mask:
            surface.CreateInput("opacityThreshold", types.Float).Set(material.alpha_cutoff)

    def _rest(self, surface: UsdShade.Shader, material: Material, sets: int) -> None:
        from pxr import Gf, Sdf

        types = Sdf.ValueTypeNames
        zero = (0.0, 0.0, 0.0, 0.0)
        scale = (1.0, material.roughness, material.metallic, 1.0)
        packed = self._picture(
            "metallic_roughness", material.metallic_roughness_texture, sets, ("raw", scale, zero)
        )
        for name, value, channel in (
            ("roughness", material.roughness, "g"),
            ("metallic", material.metallic, "b"),
        ):
            taken = surface.CreateInput(name, types.Float)
            taken.Set(value)
            if packed is not None:
                taken.ConnectToSource(packed.ConnectableAPI(), channel)
        upright = ("raw", (2.0, 2.0, 2.0, 1.0), (-1.0, -1.0, -1.0, 0.0))
        normal = self._picture("normal", _steep(material), sets, upright)
        if normal is not None:
            surface.CreateInput("normal", types.Normal3f).ConnectToSource(normal.ConnectableAPI(), "rgb")
        strength = material.occlusion_strength
        dim = ("raw", (strength,) * 4, (1 - strength,) * 4)
        occlusion = self._picture("occlusion", material.occlusion_texture, sets, dim)
        if occlusion is not None:
            surface.CreateInput("occlusion", types.Float).ConnectToSource(occlusion.ConnectableAPI(), "r")
        self._lacquer(surface, material.finish, sets)
        glow = surface.CreateInput("emissiveColor", types.Color3f)
        glow.Set(Gf.Vec3f(*material.emissive))
        shine = ("sRGB", (*material.emissive, 1.0), zero)
        emissive = self._picture("emissive", material.emissive_texture, sets, shine)
        if emissive is not None:
            glow.ConnectToSource(emissive.ConnectableAPI(), "rgb")

    def _lacquer(self, surface: UsdShade.Shader, finish: Finish, sets: int) -> None:
        """Tell how strongly light is bent, and a layer of lacquer with its pictures."""
        from pxr import Sdf

        coat, zero = finish.clearcoat, (0.0, 0.0, 0.0, 0.0)
        if "ior" in finish.used() and finish.ior:
            surface.CreateInput("ior", Sdf.ValueTypeNames.Float).Set(finish.ior)
        if "clearcoat" not in finish.used():
            return
        for name, value, texture, channel in (
            ("clearcoat", coat.clearcoat_factor, coat.clearcoat_texture, "r"),
            ("clearcoatRoughness", coat.clearcoat_roughness_factor, coat.clearcoat_roughness_texture, "g"),
        ):
            taken = surface.CreateInput(name, Sdf.ValueTypeNames.Float)
            taken.Set(value)
            picture = self._picture(name, texture, sets, ("raw", (value,) * 4, zero))
            if picture is not None:
                taken.ConnectToSource(picture.ConnectableAPI(), channel)

    def _picture(
        self, name: str, texture: Texture | None, sets: int, reading: tuple[str, Numbers, Numbers]
    ) -> UsdShade.Shader | None:
        """Return a reader of `texture` that yields value * scale + bias of (colour space, scale, bias)."""
        from pxr import Gf, Sdf

        if texture is None or texture.uv_set >= sets:
            return None
        types = Sdf.ValueTypeNames
        space, scale, bias = reading
        file = self.textures.path_of(texture, f"{self.name}_{name}")
        shader = self._shader(f"{name}_texture", "UsdUVTexture")
        shader.CreateInput("file", types.Asset).Set(Sdf.AssetPath(file))
        shader.CreateInput("sourceColorSpace", types.Token).Set(space)
        shader.CreateInput("scale", types.Float4).Set(Gf.Vec4f(*scale))
        shader.CreateInput("bias", types.Float4).Set(Gf.Vec4f(*bias))
        for side in ("wrapS", "wrapT"):
            shader.CreateInput(side, types.Token).Set("repeat")
        where = shader.CreateInput("st", types.Float2)
        where.ConnectToSource(self._reader(texture.uv_set).ConnectableAPI(), "result")
        for output, kind in (("rgb", types.Float3), ("r", types.Float), ("g", types.Float)):
            shader.CreateOutput(output, kind)
        for output in ("b", "a"):
            shader.CreateOutput(output, types.Float)
        return shader

    def _reader(self, uv_set: int) -> UsdShade.Shader:
        from pxr import Sdf

        reader = self._shader(f"uv_{uv_set}", "UsdPrimvarReader_float2")
        reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set(f"st{uv_set or ''}")
        reader.CreateOutput("result", Sdf.ValueTypeNames.Float2)
        return reader

    def _shader(self, name: str, kind: str) -> UsdShade.Shader:
        from pxr import UsdShade

        shader = UsdShade.Shader.Define(self.stage, self.path.AppendChild(name))
        shader.CreateIdAttr(kind)
        return shader


def _steep(material: Material) -> Texture | None:
    """Return the normal map with its strength in the picture: the format reads all of them alike."""
    texture = material.normal_map
    if texture is None or material.normal_scale == 1.0:
        return texture
    pixels = bent(pixels_of(texture)[:, :, :3], material.normal_scale)
    return replace(texture, data=png_of(pixels), media_type="image/png")
