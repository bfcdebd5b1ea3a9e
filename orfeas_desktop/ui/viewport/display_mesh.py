"""The shown mesh: its arrays are mapped on a thread, its actors live on the window's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from orfeas_desktop.engine.chores.display_files import read_display
from orfeas_desktop.engine.render.camera import corners
from orfeas_desktop.engine.render.drawing import polydata_of, texture_of
from orfeas_desktop.errors import OrfeasError
from orfeas_desktop.ui.viewport.modes import Mode
from orfeas_desktop.ui.viewport.shading import checker_texture, shade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from vtkmodules.vtkRenderingCore import vtkActor, vtkRenderer, vtkTexture

    from orfeas_desktop.engine.chores.display_files import Display
    from orfeas_desktop.engine.render.surface import Surface
    from orfeas_desktop.ui.viewport.modes import ViewportColours


class _Task(QRunnable):
    """A call made on a thread of the pool."""

    def __init__(self, call: Callable[[], None]) -> None:
        super().__init__()
        self._call = call

    def run(self) -> None:
        """Make the call."""
        self._call()


class DisplayLoader(QObject):
    """Maps display files on a thread of its own, one after the other; only the newest is handed on."""

    loaded = Signal(object)
    """A Display."""
    failed = Signal(object)
    """An OrfeasError."""
    _finished = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._newest = 0
        self._finished.connect(self._hand_on)

    def load(self, manifest: Path, arrays: Mapping[str, Path] | None = None) -> None:
        """Map what the manifest names; `loaded` or `failed` follows unless another load comes first."""
        self._newest += 1
        number = self._newest

        def work() -> None:
            try:
                found = read_display(manifest, arrays)
            except OrfeasError as error:
                self._finished.emit(number, error)
            else:
                self._finished.emit(number, found)

        self.run(work)

    def run(self, call: Callable[[], None]) -> None:
        """Make a call on the thread, after what waits there."""
        self._pool.start(_Task(call))

    def forget(self) -> None:
        """Hand on nothing of what was asked for so far."""
        self._newest += 1

    def stop(self) -> None:
        """Drop what waits and wait for what runs."""
        self.forget()
        self._pool.clear()
        self._pool.waitForDone()

    def _hand_on(self, number: int, found: object) -> None:
        if number != self._newest:
            return
        if isinstance(found, OrfeasError):
            self.failed.emit(found)
        else:
            self.loaded.emit(found)


@dataclass(eq=False)
class _Part:
    """One actor, what it shows now, and that surface's texture."""

    actor: vtkActor
    surface: Surface
    texture: vtkTexture | None


class DisplayMesh:
    """The actors of one mesh: those of its stand-in or those of the whole are seen.

    Actors are kept and given new data when another mesh is shown; the arrays stay referenced while they are.
    """

    def __init__(self, renderer: vtkRenderer, colours: ViewportColours) -> None:
        self._renderer = renderer
        self._colours = colours
        self._mode = Mode.textured
        self._whole: list[_Part] = []
        self._stand_in: list[_Part] = []
        self._checker: vtkTexture | None = None
        self.display: Display | None = None

    @property
    def has_whole(self) -> bool:
        """Whether all faces can be drawn."""
        return bool(self._whole)

    @property
    def has_stand_in(self) -> bool:
        """Whether a reduced surface can be drawn."""
        return bool(self._stand_in)

    @property
    def has_uv(self) -> bool:
        """Whether the checker can be drawn."""
        display = self.display
        return display is not None and any(surface.uv is not None for surface in display.surfaces)

    @property
    def actors(self) -> tuple[vtkActor, ...]:
        """Everything that is drawn of the mesh."""
        return tuple(part.actor for part in (*self._stand_in, *self._whole))

    def box(self) -> NDArray[np.float64]:
        """Return the corners (8, 3) of what is shown in metres; a cube of one metre when nothing is."""
        if self.display is None:
            return corners(np.array([-0.5, 0.0, -0.5]), np.array([0.5, 1.0, 0.5]))
        return corners(np.array(self.display.facts.low), np.array(self.display.facts.high))

    def show_stand_in_of(self, display: Display) -> None:
        """Show the reduced surface of `display`, if it has one, in place of what is shown."""
        self.display = display
        surfaces = () if display.stand_in is None else (display.stand_in,)
        self._fill(self._stand_in, surfaces)
        self._fill(self._whole, ())

    def show_whole_of(self, display: Display) -> None:
        """Show all surfaces of `display`; its stand-in is kept for turning."""
        self.display = display
        self._fill(self._stand_in, () if display.stand_in is None else (display.stand_in,))
        self._fill(self._whole, display.surfaces)
        self.choose(reduced=False)

    def choose(self, *, reduced: bool) -> None:
        """Draw the stand-in or the whole; whichever is there when the other is not."""
        stand_in = bool(self._stand_in) and (reduced or not self._whole)
        for part in self._stand_in:
            part.actor.SetVisibility(stand_in)
        for part in self._whole:
            part.actor.SetVisibility(not stand_in)

    def clear(self) -> None:
        """Show nothing and let go of all arrays."""
        self.display = None
        self._fill(self._stand_in, ())
        self._fill(self._whole, ())

    def set_mode(self, mode: Mode) -> None:
        """Draw every surface in that mode."""
        self._mode = mode
        self._shade()

    def set_colours(self, colours: ViewportColours) -> None:
        """Draw with these colours."""
        self._colours = colours
        self._shade()

    def _fill(self, parts: list[_Part], surfaces: tuple[Surface, ...]) -> None:
        while len(parts) > len(surfaces):
            self._renderer.RemoveActor(parts.pop().actor)
        for number, surface in enumerate(surfaces):
            texture = None if surface.texture is None else texture_of(surface.texture)
            if number < len(parts):
                parts[number].surface, parts[number].texture = surface, texture
            else:
                parts.append(_Part(self._new_actor(), surface, texture))
            part = parts[number]
            part.actor.GetMapper().SetInputDataObject(polydata_of(surface))
            part.actor.SetScale(1.0 if self.display is None else self.display.metres_per_unit)
        self._shade()

    def _new_actor(self) -> vtkActor:
        from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

        mapper = vtkPolyDataMapper()
        mapper.SetColorModeToDirectScalars()
        actor = vtkActor()
        actor.SetMapper(mapper)
        self._renderer.AddActor(actor)
        return actor

    def _shade(self) -> None:
        for part in (*self._stand_in, *self._whole):
            texture = part.texture if self._mode is Mode.textured else None
            if self._mode is Mode.checker and part.surface.uv is not None:
                if self._checker is None:
                    self._checker = checker_texture()
                texture = self._checker
            shade(part.actor, part.surface, texture, self._mode, self._colours)
