"""MeshFacts: what can be said of a mesh at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.mesh.normals import face_areas, face_normals
from orfeas_desktop.engine.mesh.textures import textures_of
from orfeas_desktop.engine.mesh.topology import Topology

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.mesh import Mesh
    from orfeas_desktop.params import Scalar


@dataclass(frozen=True)
class MeshFacts:
    """Counts and measures; whatever concerns edges is judged with vertices at one place welded."""

    vertices: int
    """As stored, seam copies counted."""
    places: int
    """Vertices once welded."""
    faces: int
    watertight: bool
    """Every edge has exactly two faces, and they agree which side is out."""
    components: int
    boundary_edges: int
    nonmanifold_edges: int
    size_m: tuple[float, float, float]
    """Width, height, depth."""
    area_m2: float
    volume_m3: float | None
    """None unless watertight; negative when inside out."""
    materials: int
    uv_sets: int
    textures: int
    colors: bool

    def plain(self) -> dict[str, Scalar]:
        """Return flat scalars as a job's facts carry them; the size in millimetres."""
        width, height, depth = (round(side * 1000, 4) for side in self.size_m)
        return {
            "vertices": self.vertices,
            "faces": self.faces,
            "watertight": self.watertight,
            "components": self.components,
            "boundary_edges": self.boundary_edges,
            "nonmanifold_edges": self.nonmanifold_edges,
            "width_mm": width,
            "height_mm": height,
            "depth_mm": depth,
            "area_m2": self.area_m2,
            "volume_m3": self.volume_m3,
            "materials": self.materials,
            "uv_sets": self.uv_sets,
            "textures": self.textures,
        }


def mesh_facts(mesh: Mesh) -> MeshFacts:
    """Return the facts of `mesh`, found once. Volume by the divergence theorem over signed tetrahedra."""
    known = mesh.known.get("facts")
    if not isinstance(known, MeshFacts):
        known = mesh.known["facts"] = _found(mesh)
    return known


def _found(mesh: Mesh) -> MeshFacts:
    topology = Topology.of(mesh)
    unit = mesh.metres_per_unit
    normals = face_normals(mesh.vertices, mesh.faces)
    watertight = topology.closed
    pieces = topology.component_ids()
    pictures = {texture.data for material in mesh.materials for texture in textures_of(material).values()}
    return MeshFacts(
        vertices=mesh.vertex_count,
        places=topology.count,
        faces=mesh.face_count,
        watertight=watertight,
        components=int(pieces.max()) + 1 if len(pieces) else 0,
        boundary_edges=int(topology.boundary.sum()),
        nonmanifold_edges=int((topology.uses > 2).sum()),
        size_m=mesh.size_m,
        area_m2=float(face_areas(mesh, normals).sum()) * unit**2,
        volume_m3=_volume(mesh, normals) * unit**3 if watertight else None,
        materials=len(mesh.materials),
        uv_sets=len(mesh.uvs),
        textures=len(pictures),
        colors=mesh.colors is not None,
    )


def signed_volume(mesh: Mesh) -> float:
    """Return the enclosed volume in cubic units, negative when the faces look inwards."""
    return _volume(mesh, face_normals(mesh.vertices, mesh.faces))


def _volume(mesh: Mesh, normals: NDArray[np.float64]) -> float:
    centre = mesh.vertices.mean(axis=0, dtype=np.float64)
    a = mesh.vertices[mesh.faces[:, 0]].astype(np.float64) - centre
    return float(np.einsum("ij,ij->", a, normals)) / 6
