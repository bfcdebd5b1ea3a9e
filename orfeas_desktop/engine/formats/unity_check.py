"""Reads a written Unity folder again: every setting is YAML, every reference leads to a file that is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orfeas_desktop.engine.formats.assimp_files import Found, assimp_contents

if TYPE_CHECKING:
    from pathlib import Path

_REFERENCE = re.compile(r"\{fileID: (-?\d+), guid: ([0-9a-f]{32}), type: \d\}")
_OBJECT = re.compile(r"^--- !u!\d+ &(\d+)$", re.MULTILINE)
_INNER = re.compile(r"\{fileID: (\d+)\}")
_BUILT_IN = (
    "0000000000000000f000000000000000",
    "933532a4fcc9baf4fa0491de14d08ed7",
    "6e4ae4064600d784cac1e41a9e6f2e59",
)


def unity_contents(folder: Path) -> Found:
    """Return what assimp finds in the model; textures are uses by materials whose files are there.

    Returns no faces when a setting cannot be read, a GUID is given twice or a reference leads nowhere.
    """
    guids = _guids(folder)
    (model,) = folder.glob("*.fbx")
    found = assimp_contents(model)
    files = [path for path in folder.rglob("*") if path.suffix in (".mat", ".prefab")]
    if guids is None or not all(_resolves(path, guids) for path in files):
        return Found(faces=0, low=found["low"], high=found["high"], uvs=False, textures=0)
    materials = (path.read_text("utf-8") for path in files if path.suffix == ".mat")
    found["textures"] = sum(text.count("m_Texture:") for text in materials)
    return found


def _guids(folder: Path) -> set[str] | None:
    import yaml

    guids: list[str] = []
    for path in folder.rglob("*.meta"):
        said = yaml.safe_load(path.read_text("utf-8"))
        if not path.with_suffix("").exists() or not isinstance(said, dict):
            return None
        guids.append(str(said.get("guid")))
    whole = len(set(guids)) == len(guids)
    return set(guids) if whole else None


def _resolves(path: Path, guids: set[str]) -> bool:
    text = path.read_text("utf-8")
    own = set(_OBJECT.findall(text)) | {"0"}
    outside = {guid for _, guid in _REFERENCE.findall(text)}
    return outside <= guids | set(_BUILT_IN) and set(_INNER.findall(text)) <= own
