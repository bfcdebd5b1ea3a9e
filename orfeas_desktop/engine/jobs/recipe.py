"""recipe: what made a mesh, as it is kept in the mesh file itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

from orfeas_desktop import __version__
from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.jobs.context import Inputs
from orfeas_desktop.params import Params, Scalar
from orfeas_desktop.pictures import recipe_in
from orfeas_desktop.register import Entry

NOTICE = "notice"
"""What the licence of the weights wants to go along with the mesh."""


PICTURE = "picture"
"""What made the picture, when this program did."""


def recipe(
    entry: Entry,
    inputs: Inputs,
    params: Params,
    seed: int,
    notices: Sequence[str] = (),
    weights_digest: str = "",
) -> dict[str, Scalar]:
    """Return enough to make the result again: program, entry and version, settings, seed, digests of inputs and weights.

    `params` and `inputs` are JSON text, because what is kept beside a mesh is flat. A picture that this program
    made brings its own recipe and notice along.
    """
    digests = {slot: [file.digest for file in files] for slot, files in inputs.items()}
    pictures = [recipe_in(file.path) for files in inputs.values() for file in files if file.kind in _PICTURES]
    told = [(text, _notice(text)) for text in pictures if text]
    every = [*notices, *(notice for _, notice in told if notice)]
    said: dict[str, Scalar] = {NOTICE: "\n".join(dict.fromkeys(every))} if every else {}
    if told:
        said[PICTURE] = told[0][0]
    if weights_digest:
        said["weights"] = weights_digest
    return {
        **said,
        "program": f"Orfeas Desktop {__version__}",
        "entry": entry.id,
        "version": entry.version,
        "params": json.dumps(params.counting(), sort_keys=True),
        "seed": seed,
        "inputs": json.dumps(digests, sort_keys=True),
    }


_PICTURES = {AssetKind.picture, AssetKind.mask}


def _notice(text: str) -> str:
    try:
        said = cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return ""
    notice = cast("dict[str, object]", said).get(NOTICE) if isinstance(said, dict) else None
    return notice if isinstance(notice, str) else ""
