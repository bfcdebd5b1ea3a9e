"""TokenKeeper: the access token of a hub, kept by the system's keyring, or where there is none in a private file."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from orfeas_desktop.engine.weights.file_table import told
from orfeas_desktop.errors import BadInput

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

    from orfeas_desktop.paths import Paths

SERVICE, ACCOUNT = "Orfeas Desktop", "hub token"
LONGEST = 500


class TokenPlace(StrEnum):
    """Where a token is from."""

    nowhere = "nowhere"
    environment = "environment"
    """HF_TOKEN."""
    keyring = "keyring"
    file = "file"


@dataclass(frozen=True)
class TokenKeeper:
    """Answers for the one token of this user. It goes into no log, no error and no library."""

    file: Path

    @classmethod
    def of(cls, paths: Paths) -> TokenKeeper:
        """Return the keeper of this installation."""
        return cls(paths.config / "hub_token")

    def read(self) -> str:
        """Return the token, or nothing."""
        return self._found()[1]

    def place(self) -> TokenPlace:
        """Return where the token is that would be used."""
        return self._found()[0]

    def keep(self, token: str) -> TokenPlace:
        """Keep a token in place of what was there. Raises BadInput, DiskFull and PermissionDenied."""
        token = checked_token(token)
        if _keyring_keeps(token):
            self._drop_file()
            return TokenPlace.keyring
        self._write(token)
        return TokenPlace.file

    def forget(self) -> None:
        """Keep no token any more. Raises PermissionDenied."""
        _keyring_forgets()
        self._drop_file()

    def _found(self) -> tuple[TokenPlace, str]:
        given = os.environ.get("HF_TOKEN", "").strip()
        if given:
            return TokenPlace.environment, given if _is_token(given) else ""
        kept = _keyring_has()
        if kept:
            return TokenPlace.keyring, kept
        try:
            written = self.file.read_text("utf-8").strip()
        except (OSError, ValueError):
            written = ""
        return (TokenPlace.file, written) if _is_token(written) else (TokenPlace.nowhere, "")

    def _write(self, token: str) -> None:
        temporary: Path | None = None
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="hub", suffix=".part", dir=self.file.parent)
            temporary = Path(name)  # made by mkstemp for this user alone
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(token + "\n")
            temporary.replace(self.file)
        except OSError as problem:
            if temporary is not None:
                temporary.unlink(missing_ok=True)
            raise told(problem, self.file.parent) from problem

    def _drop_file(self) -> None:
        try:
            self.file.unlink(missing_ok=True)
        except OSError as problem:
            raise told(problem, self.file) from problem


def checked_token(text: str) -> str:
    """Return the token without what surrounds it. Raises BadInput, which does not repeat it."""
    token = text.strip()
    if not _is_token(token):
        raise BadInput(
            entry="weights sign-in", problem="this is no access token: it is one word without spaces"
        )
    return token


def _is_token(text: str) -> bool:
    return 0 < len(text) <= LONGEST and all("!" <= letter <= "~" for letter in text)


def _keyring() -> KeyringBackend | None:
    """The system's keyring, or None where there is none that keeps anything."""
    import keyring  # noqa: PLC0415  (looks for every installed keyring: only who needs a token waits for that)

    backend = keyring.get_keyring()
    return backend if backend.priority > 0 else None


def _keyring_keeps(token: str) -> bool:
    backend = _keyring()
    if backend is None:
        return False
    try:
        backend.set_password(SERVICE, ACCOUNT, token)
        return backend.get_password(SERVICE, ACCOUNT) == token
    except Exception:  # noqa: BLE001  (each system's keyring raises its own kinds; a file is there instead)
        return False


def _keyring_has() -> str:
    backend = _keyring()
    if backend is None:
        return ""
    try:
        kept = backend.get_password(SERVICE, ACCOUNT) or ""
    except Exception:  # noqa: BLE001  (as above)
        return ""
    return kept if _is_token(kept) else ""


def _keyring_forgets() -> None:
    backend = _keyring()
    if backend is None:
        return
    try:
        if backend.get_password(SERVICE, ACCOUNT) is not None:
            backend.delete_password(SERVICE, ACCOUNT)
    except Exception as problem:
        raise BadInput(
            entry="weights sign-out", problem="the system’s keyring does not let it go"
        ) from problem
