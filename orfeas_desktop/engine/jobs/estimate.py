"""Estimate: a run's stages and fractions as honest progress, weighed by this machine's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orfeas_desktop.requests import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVIDENCE = 0.05
"""The share of the whole that must have run before its pace counts."""
_SHORTEST_S = 0.001
"""A run that was shorter as a rule says nothing of the next one."""


class Estimate:
    """Answers for the progress of one run. Times are seconds on a clock that never goes back.

    usual  median seconds per stage, in the order they run; empty when the entry has never run here
    """

    def __init__(self, usual: Mapping[str, float], started: float) -> None:
        self._usual = {stage: max(seconds, 0.0) for stage, seconds in usual.items()}
        self._total = sum(self._usual.values())
        self._order = {stage: index for index, stage in enumerate(self._usual)}
        self._started = started
        self._entered = started
        self._stage = ""
        self._fraction: float | None = None
        self._spent: dict[str, float] = {}
        self._reached = 0.0

    def advance(self, stage: str, fraction: float | None, now: float) -> None:
        """Take in what the work said: the stage it is in and how far that stage is."""
        if stage != self._stage:
            self._spent[self._stage] = self._spent.get(self._stage, 0.0) + now - self._entered
            self._stage, self._entered = stage, now
        self._fraction = None if fraction is None else min(max(fraction, 0.0), 1.0)

    def progress(self, now: float) -> Progress:
        """Return how far the run is; its fraction never falls."""
        known = self._total >= _SHORTEST_S
        if known:
            share = (self._behind() + self._weight() * (self._fraction or 0.0)) / self._total
            self._reached = min(max(self._reached, share), 1.0)
        return Progress(
            stage=self._stage,
            stage_fraction=self._fraction,
            fraction=self._reached if known else None,
            seconds=now - self._started,
            seconds_left=self._left(now) if known else None,
        )

    def _weight(self) -> float:
        return self._usual.get(self._stage, 0.0)

    def _past(self, stage: str) -> bool:
        here = self._order.get(self._stage, -1)
        return stage != self._stage and (stage in self._spent or self._order[stage] < here)

    def _behind(self) -> float:
        return sum(seconds for stage, seconds in self._usual.items() if self._past(stage))

    def _left(self, now: float) -> float:
        inside = now - self._entered
        pace = self._pace(inside)
        ahead = sum(s for stage, s in self._usual.items() if stage != self._stage and not self._past(stage))
        if self._fraction is None:
            return ahead * pace + max(self._weight() * pace - inside, 0.0)
        return (ahead + self._weight() * (1.0 - self._fraction)) * pace

    def _pace(self, inside: float) -> float:
        """How much longer than usual this run takes, from the stages that it went through."""
        ran = {stage: seconds for stage, seconds in self._spent.items() if self._past_known(stage)}
        taken = sum(ran.values())
        expected = sum(self._usual[stage] for stage in ran)
        if self._fraction:
            taken += inside
            expected += self._weight() * self._fraction
        return taken / expected if expected >= _EVIDENCE * self._total else 1.0

    def _past_known(self, stage: str) -> bool:
        return stage in self._usual and stage != self._stage
