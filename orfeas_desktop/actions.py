"""One table of actions: menus, command palette, keys and manual are drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orfeas_desktop.words import QT_TRANSLATE_NOOP


class Menu(StrEnum):
    """Where an action stands."""

    file = "file"
    edit = "edit"
    view = "view"
    generate = "generate"
    help = "help"


MENU_TITLES = {
    Menu.file: QT_TRANSLATE_NOOP("Actions", "File"),
    Menu.edit: QT_TRANSLATE_NOOP("Actions", "Edit"),
    Menu.view: QT_TRANSLATE_NOOP("Actions", "View"),
    Menu.generate: QT_TRANSLATE_NOOP("Actions", "Generate"),
    Menu.help: QT_TRANSLATE_NOOP("Actions", "Help"),
}


class Need(StrEnum):
    """What must be so before an action can be used."""

    library = "library"
    writable = "writable"
    project = "project"
    picture = "picture"
    asset = "asset"
    version = "version"
    meshes = "meshes"
    bin = "bin"
    running = "running"
    waiting = "waiting"
    jobs = "jobs"
    undo = "undo"
    redo = "redo"
    view_3d = "view-3d"


NEED_TITLES = {
    Need.library: QT_TRANSLATE_NOOP("Actions", "The library is still opening"),
    Need.writable: QT_TRANSLATE_NOOP("Actions", "The library is open for reading only"),
    Need.project: QT_TRANSLATE_NOOP("Actions", "Open a project first"),
    Need.picture: QT_TRANSLATE_NOOP("Actions", "Choose a picture first, or type words"),
    Need.asset: QT_TRANSLATE_NOOP("Actions", "Choose an asset first"),
    Need.version: QT_TRANSLATE_NOOP("Actions", "Choose a finished asset first"),
    Need.meshes: QT_TRANSLATE_NOOP("Actions", "Choose a finished asset first"),
    Need.bin: QT_TRANSLATE_NOOP("Actions", "The recycle bin is empty"),
    Need.running: QT_TRANSLATE_NOOP("Actions", "Nothing is running"),
    Need.waiting: QT_TRANSLATE_NOOP("Actions", "Nothing is waiting"),
    Need.jobs: QT_TRANSLATE_NOOP("Actions", "Nothing is running or waiting"),
    Need.undo: QT_TRANSLATE_NOOP("Actions", "Nothing to undo"),
    Need.redo: QT_TRANSLATE_NOOP("Actions", "Nothing to do again"),
    Need.view_3d: QT_TRANSLATE_NOOP("Actions", "The 3D view is still starting"),
}


@dataclass(frozen=True)
class Action:
    """Something the user can do: words, keys, icon (`ph.…`) and what must be so first."""

    id: str
    title: str
    menu: Menu
    keys: tuple[str, ...] = ()
    icon: str = ""
    needs: tuple[Need, ...] = ()
    checkable: bool = False
    group: int = 0
    """Actions of one menu with different groups stand apart."""
    view_keys: str = ""
    """Keys that the 3D view hears while it has the keyboard; they are shown, and bound there."""


_STORE = (Need.library, Need.writable)
_ASSET = (Need.library, Need.writable, Need.asset)

ACTIONS: tuple[Action, ...] = (
    Action("new-project", QT_TRANSLATE_NOOP("Actions", "New project…"), Menu.file, ("Ctrl+N",), "ph.plus", _STORE),
    Action("rename-project", QT_TRANSLATE_NOOP("Actions", "Rename project…"), Menu.file, (), "ph.pencil-simple", (*_STORE, Need.project)),
    Action("delete-project", QT_TRANSLATE_NOOP("Actions", "Delete project"), Menu.file, (), "ph.trash", (*_STORE, Need.project)),
    Action("restore-project", QT_TRANSLATE_NOOP("Actions", "Restore a deleted project…"), Menu.file, (), "ph.arrow-u-up-left", _STORE),
    Action("open-picture", QT_TRANSLATE_NOOP("Actions", "Open picture…"), Menu.file, ("Ctrl+O",), "ph.image", (Need.library,), group=1),
    Action("import-mesh", QT_TRANSLATE_NOOP("Actions", "Import mesh…"), Menu.file, ("Ctrl+I",), "ph.download-simple", (*_STORE, Need.project), group=1),
    Action("open-sample", QT_TRANSLATE_NOOP("Actions", "Open the sample project"), Menu.file, (), "ph.cube", _STORE, group=1),
    Action("export", QT_TRANSLATE_NOOP("Actions", "Export…"), Menu.file, ("Ctrl+E",), "ph.export", (Need.library, Need.meshes), group=2),
    Action("export-again", QT_TRANSLATE_NOOP("Actions", "Export again"), Menu.file, ("Ctrl+Shift+E",), "ph.export", (Need.library, Need.meshes), group=2),
    Action("settings", QT_TRANSLATE_NOOP("Actions", "Settings…"), Menu.file, ("Ctrl+,",), "ph.gear-six", (), group=3),
    Action("quit", QT_TRANSLATE_NOOP("Actions", "Quit"), Menu.file, ("Ctrl+Q",), "ph.sign-out", (), group=4),
    Action("undo", QT_TRANSLATE_NOOP("Actions", "Undo"), Menu.edit, ("Ctrl+Z",), "ph.arrow-counter-clockwise", (Need.library, Need.undo)),
    Action("redo", QT_TRANSLATE_NOOP("Actions", "Redo"), Menu.edit, ("Ctrl+Shift+Z", "Ctrl+Y"), "ph.arrow-clockwise", (Need.library, Need.redo)),
    Action("paste", QT_TRANSLATE_NOOP("Actions", "Paste picture"), Menu.edit, ("Ctrl+V",), "ph.clipboard-text", (Need.library,), group=1),
    Action("rename-asset", QT_TRANSLATE_NOOP("Actions", "Rename asset"), Menu.edit, ("F2",), "ph.pencil-simple", _ASSET, group=2),
    Action("delete-asset", QT_TRANSLATE_NOOP("Actions", "Move to recycle bin"), Menu.edit, ("Del",), "ph.trash", _ASSET, group=2),
    Action("show-bin", QT_TRANSLATE_NOOP("Actions", "Show recycle bin"), Menu.edit, (), "ph.trash", (Need.library, Need.project), checkable=True, group=3),
    Action("empty-bin", QT_TRANSLATE_NOOP("Actions", "Empty recycle bin…"), Menu.edit, (), "ph.trash", (*_STORE, Need.bin), group=3),
    Action("tools", QT_TRANSLATE_NOOP("Actions", "Tools"), Menu.edit, ("Ctrl+T",), "ph.wrench", (), group=4),
    Action("doctor", QT_TRANSLATE_NOOP("Actions", "Mesh doctor"), Menu.edit, ("Ctrl+Shift+D",), "ph.first-aid", (), group=4),
    Action("recipes", QT_TRANSLATE_NOOP("Actions", "Recipes"), Menu.edit, (), "ph.list-numbers", (), group=4),
    Action("find", QT_TRANSLATE_NOOP("Actions", "Search the library"), Menu.edit, ("Ctrl+F",), "ph.magnifying-glass", (Need.library,), group=5),
    Action("palette", QT_TRANSLATE_NOOP("Actions", "Search or run a command"), Menu.edit, ("Ctrl+P",), "ph.command", (), group=5),
    Action("generate", QT_TRANSLATE_NOOP("Actions", "Generate"), Menu.generate, ("Ctrl+Return", "Ctrl+G"), "ph.lightning", (*_STORE, Need.project, Need.picture)),
    Action("generate-several", QT_TRANSLATE_NOOP("Actions", "Generate from several pictures…"), Menu.generate, ("Ctrl+Shift+G",), "ph.stack", (*_STORE, Need.project)),
    Action("words", QT_TRANSLATE_NOOP("Actions", "Make from words…"), Menu.generate, ("Ctrl+L",), "ph.text-t", (Need.library,)),
    Action("make-again", QT_TRANSLATE_NOOP("Actions", "Make again"), Menu.generate, (), "ph.repeat", (*_STORE, Need.version)),
    Action("pause-queue", QT_TRANSLATE_NOOP("Actions", "Pause the queue"), Menu.generate, (), "ph.pause", (Need.library,), checkable=True, group=1),
    Action("cancel-current", QT_TRANSLATE_NOOP("Actions", "Cancel the running job"), Menu.generate, (), "ph.stop", (Need.library, Need.running), group=1),
    Action("cancel-waiting", QT_TRANSLATE_NOOP("Actions", "Cancel waiting jobs"), Menu.generate, (), "ph.queue", (Need.library, Need.waiting), group=1),
    Action("cancel-all", QT_TRANSLATE_NOOP("Actions", "Cancel all jobs"), Menu.generate, (), "ph.x-circle", (Need.library, Need.jobs), group=1),
    Action("clear-history", QT_TRANSLATE_NOOP("Actions", "Clear the job history"), Menu.generate, (), "ph.eraser", _STORE, group=2),
    Action("weights", QT_TRANSLATE_NOOP("Actions", "Weights…"), Menu.generate, ("Ctrl+Shift+W",), "ph.hard-drives", (Need.library,), group=3),
    Action("view-textured", QT_TRANSLATE_NOOP("Actions", "Textured"), Menu.view, ("1",), "ph.image", (Need.view_3d,), checkable=True),
    Action("view-solid", QT_TRANSLATE_NOOP("Actions", "Solid"), Menu.view, ("2",), "ph.circle", (Need.view_3d,), checkable=True),
    Action("view-matcap", QT_TRANSLATE_NOOP("Actions", "Matcap"), Menu.view, ("3",), "ph.basketball", (Need.view_3d,), checkable=True),
    Action("view-normals", QT_TRANSLATE_NOOP("Actions", "Normals"), Menu.view, ("4",), "ph.compass", (Need.view_3d,), checkable=True),
    Action("view-wireframe", QT_TRANSLATE_NOOP("Actions", "Wireframe"), Menu.view, ("5",), "ph.polygon", (Need.view_3d,), checkable=True),
    Action("view-checker", QT_TRANSLATE_NOOP("Actions", "UV checker"), Menu.view, ("6",), "ph.squares-four", (Need.view_3d,), checkable=True),
    Action("frame", QT_TRANSLATE_NOOP("Actions", "Frame the mesh"), Menu.view, ("F",), "ph.frame-corners", (Need.view_3d,), group=1),
    Action("home", QT_TRANSLATE_NOOP("Actions", "Home view"), Menu.view, (), "ph.house", (Need.view_3d,), group=1, view_keys="Home"),
    Action("view-front", QT_TRANSLATE_NOOP("Actions", "From the front"), Menu.view, (), "", (Need.view_3d,), group=1, view_keys="Num 1"),
    Action("view-back", QT_TRANSLATE_NOOP("Actions", "From behind"), Menu.view, (), "", (Need.view_3d,), group=1, view_keys="Ctrl+Num 1"),
    Action("view-right", QT_TRANSLATE_NOOP("Actions", "From the right"), Menu.view, (), "", (Need.view_3d,), group=1, view_keys="Num 3"),
    Action("view-left", QT_TRANSLATE_NOOP("Actions", "From the left"), Menu.view, (), "", (Need.view_3d,), group=1, view_keys="Ctrl+Num 3"),
    Action("view-top", QT_TRANSLATE_NOOP("Actions", "From above"), Menu.view, (), "", (Need.view_3d,), group=1, view_keys="Num 7"),
    Action("view-bottom", QT_TRANSLATE_NOOP("Actions", "From below"), Menu.view, (), "", (Need.view_3d,), group=1, view_keys="Ctrl+Num 7"),
    Action("parallel", QT_TRANSLATE_NOOP("Actions", "Without perspective"), Menu.view, (), "ph.cube", (Need.view_3d,), checkable=True, group=2, view_keys="Num 5"),
    Action("grid", QT_TRANSLATE_NOOP("Actions", "Grid"), Menu.view, (), "ph.grid-four", (Need.view_3d,), checkable=True, group=2),
    Action("screenshot", QT_TRANSLATE_NOOP("Actions", "Save a picture of the view…"), Menu.view, ("Ctrl+Shift+S",), "ph.camera", (Need.view_3d,), group=2),
    Action("copy-view", QT_TRANSLATE_NOOP("Actions", "Copy a picture of the view"), Menu.view, ("Ctrl+Shift+C",), "ph.copy", (Need.view_3d,), group=2),
    Action("panel-library", QT_TRANSLATE_NOOP("Actions", "Library"), Menu.view, (), "", (), checkable=True, group=3),
    Action("panel-inspector", QT_TRANSLATE_NOOP("Actions", "Inspector"), Menu.view, (), "", (), checkable=True, group=3),
    Action("panel-queue", QT_TRANSLATE_NOOP("Actions", "Queue"), Menu.view, (), "", (), checkable=True, group=3),
    Action("panels", QT_TRANSLATE_NOOP("Actions", "Hide all panels"), Menu.view, ("Shift+Space",), "ph.columns", (), checkable=True, group=3),
    Action("reset-layout", QT_TRANSLATE_NOOP("Actions", "Reset the layout"), Menu.view, (), "ph.layout", (), group=3),
    Action("full-screen", QT_TRANSLATE_NOOP("Actions", "Full screen"), Menu.view, ("F11",), "ph.arrows-out", (), checkable=True, group=3),
    Action("theme", QT_TRANSLATE_NOOP("Actions", "Switch between dark and light"), Menu.view, (), "ph.moon", (), group=4),
    Action("manual", QT_TRANSLATE_NOOP("Actions", "Manual"), Menu.help, (), "ph.book-open", ()),
    Action("shortcuts", QT_TRANSLATE_NOOP("Actions", "Keyboard shortcuts"), Menu.help, ("F1",), "ph.keyboard", ()),
    Action("log-folder", QT_TRANSLATE_NOOP("Actions", "Open the log folder"), Menu.help, (), "ph.folder-open", (), group=1),
    Action("about", QT_TRANSLATE_NOOP("Actions", "About Orfeas Desktop"), Menu.help, (), "ph.info", (), group=2),
)  # fmt: skip


_BY_ID = {entry.id: entry for entry in ACTIONS}


def action(action_id: str) -> Action:
    """Return the action of that id. Raises KeyError when there is none."""
    return _BY_ID[action_id]


def missing_need(entry: Action, met: frozenset[Need]) -> Need | None:
    """Return the first need of `entry` that is not met."""
    return next((need for need in entry.needs if need not in met), None)
