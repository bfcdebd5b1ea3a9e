"""recipe: what made a mesh, as it is kept in the mesh file itself."""

from __future__ import annotations

import json
from collections.abc import Sequence

from orfeas_desktop import __version__
from orfeas_desktop.engine.jobs.context import Inputs
from orfeas_desktop.params import Params, Scalar
from orfeas_desktop.register import Entry

NOTICE = "notice"
"""What the licence of the weights wants to go along with the mesh."""


def recipe(
    entry: Entry, inputs: Inputs, params: Params, seed: int, notices: Sequence[str] = ()
) -> dict[str, Scalar]:
    """Return enough to make the result again: program, entry and version, settings, seed, SHA-256 of the inputs.

    `params` and `inputs` are JSON text, because what is kept beside a mesh is flat.
    """
    digests = {slot: [file.digest for file in files] for slot, files in inputs.items()}
    said: dict[str, Scalar] = {NOTICE: "\n".join(notices)} if notices else {}
    return {
        **said,
        "program": f"Orfeas Desktop {__version__}",
        "entry": entry.id,
        "version": entry.version,
        "params": json.dumps(params.counting(), sort_keys=True),
        "seed": seed,
        "inputs": json.dumps(digests, sort_keys=True),
    }
