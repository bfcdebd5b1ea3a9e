"""The composition root: builds one of each and hands them on."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING

from orfeas_desktop import __version__
from orfeas_desktop.display import has_display
from orfeas_desktop.errors import NoDisplay, OrfeasError
from orfeas_desktop.log import set_up_log, write_crash_report
from orfeas_desktop.paths import Paths

if TYPE_CHECKING:
    from orfeas_desktop.engine.worker.options import EngineOptions
    from orfeas_desktop.settings import Settings
    from orfeas_desktop.studio import BackendNeeds, Studio


def open_studio(paths: Paths, settings: Settings) -> Studio:
    """Open the library and an engine that works for it. Raises what `ProjectStore.open` raises."""
    from orfeas_desktop.engine.service import Engine
    from orfeas_desktop.engine.weights.licences import Licences
    from orfeas_desktop.engine.weights.store import WeightStore
    from orfeas_desktop.projects.store import ProjectStore
    from orfeas_desktop.studio import BackendNeeds, Studio

    needs = BackendNeeds(WeightStore.of(paths), Licences(paths.licences_file))
    store = ProjectStore.open(paths.library)
    engine = Engine(
        results=store,
        blobs=store,
        times=store,
        staging=paths.staging if store.writable else paths.scratch / "staging",
        scratch=paths.scratch,
        options=_options(settings, needs),
    )
    return Studio(settings=settings, store=store, engine=engine, needs=needs)


def _options(settings: Settings, needs: BackendNeeds) -> EngineOptions:
    from orfeas_desktop.engine.worker.options import EngineOptions

    chosen = settings.engine
    options = EngineOptions(
        cancel_grace_s=chosen.cancel_grace_s, silence_s=chosen.silence_s, weights_digest=needs.digest
    )
    return replace(options, threads=chosen.threads) if chosen.threads else options


def run(words: Sequence[str]) -> int:
    """Open the window when there are no words, else run the command; return the exit status."""
    paths = Paths.of()
    set_up_log(paths.log_file)
    sys.excepthook = partial(_tell_crash, paths, "--json" in words)
    if words:
        return _command(paths, words)
    return _window(paths)


def _command(paths: Paths, words: Sequence[str]) -> int:
    from orfeas_desktop import cli, manual
    from orfeas_desktop.settings import load_settings

    pages = partial(_manual_pages, manual.manual_pages)
    doors = cli.Doors(
        paths=paths,
        load_settings=partial(load_settings, paths.settings_file),
        open_studio=partial(open_studio, paths),
        manual=cli.ManualDoor(
            stale=lambda: manual.stale_pages(pages()), write=lambda: manual.write_pages(pages())
        ),
    )
    return cli.main(words, doors)


def _manual_pages(pages: Callable[..., dict[str, str]]) -> dict[str, str]:
    from orfeas_desktop.cli import command_pages

    return pages([(page.words, page.summary, page.example, page.parameters) for page in command_pages()])


def _window(paths: Paths) -> int:
    try:
        if not has_display(os.environ):
            raise NoDisplay
        return start_window(paths)
    except OrfeasError as error:
        sys.stderr.write(f"error: {error.say()}\n{error.advise()}\n")
        return error.exit_code


def start_window(paths: Paths) -> int:
    """Load the window and run it until it is closed. Raises BadParams for a setting of the environment."""
    gc.disable()  # the window sees to it on its own thread, once it has been painted
    from orfeas_desktop.settings import load_settings
    from orfeas_desktop.ui.start import start

    settings = load_settings(paths.settings_file)
    return start(paths, settings, partial(open_studio, paths, settings))


def _tell_crash(
    paths: Paths, as_json: bool, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    del kind
    report = write_crash_report(paths.crashes, error.with_traceback(trace), version=__version__)
    place = f"a report lies in {report}" if report else "no report could be written"
    sys.stderr.write(f"error: this program has a bug ({type(error).__name__}: {error}); {place}\n")
    if as_json:
        sys.stdout.write(
            '{"error": {"code": "bug", "message": "This program has a bug.", "remedy": "", "details": ""}}\n'
        )
