"""NetworkPool: which variants' networks stay loaded between jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orfeas_desktop.engine.networks.shape_pipeline import MemoryPlan, ShapePipeline
    from orfeas_desktop.engine.networks.shape_weights import ShapeWeights


class NetworkPool:
    """Answers for loaded networks: the latest used stays longest, all within the memory there is."""

    def __init__(self, most: int = 2) -> None:
        """`most`: how many variants may be kept at once."""
        self._most = most
        self._kept: dict[str, ShapePipeline] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, entry: str) -> bool:
        return entry in self._kept

    def pipeline(self, entry: str, weights: ShapeWeights, plan: MemoryPlan) -> ShapePipeline:
        """Return the entry's pipeline, the one kept from before when weights and plan are the same."""
        from orfeas_desktop.engine.networks.shape_pipeline import ShapePipeline

        kept = self._kept.pop(entry, None)
        if kept is not None and (kept.weights != weights or kept.plan != plan):
            kept.unload()
            kept = None
        pipeline = kept or ShapePipeline(weights, plan)
        self._kept[entry] = pipeline
        while len(self._kept) > self._most:
            self.drop(next(iter(self._kept)))
        return pipeline

    def make_room(self, entry: str, needed: int, free: int) -> None:
        """Let the others go, the longest unused first, until `needed` bytes are free or none is left."""
        from orfeas_desktop.engine.networks.memory_profile import free_bytes

        for other in [name for name in self._kept if name != entry]:
            if free >= needed:
                return
            device = self._kept[other].plan.device
            self.drop(other)
            free = free_bytes(device) or needed

    def drop(self, entry: str) -> None:
        """Let that entry's networks go."""
        kept = self._kept.pop(entry, None)
        if kept is not None:
            kept.unload()

    def clear(self) -> None:
        """Let all networks go."""
        for entry in list(self._kept):
            self.drop(entry)
