"""One line about the machine: GPU, CPU, memory, disk, network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from orfeas_desktop.ui.pieces.buttons import IconName
from orfeas_desktop.ui.pieces.icon_label import IconLabel
from orfeas_desktop.ui.pieces.labels import Role, label
from orfeas_desktop.ui.theme import Ink, tabular

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from orfeas_desktop.ui.theme import Look


@dataclass(frozen=True)
class MachineLine:
    """What the line says; sizes in GB (10⁹ bytes), loads 0..1."""

    gpu: str
    cpu_load: float
    ram_used_gb: float
    ram_gb: float
    disk_free_gb: float


class StatusLine(QWidget):
    """Shows the machine; a message of the moment takes the middle."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusLine")
        self.setAccessibleName(self.tr("Status"))
        self.setFixedHeight(28)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.gpu, self.cpu, self.ram, self.disk = (label("", Role.caption) for _ in range(4))
        self.library = label("", Role.warning)
        self.offline = label("", Role.caption)
        self._off = IconLabel(look, IconName("ph.wifi-slash", Ink.success), 14)
        self._on = IconLabel(look, IconName("ph.wifi-high", Ink.muted), 14)
        self.show_network(offline=False)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 0)
        row.setSpacing(24)
        row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        self._figures = (self.gpu, self.cpu, self.ram, self.disk)
        for part in self._figures:
            part.setFont(tabular(part.font()))
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(self.library)
        corner = QHBoxLayout()
        corner.setSpacing(6)
        corner.addWidget(self._off)
        corner.addWidget(self._on)
        corner.addWidget(self.offline)
        row.addLayout(corner)

    def show_machine(self, line: MachineLine) -> None:
        """Show these figures."""
        self.gpu.setText(line.gpu)
        self.cpu.setText(self._load_words(line.cpu_load))
        self.ram.setText(
            self.tr("RAM {used} / {all} GB").format(used=f"{line.ram_used_gb:.1f}", all=f"{line.ram_gb:.0f}")
        )
        free = QLocale().formattedDataSize(
            round(line.disk_free_gb * 1e9), 0, QLocale.DataSizeFormat.DataSizeSIFormat
        )
        self.disk.setText(self.tr("Disk {free} free").format(free=free))
        self._make_room()

    def _load_words(self, load: float) -> str:
        return self.tr("CPU {percent} %").format(percent=round(load * 100))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def show_network(self, *, offline: bool) -> None:
        """Say whether the network is switched off, or may be used for downloads."""
        self.offline.setText(self.tr("Offline") if offline else self.tr("Network for downloads only"))
        self.offline.setToolTip(
            self.tr("The settings keep this program off the network")
            if offline
            else self.tr("Pictures and meshes never leave this machine; only weights you ask for are fetched")
        )
        self._off.setVisible(offline)
        self._on.setVisible(not offline)

    def show_library_state(self, words: str, advice: str) -> None:
        """Say what is wrong with the library, and what to do."""
        self.library.setText(words)
        self.library.setToolTip(advice)
        self._make_room()

    def _make_room(self) -> None:
        """Leave out figures for which there is no room, the disk first."""
        for part in self._figures:
            part.show()
        for part in reversed(self._figures):
            if self._row.sizeHint().width() <= self.width():
                break
            part.hide()
