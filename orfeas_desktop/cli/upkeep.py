"""orfeas manual: whether the reference pages are up to date."""

from __future__ import annotations

from typing import Annotated

import typer

from orfeas_desktop.cli.doors import call_of
from orfeas_desktop.cli.screen import Json, WrongWords


def manual(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Fail when a page is not what it would be.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Write the pages.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Check or write the reference pages of the manual."""
    del as_json
    if check == write:
        raise WrongWords("Either --check or --write is needed.")
    call = call_of(context)
    pages: list[Json]
    if write:
        pages = [str(path) for path in call.doors.manual.write()]
        call.screen.give({"written": pages}, "\n".join(map(str, pages)))
        return 0
    pages = list(call.doors.manual.stale())
    words = "\n".join(f"stale: {page}" for page in pages)
    call.screen.give({"stale": pages}, words or "up to date")
    return 1 if pages else 0
