"""What stands in an FBX document beside its tree: header, properties of cameras, lights, levels and materials."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orfeas_desktop.engine.formats.fbx_binary import Property, Record, Whole
from orfeas_desktop.engine.scene.scene import LightKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orfeas_desktop.engine.mesh.mesh import Material
    from orfeas_desktop.engine.scene.scene import Camera, Light

CREATOR = "Orfeas Desktop"
ROOT = 0
FIRST_IDENTITY = 1_000_001
_LUMENS_PER_WATT = 683.0
_FILM_INCHES = 0.9449
"""The height of a 35 mm film."""

Properties = tuple[tuple[Property, ...], ...]


def put_properties(record: Record, properties: Properties) -> None:
    """Put a table of properties below a record."""
    table = record.add("Properties70")
    for each in properties:
        table.add("P", *each)


def header() -> Record:
    """Return the record that says who wrote the file."""
    record = Record("FBXHeaderExtension")
    record.add("FBXHeaderVersion", 1003)
    record.add("FBXVersion", 7400)
    record.add("EncryptionType", 0)
    stamp = record.add("CreationTimeStamp")
    stamp.add("Version", 1000)
    for name, value in zip(
        ("Year", "Month", "Day", "Hour", "Minute", "Second", "Millisecond"),
        (1970, 1, 1, 10, 0, 0, 0),
        strict=True,
    ):
        stamp.add(name, value)
    record.add("Creator", CREATOR)
    info = record.add("SceneInfo", "GlobalInfo\0\1SceneInfo", "UserData")
    info.add("Type", "UserData")
    info.add("Version", 100)
    put_properties(
        info,
        (
            ("Original|ApplicationVendor", "KString", "", "", CREATOR),
            ("Original|ApplicationName", "KString", "", "", CREATOR),
        ),
    )
    return record


def documents(title: str) -> Record:
    """Return the record that names the document."""
    record = Record("Documents")
    record.add("Count", 1)
    document = record.add("Document", Whole(FIRST_IDENTITY - 1), title, "Scene")
    put_properties(document, (("ActiveAnimStackName", "KString", "", "", ""),))
    document.add("RootNode", Whole(ROOT))
    return record


def settings(*, z_up: bool, units_per_metre: float) -> Record:
    """Return the record that says which axis is up and how long a unit is."""
    record = Record("GlobalSettings")
    record.add("Version", 1000)
    up, front, sign = (2, 1, -1) if z_up else (1, 2, 1)
    scale = 100.0 / units_per_metre
    numbers = (
        ("UpAxis", up),
        ("UpAxisSign", 1),
        ("FrontAxis", front),
        ("FrontAxisSign", sign),
        ("CoordAxis", 0),
        ("CoordAxisSign", 1),
        ("OriginalUpAxis", up),
        ("OriginalUpAxisSign", 1),
    )
    put_properties(
        record,
        (
            *((name, "int", "Integer", "", value) for name, value in numbers),
            ("UnitScaleFactor", "double", "Number", "", scale),
            ("OriginalUnitScaleFactor", "double", "Number", "", scale),
            ("AmbientColor", "ColorRGB", "Color", "", 0.0, 0.0, 0.0),
            ("DefaultCamera", "KString", "", "", "Producer Perspective"),
        ),
    )
    return record


def place_properties(offset: Sequence[float], turn: Sequence[float], scale: Sequence[float]) -> Properties:
    """Return where a model stands: degrees about x, then y, then z; scale, rotation and place pass to children."""
    return (
        ("RotationActive", "bool", "", "", 1),
        ("InheritType", "enum", "", "", 1),
        ("ScalingMax", "Vector3D", "Vector", "", 0.0, 0.0, 0.0),
        ("DefaultAttributeIndex", "int", "Integer", "", 0),
        ("Lcl Translation", "Lcl Translation", "", "A", *offset),
        ("Lcl Rotation", "Lcl Rotation", "", "A", *turn),
        ("Lcl Scaling", "Lcl Scaling", "", "A", *scale),
    )


def lod_properties(distances: Sequence[float]) -> Properties:
    """Return the properties of a group of levels that change at these distances."""
    return (
        ("ThresholdsUsedAsPercentage", "bool", "", "", 0),
        ("MinMaxDistance", "bool", "", "", 0),
        ("MinDistance", "double", "Number", "", -100.0),
        ("MaxDistance", "double", "Number", "", 100.0),
        ("WorldSpace", "bool", "", "", 0),
        ("Thresholds", "Compound", "", ""),
        *((f"Thresholds|Level{level}", "Distance", "", "", each) for level, each in enumerate(distances)),
        ("DisplayLevels", "Compound", "", ""),
        *((f"DisplayLevels|Level{level}", "enum", "", "", 0) for level in range(len(distances) + 1)),
    )


def camera_properties(camera: Camera, units_per_metre: float) -> Properties:
    """Return the properties of a camera."""
    aspect = camera.aspect or 16 / 9
    near, far = camera.near * units_per_metre, (camera.far or 1000.0) * units_per_metre
    horizontal = 2 * math.atan(math.tan(camera.vertical_angle / 2) * aspect)
    return (
        ("AspectRatioMode", "enum", "", "", 2),
        ("AspectWidth", "double", "Number", "", 1000.0 * aspect),
        ("AspectHeight", "double", "Number", "", 1000.0),
        ("FilmWidth", "double", "Number", "", _FILM_INCHES * aspect),
        ("FilmHeight", "double", "Number", "", _FILM_INCHES),
        ("FilmAspectRatio", "double", "Number", "", aspect),
        ("ApertureMode", "enum", "", "", 2),
        ("GateFit", "enum", "", "", 2),
        ("FieldOfView", "FieldOfView", "", "A", math.degrees(camera.vertical_angle)),
        ("FieldOfViewX", "FieldOfViewX", "", "A", math.degrees(horizontal)),
        ("FieldOfViewY", "FieldOfViewY", "", "A", math.degrees(camera.vertical_angle)),
        ("FocalLength", "Number", "", "A", _FILM_INCHES * 12.7 / math.tan(camera.vertical_angle / 2)),
        ("NearPlane", "double", "Number", "", near),
        ("FarPlane", "double", "Number", "", far),
        ("CameraProjectionType", "enum", "", "", 0 if camera.height is None else 1),
        ("OrthoZoom", "double", "Number", "", (camera.height or 1.0) * aspect),
    )


def light_properties(light: Light, *, watts: bool) -> Properties:
    """Return the properties of a light: FBX has no unit, so a hundred is one of ours, or one watt as in Blender."""
    around = 1.0 if light.kind is LightKind.sun else 4 * math.pi
    strength = light.intensity * around / _LUMENS_PER_WATT if watts else light.intensity
    kinds = {LightKind.point: 0, LightKind.sun: 1, LightKind.spot: 2}
    return (
        ("LightType", "enum", "", "", kinds[light.kind]),
        ("CastLight", "bool", "", "", 1),
        ("Color", "Color", "", "A", *light.color),
        ("Intensity", "Number", "", "A", 100.0 * strength),
        ("InnerAngle", "Number", "", "A", math.degrees(2 * light.inner_cone)),
        ("OuterAngle", "Number", "", "A", math.degrees(2 * light.outer_cone)),
        ("DecayType", "enum", "", "", 0 if light.kind is LightKind.sun else 2),
        ("CastShadows", "bool", "", "", 1),
    )


def material_properties(material: Material) -> Properties:
    """Return the properties of a Phong material: roughness as shininess, metal as reflection, as Blender reads them."""
    red, green, blue, alpha = material.base_color
    glow = max(*material.emissive, 0.0)
    shine = (1.0 - min(material.roughness, 1.0)) ** 2 * 100.0
    return (
        ("ShadingModel", "KString", "", "", "phong"),
        ("DiffuseColor", "Color", "", "A", red, green, blue),
        ("DiffuseFactor", "Number", "", "A", 1.0),
        ("EmissiveColor", "Color", "", "A", *(value / glow if glow else 0.0 for value in material.emissive)),
        ("EmissiveFactor", "Number", "", "A", glow),
        ("AmbientColor", "Color", "", "A", 0.0, 0.0, 0.0),
        ("AmbientFactor", "Number", "", "A", 0.0),
        ("SpecularColor", "Color", "", "A", 0.8, 0.8, 0.8),
        ("SpecularFactor", "Number", "", "A", 0.25),
        ("Shininess", "Number", "", "A", shine),
        ("ShininessExponent", "Number", "", "A", shine),
        ("ReflectionColor", "Color", "", "A", 1.0, 1.0, 1.0),
        ("ReflectionFactor", "Number", "", "A", material.metallic),
        ("TransparentColor", "Color", "", "A", 1.0, 1.0, 1.0),
        ("TransparencyFactor", "Number", "", "A", 1.0 - alpha),
        ("Opacity", "Number", "", "A", alpha),
        ("BumpFactor", "Number", "", "A", material.normal_scale),
    )
