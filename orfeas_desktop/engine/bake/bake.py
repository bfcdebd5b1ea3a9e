"""Baking: maps of a detailed mesh on the texture layout of a simple one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from orfeas_desktop.engine.bake.dilate import dilated
from orfeas_desktop.engine.bake.dress import within_square
from orfeas_desktop.engine.bake.maps import (
    CHANNELS,
    RESTING,
    Map,
    Sky,
    bytes_of,
    tangent_normals,
    vertex_curvature,
)
from orfeas_desktop.engine.bake.surface import Spots, Surface, between
from orfeas_desktop.engine.bake.tiles import Tile, tiles_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.bake.projection import Projection
    from orfeas_desktop.engine.mesh.mesh import Mesh

    Pictures = dict[Map, NDArray[np.uint8]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is baked and how finely; lengths in sizes (the diagonal) of the detailed mesh."""

    maps: frozenset[Map]
    side: int
    fine: int = 1
    """Samples along each side of a texel."""
    uv_set: int = 0
    rays: int = 32
    occlusion_reach: float = 0.5
    thickness_reach: float = 0.25
    dilation: int = 16
    seed: int = 0


@dataclass
class Baked:
    """Pictures (H, W, channels) by map, and what share of the samples found nothing."""

    pictures: Pictures = field(default_factory=dict["Map", "NDArray[np.uint8]"])
    samples: int = 0
    missed: int = 0
    full_curvature: float = 0.0
    """The curvature, in 1/unit, that is white; flat is middle grey."""

    @property
    def missed_share(self) -> float:
        """The share of samples that found no partner."""
        return self.missed / self.samples if self.samples else 0.0


@dataclass(frozen=True, eq=False)
class Work:
    """One baking: what the simple mesh's samples are asked, and of which surface."""

    low: Mesh
    """With normals and the tangents of the UV set."""
    surface: Surface
    match: Callable[[Spots], tuple[NDArray[np.int64], Spots]]
    sky: Sky | None = None

    @classmethod
    def projected(cls, low: Mesh, projection: Projection, plan: Plan, look: Callable[[], None]) -> Work:
        """Return the work that finds partners along rays."""
        rays = max(plan.rays // plan.fine**2, 1)
        return cls(low, projection.high, projection.match, Sky(projection.tree, projection.high, rays, look))

    @classmethod
    def same_faces(cls, low: Mesh, given: Mesh) -> Work:
        """Return the work for two meshes of the same faces in the same order."""
        return cls(low, Surface(given), lambda spots: (np.arange(len(spots.faces)), spots))


def bake(
    work: Work,
    plan: Plan,
    step: Callable[[float], None],
    faces: NDArray[np.bool_] | None = None,
    show: Callable[[Pictures, NDArray[np.bool_]], None] | None = None,
) -> Baked:
    """Return the pictures of `plan.maps`, of all or some of the simple mesh's `faces`.

    `step` is told how far it is, 0..1; `show` is handed the pictures, and which texels are known, whenever more is.
    """
    side = plan.side
    made = Baked({kind: np.zeros((side, side, CHANNELS[kind]), np.uint8) for kind in sorted(plan.maps)})
    known = np.zeros((side, side), bool)
    corners = within_square(work.low, plan.uv_set)
    if faces is not None:
        corners[~faces] = -1.0
    bends = np.zeros((0, 1), np.float32)
    if Map.curvature in plan.maps:
        bends = vertex_curvature(work.surface.mesh)
        made.full_curvature = float(np.quantile(np.abs(bends), 0.98)) or 1.0
        bends = 0.5 + 0.5 * np.clip(bends / made.full_curvature, -1, 1)
    for number, (share, tile) in enumerate(tiles_of(corners, side, plan.fine)):
        step(0.9 * share)
        if tile is not None:
            _bake_tile(tile, Asker(work, plan, bends, plan.seed + number), made, known)
            if show is not None:
                show(made.pictures, known)
    step(0.9)
    dilated(made.pictures, known, plan.dilation, RESTING, lambda share: step(0.9 + 0.1 * share))
    return made


def _bake_tile(tile: Tile, asker: Asker, made: Baked, known: NDArray[np.bool_]) -> None:
    found, partners = asker.work.match(tile.spots)
    made.samples += len(tile.texels)
    made.missed += len(tile.texels) - len(found)
    tile = tile.kept(found)
    covered = tile.covered()
    normals = asker.work.surface.normals(partners)
    for kind, picture in made.pictures.items():
        values = asker.ask(kind, tile.spots, partners, normals)
        tile.within(picture)[covered] = bytes_of(kind, tile.averaged(values)[covered])
    tile.within(known)[covered] = True


@dataclass(frozen=True, eq=False)
class Asker:
    """Asks the surface about the samples of one tile."""

    work: Work
    plan: Plan
    bends: NDArray[np.float32]
    seed: int

    def ask(
        self, kind: Map, spots: Spots, partners: Spots, normals: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return (N, channels) what the map `kind` says where `partners` of the simple mesh's `spots` are."""
        surface, sky = self.work.surface, self.work.sky
        if kind is Map.normal:
            return tangent_normals(self.work.low, spots, normals)
        if kind is Map.curvature:
            return between(self.bends, surface.mesh.faces, partners)
        if sky is not None and kind is Map.thickness:
            return sky.thickness(partners, normals, self.plan.thickness_reach, self.seed)
        if sky is not None and kind is Map.occlusion:
            return sky.openness(partners, normals, self.plan.occlusion_reach, self.seed)
        told = {
            Map.base_color: surface.base_color,
            Map.rough_metal: surface.rough_metal,
            Map.emissive: surface.emissive,
            Map.occlusion: surface.occlusion,
        }
        return told[kind](partners)
