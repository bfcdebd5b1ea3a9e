"""Chooses, for each region of space, the few latents that its points need to attend to (FlashVDM)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from orfeas_desktop.engine.networks.shape_vae import LatentKeys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from orfeas_desktop.engine.networks.shape_vae import LatentField

KEPT_OF = {3072: 1024, 512: 256}
LEAST_SHARE = 1e-6
SAMPLES_AT_ONCE = 4096
SHARES_AT_ONCE = 256
NARROWEST_TILE = 16
WIDEST_TILE = 1024


def kept_keys(latents: int) -> int:
    """How many latents a region attends to: 1024 of 3072, 256 of 512, a third of any other number."""
    return KEPT_OF.get(latents, max(latents // 3, 1))


@dataclass(frozen=True)
class Tiles:
    """Pieces of regions, none longer than the tile's width: region, first point and points of each."""

    region: Tensor
    start: Tensor
    count: Tensor


@dataclass(frozen=True)
class Regions:
    """Consecutive runs of points: the first of each and how many, (R,) int64."""

    start: Tensor
    count: Tensor

    @classmethod
    def of_sizes(cls, sizes: Tensor) -> Regions:
        """Regions of these sizes, one after another."""
        return cls(sizes.cumsum(0) - sizes, sizes)

    @classmethod
    def of_equal_size(cls, number: int, size: int, device: torch.device) -> Regions:
        """`number` regions of `size` points."""
        return cls.of_sizes(torch.full((number,), size, device=device))

    def __len__(self) -> int:
        return len(self.start)

    def pieces(self, stride: int) -> tuple[Tensor, Tensor]:
        """Every `stride`-th point from each region's first: region and position of each."""
        number = (self.count + stride - 1) // stride
        region = torch.repeat_interleave(number)
        rank = torch.arange(len(region), device=region.device) - (number.cumsum(0) - number)[region]
        return region, self.start[region] + rank * stride

    def tile_width(self, most: int) -> int:
        """A width that neither pads the last tile of each region much nor copies keys for few points."""
        average = int(self.count.sum()) // max(len(self), 1)
        width = 1 << max(average, 1).bit_length() - 1
        return max(min(width, WIDEST_TILE, most), NARROWEST_TILE)

    def tiles(self, width: int) -> Tiles:
        """The regions cut into tiles."""
        region, start = self.pieces(width)
        left = self.start[region] + self.count[region] - start
        return Tiles(region, start, left.clamp(max=width))


@dataclass(frozen=True)
class KeySelection:
    """Which latents each region keeps: `indices` (R, heads or 1, K); `kept` (R, K) where K is too many."""

    latents: LatentKeys
    indices: Tensor
    kept: Tensor | None = None

    def of(self, regions: Tensor) -> LatentKeys:
        """Keys and values of these regions, each (B, heads, K, d)."""
        chosen = self.indices[regions]
        keys, values = self.latents.keys[0], self.latents.values[0]
        heads = torch.arange(len(keys), device=keys.device)[None, :, None]
        bias = None
        if self.kept is not None:
            bias = torch.zeros(self.kept.shape, dtype=keys.dtype, device=keys.device)
            bias = bias.masked_fill_(~self.kept, -torch.inf)[regions][:, None, None]
        return LatentKeys(keys[heads, chosen], values[heads, chosen], bias)


def _sampled(
    shape: LatentField, points: Tensor, regions: Regions, stride: int, size: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Regions and queries (S, heads, d) of every `stride`-th point, a part at a time."""
    region, position = regions.pieces(stride)
    for some in range(0, len(region), size):
        yield region[some : some + size], shape.queries(points[position[some : some + size]])


def select_top(shape: LatentField, points: Tensor, regions: Regions, stride: int) -> KeySelection:
    """Per region and head, the latents most like the mean query of every `stride`-th point.

    The similarity is the plain product, and the mean of products is the product with the mean.
    """
    heads, _, width = shape.latents.keys[0].shape
    total = torch.zeros(len(regions), heads, width, device=points.device)
    for region, queries in _sampled(shape, points, regions, stride, SAMPLES_AT_ONCE):
        total.index_add_(0, region, queries.float())
    number = (regions.count + stride - 1) // stride
    return top_keys(total / number[:, None, None], shape.latents)


def top_keys(mean_queries: Tensor, latents: LatentKeys) -> KeySelection:
    """Mean queries (R, heads, d) -> per region and head the most similar latents."""
    likeness = torch.einsum("rhd,hnd->rhn", mean_queries, latents.keys[0].float())
    best = likeness.topk(kept_keys(latents.keys.shape[2]), dim=-1, sorted=False)
    return KeySelection(latents, best.indices)


def select_merged(shape: LatentField, points: Tensor, regions: Regions, stride: int) -> KeySelection:
    """Per region, the latents that any of every `stride`-th point's queries gives a share of attention."""
    wanted = torch.zeros(len(regions), shape.latent_count, dtype=torch.int32, device=points.device)
    for region, queries in _sampled(shape, points, regions, stride, SHARES_AT_ONCE):
        wanted.index_add_(0, region, wanted_keys(queries, shape.latents).int())
    return merged_keys(wanted > 0, shape.latents)


def wanted_keys(queries: Tensor, latents: LatentKeys) -> Tensor:
    """Queries (S, heads, d) -> (S, N), true where the mean share over heads exceeds one in a million."""
    likeness = torch.einsum("shd,hnd->shn", queries.float(), latents.keys[0].float())
    return likeness.softmax(dim=-1).mean(dim=1) > LEAST_SHARE


def merged_keys(wanted: Tensor, latents: LatentKeys) -> KeySelection:
    """Latents wanted per region (R, N), the same for all heads, as a selection."""
    most = int(wanted.sum(dim=1).max())
    order = wanted.int().argsort(dim=1, descending=True, stable=True)[:, :most]
    kept = wanted.gather(1, order)
    return KeySelection(latents, order[:, None], None if bool(kept.all()) else kept)
