"""Sets up logging once, with the job's id in every record, and writes crash reports."""

from __future__ import annotations

import logging
import os
import platform
import sys
import traceback
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

LOGGER = "orfeas_desktop"
FORMAT = "%(asctime)s %(levelname)-7s %(process)d %(name)s %(job)s%(message)s"
MAX_BYTES = 2_000_000
BACKUPS = 3

_job: ContextVar[str] = ContextVar("job", default="")


@contextmanager
def job_in_log(job_id: str) -> Generator[None]:
    """Put the job's id into every record that is logged inside."""
    token = _job.set(job_id)
    try:
        yield
    finally:
        _job.reset(token)


class _JobFilter(logging.Filter):
    """Adds `job` to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        job_id = _job.get()
        record.job = f"[{job_id[:8]}] " if job_id else ""
        return True


def set_up_log(log_file: Path, *, level: int = logging.INFO) -> None:
    """Log to `log_file`, rotated at 2 MB; a second call changes nothing.

    Where the file cannot be written the program goes on without a log.
    """
    logger = logging.getLogger(LOGGER)
    if logger.handlers:
        return
    logger.setLevel(level)
    handler: logging.Handler
    try:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            log_file, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        handler = logging.NullHandler()
    handler.addFilter(_JobFilter())
    handler.setFormatter(logging.Formatter(FORMAT))
    logger.addHandler(handler)


def take_down_log() -> None:
    """Close the log, so that it can be set up elsewhere."""
    logger = logging.getLogger(LOGGER)
    for handler in tuple(logger.handlers):
        logger.removeHandler(handler)
        handler.close()


def write_crash_report(folder: Path, error: BaseException, *, version: str) -> Path | None:
    """Write what a developer needs to know of `error` and return the file, or None where it cannot be written."""
    now = datetime.now(UTC)
    lines = [
        f"Orfeas Desktop {version}",
        f"time      {now:%Y-%m-%d %H:%M:%S} UTC",
        f"platform  {platform.platform()}",
        f"python    {sys.version.split()[0]} ({platform.machine()})",
        "",
        *(line.rstrip("\n") for line in traceback.format_exception(error)),
        "",
    ]
    path = folder / f"crash-{now:%Y%m%d-%H%M%S-%f}-{os.getpid()}.txt"
    logging.getLogger(LOGGER).error("crash, see %s", path, exc_info=error)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines), encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    return path
