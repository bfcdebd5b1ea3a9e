"""Preset, or a format and its form, and where to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
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

from orfeas_desktop.names import file_stem
from orfeas_desktop.params import PlainParams
from orfeas_desktop.ui.forms.form import LABEL_WIDTH, Form
from orfeas_desktop.ui.pieces.places import Place, first_folder

if TYPE_CHECKING:
    from orfeas_desktop.engine.exporters.base import Exporter


@dataclass(frozen=True)
class ExportChoice:
    """What the user settled on, `params` where they are no defaults; remembered for the next time."""

    exporter: str
    params: PlainParams
    target: Path
    preset: str = ""
    into_folder: bool = False
    """Whether `target` is the folder that everything goes into."""
    zipped: bool = False
    """Whether what belongs to an asset goes into one ZIP there."""

    @property
    def folder(self) -> Path:
        """Return the folder that is written to."""
        return self.target if self.into_folder else self.target.parent


@dataclass(frozen=True)
class PresetChoice:
    """A preset as it is offered: what it does, line by line, and why it cannot be used now."""

    id: str
    title: str
    summary: str
    lines: tuple[tuple[str, str], ...]
    why_not: str = ""


class ExportDialog(QDialog):
    """Asks for a format, its settings and a target; emits `chosen` with them."""

    chosen = Signal(ExportChoice)

    def __init__(
        self,
        exporters: Sequence[Exporter[Any]],
        name: str,
        *,
        last: ExportChoice | None = None,
        form_of: Callable[[Exporter[Any]], Form] = lambda exporter: Form(exporter.params),
        presets: Sequence[PresetChoice] = (),
        several: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export {name}").format(name=name))
        self.setMinimumSize(480, 320)
        self.resize(480, 520)
        self.exporters = tuple(exporters)
        self._presets = {preset.id: preset for preset in presets}
        self._several = several
        self._aimed_at_folder = False
        self._stem = file_stem(name)
        self._values: dict[str, PlainParams] = {last.exporter: last.params} if last else {}
        self._form_of = form_of
        self.form: Form | None = None
        self._shown = ""
        self._build(last.folder if last else first_folder(Place.exports))
        self.zipped.setChecked(last is not None and last.zipped)
        wanted = self.formats.findData(last.exporter) if last else 0
        self.formats.setCurrentIndex(max(0, wanted))
        self.presets.setCurrentIndex(max(0, self.presets.findData(last.preset) if last else 0))
        self.formats.currentIndexChanged.connect(self._show_choice)
        self.presets.currentIndexChanged.connect(self._show_choice)
        self.target.textChanged.connect(self._judge)
        self._show_choice()

    def choice(self) -> ExportChoice:
        """Return what the dialog shows."""
        self._keep_values()
        exporter, preset = self.exporter(), self.preset()
        return ExportChoice(
            exporter.id,
            self._values.get(exporter.id, {}),
            Path(self.target.text()).expanduser(),
            preset.id if preset else "",
            self._aimed_at_folder,
            self._aimed_at_folder and self.zipped.isChecked(),
        )

    def preset(self) -> PresetChoice | None:
        """Return the chosen preset."""
        return self._presets.get(self.presets.currentData())

    def exporter(self) -> Exporter[Any]:
        """Return the chosen exporter."""
        return self.exporters[max(0, self.formats.currentIndex())]

    def _build(self, folder: Path) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addLayout(self._fields(folder))
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
        self.replaced = QLabel()
        self.replaced.setProperty("role", "warning")
        self.replaced.setWordWrap(True)
        self.replaced.setTextFormat(Qt.TextFormat.PlainText)
        self.replaced.hide()
        column.addWidget(self.replaced)
        column.addWidget(self._buttons())

    def _fields(self, folder: Path) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        grid.setColumnStretch(1, 1)
        self.presets = QComboBox()
        self.presets.setAccessibleName(self.tr("Preset"))
        self.presets.addItem(self.tr("None"), "")
        for preset in self._presets.values():
            self.presets.addItem(preset.title, preset.id)
        self.formats = QComboBox()
        self.formats.setAccessibleName(self.tr("Format"))
        for exporter in self.exporters:
            self.formats.addItem(QCoreApplication.translate("Exporters", exporter.title), exporter.id)
        self.target = QLineEdit(str(folder / self._stem))
        self.browse = QPushButton(self.tr("Choose…"))
        self.browse.setAutoDefault(False)
        self.browse.clicked.connect(self._pick)
        labels: list[QLabel] = []
        words = (self.tr("Preset"), self.tr("Format"), "")
        for row, (label, widget) in enumerate(
            zip(words, (self.presets, self.formats, self.target), strict=True)
        ):
            text = QLabel(label)
            text.setProperty("role", "muted")
            text.setBuddy(widget)
            labels.append(text)
            grid.addWidget(text, row, 0)
            grid.addWidget(widget, row, 1, 1, 1 if widget is self.target else 2)
        grid.addWidget(self.browse, 2, 2)
        self.zipped = QCheckBox(
            self.tr("One ZIP for each asset") if self._several else self.tr("Everything in one ZIP")
        )
        grid.addWidget(self.zipped, 3, 1, 1, 2, Qt.AlignmentFlag.AlignLeft)
        _, self._format_label, self._target_label = labels
        return grid

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

    def _show_choice(self) -> None:
        self._keep_values()
        preset = self.preset()
        self.formats.setVisible(preset is None)
        self._format_label.setVisible(preset is None)
        self._aim(into_folder=self._several or preset is not None)
        if preset is None:
            self._show_format()
        else:
            self.form = None
            self.summary.setText(preset.summary)
            self.summary.setVisible(bool(preset.summary))
            self.page.setWidget(_lines(preset.lines))
        self._judge()

    def _show_format(self) -> None:
        exporter = self.exporter()
        self._shown = exporter.id
        self.summary.setText(QCoreApplication.translate("Exporters", exporter.summary))
        self.summary.show()
        self.form = self._form_of(exporter)
        self.form.set_values(self._values.get(exporter.id, {}))
        self.page.setWidget(self.form)
        if not self._aimed_at_folder:
            target = Path(self.target.text())
            known = {entry.suffix for entry in self.exporters}
            stem = target.with_suffix("") if target.suffix in known else target
            self.target.setText(str(stem.with_name(stem.name + exporter.suffix)))

    def _keep_values(self) -> None:
        if self.form is not None:
            self._values[self._shown] = self.form.chosen()

    def _aim(self, *, into_folder: bool) -> None:
        """Ask for a folder, or for a file in the folder that was asked for."""
        if into_folder is not self._aimed_at_folder:
            target = Path(self.target.text())
            self.target.setText(str(target.parent if into_folder else target / self._stem))
        self._aimed_at_folder = into_folder
        self.zipped.setVisible(into_folder)
        self._target_label.setText(self.tr("Folder") if into_folder else self.tr("Save as"))
        self.target.setAccessibleName(self.tr("Folder") if into_folder else self.tr("File"))
        self.browse.setAccessibleName(
            self.tr("Choose the folder") if into_folder else self.tr("Choose the file")
        )

    def _pick(self) -> None:
        if self._aimed_at_folder:
            self.target.setText(
                QFileDialog.getExistingDirectory(self, self.windowTitle(), self.target.text())
                or self.target.text()
            )
            return
        exporter = self.exporter()
        kinds = "" if exporter.folder else f"{exporter.title} (*{exporter.suffix})"
        path, _ = QFileDialog.getSaveFileName(self, self.windowTitle(), self.target.text(), kinds)
        if path:
            self.target.setText(path if path.endswith(exporter.suffix) else path + exporter.suffix)

    def _judge(self) -> None:
        preset = self.preset()
        problem = preset.why_not if preset else ""
        problem = problem or (self._folder_problem() if self._aimed_at_folder else self._file_problem())
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        replaced = "" if problem or self._aimed_at_folder else self._replaced()
        self.replaced.setText(replaced)
        self.replaced.setVisible(bool(replaced))
        self.save.setEnabled(not problem)
        self.save.setToolTip(problem)
        self.target.setToolTip(self.target.text())

    def _folder_problem(self) -> str:
        if not self.target.text().strip():
            return self.tr("Choose a folder.")
        there = Path(self.target.text()).expanduser().is_dir()
        return "" if there else self.tr("This folder does not exist.")

    def _file_problem(self) -> str:
        target = Path(self.target.text()).expanduser()
        if not self.target.text().strip() or not target.name:
            return self.tr("Give the file a name.")
        if target.is_dir() and not self.exporter().folder:
            return self.tr("This is a folder. Add a file name.")
        return "" if target.parent.is_dir() else self.tr("This folder does not exist.")

    def _replaced(self) -> str:
        """Return what is said of a file or folder that the export takes the place of."""
        target = Path(self.target.text()).expanduser()
        if not target.exists():
            return ""
        return self.tr("“{name}” is there already. It will be replaced.").format(name=target.name)

    def _choose(self) -> None:
        self.chosen.emit(self.choice())
        self.accept()


def _lines(lines: Sequence[tuple[str, str]]) -> QWidget:
    """Return what will be done, line by line."""
    page = QWidget()
    grid = QGridLayout(page)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(4)
    grid.setColumnMinimumWidth(0, LABEL_WIDTH)
    grid.setColumnStretch(1, 1)
    for row, (name, value) in enumerate(lines):
        for at, words in enumerate((name, value)):
            text = QLabel(words)
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.setWordWrap(at == 1)
            text.setAlignment(Qt.AlignmentFlag.AlignTop)
            if at == 0:
                text.setProperty("role", "muted")
            grid.addWidget(text, row, at)
    grid.setRowStretch(len(lines), 1)
    return page
