"""Exporting: what is chosen goes out in one format or through a preset, alone or with others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Signal

from orfeas_desktop.engine.exporters import EXPORTERS
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.names import distinct, file_stem
from orfeas_desktop.presets import Preset, PresetExport, PresetShelf
from orfeas_desktop.recipes import RecipeShelf
from orfeas_desktop.register import Table
from orfeas_desktop.studio.chains import recipe_params
from orfeas_desktop.ui.dialogs.error_box import translated
from orfeas_desktop.ui.dialogs.export_dialog import ExportChoice, ExportDialog, PresetChoice
from orfeas_desktop.ui.forms.form import Form
from orfeas_desktop.ui.main_window.provenance import recipe_facts
from orfeas_desktop.ui.state.delivery import Delivered, Delivery, Parcel
from orfeas_desktop.ui.state.window_state import LastExport

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog

    from orfeas_desktop.params import PlainParams
    from orfeas_desktop.paths import Paths
    from orfeas_desktop.projects.records import Asset, Version
    from orfeas_desktop.settings import Settings
    from orfeas_desktop.ui.main_window.telling import Telling
    from orfeas_desktop.ui.main_window.window import MainWindow
    from orfeas_desktop.ui.state.session import Session

    Standing = list[tuple[Asset, Version]]

_RECIPE = "recipe"


class Exporting(QObject):
    """Asks how to export, does it, and does the last one again."""

    changed = Signal()
    """What the last export was is not what it was."""

    def __init__(
        self,
        window: MainWindow,
        session: Session,
        telling: Telling,
        paths: Paths,
        open_dialog: Callable[[QDialog], None],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._telling = telling
        self._presets = PresetShelf(paths.presets)
        self._recipes = RecipeShelf(paths.recipes)
        self._open = open_dialog
        self._deliveries: set[str] = set()
        self.last: LastExport | None = None

    @property
    def busy(self) -> bool:
        """Whether something is on its way out; unlike other work it does not go on at the next start."""
        alone = (row for row in self._session.desk.list.rows() if row.job.request.table is Table.exporters)
        return self._session.studio is not None and (
            bool(self._deliveries) or any(not row.ended for row in alone)
        )

    def ask(self) -> None:
        """Open the export dialog."""
        studio, standing = self._session.studio, self._standing()
        if studio is None or not standing:
            self._window.toasts.show(self.tr("Nothing that is chosen has a mesh"))
            return
        several = len(standing) > 1
        dialog = ExportDialog(
            tuple(EXPORTERS),
            self.tr("{count} assets").format(count=len(standing)) if several else standing[0][0].name,
            last=ExportChoice(**dict(self.last)) if self.last else None,
            form_of=lambda exporter: Form(
                exporter.params, studio.settings.begun(exporter.params), skip={_RECIPE}
            ),
            presets=self._offered(studio.settings),
            several=several,
            parent=self._window,
        )
        dialog.chosen.connect(partial(self._take, standing))
        self._open(dialog)

    def again(self) -> None:
        """Export as last time into the same folder, under the names of what is chosen now."""
        standing, last = self._standing(), self.last
        if not standing or last is None:
            self.ask()
            return
        choice = ExportChoice(**dict(last))
        if choice.into_folder or len(standing) > 1:
            self._deliver(choice, standing)
            return
        suffix = EXPORTERS[last.exporter].suffix
        self._session.export(
            last.exporter, last.params, last.target.with_name(file_stem(standing[0][0].name) + suffix)
        )

    def _take(self, standing: Standing, choice: ExportChoice) -> None:
        self.last = LastExport.model_validate(asdict(choice))
        self.changed.emit()
        if choice.into_folder:
            self._deliver(choice, standing)
        else:
            self._session.export(choice.exporter, choice.params, choice.target)

    def _standing(self) -> Standing:
        """Return what goes out: the newest versions of what is selected, else the version that is shown."""
        studio, chosen = self._session.studio, self._session.chosen
        picked = self._window.browser.grid.chosen()
        if studio is not None and len(picked) > 1:
            assets = [studio.asset(asset_id) for asset_id in picked]
            found = [(asset, asset.latest) for asset in assets]
        else:
            found = [(chosen.asset, chosen.version)] if chosen is not None else []
        return [
            (asset, version) for asset, version in found if version is not None and "mesh" in version.files
        ]

    def _deliver(self, choice: ExportChoice, standing: Standing) -> None:
        studio = self._session.studio
        if studio is None:
            return
        try:
            preset, steps = self._read(choice, studio.settings)
        except OrfeasError as error:
            self._telling.show_error(error)
            return
        names = distinct([file_stem(asset.name) for asset, _ in standing], "-")
        parcels = tuple(
            Parcel(version.id, name, None if _made_by(steps, version) else steps)
            for name, (_, version) in zip(names, standing, strict=True)
        )
        ask = repr((choice, parcels))
        if not self._session.desk.begin(ask):
            return
        delivery = Delivery(self._session, preset, choice.folder, self, zipped=choice.zipped)
        self._deliveries.add(ask)
        delivery.ended.connect(lambda _: self._deliveries.discard(ask))
        delivery.ended.connect(lambda _: self._session.desk.end(ask))
        delivery.ended.connect(self._tell)
        delivery.start(parcels)

    def _read(self, choice: ExportChoice, settings: Settings) -> tuple[Preset, PlainParams | None]:
        """Return what to do. Raises UnknownEntry and BadParams for what a preset names."""
        if not choice.preset:
            only = PresetExport(to=choice.exporter, params=choice.params)
            return Preset(title=choice.exporter, exports=(only,)), None
        preset = self._presets.get(choice.preset).document.named()
        for part in preset.exports:
            EXPORTERS[part.to].params.check(part.to, part.params)
        if not preset.recipe:
            return preset, None
        return preset, recipe_params(self._recipes.get(preset.recipe).document.steps, settings)

    def _offered(self, settings: Settings) -> tuple[PresetChoice, ...]:
        return tuple(self._offer(known.id, known.document, settings) for known in self._presets.all())

    def _offer(self, preset_id: str, preset: Preset, settings: Settings) -> PresetChoice:
        why_not, lines = "", list[tuple[str, str]]()
        try:
            if preset.recipe:
                steps = self._recipes.get(preset.recipe).document.steps
                lines += [(fact.name, fact.value) for fact in recipe_facts(steps, settings)]
            formats = [EXPORTERS[part.to].title for part in preset.exports]
            told = ", ".join(QCoreApplication.translate("Exporters", title) for title in formats)
            lines.append((self.tr("Then writes") if lines else self.tr("Writes"), told))
        except OrfeasError as error:
            why_not = error.say(translated)
        if preset.recipe and not self._session.writable:
            why_not = self.tr("The library is open for reading only")
        title, summary = (
            QCoreApplication.translate("Presets", words) for words in (preset.title, preset.summary)
        )
        return PresetChoice(preset_id, title, summary, tuple(lines), why_not)

    def _tell(self, delivered: Delivered) -> None:
        done, every = delivered.done, delivered.done + delivered.failed
        error = delivered.error
        if error is not None and every == 1:
            self._telling.show_error(error)
        elif done or every > 1:
            words = self.tr("Exported to {folder}") if every == 1 else self.tr("{count} assets exported")
            if delivered.failed:
                words = self.tr("{done} of {count} assets exported, {failed} failed")
            said = words.format(folder=delivered.folder.name, count=every, done=done, failed=delivered.failed)
            alone = delivered.reports[0] if len(delivered.reports) == 1 else None
            action = self._telling.way_to(delivered.folder, alone)
            if error is not None:
                action = (self.tr("Show why"), lambda: self._telling.show_error(error))
            self._window.toasts.show(said, action)


def _made_by(steps: PlainParams | None, version: Version) -> bool:
    """Return whether the version is what this recipe left: it need not run on its own result."""
    request = version.provenance.request
    return (
        steps is not None
        and request is not None
        and request.entry == "recipe"
        and all(request.params.get(name) == value for name, value in steps.items())
    )
