"""MeshTool: a mesh goes in, a mesh comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.jobs.context import Inputs, JobContext, Output, WorkEntry
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.params import Params
from orfeas_desktop.register import Lane, Slot
from orfeas_desktop.words import QT_TRANSLATE_NOOP

MESH_IN = (Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")),)
MESH_OUT = (Slot("mesh", AssetKind.mesh, QT_TRANSLATE_NOOP("Slots", "Mesh")),)
