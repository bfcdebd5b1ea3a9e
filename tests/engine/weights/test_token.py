"""The access token: where it is kept, and that nobody else sees it."""

from __future__ import annotations

import stat

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import PasswordDeleteError, PasswordSetError

from orfeas_desktop.engine.weights.token import TokenKeeper, TokenPlace
from orfeas_desktop.errors import BadInput, PermissionDenied
from orfeas_desktop.paths import Paths

TOKEN = "hf_abcDEF123"


class Ring(KeyringBackend):
    """A system keyring in miniature; `locked`: it lets nobody in."""

    priority = 0.5

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise PasswordSetError
        self.kept[(service, username)] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.locked:
            raise PasswordDeleteError
        del self.kept[(service, username)]


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    made = Ring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return made


@pytest.fixture
def keeper(home) -> TokenKeeper:
    return TokenKeeper.of(Paths.of())


def test_the_keyring_keeps_it(ring, keeper) -> None:
    keeper.file.parent.mkdir(parents=True)
    keeper.file.write_text("hf_old")
    assert keeper.place() is TokenPlace.file
    assert keeper.keep(f" {TOKEN}\n") is TokenPlace.keyring
    assert not keeper.file.exists()
    assert (keeper.place(), keeper.read()) == (TokenPlace.keyring, TOKEN)
    keeper.forget()
    keeper.forget()
    assert (keeper.place(), keeper.read()) == (TokenPlace.nowhere, "")


def test_without_a_keyring_a_private_file_does(ring, keeper, monkeypatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", NoKeyring)
    assert keeper.keep(TOKEN) is TokenPlace.file
    assert stat.S_IMODE(keeper.file.stat().st_mode) == 0o600
    assert keeper.read() == TOKEN
    keeper.file.write_bytes(b"\xff\xfe")
    assert keeper.read() == ""
    keeper.forget()
    assert not keeper.file.exists()


def test_a_locked_keyring_is_gone_round(ring, keeper) -> None:
    ring.locked = True
    assert keeper.keep(TOKEN) is TokenPlace.file
    ring.kept[("Orfeas Desktop", "hub token")] = TOKEN
    with pytest.raises(BadInput, match="keyring"):
        keeper.forget()


def test_the_environment_goes_first(ring, keeper, monkeypatch) -> None:
    keeper.keep(TOKEN)
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    assert (keeper.place(), keeper.read()) == (TokenPlace.environment, "hf_other")
    monkeypatch.setenv("HF_TOKEN", "two words")
    assert keeper.read() == ""


@pytest.mark.parametrize("wrong", ["", "two words", "a\nb", "ü", "x" * 600])
def test_what_is_no_token_is_refused_and_not_repeated(ring, keeper, wrong) -> None:
    with pytest.raises(BadInput) as caught:
        keeper.keep(wrong)
    assert not wrong or wrong not in caught.value.say()


def test_a_place_that_cannot_be_written_is_told(ring, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(keyring, "get_keyring", NoKeyring)
    (tmp_path / "file").write_text("")
    keeper = TokenKeeper(tmp_path / "file" / "hub_token")
    with pytest.raises(PermissionDenied):
        keeper.keep(TOKEN)
    with pytest.raises(PermissionDenied):
        TokenKeeper(tmp_path / "file" / "hub_token").forget()
