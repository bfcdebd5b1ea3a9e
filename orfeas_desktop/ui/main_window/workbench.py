"""The workbench: tools, doctor and recipes beside the chosen version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from orfeas_desktop.engine.tools import group_of, in_groups
from orfeas_desktop.register import Table
from orfeas_desktop.ui.main_window.change_facts import change_facts
from orfeas_desktop.ui.main_window.cookery import Cookery
from orfeas_desktop.ui.main_window.engine_offers import amount_of
from orfeas_desktop.ui.panels.tool_list import ToolChoice, tool_words
from orfeas_desktop.ui.panels.tool_panel import OtherChoice
from orfeas_desktop.ui.panels.top_bar import Workspace
from orfeas_desktop.ui.state.workshop_desk import WorkshopDesk

if TYPE_CHECKING:
    from orfeas_desktop.engine.jobs.context import WorkEntry
    from orfeas_desktop.params import PlainParams
    from orfeas_desktop.projects.records import Version
    from orfeas_desktop.recipes import RecipeShelf
    from orfeas_desktop.requests import JobFailed
    from orfeas_desktop.settings import Settings
    from orfeas_desktop.ui.main_window.telling import Telling
    from orfeas_desktop.ui.main_window.window import MainWindow
    from orfeas_desktop.ui.state.diagnosis import Diagnosis
    from orfeas_desktop.ui.state.session import Chosen, Session
    from orfeas_desktop.ui.state.tool_wish import ToolWish

_LOOKS = ("analyse", "print-check")
"""Tools that look and change nothing: the doctor tells what they found."""
_PROMISES = ("print", "print-stl")
"""Exporters that refuse what cannot be printed."""
_OTHERS = 30


class Workbench(QObject):
    """Connects the panels for editing with the session."""

    def __init__(self, window: MainWindow, session: Session, telling: Telling, shelf: RecipeShelf) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._tools: dict[str, WorkEntry] = {tool.id: tool for tool in in_groups()}
        self._busy = False
        self.desk = WorkshopDesk(session.store, session.desk, session.library, self)
        self.cookery = Cookery(window, session, self.desk, shelf)
        inspector, tools, doctor = window.inspector, window.inspector.tools, window.inspector.doctor
        window.top.workspace_wanted.connect(self._turn_to)
        inspector.turned.connect(self._follow_tab)
        tools.run_wanted.connect(self._run)
        tools.changed.connect(self.renew)
        tools.tool_shown.connect(lambda _tool: self._show_tool())
        doctor.examine_wanted.connect(self._examine)
        doctor.places_wanted.connect(self._mark)
        doctor.tool_wanted.connect(self._open_tool)
        doctor.map_wanted.connect(self._show_map)
        self.desk.map_ready.connect(session.display_ready.emit)
        for panel in (tools, inspector.recipes):
            self.desk.previewed.connect(panel.working.show_image)
        session.chosen_changed.connect(self._show_chosen)
        session.desk.failed.connect(self._explain_refusal)
        self.desk.diagnosed.connect(self._show_diagnosis)
        self.desk.examining.connect(self._show_busy)
        self.desk.refused.connect(telling.show_error)
        self.cookery.refused.connect(telling.show_error)
        session.opened.connect(self._open)

    def _open(self) -> None:
        if self._session.studio is not None:
            self.desk.open(self._session.studio)
        self.renew()

    def furnish(self, settings: Settings) -> None:
        """Offer the tools and recipes, which begin with what the settings say."""
        choices = [_choice(tool, settings.begun(tool.params)) for tool in self._tools.values()]
        self._window.inspector.tools.offer(choices)
        titles = {tool.id: tool_words(tool.title) for tool in self._tools.values()}
        self._window.inspector.doctor.know_tools(titles)
        self.cookery.furnish(settings)
        self.renew()

    def open_tools(self) -> None:
        """Turn to the tools."""
        inspector = self._window.inspector
        inspector.show_tab(inspector.tools_tab)
        inspector.tools.show_list()

    def open_doctor(self) -> None:
        """Turn to the doctor."""
        inspector = self._window.inspector
        inspector.show_tab(inspector.doctor_tab)

    def open_recipes(self) -> None:
        """Turn to the recipes."""
        inspector = self._window.inspector
        inspector.show_tab(inspector.recipes_tab)

    def renew(self) -> None:
        """Say what can be done now."""
        tools, doctor = self._window.inspector.tools, self._window.inspector.doctor
        chosen, why = self._session.chosen, self._why_not()
        doctor.say(why_not=why, busy=self._busy)
        looks = tools.tool in _LOOKS
        if not why and tools.needs_other():
            why = self.tr("Choose the other mesh first")
        if not why and not looks and not self._session.writable:
            why = self.tr("The library is open for reading only")
        target = ""
        if chosen is not None:
            words = self.tr("Looks at {name}") if looks else self.tr("Next version of {name}")
            target = words.format(name=chosen.asset.name)
        tools.say(estimate=self._estimate(tools.tool), target=target, why_not=why)
        self.cookery.renew()

    def _why_not(self) -> str:
        chosen = self._session.chosen
        if self._session.studio is None:
            return self.tr("The library is still opening")
        if chosen is None:
            return self.tr("Choose an asset first")
        return "" if "mesh" in chosen.version.files else self.tr("This version has no mesh")

    def _estimate(self, tool_id: str) -> str:
        tool = self._tools.get(tool_id)
        if tool is None or self._session.studio is None:
            return ""
        seconds = self._session.desk.usual_seconds(tool.id, tool.version)
        if not seconds:
            return self.tr("Not measured yet on this machine")
        return self.tr("About {seconds} s on this machine").format(seconds=amount_of(seconds))

    def _turn_to(self, workspace: Workspace) -> None:
        self._window.inspector.set_editing(workspace is Workspace.edit)

    def _follow_tab(self) -> None:
        editing = self._window.inspector.editing
        self._window.top.show_workspace(Workspace.edit if editing else Workspace.generate)

    def _show_chosen(self, chosen: Chosen | None) -> None:
        inspector = self._window.inspector
        found = None if chosen is None else self.desk.diagnosis_of(chosen.version.id)
        inspector.doctor.show_diagnosis(found)
        self._show_tool()
        self.renew()

    def _show_tool(self) -> None:
        """Show what the shown tool needs to know of the chosen version."""
        self._show_change()
        chosen, tools = self._session.chosen, self._window.inspector.tools
        if tools.takes_other():
            tools.offer_others(() if chosen is None else self._others(chosen))

    def _show_change(self) -> None:
        """Show before and after beside the tool that made the chosen version."""
        chosen, tools = self._session.chosen, self._window.inspector.tools
        request = None if chosen is None else chosen.version.provenance.request
        made = chosen is not None and request is not None and request.entry == tools.tool
        tools.show_change(change_facts(chosen.version.provenance) if chosen is not None and made else ())

    def _others(self, chosen: Chosen) -> tuple[OtherChoice, ...]:
        """Return the meshes of the project: other versions first, then other assets."""
        studio, project = self._session.studio, self._session.library.project
        if studio is None or project is None:
            return ()
        own = [
            OtherChoice(self.tr("Version {number}").format(number=version.number), version.files["mesh"])
            for version in chosen.versions
            if version.id != chosen.version.id and "mesh" in version.files
        ]
        assets = studio.assets(project.id, limit=_OTHERS)
        foreign = [
            OtherChoice(asset.name, asset.latest.files["mesh"])
            for asset in assets
            if asset.id != chosen.asset.id and asset.latest and "mesh" in asset.latest.files
        ]
        return (*own, *foreign)

    def _run(self, wish: ToolWish) -> None:
        chosen = self._session.chosen
        if wish.tool in _LOOKS:
            self.open_doctor()
            self._examine(wish.tool)
        elif chosen is not None:
            title = f"{chosen.asset.name} · {tool_words(self._tools[wish.tool].title)}"
            self.desk.run(wish, chosen.version.id, title)

    def _examine(self, tool: str) -> None:
        version = self._version()
        if version is not None:
            kept = self._window.inspector.tools.remembered().get(tool, {})
            self.desk.examine(tool, version, kept)

    def _version(self) -> Version | None:
        return None if self._session.chosen is None or self._why_not() else self._session.chosen.version

    def _show_busy(self, busy: bool) -> None:
        self._busy = busy
        self.renew()

    def _show_diagnosis(self, diagnosis: Diagnosis) -> None:
        chosen = self._session.chosen
        if chosen is not None and chosen.version.id == diagnosis.version_id:
            self._window.inspector.doctor.show_diagnosis(diagnosis)

    def _explain_refusal(self, event: JobFailed) -> None:
        """Let the doctor show why an export for printing was refused."""
        row, version = self._session.desk.list.job(event.job_id), self._version()
        if row is None or version is None or event.error.exit_code != 2:
            return
        request = row.job.request
        if request.table is Table.exporters and request.entry in _PROMISES:
            known = self._tools["print-check"].params.model_fields
            params = {name: value for name, value in request.params.items() if name in known}
            self.open_doctor()
            self.desk.examine("print-check", version, params)

    def _mark(self, fault: str) -> None:
        chosen = self._session.chosen
        found = None if chosen is None else self.desk.diagnosis_of(chosen.version.id)
        if found is not None:
            places = found.places(fault)
            self._window.viewport.mark(places.triangles, places.points)

    def _show_map(self, name: str) -> None:
        chosen = self._session.chosen
        found = None if chosen is None else self.desk.diagnosis_of(chosen.version.id)
        if chosen is not None and found is not None and name in found.maps:
            self.desk.show_map(found.maps[name])
        elif chosen is not None:
            self._session.choose_version(chosen.version.id)

    def _open_tool(self, tool: str) -> None:
        inspector = self._window.inspector
        inspector.show_tab(inspector.tools_tab)
        inspector.tools.show_tool(tool)


def _choice(tool: WorkEntry, begun: PlainParams) -> ToolChoice:
    other = tool.input("other")
    return ToolChoice(
        tool.id,
        tool.title,
        tool.summary,
        group_of(tool.id),
        tool.params,
        takes_other=other is not None,
        other_required=other is not None and other.required,
        begun=begun,
    )
