"""The 3D view: shows one mesh, turns it, says what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QLinearGradient, QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from orfeas_desktop.errors import OrfeasError, ProgramMissing
from orfeas_desktop.ui.viewport.apart import stand_apart
from orfeas_desktop.ui.viewport.canvas import find_graphics, import_libraries, let_go_of_surface, make_canvas
from orfeas_desktop.ui.viewport.display_mesh import DisplayLoader
from orfeas_desktop.ui.viewport.keys import Wish
from orfeas_desktop.ui.viewport.modes import Mode, NavigationPreset, ViewDirection
from orfeas_desktop.ui.viewport.navigation import CameraRig
from orfeas_desktop.ui.viewport.overlays import (
    FactsPill,
    FloatingBar,
    Message,
    margin_beside_overlays,
    place_overlays,
)
from orfeas_desktop.ui.viewport.screenshot import image_of, save_image
from orfeas_desktop.ui.viewport.steering import Steering

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PySide6.QtGui import QCloseEvent, QImage, QPaintEvent, QResizeEvent
    from pyvistaqt import QtInteractor

    from orfeas_desktop.engine.chores.display_files import Display
    from orfeas_desktop.ui.viewport.keys import Command
    from orfeas_desktop.ui.viewport.modes import ViewportColours
    from orfeas_desktop.ui.viewport.overlays import IconSource
    from orfeas_desktop.ui.viewport.stage import Stage

_SETTLE_MS = 150


class Viewport(QWidget):
    """Owns the canvas, the camera and what floats over them; all files are mapped on a thread of its own.

    Until `start_3d` it is a plain widget. Without OpenGL it says so and stays one.
    """

    ready = Signal()
    failed = Signal(object)
    """An OrfeasError: no OpenGL, or a mesh that could not be shown."""
    picked = Signal(object)
    """(x, y, z) in metres of the surface that was clicked, or None for the ground."""
    shown = Signal()
    """All faces of what was asked for are drawn from the next frame on."""
    mode_changed = Signal(object)
    """The Mode."""
    screenshot_wanted = Signal()
    """The camera button was clicked: whoever knows a place calls `screenshot`."""
    screenshot_saved = Signal(object)
    """The Path."""
    _saved = Signal(object)
    _imported = Signal(object)

    def __init__(self, colours: ViewportColours, icon: IconSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(False)
        self.setAccessibleName(self.tr("3D view"))
        self.setMinimumSize(240, 140)
        self._colours = colours
        self._rig = CameraRig()
        self._mode = Mode.textured
        self._canvas: QtInteractor | None = None
        self._stage: Stage | None = None
        self._steering: Steering | None = None
        self._preset = NavigationPreset.blender
        self._waiting: Display | None = None
        self._pending: Display | None = None
        self._closed_surface: bool | None = None
        self._keep_camera = False
        self._started = False
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.bar = FloatingBar(icon, self)
        self.pill = FactsPill(self)
        self.message = Message(self)
        self._loader = DisplayLoader(self)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._connect()
        self._say_empty()

    def _connect(self) -> None:
        self.bar.mode_chosen.connect(self.set_mode)
        self.bar.grid_toggled.connect(self.set_grid)
        self.bar.parallel_toggled.connect(self._set_parallel)
        self.bar.home_clicked.connect(self.home)
        self.bar.screenshot_clicked.connect(self.screenshot_wanted)
        self._loader.loaded.connect(self._show)
        self._loader.failed.connect(self._show_failure)
        self._settle.timeout.connect(self._draw_settled)
        self._saved.connect(self._tell_saved)
        self._imported.connect(self._make_canvas)

    @property
    def is_ready(self) -> bool:
        """Whether the canvas is there."""
        return self._canvas is not None

    @property
    def mode(self) -> Mode:
        """How surfaces are drawn."""
        return self._mode

    @property
    def rig(self) -> CameraRig:
        """The camera."""
        return self._rig

    def start_3d(self) -> None:
        """Load the 3D libraries on a thread and make the canvas; `ready` or `failed` follows.

        To be called after the window's first paint.
        """
        if self._started:
            return
        self._started = True
        self._say_empty()

        def load() -> None:
            try:
                import_libraries()
            except ImportError as fault:
                self._imported.emit(ProgramMissing(program="VTK", details=str(fault)))
            else:
                self._imported.emit(None)

        self._loader.run(load)

    def show_display(
        self,
        manifest: Path,
        arrays: Mapping[str, Path] | None = None,
        *,
        closed: bool | None = None,
        keep_camera: bool = False,
    ) -> None:
        """Show a mesh from its display files: at once by its stand-in if it has one, then whole.

        `arrays` tells where the manifest's files are when they do not lie beside it; `closed` is said in the
        facts. The camera stays for the mesh that a preview already showed.
        """
        self._closed_surface, self._keep_camera = closed, keep_camera
        self._load(manifest, arrays)

    def show_preview(self, manifest: Path) -> None:
        """Show the stand-in that a running display job has left."""
        self._closed_surface, self._keep_camera = None, False
        self._load(manifest, None)

    def expect(self) -> None:
        """Say that a mesh is on its way, unless another one is seen meanwhile."""
        if self._stage is None or self._stage.mesh.display is None:
            self._say(self.tr("Loading the mesh"))

    def refuse(self, why: str) -> None:
        """Say why a mesh cannot be shown, in place of the one before."""
        self.clear()
        self._say(self.tr("This mesh cannot be shown"), why)

    def clear(self) -> None:
        """Show nothing."""
        self._loader.forget()
        self._waiting = self._pending = None
        if self._stage is not None:
            self._stage.mesh.clear()
            self._stage.marks.clear()
            self._stage.lay_grid()
        self.pill.hide()
        self.bar.allow_checker(True)
        self._say_empty()
        self._redraw()

    def mark(self, triangles: NDArray[np.float32], points: NDArray[np.float32]) -> None:
        """Mark (N, 3, 3) triangles and (M, 3) points, in metres, until another mesh is shown; empty: nothing."""
        if self._stage is not None:
            self._stage.marks.show(triangles, points, self._colours.fault, self.devicePixelRatioF())
            self._redraw()

    def set_mode(self, mode: Mode) -> None:
        """Draw surfaces in that mode."""
        self.bar.show_mode(mode)
        if mode is self._mode:
            return
        self._mode = mode
        if self._stage is not None:
            self._stage.mesh.set_mode(mode)
        self._redraw()
        self.mode_changed.emit(mode)

    def frame(self) -> None:
        """Show the whole mesh from where the camera looks."""
        if self._stage is not None:
            aspect = self.width() / max(self.height(), 1)
            self._rig.fit(self._stage.mesh.box(), aspect, margin_beside_overlays(self.height()))
            self._redraw()

    def home(self) -> None:
        """Show the whole mesh from three quarters."""
        self._rig.look_three_quarter()
        self.frame()

    def view_from(self, direction: ViewDirection) -> None:
        """Look from that side."""
        self._rig.look_from(direction)
        self._redraw()

    def toggle_projection(self) -> None:
        """Change between perspective and parallel projection."""
        self.bar.parallel.toggle()

    def set_grid(self, shown: bool) -> None:
        """Draw the floor's grid or not."""
        self.bar.grid.setChecked(shown)
        if self._stage is not None:
            self._stage.show_grid(shown)
        self._redraw()

    def set_navigation(self, preset: NavigationPreset) -> None:
        """Follow those mouse buttons."""
        self._preset = preset
        if self._steering is not None:
            self._steering.preset = preset

    def set_colours(self, colours: ViewportColours) -> None:
        """Draw with these colours; icons are asked for anew."""
        self._colours = colours
        self.bar.draw_icons()
        if self._stage is not None:
            self._stage.set_colours(colours)
        self._redraw()

    def screenshot(self, path: Path, *, transparent: bool = False) -> None:
        """Save the view as a PNG file; `screenshot_saved`, or `failed` (PermissionDenied, DiskFull) follows."""
        image = self._picture(transparent=transparent)
        if image is not None:
            self._loader.run(lambda: self._saved.emit(save_image(image, path)))

    def copy_screenshot(self) -> None:
        """Put the view on the clipboard."""
        image = self._picture(transparent=False)
        if image is not None:
            QGuiApplication.clipboard().setImage(image)

    def shut_down(self) -> None:
        """Stop timers and threads and let go of the canvas; the view stays a plain widget afterwards."""
        self._settle.stop()
        self._loader.stop()
        self._waiting = self._pending = None
        canvas, self._canvas, self._stage = self._canvas, None, None
        if canvas is not None:
            canvas.frameSwapped.disconnect(self._follow_frame)
            self._column.removeWidget(canvas)
            canvas.close()
            let_go_of_surface(canvas)
            canvas.deleteLater()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Shut down."""
        self.shut_down()
        super().closeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what floats in its place."""
        super().resizeEvent(event)
        self._place()
        if self._stage is not None:
            self._stage.set_line_width(max(1.0, self.devicePixelRatioF()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground while there is no canvas."""
        super().paintEvent(event)
        if self._canvas is None:
            ground = QLinearGradient(0, 0, 0, self.height())
            ground.setColorAt(0, self._colours.top)
            ground.setColorAt(1, self._colours.bottom)
            QPainter(self).fillRect(self.rect(), ground)

    def _make_canvas(self, problem: object) -> None:
        graphics = find_graphics() if problem is None else None
        if graphics is None:
            error = problem if isinstance(problem, OrfeasError) else ProgramMissing(program="OpenGL 3.2")
            self.bar.setEnabled(False)
            note = self.tr("Everything else works. {why}").format(why=error.say())
            self._say(self.tr("3D is not available on this machine"), note)
            self.failed.emit(error)
            return
        from orfeas_desktop.ui.viewport.stage import Stage

        if graphics.software:
            stand_apart(self)
        canvas = make_canvas(self, graphics)
        canvas.setAccessibleName(self.tr("3D view"))
        self._canvas = canvas
        self._stage = Stage(canvas.renderer, self._rig, self._colours)
        self._stage.set_line_width(max(1.0, self.devicePixelRatioF()))
        self._stage.mesh.set_mode(self._mode)
        self._stage.show_grid(self.bar.grid.isChecked())
        self._steering = Steering(canvas, self._rig)
        self._steering.preset = self._preset
        self._steering.commanded.connect(self._obey)
        self._steering.moved.connect(self._draw_moving)
        self._steering.clicked.connect(self._pick)
        canvas.frameSwapped.connect(self._follow_frame)
        self._column.addWidget(canvas)
        canvas.lower()
        self.setFocusProxy(canvas)
        if self.message.isVisible() or not self.isVisible():
            self._say_empty()
        self._place()
        self.frame()
        self.ready.emit()
        if self._waiting is not None:
            self._show(self._waiting)

    def _load(self, manifest: Path, arrays: Mapping[str, Path] | None) -> None:
        self._pending = None
        self.expect()
        self._loader.load(manifest, arrays)

    def _show(self, display: Display) -> None:
        if self._stage is None:
            self._waiting = display
            return
        self._waiting = None
        mesh = self._stage.mesh
        same = mesh.display is not None and mesh.display.facts == display.facts
        if not same:
            self._stage.marks.clear()
        self._pending = display if display.surfaces and display.stand_in is not None else None
        if display.stand_in is not None:
            mesh.show_stand_in_of(display)
        else:
            mesh.show_whole_of(display)
            self.shown.emit()
        self._stage.lay_grid()
        self.message.hide()
        self.pill.show_facts(display.facts, closed=self._closed_surface)
        self.bar.allow_checker(mesh.has_uv or not display.surfaces)
        self._place()
        if not (same or self._keep_camera):
            self.home()
        self._redraw()

    def _follow_frame(self) -> None:
        """Show the whole once a frame with its stand-in has been seen."""
        if self._pending is not None:
            QTimer.singleShot(0, self, self._show_pending)

    def _show_pending(self) -> None:
        display, self._pending = self._pending, None
        if display is not None and self._stage is not None:
            self._stage.mesh.show_whole_of(display)
            self._redraw()
            self.shown.emit()

    def _show_failure(self, error: OrfeasError) -> None:
        if self._stage is None or self._stage.mesh.display is None:
            self._say(self.tr("This mesh cannot be shown"), error.say())
        self.failed.emit(error)

    def _say_empty(self) -> None:
        starting = self._started and self._canvas is None
        self._say(self.tr("Starting the 3D view") if starting else self.tr("Your first mesh appears here"))

    def _say(self, line: str, note: str = "") -> None:
        self.message.say(line, note)
        self._place()

    def _obey(self, command: Command) -> None:
        if isinstance(command, Mode):
            self.bar.mode_buttons[command].click()
        elif isinstance(command, ViewDirection):
            self.view_from(command)
        elif command is Wish.toggle_projection:
            self.toggle_projection()
        elif command is Wish.home:
            self.home()
        else:
            self.frame()

    def _set_parallel(self, parallel: bool) -> None:
        self._rig.parallel = parallel
        self._redraw()

    def _draw_moving(self) -> None:
        if self._stage is not None:
            self._stage.start_moving()
            self._settle.start()
            self._redraw()

    def _draw_settled(self) -> None:
        if self._stage is not None:
            self._stage.settle()
            self._redraw()

    def _redraw(self) -> None:
        if self._canvas is not None and self._stage is not None:
            self._stage.aim()
            self._canvas.update()
        else:
            self.update()

    def _pick(self, position: QPointF) -> None:
        if self._canvas is None or self._stage is None:
            return
        scale = self._canvas.devicePixelRatioF()
        x = round(position.x() * scale)
        y = round((self._canvas.height() - 1 - position.y()) * scale)
        self.picked.emit(self._stage.point_at(x, y))

    def _picture(self, *, transparent: bool) -> QImage | None:
        if self._canvas is None or self._stage is None or not self._canvas.isValid():
            return None
        self._show_pending()
        pixels = self._stage.picture(self._canvas.ren_win, transparent=transparent)
        self._redraw()
        return image_of(pixels)

    def _tell_saved(self, outcome: object) -> None:
        (self.failed if isinstance(outcome, OrfeasError) else self.screenshot_saved).emit(outcome)

    def _place(self) -> None:
        place_overlays(self.rect(), self.bar, self.pill, self.message)
