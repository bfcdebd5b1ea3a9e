"""Format, its form and where to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from orfeas_desktop.params import PlainParams
from orfeas_desktop.ui.forms.form import LABEL_WIDTH, Form

if TYPE_CHECKING:
    from orfeas_desktop.engine.exporters.base import Exporter


@dataclass(frozen=True)
class ExportChoice:
    """What the user settled on; remembered for the next time."""

    exporter: str
    params: PlainParams
    target: Path


class ExportDialog(QDialog):
    """Asks for a format, its settings and a target; emits `chosen` with them."""

    chosen = Signal(ExportChoice)

    def __init__(
        self,
        exporters: Sequence[Exporter[Any]],
        name: str,
        *,
        last: ExportChoice | None = None,
        hidden: Mapping[str, frozenset[str]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export {name}").format(name=name))
        self.setMinimumSize(480, 320)
        self.exporters = tuple(exporters)
        self._stem = _file_stem(name)
        self._values: dict[str, PlainParams] = {last.exporter: last.params} if last else {}
        self._hidden = hidden or {}
        self.form: Form | None = None
        self._build(last.target.parent if last else Path.home())
        wanted = self.formats.findData(last.exporter) if last else 0
        self.formats.setCurrentIndex(max(0, wanted))
        self._show_format()

    def choice(self) -> ExportChoice:
        """Return what the dialog shows."""
        exporter = self.exporter()
        values = self.form.values() if self.form else {}
        return ExportChoice(exporter.id, values, Path(self.target.text()).expanduser())

    def exporter(self) -> Exporter[Any]:
        """Return the chosen exporter."""
        return self.exporters[max(0, self.formats.currentIndex())]

    def _build(self, folder: Path) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        self.formats = QComboBox()
        self.formats.setAccessibleName(self.tr("Format"))
        for exporter in self.exporters:
            self.formats.addItem(QCoreApplication.translate("Exporters", exporter.title), exporter.id)
        self.target = QLineEdit(str(folder / self._stem))
        self.target.setAccessibleName(self.tr("File"))
        self.browse = QPushButton(self.tr("Choose…"))
        self.browse.setAccessibleName(self.tr("Choose the file"))
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._pick)
        for row, (label, widgets) in enumerate(
            (
                (self.tr("Format"), (self.formats,)),
                (self.tr("Save as"), (self.target, self.browse)),
            )
        ):
            text = QLabel(label)
            text.setProperty("role", "muted")
            text.setBuddy(widgets[0])
            grid.addWidget(text, row, 0)
            for offset, widget in enumerate(widgets):
                grid.addWidget(widget, row, 1 + offset, 1, 1 if len(widgets) > 1 else 2)
        column.addLayout(grid)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setProperty("role", "muted")
        column.addWidget(self.summary)
        self.page = QScrollArea()
        self.page.setWidgetResizable(True)
        self.page.setFrameShape(QFrame.Shape.NoFrame)
        self.page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.addWidget(self.page, 1)
        self.problem = QLabel()
        self.problem.setProperty("role", "danger")
        self.problem.setWordWrap(True)
        self.problem.hide()
        column.addWidget(self.problem)
        column.addWidget(self._buttons())
        self.formats.currentIndexChanged.connect(self._show_format)
        self.target.textChanged.connect(self._judge)

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(self)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.save = QPushButton(self.tr("Export"))
        self.save.setProperty("primary", True)
        self.save.setDefault(True)
        buttons.addButton(self.cancel, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.save, QDialogButtonBox.ButtonRole.AcceptRole)
        self.cancel.clicked.connect(self.reject)
        self.save.clicked.connect(self._choose)
        return buttons

    def _show_format(self) -> None:
        exporter = self.exporter()
        if self.form is not None:
            self._values[self._shown] = self.form.values()
        self._shown = exporter.id
        self.summary.setText(QCoreApplication.translate("Exporters", exporter.summary))
        self.form = Form(exporter.params, skip=self._hidden.get(exporter.id, frozenset()))
        self.form.set_values(self._values.get(exporter.id, {}))
        self.page.setWidget(self.form)
        target = Path(self.target.text())
        known = {entry.suffix for entry in self.exporters}
        stem = target.with_suffix("") if target.suffix in known else target
        self.target.setText(str(stem.with_name(stem.name + exporter.suffix)))
        self._judge()

    def _pick(self) -> None:
        exporter = self.exporter()
        kinds = "" if exporter.folder else f"{exporter.title} (*{exporter.suffix})"
        path, _ = QFileDialog.getSaveFileName(self, self.windowTitle(), self.target.text(), kinds)
        if path:
            self.target.setText(path if path.endswith(exporter.suffix) else path + exporter.suffix)

    def _judge(self) -> None:
        target = Path(self.target.text()).expanduser()
        problem = ""
        if not self.target.text().strip() or not target.name:
            problem = self.tr("Give the file a name.")
        elif target.is_dir() and not self.exporter().folder:
            problem = self.tr("This is a folder. Add a file name.")
        elif not target.parent.is_dir():
            problem = self.tr("This folder does not exist.")
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.save.setEnabled(not problem)
        self.save.setToolTip(problem)

    def _choose(self) -> None:
        self.chosen.emit(self.choice())
        self.accept()


def _file_stem(name: str) -> str:
    cleaned = "".join("_" if letter in '<>:"/\\|?*' or ord(letter) < 32 else letter for letter in name)
    return cleaned.strip(" .")[:120] or "mesh"
