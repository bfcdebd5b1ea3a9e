"""EXPORTERS: what takes a mesh to other programs."""

from __future__ import annotations

from typing import Any

from orfeas_desktop.engine.exporters.base import Exporter
from orfeas_desktop.engine.exporters.blend import BLEND
from orfeas_desktop.engine.exporters.datasmith import DATASMITH
from orfeas_desktop.engine.exporters.fbx import FBX
from orfeas_desktop.engine.exporters.glb import GLB, GLTF
from orfeas_desktop.engine.exporters.godot import GODOT
from orfeas_desktop.engine.exporters.obj import OBJ
from orfeas_desktop.engine.exporters.ply import PLY
from orfeas_desktop.engine.exporters.print_stl import PRINT_STL
from orfeas_desktop.engine.exporters.print_threemf import PRINT
from orfeas_desktop.engine.exporters.stl import STL
from orfeas_desktop.engine.exporters.threemf import THREEMF
from orfeas_desktop.engine.exporters.unity import UNITY, UNITY_PACKAGE
from orfeas_desktop.engine.exporters.usd import USD
from orfeas_desktop.engine.exporters.usdz import USDZ
from orfeas_desktop.register import Register, Table

EXPORTERS: Register[Exporter[Any]] = Register(
    Table.exporters,
    [
        GLB,
        GLTF,
        FBX,
        DATASMITH,
        UNITY,
        UNITY_PACKAGE,
        GODOT,
        BLEND,
        USD,
        USDZ,
        OBJ,
        STL,
        PLY,
        THREEMF,
        PRINT,
        PRINT_STL,
    ],
)
