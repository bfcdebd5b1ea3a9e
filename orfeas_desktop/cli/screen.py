"""Screen: what is printed where; one JSON object, or words for people."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orfeas_desktop.errors import DiskFull, OrfeasError

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


class WrongWords(Exception):
    """Words of a command that do not go together; the message is the sentence to say."""


@dataclass
class Screen:
    """Answers for standard output and standard error of one command.

    With `as_json` exactly one object reaches standard output, also when the command fails.
    """

    as_json: bool = False
    warnings: list[str] = field(default_factory=list[str])
    given: bool = False
    """Whether the command's result has been printed."""

    def give(self, payload: Mapping[str, Json], words: str = "") -> None:
        """Print the command's result: the object, or the words."""
        self.given = True
        if self.as_json:
            _write_json(payload)
        elif words:
            _write(words)

    def note(self, line: str) -> None:
        """Tell people on standard error how it goes."""
        if not self.as_json:
            _complain(line)

    def explain(self, page: str) -> None:
        """Print a page for people, which ends the command, on standard error."""
        for line in page.splitlines():
            _complain(line)

    def warn(self, line: str) -> None:
        """Warn on standard error, and keep it for the result."""
        self.warnings.append(line)
        _complain(f"warning: {line}")

    def fail(self, error: Mapping[str, Json]) -> None:
        """Print why the command failed: `code`, `message`, `remedy`, `details`."""
        if self.as_json and not self.given:
            try:
                _write_json({"error": error})
            except DiskFull:
                pass  # standard error is still there
            else:
                return
        _complain(f"error: {error['message']}")
        if error["remedy"]:
            _complain(f"{error['remedy']}")


def error_object(error: OrfeasError) -> dict[str, Json]:
    """Return the error as it is printed in JSON."""
    return {"code": error.code, "message": error.say(), "remedy": error.advise(), "details": error.details}


def one_line(text: str) -> str:
    """Return `text` with control characters and broken Unicode spelt out, so that a name stays on its line."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text
    )


def rounded(seconds: Mapping[str, float]) -> dict[str, Json]:
    """Return seconds per stage to a tenth of a millisecond."""
    return {stage: round(took, 4) for stage, took in seconds.items()}


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows in columns as wide as their widest cell."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))] if rows else []
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def settle_streams() -> None:
    """Let any file name be printed in any locale, and what is printed to a closed stream go nowhere."""
    if sys.stdout is None:
        sys.stdout = io.StringIO()
    if sys.stderr is None:
        sys.stderr = io.StringIO()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _write_json(payload: Mapping[str, Json]) -> None:
    _write(json.dumps(payload, indent=2, allow_nan=False))


def _write(text: str) -> None:
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as problem:
        sys.stdout = io.StringIO()
        raise DiskFull(place="standard output", details=str(problem)) from None


def _complain(line: str) -> None:
    sys.stderr.write(one_line(line) + "\n")
    sys.stderr.flush()
