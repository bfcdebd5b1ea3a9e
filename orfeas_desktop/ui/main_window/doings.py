"""Doings: what each action of the table does in the window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget

from orfeas_desktop.assets import MESH_SUFFIXES
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.paths import RESOURCES
from orfeas_desktop.settings import SECTION_TITLES, Settings
from orfeas_desktop.ui.dialogs.manual_dialog import ManualDialog
from orfeas_desktop.ui.dialogs.settings_dialog import SettingsChange, SettingsDialog, SettingsPage
from orfeas_desktop.ui.dialogs.shortcuts_dialog import Shortcut, ShortcutsDialog
from orfeas_desktop.ui.dialogs.weights_dialog import WeightsDialog
from orfeas_desktop.ui.main_window.exporting import Exporting
from orfeas_desktop.ui.pieces.frames import fit_screen
from orfeas_desktop.ui.pieces.places import Place
from orfeas_desktop.ui.state.weights_desk import WeightsDesk
from orfeas_desktop.ui.theme import ThemeChoice, ThemeName
from orfeas_desktop.ui.viewport.modes import Mode, NavigationPreset, ViewDirection

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog

    from orfeas_desktop.paths import Paths
    from orfeas_desktop.ui.main_window.intake import Intake
    from orfeas_desktop.ui.main_window.picture_batch import PictureBatch
    from orfeas_desktop.ui.main_window.searching import Searching
    from orfeas_desktop.ui.main_window.telling import Telling
    from orfeas_desktop.ui.main_window.window import MainWindow
    from orfeas_desktop.ui.main_window.wiring import Wiring
    from orfeas_desktop.ui.main_window.workbench import Workbench
    from orfeas_desktop.ui.state.session import Samples, Session

NAME_LIMIT = 200


@dataclass(frozen=True)
class Outside:
    """What the window is handed from outside: settings and how they are kept, places, samples."""

    settings: Settings
    keep_settings: Callable[[Settings], None]
    log_folder: Path
    make_samples: Samples
    paths: Paths


@dataclass(frozen=True)
class Hands:
    """What connects window and session."""

    wiring: Wiring
    intake: Intake
    batch: PictureBatch
    telling: Telling
    workbench: Workbench
    searching: Searching


class Doings(QObject):
    """Carries out actions; the table of its methods is complete."""

    def __init__(self, window: MainWindow, session: Session, hands: Hands, outside: Outside) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._hands = hands
        self._wiring = hands.wiring
        self._outside = outside
        self.settings = outside.settings
        self.dialog: QDialog | None = None
        self.exporting = Exporting(window, session, hands.telling, outside.paths, self._open)
        self.weights = WeightsDesk(session.desk, session.store, outside.paths, self)
        session.opened.connect(self.weights.go_on)
        self.weights.available_changed.connect(hands.wiring.show_engines)
        self.weights.available_changed.connect(hands.wiring.renew)
        self.weights.added.connect(lambda _found: hands.wiring.words.desk.look_for_helpers())
        self.table: Mapping[str, Callable[[], object]] = {
            **self._library_doings(),
            **self._job_doings(),
            **self._view_doings(),
            **self._window_doings(),
        }
        window.stays = self._ask_to_leave
        window.commands.wanted.connect(self.do)
        window.top.action_wanted.connect(self.trigger)
        window.browser.action_wanted.connect(self.trigger)
        window.jobs.action_wanted.connect(self.trigger)
        window.welcome.action_wanted.connect(self.trigger)
        session.desk.list.hold_changed.connect(self._mark_checks)
        for dock in window.docks:
            dock.visibilityChanged.connect(self._mark_checks)
        self._mark_checks()

    def do(self, action_id: str) -> None:
        """Carry out an action that was triggered."""
        self.table[action_id]()
        self._mark_checks()
        self._wiring.renew()

    def trigger(self, action_id: str) -> None:
        """Trigger an action from a button; says why when it cannot be used."""
        why = self._window.commands.why_not(action_id)
        if why:
            self._window.toasts.show(why)
            self._mark_checks()
        else:
            self._window.commands.actions[action_id].trigger()

    def _library_doings(self) -> dict[str, Callable[[], object]]:
        library, browser = self._session.library, self._window.browser
        return {
            "new-project": self.new_project,
            "rename-project": self.rename_project,
            "delete-project": self.delete_project,
            "restore-project": self.restore_project,
            "open-picture": self._window.inspector.images.pick,
            "import-mesh": self.import_mesh,
            "open-sample": lambda: self._session.open_samples(self._outside.make_samples),
            "export": self.exporting.ask,
            "export-again": self.exporting.again,
            "undo": library.undo.undo,
            "redo": library.undo.redo,
            "paste": self._hands.intake.paste,
            "rename-asset": browser.rename,
            "delete-asset": lambda: library.delete_assets(browser.grid.chosen()),
            "show-bin": lambda: library.show_bin(not library.in_bin),
            "empty-bin": self.empty_bin,
            "find": browser.focus_search,
            "palette": self._hands.searching.open,
        }

    def _job_doings(self) -> dict[str, Callable[[], object]]:
        desk = self._session.desk
        return {
            "generate": self._wiring.generate,
            "generate-several": self._hands.batch.pick,
            "make-again": self._wiring.make_again,
            "words": self._window.inspector.show_words,
            "weights": self.open_weights,
            "tools": self._hands.workbench.open_tools,
            "doctor": self._hands.workbench.open_doctor,
            "recipes": self._hands.workbench.open_recipes,
            "pause-queue": lambda: desk.hold(not desk.list.held),
            "cancel-current": desk.cancel_current,
            "cancel-waiting": desk.cancel_waiting,
            "cancel-all": desk.cancel_all,
            "clear-history": desk.clear_history,
        }

    def _view_doings(self) -> dict[str, Callable[[], object]]:
        view = self._window.viewport
        modes = {f"view-{mode.value}": lambda chosen=mode: view.set_mode(chosen) for mode in Mode}
        sides = {f"view-{side.name}": side for side in ViewDirection}
        return {
            **modes,
            **{name: lambda side=side: view.view_from(side) for name, side in sides.items()},
            "frame": view.frame,
            "home": view.home,
            "grid": lambda: view.set_grid(not view.bar.grid.isChecked()),
            "parallel": view.toggle_projection,
            "screenshot": self.screenshot,
            "copy-view": view.copy_screenshot,
        }

    def _window_doings(self) -> dict[str, Callable[[], object]]:
        window = self._window
        docks = {f"panel-{dock.objectName()}": dock for dock in window.docks}
        return {
            **{name: lambda dock=dock: window.docking.toggle(dock) for name, dock in docks.items()},
            "panels": lambda: window.hide_panels(not window.docking.all_hidden),
            "reset-layout": window.reset_layout,
            "full-screen": lambda: window.showNormal() if window.isFullScreen() else window.showFullScreen(),
            "theme": self.switch_theme,
            "settings": self.open_settings,
            "manual": lambda: self._open(ManualDialog(RESOURCES / "manual", self._window)),
            "shortcuts": self.open_shortcuts,
            "about": self.open_about,
            "log-folder": lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._outside.log_folder))),
            "quit": window.close,
        }

    def _mark_checks(self, *_happened: object) -> None:
        window, commands = self._window, self._window.commands
        for mode in Mode:
            commands.check(f"view-{mode.value}", window.viewport.mode is mode)
        for dock in window.docks:
            commands.check(f"panel-{dock.objectName()}", not dock.isHidden())
        window.top.offer_panels(
            {f"panel-{dock.objectName()}": dock.windowTitle() for dock in window.docks if dock.isHidden()}
        )
        commands.check("parallel", window.viewport.bar.parallel.isChecked())
        commands.check("grid", window.viewport.bar.grid.isChecked())
        commands.check("panels", window.docking.all_hidden)
        commands.check("full-screen", window.isFullScreen())
        commands.check("pause-queue", self._session.desk.list.held)
        commands.check("show-bin", self._session.library.in_bin)
        self._window.browser.bin_button.setChecked(self._session.library.in_bin)

    def new_project(self) -> None:
        """Ask for a name and add a project."""
        self._ask_name(
            self.tr("New project"),
            "",
            lambda name: self._session.library.create_project(name, self._hands.telling.show_error),
        )

    def rename_project(self) -> None:
        """Ask for the project's new name."""
        project = self._session.library.project
        if project is not None:
            self._ask_name(
                self.tr("Rename project"),
                project.name,
                lambda name: self._session.library.rename_project(name, self._hands.telling.show_error),
            )

    def delete_project(self) -> None:
        """Put the project into the recycle bin and offer to take it back."""
        library, project = self._session.library, self._session.library.project
        if project is not None:
            library.delete_project()
            words = self.tr("Project “{name}” moved to the recycle bin").format(name=project.name)
            self._window.toasts.show_undoable(words, library.undo)

    def restore_project(self) -> None:
        """Offer the projects of the recycle bin."""
        library = self._session.library
        deleted = {project.name: project.id for project in reversed(library.deleted_projects())}
        if not deleted:
            self._window.toasts.show(self.tr("No project was deleted"))
            return
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle(self.tr("Restore a project"))
        dialog.setLabelText(self.tr("Project"))
        dialog.setComboBoxItems(list(deleted))
        dialog.setOkButtonText(self.tr("Restore"))
        dialog.setMinimumWidth(360)
        dialog.accepted.connect(lambda: library.restore_project(deleted[dialog.textValue()]))
        self._open(dialog)

    def empty_bin(self) -> None:
        """Ask once, then delete for good."""
        self._ask(
            self.tr("Empty the recycle bin"),
            self.tr("Delete everything in the recycle bin for good?"),
            self.tr("Deleted assets and projects cannot be brought back."),
            (self.tr("Delete for good"), self.tr("Cancel")),
            self._session.library.empty_bin,
        )

    def _ask(
        self, title: str, question: str, meaning: str, answers: tuple[str, str], act: Callable[[], object]
    ) -> None:
        """Ask before something is lost; the first answer does it, the second is what Return gives."""
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setWindowTitle(title)
        box.setText(question)
        box.setInformativeText(meaning)
        yes = box.addButton(answers[0], QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(answers[1], QMessageBox.ButtonRole.RejectRole))
        yes.clicked.connect(act)
        self._open(box)

    def _ask_to_leave(self) -> bool:
        """Ask before an export is given up; say whether the window stays open for the answer."""
        if not self.exporting.busy:
            return False
        self._ask(
            self.tr("Close the window"),
            self.tr("An export is not finished. Close all the same?"),
            self.tr("It is given up. Other work in the queue goes on at the next start."),
            (self.tr("Give up the export"), self.tr("Stay")),
            self._leave,
        )
        return True

    def _leave(self) -> None:
        self._window.stays = bool
        self._window.close()

    def import_mesh(self) -> None:
        """Ask for mesh files."""
        title = self.tr("Import mesh")
        paths = self._window.places.open_files(self._window, Place.meshes, title, MESH_SUFFIXES)
        self._session.import_meshes(paths)

    def screenshot(self) -> None:
        """Ask for a file and save the view there."""
        chosen = self._session.chosen
        name, title = chosen.asset.name if chosen else "view", self.tr("Save a picture of the view")
        target = self._window.places.save_png(self._window, Place.shots, name, title)
        if target is not None:
            self._window.viewport.screenshot(target)

    def switch_theme(self) -> None:
        """Change from dark to light or back, and remember it."""
        dark = self._window.look.theme.name is ThemeName.dark
        wanted = ThemeChoice.light if dark else ThemeChoice.dark
        self.change_settings(SettingsChange("appearance", {"theme": wanted.value}))

    def open_settings(self) -> None:
        """Open the settings."""
        pages = [
            SettingsPage(
                name,
                title,
                type(self.settings.stored.section(name)),
                self.settings.stored.section(name).plain(),
            )
            for name, title in SECTION_TITLES.items()
        ]
        dialog = SettingsDialog(pages, self._window)
        dialog.changed.connect(self.change_settings)
        self._open(dialog)

    def change_settings(self, change: SettingsChange) -> None:
        """Put new values in force and keep them."""
        try:
            settings = self.settings.changed(change.section, change.values)
        except OrfeasError as error:
            self._hands.telling.show_error(error)
            return
        self.settings = settings
        if self._session.studio is not None:
            self._session.studio.settings = settings
        self.apply_settings()
        self._session.store.ask(lambda: self._outside.keep_settings(settings))

    def apply_settings(self) -> None:
        """Dress and steer the window as the settings say."""
        self._window.look.choose(ThemeChoice(self.settings.appearance.theme.value))
        self._window.viewport.set_navigation(NavigationPreset(self.settings.viewport.navigation.value))
        self._window.viewport.set_grid(self.settings.viewport.show_grid)
        self._window.status.show_network(offline=self.settings.weights.offline)
        self._hands.workbench.furnish(self.settings)
        self._mark_checks()

    def open_weights(self) -> None:
        """Open the weights."""
        self._open(WeightsDialog(self.weights, self._window.places, self._window))

    def open_shortcuts(self) -> None:
        """Show every key."""
        rows = [Shortcut(*row) for row in self._window.commands.shortcuts()]
        self._open(ShortcutsDialog(rows, self._window))

    def open_about(self) -> None:
        """Say what this program is."""
        version = QCoreApplication.applicationVersion()
        box = QMessageBox(self._window)
        box.setWindowTitle(self.tr("About Orfeas Desktop"))
        box.setIconPixmap(self._window.look.logo(64).pixmap(64, 64))
        box.setText(self.tr("Orfeas Desktop {version}").format(version=version))
        box.setInformativeText(
            self.tr(
                "Pictures become 3D assets on your own machine. Nothing is sent anywhere. Licence: Apache-2.0."
            )
        )
        self._open(box)

    def _open(self, dialog: QDialog) -> None:
        self.dialog = dialog
        if isinstance(dialog, QInputDialog):
            for field in dialog.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
                field.setAccessibleName(field.accessibleName() or dialog.labelText())
        dialog.finished.connect(partial(self._forget, dialog))
        fit_screen(dialog, self._window)
        dialog.open()

    def _forget(self, dialog: QDialog, result: int) -> None:
        del result
        if self.dialog is dialog:
            self.dialog = None
        dialog.deleteLater()

    def _ask_name(self, title: str, name: str, then: Callable[[str], object]) -> None:
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle(title)
        dialog.setLabelText(self.tr("Name"))
        dialog.setTextValue(name)
        dialog.setMinimumWidth(360)
        dialog.accepted.connect(lambda: _use(dialog.textValue(), then))
        self._open(dialog)


def _use(name: str, then: Callable[[str], object]) -> None:
    kept = " ".join(name.split())[:NAME_LIMIT]
    if kept:
        then(kept)
