"""Materials of Unity's three pipelines, and the settings of the files that a model refers to."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.formats.surface_pictures import Role
from orfeas_desktop.engine.formats.unity_yaml import Reference, UnityFile, Value, plain_yaml
from orfeas_desktop.engine.mesh.color import encoded_of
from orfeas_desktop.engine.mesh.mesh import AlphaMode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orfeas_desktop.engine.mesh.mesh import Material


class Pipeline(StrEnum):
    """How a Unity project draws."""

    builtin = "builtin"
    urp = "urp"
    hdrp = "hdrp"


MATERIAL_ID = 2_100_000
TEXTURE_ID = 2_800_000
_SHADERS = {
    Pipeline.builtin: Reference(46, "0000000000000000f000000000000000", 0),
    Pipeline.urp: Reference(4_800_000, "933532a4fcc9baf4fa0491de14d08ed7", 3),
    Pipeline.hdrp: Reference(4_800_000, "6e4ae4064600d784cac1e41a9e6f2e59", 3),
}
ROLES = {
    Pipeline.builtin: (Role.base_color, Role.normal, Role.emissive, Role.occlusion, Role.metallic_smoothness),
    Pipeline.urp: (Role.base_color, Role.normal, Role.emissive, Role.occlusion, Role.metallic_smoothness),
    Pipeline.hdrp: (Role.base_color, Role.normal, Role.emissive, Role.mask_map),
}
_SLOTS: dict[Pipeline, dict[Role, tuple[str, str]]] = {
    Pipeline.builtin: {
        Role.base_color: ("_MainTex", ""),
        Role.normal: ("_BumpMap", "_NORMALMAP"),
        Role.metallic_smoothness: ("_MetallicGlossMap", "_METALLICGLOSSMAP"),
        Role.occlusion: ("_OcclusionMap", ""),
        Role.emissive: ("_EmissionMap", ""),
    },
    Pipeline.urp: {
        Role.base_color: ("_BaseMap", ""),
        Role.normal: ("_BumpMap", "_NORMALMAP"),
        Role.metallic_smoothness: ("_MetallicGlossMap", "_METALLICSPECGLOSSMAP"),
        Role.occlusion: ("_OcclusionMap", "_OCCLUSIONMAP"),
        Role.emissive: ("_EmissionMap", ""),
    },
    Pipeline.hdrp: {
        Role.base_color: ("_BaseColorMap", ""),
        Role.normal: ("_NormalMap", "_NORMALMAP"),
        Role.mask_map: ("_MaskMap", "_MASKMAP"),
        Role.emissive: ("_EmissiveColorMap", "_EMISSIVE_COLOR_MAP"),
    },
}
"""The property that each picture goes to, and the keyword that turns it on."""


def material_file(name: str, material: Material, pictures: Mapping[Role, str], pipeline: Pipeline) -> str:
    """Return a .mat file; `pictures` are GUIDs of textures by role."""
    slots = _SLOTS[pipeline]
    used = {role: guid for role, guid in pictures.items() if role in slots}
    keywords = {slots[role][1] for role in used} - {""}
    if pipeline is Pipeline.hdrp and Role.normal in used:
        keywords.add("_NORMALMAP_TANGENT_SPACE")
    if any(material.emissive) and pipeline is not Pipeline.hdrp:
        keywords.add("_EMISSION")
    floats, queue, tags = _numbers(material, used, pipeline, keywords)
    file = UnityFile()
    file.add(
        21,
        MATERIAL_ID,
        "Material",
        {
            "serializedVersion": 8,
            "m_ObjectHideFlags": 0,
            "m_CorrespondingSourceObject": Reference(0),
            "m_PrefabInstance": Reference(0),
            "m_PrefabAsset": Reference(0),
            "m_Name": name,
            "m_Shader": _SHADERS[pipeline],
            "m_ValidKeywords": sorted(keywords),
            "m_InvalidKeywords": [],
            "m_LightmapFlags": 2 if any(material.emissive) else 4,
            "m_EnableInstancingVariants": 0,
            "m_DoubleSidedGI": int(material.double_sided),
            "m_CustomRenderQueue": queue,
            "stringTagMap": tags,
            "disabledShaderPasses": [],
            "m_SavedProperties": {
                "serializedVersion": 3,
                "m_TexEnvs": [
                    {slots[role][0]: _texture(guid)}
                    for role, guid in sorted(used.items(), key=lambda kv: slots[kv[0]][0])
                ],
                "m_Ints": [],
                "m_Floats": [{key: value} for key, value in sorted(floats.items())],
                "m_Colors": [{key: value} for key, value in sorted(_colors(material, pipeline).items())],
            },
        },
    )
    return file.text()


def _texture(guid: str) -> Mapping[str, Value]:
    return {
        "m_Texture": Reference(TEXTURE_ID, guid, 3),
        "m_Scale": {"x": 1, "y": 1},
        "m_Offset": {"x": 0, "y": 0},
    }


def _numbers(
    material: Material, used: Mapping[Role, str], pipeline: Pipeline, keywords: set[str]
) -> tuple[dict[str, Value], int, dict[str, Value]]:
    """Return float properties, draw queue and tags; keywords for transparency are added to `keywords`."""
    packed = Role.metallic_smoothness in used or Role.mask_map in used
    smooth = 1.0 if packed else 1.0 - material.roughness
    cut, clear = material.alpha_mode is AlphaMode.mask, material.alpha_mode is AlphaMode.blend
    floats: dict[str, Value] = {
        "_Metallic": 1.0 if packed else material.metallic,
        "_Cutoff": material.alpha_cutoff,
        "_ZWrite": 0.0 if clear else 1.0,
        "_SrcBlend": 5.0 if clear else 1.0,
        "_DstBlend": 10.0 if clear else 0.0,
    }
    side = 0.0 if material.double_sided else 2.0
    if pipeline is Pipeline.builtin:
        mode = 1.0 if cut else 2.0 if clear else 0.0
        floats |= {"_Glossiness": smooth, "_GlossMapScale": smooth, "_BumpScale": material.normal_scale}
        floats |= {"_Mode": mode, "_OcclusionStrength": material.occlusion_strength}
    elif pipeline is Pipeline.urp:
        floats |= {"_Smoothness": smooth, "_BumpScale": material.normal_scale, "_Cull": side}
        floats |= {"_Surface": float(clear), "_AlphaClip": float(cut), "_WorkflowMode": 1.0}
        floats |= {"_OcclusionStrength": material.occlusion_strength}
        floats |= {"_SrcBlendAlpha": 1.0, "_DstBlendAlpha": 10.0 if clear else 0.0}
    else:
        floats |= {"_Smoothness": smooth, "_NormalScale": material.normal_scale, "_CullMode": side}
        floats |= {
            "_SurfaceType": float(clear),
            "_AlphaCutoffEnable": float(cut),
            "_AlphaCutoff": material.alpha_cutoff,
        }
        floats |= {"_DoubleSidedEnable": float(material.double_sided)}
        keywords.update(["_DOUBLESIDED_ON"] if material.double_sided else [])
    if cut:
        keywords.add("_ALPHATEST_ON")
        return floats, 2450, {"RenderType": "TransparentCutout"}
    if clear:
        keywords.add("_ALPHABLEND_ON" if pipeline is Pipeline.builtin else "_SURFACE_TYPE_TRANSPARENT")
        return floats, 3000, {"RenderType": "Transparent"}
    return floats, -1, {"RenderType": "Opaque"}


def _colors(material: Material, pipeline: Pipeline) -> Mapping[str, Value]:
    """Return colours; Unity keeps plain ones encoded as sRGB and glowing ones linear."""
    red, green, blue = encoded_of(np.array(material.base_color[:3])).tolist()
    base: Value = {"r": red, "g": green, "b": blue, "a": material.base_color[3]}
    glow: Value = dict(zip("rgba", (*material.emissive, 1.0), strict=True))
    if pipeline is Pipeline.hdrp:
        return {"_BaseColor": base, "_EmissiveColor": glow}
    return {"_Color": base, "_EmissionColor": glow} | (
        {"_BaseColor": base} if pipeline is Pipeline.urp else {}
    )


def texture_meta(guid: str, *, linear: bool, normal: bool, side: int) -> str:
    """Return the settings of a texture."""
    limit = max(32, min(16384, 1 << (side - 1).bit_length()))
    return _meta(
        guid,
        "TextureImporter",
        {
            "internalIDToNameTable": [],
            "externalObjects": {},
            "serializedVersion": 12,
            "mipmaps": {
                "mipMapMode": 0,
                "enableMipMap": 1,
                "sRGBTexture": int(not linear),
                "linearTexture": 0,
            },
            "bumpmap": {
                "convertToNormalMap": 0,
                "externalNormalMap": 0,
                "heightScale": 0.25,
                "normalMapFilter": 0,
            },
            "isReadable": 0,
            "textureFormat": 1,
            "maxTextureSize": limit,
            "textureSettings": {
                "serializedVersion": 2,
                "filterMode": 1,
                "aniso": 1,
                "mipBias": 0,
                "wrapU": 0,
                "wrapV": 0,
                "wrapW": 0,
            },
            "nPOTScale": 1,
            "compressionQuality": 50,
            "alphaUsage": 1,
            "alphaIsTransparency": 0,
            "textureType": 1 if normal else 0,
            "textureShape": 1,
            "platformSettings": [
                {
                    "serializedVersion": 3,
                    "buildTarget": "DefaultTexturePlatform",
                    "maxTextureSize": limit,
                    "resizeAlgorithm": 0,
                    "textureFormat": -1,
                    "textureCompression": 1,
                    "compressionQuality": 50,
                    "overridden": 0,
                }
            ],
        },
    )


def material_meta(guid: str) -> str:
    """Return the settings of a material."""
    return _meta(guid, "NativeFormatImporter", {"externalObjects": {}, "mainObjectFileID": MATERIAL_ID})


def prefab_meta(guid: str) -> str:
    """Return the settings of a prefab."""
    return _meta(guid, "PrefabImporter", {"externalObjects": {}})


def folder_meta(guid: str) -> str:
    """Return the settings of a folder."""
    return "fileFormatVersion: 2\n" + plain_yaml(
        {"guid": guid, "folderAsset": "yes", "DefaultImporter": _ending({"externalObjects": {}})}
    )


def model_meta(guid: str, materials: Mapping[str, str], *, readable: bool) -> str:
    """Return the settings of a model; `materials` are GUIDs of material files by the name that the model uses.

    `readable` keeps the meshes in memory, which Unity needs for colliders that a scale mirrors.
    """
    remapped: list[Value] = [
        {
            "first": {"type": "UnityEngine:Material", "assembly": "UnityEngine.CoreModule", "name": name},
            "second": Reference(MATERIAL_ID, material, 2),
        }
        for name, material in materials.items()
    ]
    return _meta(
        guid,
        "ModelImporter",
        {
            "serializedVersion": 21300,
            "internalIDToNameTable": [],
            "externalObjects": remapped if remapped else {},
            "materials": {
                "materialImportMode": 2,
                "materialName": 0,
                "materialSearch": 1,
                "materialLocation": 1,
            },
            "animations": {
                "legacyGenerateAnimations": 4,
                "bakeSimulation": 0,
                "resampleCurves": 1,
                "optimizeGameObjects": 0,
            },
            "meshes": {
                "lODScreenPercentages": [],
                "globalScale": 1,
                "meshCompression": 0,
                "addColliders": 0,
                "useSRGBMaterialColor": 1,
                "sortHierarchyByName": 1,
                "importVisibility": 1,
                "importBlendShapes": 0,
                "importCameras": 0,
                "importLights": 0,
                "fileIdsGeneration": 2,
                "swapUVChannels": 0,
                "generateSecondaryUV": 0,
                "useFileUnits": 1,
                "keepQuads": 0,
                "weldVertices": 1,
                "bakeAxisConversion": 0,
                "preserveHierarchy": 1,
                "indexFormat": 0,
                "isReadable": int(readable),
                "useFileScale": 1,
            },
            "tangentSpace": {
                "normalSmoothAngle": 60,
                "normalImportMode": 0,
                "tangentImportMode": 3,
                "normalCalculationMode": 4,
            },
            "importAnimation": 0,
            "animationType": 0,
        },
    )


def _meta(guid: str, importer: str, values: Mapping[str, Value]) -> str:
    return "fileFormatVersion: 2\n" + plain_yaml({"guid": guid, importer: _ending(values)})


def _ending(values: Mapping[str, Value]) -> dict[str, Value]:
    return {**values, "userData": None, "assetBundleName": None, "assetBundleVariant": None}
