"""A shown viewport with its canvas, and display files to show in it."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtGui import QIcon
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.chores import CHORES
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture
from orfeas_desktop.ui.theme import Theme, ThemeName
from orfeas_desktop.ui.viewport.modes import ViewportColours
from orfeas_desktop.ui.viewport.viewport import Viewport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass
class Notes:
    """A JobContext that keeps previews."""

    staging: Path
    seed: int = 0
    threads: int = 2
    preview_path: Path | None = None

    def stage(self, title: str):
        return nullcontext()

    def progress(self, fraction: float | None) -> None:
        """Nobody watches."""

    def preview(self, path: Path, kind: AssetKind) -> None:
        self.preview_path = path


def ball(
    rings: int, *, textured: bool = True, uv: bool = True, scale: float = 1.0, lift: float = 0.5
) -> Mesh:
    """A ball standing on the floor, red on its right and blue on its left side."""
    down, across = np.linspace(0, 1, rings + 1), np.linspace(0, 1, 2 * rings + 1)
    v, u = (part.reshape(-1) for part in np.meshgrid(down, across, indexing="ij"))
    polar, around = v * np.pi, u * 2 * np.pi
    unit = np.stack((np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)), axis=1)
    row = np.arange(rings * 2 * rings)
    a = row // (2 * rings) * (2 * rings + 1) + row % (2 * rings)
    below = a + 2 * rings + 1
    faces = np.concatenate((np.stack((a, below, a + 1), 1), np.stack((a + 1, below, below + 1), 1)))
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:, :32], pixels[:, 32:] = (220, 30, 30), (30, 30, 220)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    texture = Texture(out.getvalue(), "image/png") if textured and uv else None
    return Mesh(
        vertices=((unit * 0.5 + (0, lift, 0)) * scale).astype(np.float32),
        faces=faces.astype(np.int32),
        normals=unit.astype(np.float32),
        uvs=(np.stack((u, v), axis=1).astype(np.float32),) if uv else (),
        materials=(Material(base_color_texture=texture),),
    )


@pytest.fixture(scope="session")
def prepare(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Path, Path | None]]:
    """Make display files of a ball; return the manifest of the whole and that of the preview."""

    def make(rings: int = 16, *, stand_in_faces: int = 60_000, **look: object) -> tuple[Path, Path | None]:
        folder = tmp_path_factory.mktemp("display")
        write_glb(ball(rings, **look), folder / "ball.glb")
        (folder / "staging").mkdir()
        notes = Notes(folder / "staging")
        entry = CHORES["display"]
        params = entry.params.check("display", {"stand_in_faces": stand_in_faces})
        manifest, *_ = entry.run({"mesh": (local_file(folder / "ball.glb", AssetKind.mesh),)}, params, notes)
        return manifest.path, notes.preview_path

    return make


@pytest.fixture(scope="session")
def small(prepare) -> Path:
    return prepare(16)[0]


@pytest.fixture(scope="session")
def large(prepare) -> tuple[Path, Path]:
    """A mesh with a stand-in of at most 400 faces."""
    return prepare(40, stand_in_faces=400)


@dataclass
class Stand:
    """A window around a viewport, and hands to use it with."""

    window: QMainWindow
    view: Viewport
    qtbot: object

    @property
    def canvas(self):
        return self.view._canvas

    @property
    def mesh(self):
        return self.view._stage.mesh

    def show(self, manifest: Path, **how) -> None:
        with self.qtbot.waitSignal(self.view.shown):
            self.view.show_display(manifest, **how)
        self.settle()

    def settle(self) -> None:
        """Wait for the next whole frame."""
        with self.qtbot.waitSignal(self.canvas.frameSwapped):
            self.canvas.update()
        QCoreApplication.processEvents()

    def pixels(self) -> np.ndarray:
        """What the canvas shows, (H, W, 3)."""
        self.settle()
        image = self.canvas.grabFramebuffer().convertToFormat(
            self.canvas.grabFramebuffer().Format.Format_RGB888
        )
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()

    def drag(
        self, button: Qt.MouseButton, step: QPoint, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        start = self.canvas.rect().center()
        QTest.mousePress(self.canvas, button, held, start)
        for part in range(1, 5):
            self._move(button, held, start + step * part / 4)
        QTest.mouseRelease(self.canvas, button, held, start + step)

    def _move(self, button, held, at) -> None:
        from PySide6.QtCore import QPointF
        from PySide6.QtGui import QMouseEvent

        spot = QPointF(at)
        event = QMouseEvent(
            QEvent.Type.MouseMove, spot, self.canvas.mapToGlobal(spot), Qt.MouseButton.NoButton, button, held
        )
        QCoreApplication.sendEvent(self.canvas, event)

    def key(self, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.canvas, key, held)


@pytest.fixture
def colours() -> ViewportColours:
    return ViewportColours.of(Theme.read(ThemeName.dark).color)


@pytest.fixture
def bare(qtbot, colours, caplog) -> Iterator[Stand]:
    """A window whose viewport has no canvas yet; at the end nothing is left and VTK has not complained."""
    window = QMainWindow()
    window.resize(640, 480)
    view = Viewport(colours, lambda _name: QIcon())
    window.setCentralWidget(view)
    with qtbot.waitExposed(window):
        window.show()
    yield Stand(window, view, qtbot)
    view.close()
    window.close()
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.fixture
def stand(bare) -> Stand:
    """A window whose viewport is ready."""
    with bare.qtbot.waitSignal(bare.view.ready):
        bare.view.start_3d()
    bare.settle()
    return bare
