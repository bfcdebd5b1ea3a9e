"""The style presets: words that are put around a prompt, read from `resources/styles.json`."""

from __future__ import annotations

from functools import cache

from pydantic import BaseModel, ConfigDict, TypeAdapter

from orfeas_desktop.params import Choice
from orfeas_desktop.paths import RESOURCES

PLAIN = "none"
ASSET = "3d-asset"


class Style(BaseModel):
    """One preset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    prompt: str
    """Holds `{prompt}` once, where the user's words go."""
    negative: str

    def words(self, prompt: str) -> str:
        """Return the prompt with the style's words around it."""
        return self.prompt.replace("{prompt}", prompt.strip())

    def unwanted(self, negative_prompt: str) -> str:
        """Return the negative prompt with the style's own behind it."""
        return ", ".join(part for part in (negative_prompt.strip(), self.negative) if part)


@cache
def styles() -> tuple[Style, ...]:
    """Return every preset, in the order they are listed."""
    return TypeAdapter(tuple[Style, ...]).validate_json((RESOURCES / "styles.json").read_bytes())


def style(style_id: str) -> Style:
    """Return the preset of that id. Raises ValueError."""
    found = next((each for each in styles() if each.id == style_id), None)
    if found is None:
        raise ValueError(f"one of {', '.join(each.id for each in styles())}")
    return found


def style_choices() -> tuple[Choice, ...]:
    """Return the presets as a form offers them."""
    return tuple(Choice(each.id, each.title) for each in styles())
