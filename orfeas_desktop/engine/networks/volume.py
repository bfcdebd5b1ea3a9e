"""Evaluates a shape's field on a grid: everywhere, or only near the surface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from orfeas_desktop.engine.networks.attention import attend
from orfeas_desktop.engine.networks.key_selection import Regions, select_merged, select_top
from orfeas_desktop.engine.networks.memory_profile import DECODED_AT_ONCE

if TYPE_CHECKING:
    from orfeas_desktop.engine.networks.key_selection import KeySelection
    from orfeas_desktop.engine.networks.shape_vae import LatentField

UNKNOWN = -10000.0
KNOWN = -9000.0
NEAR = 0.95
SMALLEST_LEVEL = 63
COARSE_BLOCKS = 4
FINE_BLOCKS = 6
COARSE_STRIDE = 100
MEAN_STRIDE = 50
MERGE_STRIDE = 30
POINTS_OF_SLAB = 1 << 20
"""Of a dense grid, the points whose coordinates are made at once."""

ROUND = 64
"""Points of a call come in multiples of it, the next ones' among them: programs are built for each size met."""

NUMBERS_ON_PROCESSOR = 1 << 22
"""What lies between two layers, beyond which a processor's caches no longer hold it."""

Point = tuple[float, float, float]


class VolumeDecoder(StrEnum):
    """How the grid is filled."""

    vanilla = "vanilla"
    hierarchical = "hierarchical"
    flash_mean = "flashvdm"
    flash_merge = "flashvdm-merge"


@dataclass(frozen=True)
class Box:
    """The part of space that is looked at."""

    low: Point
    high: Point

    @classmethod
    def cube(cls, half: float) -> Box:
        """From -half to half on each axis."""
        return cls((-half, -half, -half), (half, half, half))

    @property
    def size(self) -> Point:
        """The length of each side."""
        x, y, z = (high - low for low, high in zip(self.low, self.high, strict=True))
        return x, y, z


@dataclass(frozen=True)
class Volume:
    """Logits (R+1, R+1, R+1) float32 on the corners of a box's R³ cells; NaN where not evaluated."""

    values: Tensor
    box: Box

    @property
    def resolution(self) -> int:
        """Cells along each axis."""
        return self.values.shape[0] - 1


def _ignore_chunk(done: int, total: int, /) -> None:
    del done, total


def _ignore_level(volume: Volume, /) -> None:
    del volume


@dataclass(frozen=True)
class VolumeWatch:
    """Who is told while a volume is made; both may raise to stop it."""

    on_chunk: Callable[[int, int], None] = _ignore_chunk
    """Points evaluated, and points known to be needed so far."""
    on_level: Callable[[Volume], None] = _ignore_level
    """Each finished level but the last."""


@dataclass(frozen=True)
class VolumeSettings:
    """Where and how finely to look."""

    octree_resolution: int = 384
    num_chunks: int = 8000
    """Points evaluated at once; 0 is what suits the device."""
    decoder: VolumeDecoder = VolumeDecoder.vanilla
    box: Box = field(default_factory=lambda: Box.cube(1.01))
    mc_level: float = 0.0
    smallest_level: int = SMALLEST_LEVEL


def hierarchical_levels(resolution: int, smallest: int = SMALLEST_LEVEL) -> list[int]:
    """Resolutions from coarse to fine: halves of `resolution` that are not below `smallest`."""
    levels = [resolution]
    while levels[-1] // 2 >= smallest:
        levels.append(levels[-1] // 2)
    return levels[::-1]


def flash_levels(resolution: int, smallest: int = SMALLEST_LEVEL) -> list[int]:
    """Resolutions whose coarsest grid splits into 4×4×4 blocks: 384 -> 95, 190, 380."""
    levels = hierarchical_levels(resolution, smallest)
    first = max(round(levels[0] / COARSE_BLOCKS), 1) * COARSE_BLOCKS - 1
    return [first * 2**index for index in range(len(levels))]


def decode_volume(shape: LatentField, settings: VolumeSettings, watch: VolumeWatch | None = None) -> Volume:
    """Evaluate one shape's field on a grid."""
    watch = watch or VolumeWatch()
    most = _points_at_once(shape)
    if shape.device.type == "cpu" or not settings.num_chunks:
        settings = replace(settings, num_chunks=min(settings.num_chunks or most, most))
    match settings.decoder:
        case VolumeDecoder.vanilla:
            values = _dense(shape, settings.octree_resolution, settings, _Counter(watch))
            return Volume(values, settings.box)
        case VolumeDecoder.hierarchical:
            levels = hierarchical_levels(settings.octree_resolution, settings.smallest_level)
        case VolumeDecoder.flash_mean | VolumeDecoder.flash_merge:
            levels = flash_levels(settings.octree_resolution, settings.smallest_level)
    return _coarse_to_fine(shape, levels, settings, watch)


def _points_at_once(shape: LatentField) -> int:
    """As many as a processor's caches hold; on a card, enough to keep it busy within a share of its memory."""
    if shape.device.type == "cpu":
        return max(NUMBERS_ON_PROCESSOR // shape.widest, 1000)
    free, _ = torch.cuda.mem_get_info(shape.device)
    return max(min(free // 4, DECODED_AT_ONCE) // shape.point_bytes, 1000)


@dataclass
class _Counter:
    """Counts points for whoever watches."""

    watch: VolumeWatch
    done: int = 0
    total: int = 0

    def expect(self, points: int) -> None:
        self.total += points

    def add(self, points: int) -> None:
        self.done += points
        self.watch.on_chunk(self.done, self.total)


def _coarse_to_fine(
    shape: LatentField, levels: list[int], settings: VolumeSettings, watch: VolumeWatch
) -> Volume:
    flash = settings.decoder is not VolumeDecoder.hierarchical
    counter = _Counter(watch)
    values = (_blocks if flash else _dense)(shape, levels[0], settings, counter)
    for coarser, finer in pairwise(levels):
        watch.on_level(Volume(values.masked_fill(values < KNOWN, torch.nan), settings.box))
        marked = refined_points(values, finer, settings.mc_level, last=finer == levels[-1])
        found = torch.full(marked.shape, UNKNOWN, device=shape.device)
        if not flash and finer == 2 * coarser:
            _keep_known(values, found, marked)
        values = _evaluated(shape, (marked, found), settings, counter)
    return Volume(values.masked_fill_(values < KNOWN, torch.nan) if len(levels) > 1 else values, settings.box)


def _keep_known(coarse: Tensor, fine: Tensor, marked: Tensor) -> None:
    """Every other point of a grid twice as fine is a point of the coarse one: it need not be evaluated again."""
    there, even = marked[::2, ::2, ::2], fine[::2, ::2, ::2]
    known = there & (coarse > KNOWN)
    even.copy_(torch.where(known, coarse, even))
    there.logical_and_(~known)


def _evaluated(
    shape: LatentField, grid: tuple[Tensor, Tensor], settings: VolumeSettings, counter: _Counter
) -> Tensor:
    """The grid's values with those of its marked points filled in."""
    marked, values = grid
    resolution = marked.shape[0] - 1
    places = marked.flatten().nonzero()[:, 0]
    if not len(places):
        return values
    indices = torch.stack(torch.unravel_index(places, marked.shape), dim=-1)
    points = indices * _cell(settings.box, resolution, shape.device) + _corner(settings.box, shape.device)
    counter.expect(len(points))
    kind = _plain if settings.decoder is VolumeDecoder.hierarchical else _cells
    values.view(-1)[places] = kind(shape, points, settings, counter)
    return values


def _corner(box: Box, device: torch.device) -> Tensor:
    return torch.tensor(box.low, dtype=torch.float32, device=device)


def _cell(box: Box, resolution: int, device: torch.device) -> Tensor:
    return torch.tensor(box.size, dtype=torch.float32, device=device) / resolution


def surface_mask(values: Tensor, mc_level: float = 0.0) -> Tensor:
    """Mark grid points whose sign differs from a neighbour's; points never evaluated count for nobody."""
    raised = values + mc_level
    known = raised > KNOWN
    signs = raised.sign()
    marked = torch.zeros_like(known)
    for axis in range(3):
        count = values.shape[axis] - 1
        low, high = (mask.narrow(axis, 0, count) for mask in (signs, known))
        low_next, high_next = (mask.narrow(axis, 1, count) for mask in (signs, known))
        differs = (low != low_next) & high & high_next
        marked.narrow(axis, 0, count).logical_or_(differs)
        marked.narrow(axis, 1, count).logical_or_(differs)
    return marked


def dilated(mask: Tensor, times: int = 1) -> Tensor:
    """Grow a mask by one point in all directions, diagonals too, `times` times."""
    for _ in range(times):
        mask = mask.clone()
        for axis in range(3):
            count = mask.shape[axis] - 1
            before = mask.clone()
            mask.narrow(axis, 0, count).logical_or_(before.narrow(axis, 1, count))
            mask.narrow(axis, 1, count).logical_or_(before.narrow(axis, 0, count))
    return mask


def refined_points(values: Tensor, finer: int, mc_level: float, *, last: bool) -> Tensor:
    """Mark the points of the grid of `finer` cells that are near the surface of a grid half as fine."""
    near = surface_mask(values, mc_level) | (values.abs() < NEAR)
    if not last:
        near = dilated(near)
    marked = torch.zeros((finer + 1,) * 3, dtype=torch.bool, device=values.device)
    end = 2 * values.shape[0] - 1
    marked[:end:2, :end:2, :end:2] = near
    return dilated(marked, 2 if last else 1)


def _axes(resolution: int, box: Box, device: torch.device) -> list[Tensor]:
    return [
        torch.from_numpy(np.linspace(low, high, resolution + 1, dtype=np.float32)).to(device)
        for low, high in zip(box.low, box.high, strict=True)
    ]


def _dense(shape: LatentField, resolution: int, settings: VolumeSettings, counter: _Counter) -> Tensor:
    x, y, z = _axes(resolution, settings.box, shape.device)
    side = resolution + 1
    counter.expect(side**3)
    values = torch.empty(side**3, device=shape.device)
    planes = max(POINTS_OF_SLAB // side**2, 1)
    done = 0
    for slab in x.split(planes):
        points = torch.stack(torch.meshgrid(slab, y, z, indexing="ij"), dim=-1).view(-1, 3)
        for chunk in points.split(settings.num_chunks):
            values[done : done + len(chunk)] = shape.values(chunk)
            done += len(chunk)
            counter.add(len(chunk))
    return values.view(side, side, side)


def _plain(shape: LatentField, points: Tensor, settings: VolumeSettings, counter: _Counter) -> Tensor:
    parts: list[Tensor] = []
    for chunk in points.split(settings.num_chunks):
        parts.append(shape.values(chunk))
        counter.add(len(chunk))
    return torch.cat(parts)


def _blocks(shape: LatentField, resolution: int, settings: VolumeSettings, counter: _Counter) -> Tensor:
    """The coarsest grid of FlashVDM: 4×4×4 blocks that each attend to their own latents."""
    side = resolution + 1
    inner = side // COARSE_BLOCKS
    grid = torch.stack(torch.meshgrid(*_axes(resolution, settings.box, shape.device), indexing="ij"), dim=-1)
    split = grid.view(COARSE_BLOCKS, inner, COARSE_BLOCKS, inner, COARSE_BLOCKS, inner, 3)
    points = split.permute(0, 2, 4, 1, 3, 5, 6).reshape(-1, 3)
    counter.expect(len(points))
    regions = Regions.of_equal_size(COARSE_BLOCKS**3, inner**3, shape.device)
    keys = select_top(shape, points, regions, COARSE_STRIDE)
    values = _in_regions(shape, points, (regions, keys), settings, counter)
    blocks = values.view(COARSE_BLOCKS, COARSE_BLOCKS, COARSE_BLOCKS, inner, inner, inner)
    return blocks.permute(0, 3, 1, 4, 2, 5).reshape(side, side, side)


def _cells(shape: LatentField, points: Tensor, settings: VolumeSettings, counter: _Counter) -> Tensor:
    """A finer grid of FlashVDM: points binned in 6×6×6 cells that each attend to their own latents."""
    low, high = points.amin(dim=0), points.amax(dim=0)
    spread = torch.where(high > low, high - low, 1.0)
    place = ((points - low) / spread * (FINE_BLOCKS - 0.001)).floor().long()
    number = (place[:, 0] * FINE_BLOCKS + place[:, 1]) * FINE_BLOCKS + place[:, 2]
    order = number.argsort(stable=True)
    counts = number.bincount(minlength=FINE_BLOCKS**3)
    regions = Regions.of_sizes(counts[counts > 0])
    ordered = points[order]
    if settings.decoder is VolumeDecoder.flash_merge:
        keys = select_merged(shape, ordered, regions, MERGE_STRIDE)
    else:
        keys = select_top(shape, ordered, regions, MEAN_STRIDE)
    values = torch.empty(len(points), device=shape.device)
    values[order] = _in_regions(shape, ordered, (regions, keys), settings, counter)
    return values


def _in_regions(
    shape: LatentField,
    points: Tensor,
    chosen: tuple[Regions, KeySelection],
    settings: VolumeSettings,
    counter: _Counter,
) -> Tensor:
    """Evaluate points, sorted by region, over each region's keys.

    Only the attention is done in tiles of one width, many at once; the rest needs no padding.
    """
    regions, keys = chosen
    width = regions.tile_width(settings.num_chunks)
    tiles = regions.tiles(width)
    together = max(settings.num_chunks // width, 1)
    values = torch.empty(len(points), device=shape.device)
    tile = torch.repeat_interleave(tiles.count, output_size=len(points))
    slots = torch.arange(len(points), device=shape.device) - tiles.start[tile] + tile * width
    offsets = torch.arange(width, device=shape.device)
    ends = [*(tiles.start + tiles.count)[together - 1 :: together].tolist(), len(points)]
    first = 0
    for part in range(0, len(tiles.region), together):
        some = slice(part, part + together)
        last = ends[part // together]
        given = points[first : first - (first - last) // ROUND * ROUND]
        embedded, queries = shape.asked(given)
        start, count = tiles.start[some, None] - first, tiles.count[some, None]
        tiled = queries[start + offsets.minimum(count - 1)].transpose(1, 2)
        latents = keys.of(tiles.region[some])
        mixed = attend(tiled, latents.keys, latents.values, latents.bias).transpose(1, 2)
        own = slots[first : first + len(given)] - part * width
        answers = shape.answered(embedded, mixed.flatten(0, 1)[own.clamp_(max=mixed.shape[0] * width - 1)])
        values[first:last] = answers[: last - first]
        counter.add(last - first)
        first = last
    return values
