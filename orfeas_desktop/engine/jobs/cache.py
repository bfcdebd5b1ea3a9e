"""cache_key: the same request has the same key, so that its result is made once."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from orfeas_desktop.engine.jobs.checking import checked_params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orfeas_desktop.params import PlainParams, Scalar
    from orfeas_desktop.register import Entry
    from orfeas_desktop.requests import JobRequest


def cache_key(
    request: JobRequest, entry: Entry, digests: Mapping[str, tuple[str, ...]], weights_digest: str = ""
) -> str:
    """Return the SHA-256, in lower-case hex, of everything that the result of `request` depends on.

    digests  of the input files' content, by slot, in order; they stand for `request.inputs`

    Settings count as they are used: brought up to date, missing ones at their defaults, and only those
    that change the result. Raises BadParams.
    """
    said = {
        "table": request.table.value,
        "entry": entry.id,
        "version": entry.version,
        "params": _canonical(checked_params(entry, request.params, request.version).counting()),
        "inputs": {slot: list(given) for slot, given in digests.items() if given},
        "seed": request.seed,
        "weights": weights_digest,
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _canonical(params: PlainParams) -> dict[str, Scalar]:
    return {name: value + 0.0 if isinstance(value, float) else value for name, value in params.items()}
