"""Taubin smoothing: bumps go, volume stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from orfeas_desktop.engine.mesh.topology import Topology

PASS_BAND = 0.1


def taubin(
    places: NDArray[np.float64],
    topology: Topology,
    *,
    rounds: int,
    strength: float,
    hold_edges: bool,
    step: Callable[[int], None],
) -> NDArray[np.float64]:
    """Return (N, 3) smoothed places of a topology's welded vertices.

    Each round shrinks by λ = `strength` and grows by μ = 1 / (k - 1 / λ), k = 0.1 (Taubin 1995, uniform weights).
    `hold_edges` keeps open edges where they are; otherwise they are smoothed along themselves.
    """
    from scipy.sparse import coo_array, diags_array

    edges = topology.edges
    on_edge = np.zeros(topology.count, bool)
    on_edge[edges[topology.boundary]] = True
    inner = ~(on_edge[edges].any(axis=1)) | topology.boundary
    ways = np.concatenate([edges, edges[:, ::-1]])
    along = np.concatenate([inner, inner])
    ways = ways[along | ~on_edge[ways[:, 0]]]
    weights = np.ones(len(ways))
    links = coo_array((weights, (ways[:, 0], ways[:, 1])), (topology.count, topology.count)).tocsr()
    degree = np.bincount(ways[:, 0], minlength=topology.count)
    mean = diags_array(1.0 / np.maximum(degree, 1)) @ links
    free = (degree > 0) & ~(on_edge & hold_edges)
    grow = 1.0 / (PASS_BAND - 1.0 / strength)
    for number in range(rounds):
        step(number)
        for factor in (strength, grow):
            moved = mean @ places - places
            places = places + factor * np.where(free[:, None], moved, 0.0)
    return places
