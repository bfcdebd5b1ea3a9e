"""The weights dialog over a real studio, a real worker and a hub on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keyring
import pytest
import torch
from keyring.backends.fail import Keyring as NoKeyring
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMessageBox
from safetensors.torch import load_file

from orfeas_desktop.engine.weights.catalog import catalog, weight_set
from orfeas_desktop.engine.weights.lora_shelf import LoraShelf
from orfeas_desktop.engine.weights.picture_base import PictureBase
from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.engine.weights.token import TokenKeeper
from orfeas_desktop.engine.weights.transfers import Transfer, TransferState, transfer_file
from orfeas_desktop.paths import Paths
from orfeas_desktop.requests import JobState
from orfeas_desktop.ui.dialogs.error_box import ErrorBox
from orfeas_desktop.ui.dialogs.licence_dialog import LicenceDialog
from orfeas_desktop.ui.dialogs.weights_card import WeightsCard
from orfeas_desktop.ui.dialogs.weights_dialog import WeightsDialog
from orfeas_desktop.ui.engine_thread import EngineThread
from orfeas_desktop.ui.pieces.places import Places
from orfeas_desktop.ui.state.job_desk import JobDesk
from orfeas_desktop.ui.state.store_thread import StoreThread
from orfeas_desktop.ui.state.weights_desk import WeightsDesk
from tests.engine.weights.loopback_hub import LARGE, SET, Hub, Trouble, Zeros, hub_of_one_set
from tests.engine.weights.test_picture_base import LORAS, stripped


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with hub_of_one_set() as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        yield made


@dataclass
class Stage:
    """The dialog and what moves it."""

    desk: WeightsDesk
    dialog: WeightsDialog
    jobs: JobDesk

    @property
    def card(self) -> WeightsCard:
        return self.dialog.cards[SET]


@pytest.fixture
def stage(qtbot, hub, studio) -> Iterator[Stage]:
    threads = StoreThread()
    jobs = JobDesk(threads)
    engine = EngineThread(studio.poll)
    engine.happened.connect(jobs.take_event)
    jobs.open(studio)
    engine.start()
    desk = WeightsDesk(jobs, threads, Paths.of())
    dialog = WeightsDialog(desk, Places({}))
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    qtbot.waitUntil(lambda: SET in dialog.cards)
    dialog.area.ensureWidgetVisible(dialog.cards[SET])
    yield Stage(desk, dialog, jobs)
    engine.stop()
    threads.close()


def press(qtbot, button) -> None:
    dialog = button.window()

    def in_sight() -> bool:
        if isinstance(dialog, WeightsDialog) and dialog.area.isAncestorOf(button):
            dialog.area.ensureWidgetVisible(button)
        return button.visibleRegion().contains(button.rect().center())

    qtbot.waitUntil(in_sight)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def accept_licence(qtbot, stage: Stage) -> None:
    qtbot.waitUntil(lambda: stage.dialog.findChild(LicenceDialog) is not None)
    dialog = stage.dialog.findChild(LicenceDialog)
    assert not dialog.agree.isEnabled()
    assert dialog.territory.text().startswith("The licence does not cover the European Union")
    dialog.box.click()
    press(qtbot, dialog.agree)


def test_every_set_is_a_card_that_says_what_it_is(stage) -> None:
    assert set(stage.dialog.cards) == {weights.id for weights in catalog()}
    card = stage.card
    assert "410.00 MB" in card.facts.text()
    assert "Tencent Hunyuan 3D 2.0 Community License" in card.facts.text()
    assert card.territory.isVisibleTo(stage.dialog)
    assert card.state.text() == "Not here"
    assert card.main.text() == "Download"
    assert not card.check.isVisibleTo(stage.dialog)
    assert not card.drop.isVisibleTo(stage.dialog)
    assert "free" in stage.dialog.where.whole_text()


def test_accept_download_verify_and_remove(qtbot, stage, hub) -> None:
    card = stage.card
    press(qtbot, card.main)
    assert hub.asked == []
    accept_licence(qtbot, stage)
    qtbot.waitUntil(lambda: card.state.text() == "Here")
    assert WeightStore.of().find(SET)
    qtbot.waitUntil(lambda: not card.main.isVisibleTo(stage.dialog))
    press(qtbot, card.check)
    qtbot.waitUntil(lambda: card.state.text() == "Here, every byte verified")
    press(qtbot, card.drop)
    qtbot.waitUntil(lambda: stage.dialog.findChild(QMessageBox) is not None)
    box = stage.dialog.findChild(QMessageBox)
    assert "2 files are deleted" in box.informativeText()
    remove = next(button for button in box.buttons() if button.text() == "Remove")
    press(qtbot, remove)
    qtbot.waitUntil(lambda: card.state.text() == "Not here")
    assert WeightStore.of().find(SET) is None


def test_refusing_the_licence_leaves_all_else_alone(qtbot, stage, hub) -> None:
    press(qtbot, stage.card.main)
    qtbot.waitUntil(lambda: stage.dialog.findChild(LicenceDialog) is not None)
    press(qtbot, stage.dialog.findChild(LicenceDialog).refuse)
    assert hub.asked == []
    assert stage.card.state.text() == "Not here"
    assert not stage.dialog.cards["triposr"].row.needs_consent


def test_pause_and_continue(qtbot, stage, hub) -> None:
    hub.put(LARGE, Zeros(200_000_000))
    hub.trouble.extend([Trouble("cut", 50_000_000)] + [Trouble("slow")] * 4)
    card = stage.card
    press(qtbot, card.main)
    accept_licence(qtbot, stage)
    qtbot.waitUntil(lambda: len(hub.gets(LARGE)) >= 2)
    qtbot.waitUntil(lambda: "of 200.00 MB" in card.state.text())
    assert card.bar.isVisibleTo(stage.dialog)
    assert card.main.text() == "Pause"
    press(qtbot, card.main)
    qtbot.waitUntil(lambda: card.state.text().startswith("Paused at"))
    assert card.main.text() == "Continue"
    assert card.drop.isVisibleTo(stage.dialog)
    hub.trouble.clear()
    press(qtbot, card.main)
    qtbot.waitUntil(lambda: card.state.text() == "Here")


def test_a_failure_is_said_on_the_card(qtbot, stage, hub) -> None:
    hub.trouble.append(Trouble("status", 404))
    press(qtbot, stage.card.main)
    accept_licence(qtbot, stage)
    qtbot.waitUntil(lambda: "could not be downloaded" in stage.card.state.text())
    assert stage.card.main.isVisibleTo(stage.dialog)


def test_a_download_of_a_process_that_is_gone_goes_on(qtbot, stage, hub) -> None:
    stage.desk.accept(weight_set(SET), lambda: None)
    store = WeightStore.of()
    gone = Transfer(state=TransferState.running, done=5, total=10, pid=2**22 + 1)
    transfer_file(store, SET).parent.mkdir(parents=True)
    transfer_file(store, SET).write_text(gone.model_dump_json())
    stage.desk.go_on()
    qtbot.waitUntil(lambda: stage.card.state.text() == "Here")


def test_a_folder_of_ones_own(qtbot, stage, monkeypatch, tmp_path) -> None:
    own = tmp_path / "comfy" / "hunyuan3d-vae-v2-0-turbo"
    own.mkdir(parents=True)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "comfy"))
    press(qtbot, stage.dialog.add)
    qtbot.waitUntil(lambda: stage.dialog.findChild(ErrorBox) is not None)
    stage.dialog.findChild(ErrorBox).accept()
    (own / "config.yaml").write_text("target: x.ShapeVAE\nparams: {geo_decoder_downsample_ratio: 2}\n")
    header = b'{"geo_decoder.x": {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}}'
    (own / LARGE).write_bytes(len(header).to_bytes(8, "little") + header + b"ab")
    press(qtbot, stage.dialog.add)
    card = stage.dialog.cards["hunyuan3d-2-vae-turbo"]
    qtbot.waitUntil(lambda: "in your own folder" in card.state.text())
    press(qtbot, card.drop)
    qtbot.waitUntil(lambda: stage.dialog.findChild(QMessageBox) is not None)
    box = stage.dialog.findChild(QMessageBox)
    assert "stay; the program only forgets them" in box.informativeText()
    box.reject()
    assert (own / LARGE).exists()


def test_the_terms_can_be_read_again(qtbot, stage) -> None:
    stage.desk.accept(weight_set(SET), lambda: None)
    qtbot.waitUntil(lambda: not stage.card.row.needs_consent)
    press(qtbot, stage.card.terms)
    qtbot.waitUntil(lambda: stage.dialog.findChild(LicenceDialog) is not None)
    dialog = stage.dialog.findChild(LicenceDialog)
    assert not dialog.box.isVisibleTo(dialog)
    assert "1 million monthly active users" in dialog.text.toPlainText()
    press(qtbot, dialog.refuse)


def test_a_file_is_added_and_said_to_be_what_it_is(stage, qtbot, tmp_path, monkeypatch) -> None:
    file = stripped(tmp_path / "clay.safetensors", LORAS["sdxl peft"][1])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    stage.dialog.add_file.click()
    qtbot.waitUntil(lambda: stage.dialog.added.text() == "The LoRA “clay” is in your library")
    assert LoraShelf.of().named("clay").base is PictureBase.sdxl
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    stage.dialog.add_file.click()


def test_pickles_are_converted_by_jobs_that_the_queue_shows(stage, qtbot, tmp_path, monkeypatch) -> None:
    file = tmp_path / "clay.pt"
    torch.save(load_file(stripped(tmp_path / "clay.safetensors", LORAS["sdxl peft"][1])), file)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    stage.dialog.add_file.click()
    qtbot.waitUntil(lambda: "“clay”" in stage.dialog.added.text())
    assert stage.jobs.list.count(JobState.done) == 1
    torch.save({"program": print}, file)
    stage.dialog.add_file.click()
    qtbot.waitUntil(lambda: stage.dialog.findChild(ErrorBox) is not None)
    assert "could be a program" in stage.dialog.findChild(ErrorBox).text()
    stage.dialog.findChild(ErrorBox).accept()
    assert stage.jobs.list.count(JobState.failed) == 1


def test_a_token_is_asked_for_unseen_kept_and_forgotten(stage, qtbot, hub, monkeypatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", NoKeyring)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    hub.gate = "hf_secret"
    stage.desk.accept(weight_set(SET), lambda: stage.desk.download(SET))
    qtbot.waitUntil(lambda: "Access token" in stage.card.state.text())
    keeper = TokenKeeper.of(Paths.of())
    for token in ("hf_secret", ""):
        stage.dialog.token.click()
        assert stage.dialog.asking.textEchoMode() is QLineEdit.EchoMode.Password
        stage.dialog.asking.setTextValue(token)
        stage.dialog.asking.accept()
        qtbot.waitUntil(lambda token=token: keeper.read() == token)
