"""Cookery: recipes in the window, on what is chosen, on several assets and on folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog

from orfeas_desktop.assets import MESH_SUFFIXES
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.recipes import Recipe
from orfeas_desktop.settings import Settings
from orfeas_desktop.studio.chains import chain_of, recipe_params
from orfeas_desktop.ui.main_window.intake import opened
from orfeas_desktop.ui.main_window.provenance import recipe_facts
from orfeas_desktop.ui.panels.recipe_panel import RecipeChoice, recipe_words
from orfeas_desktop.ui.pieces.places import Place
from orfeas_desktop.ui.signals import TypedSignal, signal
from orfeas_desktop.ui.state.tool_wish import ToolWish

if TYPE_CHECKING:
    from orfeas_desktop.recipes import RecipeShelf
    from orfeas_desktop.ui.main_window.window import MainWindow
    from orfeas_desktop.ui.state.session import Session
    from orfeas_desktop.ui.state.workshop_desk import WorkshopDesk

NAME_LIMIT = 100


class Cookery(QObject):
    """Connects the recipe panel with the shelf of recipes and the workshop desk."""

    refused: TypedSignal[OrfeasError] = signal(OrfeasError)

    def __init__(self, window: MainWindow, session: Session, desk: WorkshopDesk, shelf: RecipeShelf) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._desk = desk
        self._shelf = shelf
        self._settings = Settings()
        self.dialog: QInputDialog | None = None
        panel = window.inspector.recipes
        panel.run_wanted.connect(self._run)
        panel.folder_wanted.connect(self._ask_folder)
        panel.remove_wanted.connect(self._remove)
        panel.save_wanted.connect(self._ask_name)
        window.browser.grid.selectionModel().selectionChanged.connect(self.renew)

    def furnish(self, settings: Settings) -> None:
        """Offer the recipes, their steps beginning with what the settings say."""
        self._settings = settings
        self._offer()

    def _offer(self, chosen: str = "") -> None:
        """Offer the recipes as they are on the disk now."""
        choices = [
            RecipeChoice(
                known.id,
                known.document.title,
                known.document.summary,
                recipe_facts(known.document.steps, self._settings),
                known.own,
            )
            for known in self._shelf.all()
        ]
        self._window.inspector.recipes.offer(choices, chosen)

    def renew(self) -> None:
        """Say what a recipe would run on."""
        ids, chosen = self._ids(), self._session.chosen
        closed = self._session.studio is None
        why_no_folder = self.tr("The library is still opening") if closed else ""
        if not closed and not self._session.writable:
            why_no_folder = self.tr("The library is open for reading only")
        why = why_no_folder or ("" if ids else self.tr("Choose an asset first"))
        target = ""
        if len(ids) > 1:
            target = self.tr("Run on {count} assets").format(count=len(ids))
        elif ids and chosen is not None:
            name = chosen.asset.name
            target = self.tr("Run on {name}").format(name=name if len(name) <= 24 else f"{name[:23]}…")
        request = chosen.version.provenance.request if chosen is not None else None
        made = request is not None and request.table.value == "tools"
        self._window.inspector.recipes.say(
            target=target,
            why_not=why,
            why_no_folder=why_no_folder,
            why_not_saved="" if made else self.tr("Tools that ran on the chosen version can be saved"),
        )

    def run_on_folder(self, recipe_id: str, folder: Path) -> int:
        """Take every mesh of a folder into the project and run a recipe on it; return how many there are."""
        project = self._session.library.project
        wish = self._wish(recipe_id)
        if wish is None or project is None:
            return 0
        files = [path for path in opened([folder]) if path.suffix.lower() in MESH_SUFFIXES]
        self._desk.run_on_files(wish, files, project.id, self._title(recipe_id))
        if not files:
            self._window.toasts.show(self.tr("There is no mesh file in this folder"))
        return len(files)

    def save_chain(self, title: str) -> None:
        """Keep the steps that led to the chosen version as a recipe."""
        chosen = self._session.chosen
        if chosen is None:
            return
        try:
            steps = chain_of(chosen.version, chosen.versions)
            saved = self._shelf.save(Recipe(title=title[:NAME_LIMIT], summary="", steps=steps))
        except OrfeasError as error:
            self.refused.emit(error)
            return
        self._offer(saved.id)
        self._window.toasts.show(self.tr("Recipe “{name}” saved").format(name=saved.document.title))

    def _ids(self) -> tuple[int, ...]:
        """Return the assets a run is for: those selected, else the one that is shown."""
        picked = self._window.browser.grid.chosen()
        if len(picked) > 1:
            return picked
        chosen = self._session.chosen
        return (chosen.asset.id,) if chosen is not None and "mesh" in chosen.version.files else ()

    def _run(self, recipe_id: str) -> None:
        studio, chosen, ids = self._session.studio, self._session.chosen, self._ids()
        wish = self._wish(recipe_id)
        if wish is None or studio is None:
            return
        for asset_id in ids:
            asset = studio.asset(asset_id)
            version = chosen.version if chosen is not None and len(ids) == 1 else asset.latest
            if version is not None and "mesh" in version.files:
                self._desk.run(wish, version.id, f"{asset.name} · {self._title(recipe_id)}")

    def _wish(self, recipe_id: str) -> ToolWish | None:
        try:
            steps = self._shelf.get(recipe_id).document.steps
            return ToolWish("recipe", recipe_params(steps, self._settings))
        except OrfeasError as error:
            self.refused.emit(error)
            return None

    def _title(self, recipe_id: str) -> str:
        return recipe_words(self._shelf.get(recipe_id).document.title)

    def _ask_folder(self, recipe_id: str) -> None:
        title = self.tr("Run a recipe on a folder")
        folder = self._window.places.open_folder(self._window, Place.meshes, title)
        if folder is not None:
            self.run_on_folder(recipe_id, folder)

    def _remove(self, recipe_id: str) -> None:
        try:
            self._shelf.remove(recipe_id)
        except OrfeasError as error:
            self.refused.emit(error)
        self._offer()

    def _ask_name(self) -> None:
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle(self.tr("Save as a recipe"))
        dialog.setLabelText(self.tr("Name"))
        dialog.setMinimumWidth(360)
        dialog.accepted.connect(lambda: self._use(dialog.textValue()))
        dialog.finished.connect(dialog.deleteLater)
        self.dialog = dialog
        dialog.open()

    def _use(self, name: str) -> None:
        kept = " ".join(name.split())
        if kept:
            self.save_chain(kept)
