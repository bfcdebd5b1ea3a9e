"""The first word decides: a worker, a command, or the window."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Run the program with these words, by default those it was started with; return its exit status."""
    given = sys.argv[1:] if words is None else list(words)
    os.environ.setdefault(
        "PYDANTIC_DISABLE_PLUGINS", "__all__"
    )  # this program has none; looking for them takes time
    if given[:1] == ["worker"] and len(given) == 2:
        from orfeas_desktop.engine.worker.main import main as work

        return work(given[1])
    try:
        from orfeas_desktop.app import run

        return run(given)
    except KeyboardInterrupt:
        # Ctrl-C before the command could hear it, while the program is still being loaded.
        if "--json" in given:
            sys.stdout.write(
                '{"error": {"code": "cancelled", "message": "Cancelled.", "remedy": "", "details": ""}}\n'
            )
        else:
            sys.stderr.write("error: Cancelled.\n")
        return 130


if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
