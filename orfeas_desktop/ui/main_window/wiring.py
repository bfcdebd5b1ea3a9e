"""Wiring: what panels want goes to the session, what the session says goes to the panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from orfeas_desktop.actions import Need
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.backends.base import Task
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.requests import JobState
from orfeas_desktop.ui.dialogs.error_box import translated
from orfeas_desktop.ui.main_window.engine_offers import (
    amount_of,
    engine_choices,
    place_of,
    why_unavailable,
)
from orfeas_desktop.ui.main_window.provenance import fact_groups, version_lines
from orfeas_desktop.ui.signals import Paced
from orfeas_desktop.ui.state.draft import Draft

if TYPE_CHECKING:
    from orfeas_desktop.engine.backends.base import Backend
    from orfeas_desktop.projects.records import Project
    from orfeas_desktop.ui.main_window.window import MainWindow
    from orfeas_desktop.ui.main_window.words_wiring import WordsWiring
    from orfeas_desktop.ui.state.session import Chosen, DisplayFiles, Session


_RENEW_MS = 50
"""How long what is said of the next run may be out of date while thousands of jobs end at once."""


class Wiring(QObject):
    """Connects window and session, and keeps what can be done up to date."""

    def __init__(self, window: MainWindow, session: Session, words: WordsWiring) -> None:
        super().__init__(window)
        self.window = window
        self.session = session
        self.words = words
        self.backends: dict[str, Backend] = {
            backend.id: backend for backend in BACKENDS if backend.task is Task.image_to_mesh
        }
        self._connect_library()
        self._connect_inspector()
        self._connect_jobs()
        self._connect_view()
        self.show_engines()
        self.renew()

    # What can be done now

    def renew(self) -> None:
        """Tell every button, menu and line what can be done now."""
        self._meet()
        self._say_generate()
        self.words.renew(self.window.commands.why_not("generate", Need.picture), self._engine())
        library = self.session.library
        empty = self.session.studio is not None and library.model.total() == 0 and not library.text
        idle = (
            not self.session.desk.list.count(JobState.running) and self.session.drafting.draft.front is None
        )
        showing = self.session.chosen is not None
        self.window.welcome.setVisible(empty and idle and not showing and not library.in_bin)
        if self.window.welcome.isVisible():
            self.window.viewport.message.hide()
        elif not showing and self.window.viewport.is_ready:
            self.window.viewport.message.say(self._what_next(empty=empty))

    def _meet(self) -> None:
        self.window.commands.meet(self._met())

    def _what_next(self, *, empty: bool) -> str:
        if self.session.drafting.draft.front is not None:
            return self.tr("Generate makes a mesh of the picture")
        return (
            self.tr("Your first mesh appears here")
            if empty
            else self.tr("Choose an asset, or drop a picture or a mesh")
        )

    def _renew_after(self, happening: object) -> None:
        del happening
        self.renew()

    def _met(self) -> frozenset[Need]:
        session, library, jobs = self.session, self.session.library, self.session.desk.list
        picked = () if library.in_bin else self.window.browser.grid.chosen()
        running, waiting = jobs.count(JobState.running), jobs.count(JobState.waiting) + jobs.to_come
        facts = {
            Need.library: session.studio is not None,
            Need.writable: session.writable,
            Need.project: library.project is not None,
            Need.picture: self.words.ready if self.words.shown else session.drafting.draft.front is not None,
            Need.asset: bool(picked),
            Need.version: session.chosen is not None,
            Need.meshes: session.chosen is not None or len(picked) > 1,
            Need.bin: library.in_bin and library.model.total() > 0,
            Need.running: running > 0,
            Need.waiting: waiting > 0,
            Need.jobs: running + waiting > 0,
            Need.undo: library.undo.canUndo(),
            Need.redo: library.undo.canRedo(),
            Need.view_3d: self.window.viewport.is_ready,
        }
        return frozenset(need for need, met in facts.items() if met)

    def _engine(self) -> Backend | None:
        return self.backends.get(self.window.inspector.generate.engine_id())

    def why_no_generation(self) -> str:
        """Return why Generate cannot start, or nothing."""
        why = self.window.commands.why_not("generate", Need.picture)
        draft = self.session.drafting.draft
        if why:
            return why
        if draft.front is None:
            return self.tr("Choose a picture first")
        if draft.doubtful:
            return self.tr("Look at the mask first")
        return self.why_no_engine()

    def why_no_engine(self) -> str:
        """Return why the chosen engine cannot run, or nothing."""
        backend = self._engine()
        if backend is None:
            return self.tr("No engine can run on this machine")
        return why_unavailable(self.session, backend)

    def _say_generate(self) -> None:
        panel, draft = self.window.inspector.generate, self.session.drafting.draft
        target = ""
        if draft.front is not None:
            words = (
                self.tr("Next version of {name}")
                if self.session.drafting.joins
                else self.tr("New asset: {name}")
            )
            target = words.format(name=draft.name)
        panel.say(estimate=self._estimate(), target=target, why_not=self.why_no_generation())

    def _estimate(self) -> str:
        backend = self._engine()
        if backend is None:
            return ""
        where = place_of(backend)
        usual = self.session.desk.usual_seconds(backend.id, backend.version)
        if not usual:
            return self.tr("{where} · not measured yet on this machine").format(where=where)
        return self.tr("{where} · about {seconds} s on this machine").format(
            where=where, seconds=amount_of(usual)
        )

    # Library

    def _connect_library(self) -> None:
        browser, library, session = self.window.browser, self.session.library, self.session
        browser.assets_chosen.connect(self._choose)
        browser.opened.connect(lambda _asset_id: self.window.viewport.frame())
        browser.rename_wanted.connect(lambda wanted: library.rename_asset(*wanted))
        browser.search_changed.connect(library.search)
        browser.restore_wanted.connect(library.restore_assets)
        library.projects_changed.connect(lambda _projects: self._show_projects())
        library.project_opened.connect(self._open_first)
        library.bin_shown.connect(self._show_bin)
        library.refreshed.connect(browser.refresh)
        library.refreshed.connect(self._keep_choice)
        library.refreshed.connect(self.renew)
        library.undo.indexChanged.connect(self._renew_after)
        session.opened.connect(self._show_opened)
        session.chosen_changed.connect(self._show_chosen)
        self.window.top.project_chosen.connect(library.open_project)

    def _choose(self, ids: tuple[int, ...]) -> None:
        library, chosen = self.session.library, self.session.chosen
        filtered_out = not ids and chosen is not None and library.model.row_of(chosen.asset.id) is None
        if not library.in_bin and len(ids) < 2 and not filtered_out:
            self.session.choose(ids[0] if ids else None)
        self.renew()

    def _keep_choice(self) -> None:
        chosen, grid = self.session.chosen, self.window.browser.grid
        if chosen is not None and not self.session.library.in_bin and len(grid.chosen()) < 2:
            grid.choose(chosen.asset.id)

    def _show_projects(self) -> None:
        library = self.session.library
        self.window.top.show_projects(library.projects, library.project.id if library.project else None)
        name = library.project.name if library.project else ""
        self.window.setWindowTitle(f"{name} – Orfeas Desktop" if name else "Orfeas Desktop")
        self.renew()

    def _open_first(self, project: Project | None) -> None:
        self._show_projects()
        first = self.session.library.model.asset_at(self.session.library.model.index(0))
        if project is not None and first is not None:
            self.session.choose(first.id)

    def _show_bin(self, shown: bool) -> None:
        self.window.browser.show_bin(shown)
        self.window.commands.check("show-bin", shown)
        self.renew()

    def _show_opened(self) -> None:
        refusal = self.session.studio.refusal if self.session.studio is not None else None
        if refusal is not None:
            self.window.status.show_library_state(refusal.say(translated), refusal.advise(translated))
        self.show_engines()
        self.renew()

    def _show_chosen(self, chosen: Chosen | None) -> None:
        details = self.window.inspector.details
        if chosen is None:
            details.show_nothing()
            self.window.browser.grid.clearSelection()
            self.window.viewport.clear()
        else:
            self.window.browser.grid.choose(chosen.asset.id)
            self.window.viewport.expect()
            request = chosen.version.provenance.request
            again = request is not None and request.entry in self.backends
            details.show_version(
                chosen.asset.name,
                version_lines(chosen.versions),
                chosen.version.id,
                fact_groups(chosen.version),
                again=again,
            )
        self.renew()

    # Inspector

    def _connect_inspector(self) -> None:
        images, panel, drafting = (
            self.window.inspector.images,
            self.window.inspector.generate,
            self.session.drafting,
        )
        images.picture_given.connect(lambda given: drafting.take_file(*given))
        images.image_given.connect(lambda given: drafting.take_image(*given))
        images.picture_removed.connect(drafting.remove)
        images.box_drawn.connect(drafting.set_box)
        images.mask_file_given.connect(drafting.give_mask)
        images.mask_reset.connect(drafting.reset_mask)
        images.mask_accepted.connect(drafting.accept_mask)
        drafting.changed.connect(self._show_draft)
        drafting.refused.connect(self._show_refusal)
        panel.generate_wanted.connect(lambda: self.window.commands.wanted.emit("generate"))
        panel.changed.connect(self.renew)
        self.window.inspector.words.changed.connect(self.renew)
        self.window.inspector.turned.connect(self.renew)
        details = self.window.inspector.details
        details.version_chosen.connect(self.session.choose_version)
        details.action_wanted.connect(self.window.commands.wanted.emit)

    def _show_draft(self, draft: Draft) -> None:
        self.window.inspector.images.show_draft(draft)
        self.renew()

    def _show_refusal(self, error: OrfeasError) -> None:
        self.window.inspector.show_picture()
        self.window.inspector.images.show_problem(error.say(translated), error.advise(translated))

    def show_engines(self) -> None:
        """Offer the backends; those that cannot run here with their reason."""
        choices = engine_choices(self.session, self.backends.values(), frozenset({"box"}))
        panel = self.window.inspector.generate
        panel.offer(choices, panel.engine_id())
        self.words.show_engines()

    def generate(self) -> None:
        """Start a generation from the draft, or from words where they are seen, if it can."""
        if self.words.shown:
            self.words.build()
            return
        why = self.why_no_generation()
        if why:
            self.window.toasts.show(why)
            return
        panel = self.window.inspector.generate
        self.session.generate(self.backends[panel.engine_id()], panel.values(), panel.seed_value())

    def make_again(self) -> None:
        """Fill the form with the recipe of the chosen version."""
        request = self.session.chosen.version.provenance.request if self.session.chosen else None
        if request is not None:
            self.window.inspector.show_picture()
            self.window.inspector.generate.show_recipe(request.entry, request.params, request.seed)

    # Jobs

    def _connect_jobs(self) -> None:
        panel, desk = self.window.jobs, self.session.desk
        panel.cancel_wanted.connect(desk.cancel)
        panel.forget_wanted.connect(desk.list.forget)
        panel.retry_wanted.connect(desk.retry)
        panel.move_wanted.connect(lambda move: desk.move(*move))
        desk.finished.connect(self._renew_after)
        desk.list.counts_changed.connect(self._meet)
        desk.list.counts_changed.connect(Paced(self.renew, _RENEW_MS, self).ask)

    # 3D view

    def _connect_view(self) -> None:
        viewport, session = self.window.viewport, self.session
        session.display_ready.connect(self._show_display)
        session.display_failed.connect(lambda error: viewport.refuse(error.say(translated)))
        session.preview_ready.connect(viewport.show_preview)
        viewport.ready.connect(self._show_ready)
        viewport.failed.connect(self._renew_after)
        viewport.mode_changed.connect(self._renew_after)
        viewport.screenshot_wanted.connect(lambda: self.window.commands.wanted.emit("screenshot"))

    def _show_ready(self) -> None:
        if self.session.chosen is not None:
            self.window.viewport.expect()
        self.renew()

    def _show_display(self, files: DisplayFiles) -> None:
        self.window.viewport.show_display(
            files.manifest, files.arrays, closed=files.closed, keep_camera=files.again
        )
