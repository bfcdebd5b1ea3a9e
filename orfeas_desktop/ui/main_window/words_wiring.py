"""WordsWiring: what the prompt panel wants goes to the words desk, what that says goes to the panel."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QCoreApplication, QObject

from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.backends.base import Task
from orfeas_desktop.engine.backends.text_to_image import TextToImage, picture_name
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.ui.dialogs.error_box import translated
from orfeas_desktop.ui.main_window.engine_offers import (
    amount_of,
    engine_choices,
    place_of,
    why_unavailable,
)
from orfeas_desktop.ui.panels.prompt_panel import HIDDEN, Standing
from orfeas_desktop.ui.pieces.places import Place
from orfeas_desktop.ui.state.words_desk import Recipe, WordsPicture

if TYPE_CHECKING:
    from orfeas_desktop.engine.backends.base import Backend
    from orfeas_desktop.engine.weights.picture_base import PictureBase
    from orfeas_desktop.ui.main_window.window import MainWindow
    from orfeas_desktop.ui.state.session import Session
    from orfeas_desktop.ui.state.words_desk import Helpers, WordsDesk


class WordsWiring(QObject):
    """Connects prompt panel and words desk; the mesh engine is the one chosen beside the picture."""

    def __init__(self, window: MainWindow, session: Session, desk: WordsDesk) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self.desk = desk
        self._panel = window.inspector.words
        self._backends: dict[str, TextToImage] = {
            backend.id: backend
            for backend in BACKENDS
            if backend.task is Task.text_to_image and isinstance(backend, TextToImage)
        }
        panel, strip, loras = self._panel, self._panel.strip, self._panel.loras
        panel.build_wanted.connect(self.build)
        panel.paint_wanted.connect(self.paint)
        panel.weights_wanted.connect(lambda: window.commands.wanted.emit("weights"))
        strip.use_wanted.connect(lambda picture: self.use(cast("WordsPicture", picture)))
        strip.build_wanted.connect(lambda picture: self.build_from(cast("WordsPicture", picture)))
        strip.save_wanted.connect(lambda picture: self.save(cast("WordsPicture", picture)))
        loras.file_given.connect(desk.add_lora)
        loras.rename_given.connect(lambda given: desk.rename_lora(*given))
        loras.triggers_given.connect(lambda given: desk.set_triggers(*given))
        loras.removed.connect(desk.remove_lora)
        desk.pictures_changed.connect(strip.show_pictures)
        desk.previewed.connect(strip.show_preview)
        desk.helpers_changed.connect(self._take_helpers)
        desk.failed.connect(self._tell)
        session.opened.connect(self._open)
        self.show_engines()

    @property
    def shown(self) -> bool:
        """Whether words are what the user works with."""
        return self._window.inspector.shows_words()

    @property
    def ready(self) -> bool:
        """Whether there are words to begin with."""
        return bool(self._panel.words().strip())

    def show_engines(self) -> None:
        """Offer the engines; those that cannot run here with their reason."""
        self._panel.offer(engine_choices(self._session, self._backends.values(), HIDDEN))

    def renew(self, why: str, mesh_engine: Backend | None) -> None:
        """Say what Generate would do, or why it cannot; `why`: what the window lacks."""
        backend = self._backend()
        self._panel.fit_loras(self._base(backend))
        why = why or self._problem(backend, mesh_engine)
        target = ""
        if self.ready and mesh_engine is not None:
            name = picture_name(self._panel.words())
            target = self.tr("New asset: {name}").format(name=name)
        self._panel.say(Standing(self._estimate(backend, mesh_engine), target, why))

    def _problem(self, backend: Backend | None, mesh_engine: Backend | None) -> str:
        if backend is None:
            return self.tr("No picture engine is here yet: get one under “Weights…”")
        refusal = why_unavailable(self._session, backend)
        if refusal:
            return refusal
        if mesh_engine is None:
            return self.tr("No engine can build a mesh on this machine")
        return "" if self.ready else self.tr("Type what to make first")

    def recipe(self) -> Recipe | None:
        """Return what the panel asks for."""
        backend = self._backend()
        panel = self._panel
        return None if backend is None else Recipe(backend, panel.values(), panel.recipe.seed_value())

    def paint(self) -> None:
        """Make pictures only."""
        recipe = self.recipe()
        if recipe is not None and self._panel.paint.isEnabled():
            self._panel.show_problem("")
            self.desk.paint(recipe)

    def build(self) -> None:
        """Make a picture and a mesh from it."""
        recipe, mesh, project = self.recipe(), self._mesh_recipe(), self._session.library.project
        if recipe is None or mesh is None or project is None or not self._panel.paint.isEnabled():
            return
        self._panel.show_problem("")
        self._session.expect_result()
        self.desk.build(recipe, mesh, project.id)

    def build_from(self, picture: WordsPicture) -> None:
        """Build a mesh from a picture that is here."""
        mesh, project = self._mesh_recipe(), self._session.library.project
        if mesh is not None and project is not None:
            self._session.expect_result()
            self.desk.build_from(picture, mesh, project.id)

    def use(self, picture: WordsPicture) -> None:
        """Take a picture to the picture panel, where its mask can be mended."""
        self._window.inspector.show_picture()
        self._session.drafting.take_made(picture.file, picture.name)

    def save(self, picture: WordsPicture) -> None:
        """Ask for a file and write the picture there."""
        title = self.tr("Save picture")
        target = self._window.places.save_png(self._window, Place.shots, picture.name, title)
        if target is not None:
            self._session.store.ask(lambda: shutil.copyfile(picture.file.path, target))

    def _open(self) -> None:
        if self._session.studio is not None:
            self.desk.open(self._session.studio)
        self.show_engines()

    def _take_helpers(self, helpers: Helpers) -> None:
        self._panel.loras.show_loras(helpers.loras)
        self._panel.offer_own(helpers.own)
        self.show_engines()

    def _tell(self, error: OrfeasError) -> None:
        self._panel.show_problem(error.say(translated), error.advise(translated))

    def _backend(self) -> TextToImage | None:
        return self._backends.get(self._panel.recipe.engine_id())

    def _base(self, backend: TextToImage | None) -> PictureBase | None:
        if backend is None or backend.engine.base is not None:
            return None if backend is None else backend.engine.base
        written = self._panel.own_pipeline()
        return next((each.base for each in self.desk.helpers.own if each.written == written), None)

    def _mesh_recipe(self) -> Recipe | None:
        panel = self._window.inspector.generate
        backend = next((each for each in BACKENDS if each.id == panel.engine_id()), None)
        return None if backend is None else Recipe(backend, panel.values(), panel.seed_value())

    def _estimate(self, backend: Backend | None, mesh_engine: Backend | None) -> str:
        if backend is None or mesh_engine is None or self._session.studio is None:
            return ""
        then = self.tr("then {engine}").format(
            engine=QCoreApplication.translate("Backends", mesh_engine.title)
        )
        where = place_of(backend)
        usual = self._session.desk.usual_seconds(backend.id, backend.version)
        if not usual:
            return f"{where} · {then}"
        return self.tr("{where} · about {seconds} s · {then}").format(
            where=where, seconds=amount_of(usual), then=then
        )
