"""3MF files as lib3mf reads them, and what a slicer from Debian says of a file."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from lib3mf import Lib3MF, get_wrapper

from orfeas_desktop.engine.formats.threemf import locale_kept
from orfeas_desktop.engine.mesh.mesh import Mesh
from tests.patience import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, eq=False)
class Read:
    """One object of a 3MF file, read in lib3mf's strict mode; `properties` (F, 4) resource and corner properties."""

    mesh: Mesh
    manifold: bool
    properties: np.ndarray
    model: Any


def read_model(path: Path) -> Any:
    """Return the model of a 3MF file, read in strict mode without a warning."""
    with locale_kept():
        model = get_wrapper().CreateModel()
        reader = model.QueryReader("3mf")
        reader.SetStrictModeActive(True)
        reader.ReadFromFile(str(path))
        assert reader.GetWarningCount() == 0
        assert model.GetUnit() == Lib3MF.ModelUnit.MilliMeter
        return model


def read_3mf(path: Path) -> Read:
    model = read_model(path)
    objects = model.GetMeshObjects()
    assert objects.Count() == 1
    objects.MoveNext()
    body = objects.GetCurrentMeshObject()
    places = np.array([tuple(row.Coordinates) for row in body.GetVertices()], np.float32)
    faces = np.array([tuple(row.Indices) for row in body.GetTriangleIndices()], np.int32)
    rows = [(row.ResourceID, *row.PropertyIDs) for row in body.GetAllTriangleProperties()]
    mesh = Mesh(places, faces, metres_per_unit=0.001, name=body.GetName())
    return Read(mesh, body.IsManifoldAndOriented(), np.array(rows), model)


def slicer_says(path: Path) -> dict[str, str]:
    """Return what `prusa-slicer --info` says of a file: number_of_facets, manifold, size_x …"""
    done = subprocess.run(
        ["prusa-slicer", "--info", str(path)], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    return dict(re.findall(r"^(\w+)\s*=\s*(.*?)\s*$", done.stdout, re.MULTILINE))
