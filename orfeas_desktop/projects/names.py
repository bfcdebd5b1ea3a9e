"""Names of people's things as the library keeps and compares them."""

from __future__ import annotations

import unicodedata

from orfeas_desktop.errors import NameMissing


def kept_name(name: str) -> str:
    """Return `name` as text that a database takes: bytes that are no UTF-8 become U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def given_name(name: str) -> str:
    """Return a project's or asset's name composed (Unicode NFC), without blanks around it. Raises NameMissing."""
    cleaned = unicodedata.normalize("NFC", kept_name(name)).strip()
    if not cleaned:
        raise NameMissing
    return cleaned


def folded(text: str) -> str:
    """Return `text` so that case and compatibility forms do not matter in a search (Unicode NFKC, casefold)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
