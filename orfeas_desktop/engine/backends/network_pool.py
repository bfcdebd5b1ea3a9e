"""NetworkPool: which engines' networks stay loaded between jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch


class Networks(Protocol):
    """What an engine holds loaded."""

    @property
    def held_bytes(self) -> int:
        """How much memory that takes."""
        ...

    def unload(self) -> None:
        """Let every network go."""
        ...


N = TypeVar("N", bound=Networks)


@dataclass(frozen=True)
class _Kept:
    made_from: object
    device: torch.device
    networks: Networks


class NetworkPool:
    """Answers for loaded networks: the latest used stays longest, all within the memory there is."""

    def __init__(self, most: int = 4) -> None:
        """`most`: how many engines' networks may be kept at once."""
        self._most = most
        self._kept: dict[str, _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, entry: str) -> bool:
        return entry in self._kept

    def networks(self, entry: str, made_from: object, device: torch.device, make: Callable[[], N]) -> N:
        """Return the entry's networks: those kept from before when `made_from` is the same, else new ones."""
        kept = self._kept.pop(entry, None)
        if kept is not None and kept.made_from != made_from:
            kept.networks.unload()
            kept = None
        kept = kept or _Kept(made_from, device, make())
        self._kept[entry] = kept
        while len(self._kept) > self._most:
            self.drop(next(iter(self._kept)))
        return cast("N", kept.networks)

    def held_bytes(self, but: str = "") -> int:
        """What all kept networks take, without those of the entry `but`."""
        return sum(kept.networks.held_bytes for entry, kept in self._kept.items() if entry != but)

    def make_room(self, entry: str, needed: int, device: torch.device, budget: int = 0) -> int | None:
        """Let the others go, the longest unused first, until the entry could have `needed` bytes.

        `budget`: how many bytes all kept networks may take together; 0 is what the device has. Returns what the
        entry can have now, what it already holds counted in; None where nothing limits it.
        """
        room = self._room(entry, device, budget)
        for other in [name for name in self._kept if name != entry]:
            if room is None or room >= needed:
                break
            self.drop(other)
            room = self._room(entry, device, budget)
        return room

    def _room(self, entry: str, device: torch.device, budget: int) -> int | None:
        from orfeas_desktop.engine.networks.memory_profile import free_bytes

        own = self._kept[entry].networks.held_bytes if entry in self._kept else 0
        free = free_bytes(device)
        limits = [] if free is None else [free + own]
        if budget:
            limits.append(budget - self.held_bytes(but=entry))
        return min(limits, default=None)

    def drop(self, entry: str) -> None:
        """Let that entry's networks go."""
        kept = self._kept.pop(entry, None)
        if kept is not None:
            kept.networks.unload()

    def clear(self) -> None:
        """Let all networks go."""
        for entry in list(self._kept):
            self.drop(entry)
