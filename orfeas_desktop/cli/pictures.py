"""orfeas picture: words in, pictures out; and the words that “orfeas generate --prompt” begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from orfeas_desktop.cli.doors import Call, call_of
from orfeas_desktop.cli.options import check_target, project_for, settings_of
from orfeas_desktop.cli.running import finish, finish_background
from orfeas_desktop.cli.screen import Json, WrongWords, one_line, rounded
from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.backends.base import Backend, Task
from orfeas_desktop.engine.backends.text_to_image import picture_name
from orfeas_desktop.engine.formats.publish import MAIN_SLOT, publish
from orfeas_desktop.engine.weights.lora_shelf import LoraShelf, LoraUse, check_weight, written_uses
from orfeas_desktop.engine.weights.own_pictures import OwnPictures
from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.errors import BadParams, UnknownEntry
from orfeas_desktop.params import Scalar
from orfeas_desktop.register import Table
from orfeas_desktop.requests import Destination, Job, OutputFile
from orfeas_desktop.studio import Studio

EXAMPLE = """Examples:

orfeas picture "a red cup" --out cup.png

orfeas picture "a red cup" --out cups.png --count 4 --style realistic --lora clay.safetensors:0.8 --seed 7"""

Negative = Annotated[str, typer.Option("--negative", help="What the picture should not show.")]
StyleName = Annotated[
    str, typer.Option("--style", help="A style preset, as “orfeas describe backends/sdxl-base” lists them.")
]
Loras = Annotated[
    list[str] | None,
    typer.Option("--lora", metavar="FILE:WEIGHT", help="A LoRA file, or the name of one in the library."),
]
PictureBackend = Annotated[
    str, typer.Option("--picture-backend", help="Which engine makes the picture; else the first that can.")
]
OwnName = Annotated[
    str, typer.Option("--pipeline", metavar="NAME", help="One of your own folders or files, by its name.")
]


@dataclass(frozen=True)
class Words:
    """What a picture is to be made from, as it was typed."""

    prompt: str
    negative: str = ""
    style: str = ""
    loras: tuple[str, ...] = ()
    backend: str = ""
    pipeline: str = ""
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Painter:
    """An engine and its checked settings."""

    entry: Backend
    params: dict[str, Scalar]
    prompt: str

    def start(self, studio: Studio, seed: int, destination: Destination | None = None) -> Job:
        """Queue the pictures. Raises what `check` raises."""
        return studio.generate(
            self.entry.id, {}, params=self.params, seed=seed, destination=destination, title=self.name
        )

    @property
    def name(self) -> str:
        """What people call what it makes."""
        return picture_name(self.prompt)


def painter_for(call: Call, studio: Studio, words: Words) -> Painter:
    """Choose the engine and check the settings before any work.

    Raises BadParams, UnknownEntry and what adding a LoRA raises.
    """
    if not words.prompt.strip():
        raise WrongWords("The prompt is empty.")
    entry = _backend(studio, "own-pictures" if words.pipeline and not words.backend else words.backend)
    given: dict[str, Scalar] = {"prompt": words.prompt, "negative_prompt": words.negative}
    if words.style:
        given["style"] = words.style
    if words.loras:
        given["loras"] = written_uses(_uses(call, words.loras))
    if words.pipeline:
        store = WeightStore.of(call.doors.paths)
        given["pipeline"] = OwnPictures(store.folder).named(words.pipeline).written
    values = {**settings_of(entry, words.settings), **given}
    return Painter(entry, entry.params.check(entry.id, values).plain(), words.prompt)


def _backend(studio: Studio, backend: str) -> Backend:
    makers = {entry.id: entry for entry in BACKENDS if entry.task is Task.text_to_image}
    if backend and backend not in makers:
        raise UnknownEntry(entry=backend, table=Table.backends.value, known=", ".join(makers))
    able = (entry for entry in makers.values() if not entry.own_files and studio.unavailable(entry) is None)
    return makers[backend] if backend else next(able, next(iter(makers.values())))


def _uses(call: Call, given: Sequence[str]) -> list[LoraUse]:
    shelf = LoraShelf.of(call.doors.paths)
    uses: list[LoraUse] = []
    for word in given:
        name, sign, text = word.rpartition(":")
        weight: float | None = None
        try:
            weight = float(text) if sign else None
            if weight is not None:
                check_weight(weight)
        except ValueError as problem:
            if weight is not None:
                raise BadParams(entry=f"--lora {word}", problem=str(problem)) from None
        named = name if weight is not None else word
        path = Path(named).expanduser()
        lora = shelf.add(path) if path.exists() or path.suffix else shelf.named(named)
        uses.append(lora.use(weight))
    return uses


def picture(  # noqa: PLR0913  (typer: an option is an argument)
    context: typer.Context,
    prompt: Annotated[str, typer.Argument(metavar="WORDS", help="What the picture shows.")],
    out: Annotated[Path | None, typer.Option(help="The PNG file; several get numbers.")] = None,
    backend: Annotated[str, typer.Option(help="Which engine makes it; else the first that can.")] = "",
    negative: Negative = "",
    style: StyleName = "",
    lora: Loras = None,
    pipeline: OwnName = "",
    count: Annotated[int, typer.Option(min=1, max=16, help="How many pictures.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Start of the random numbers.")] = 0,
    setting: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the engine.")
    ] = None,
    project: Annotated[str, typer.Option(help="Keep them in this project; it is made when missing.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make pictures from words."""
    del as_json
    call = call_of(context)
    if out is None and not project:
        raise WrongWords("Neither --out nor --project says where the picture goes.")
    targets = _targets(out, count) if out is not None else []
    for target in targets:
        check_target(target)
    settings = (*(setting or ()), f"num_images_per_prompt={count}")
    words = Words(prompt, negative, style, tuple(lora or ()), backend, pipeline, settings)
    with call.studio() as studio:
        painter = painter_for(call, studio, words)
        destination = None
        if project:
            destination = Destination(project_for(studio, project)[0].id, painter.name)
        done = finish(studio, painter.start(studio, seed, destination), call.screen, painter.name)
        made = [output for output in done.result.files if output.slot == "pictures"]
        for output, target in zip(made, targets, strict=bool(targets)):
            publish([OutputFile(MAIN_SLOT, output.file)], target)
        finish_background(studio)
    payload: dict[str, Json] = {
        "files": [str(target) for target in targets],
        "backend": painter.entry.id,
        "prompt": prompt,
        "seeds": [seed + number for number in range(len(made))],
        "cached": done.result.cached,
        "seconds": rounded(done.result.seconds),
        "project": project or None,
        "warnings": list(call.screen.warnings),
    }
    call.screen.give(payload, "\n".join(one_line(str(target)) for target in targets) or project)


def _targets(out: Path, count: int) -> list[Path]:
    if out.suffix.lower() not in {".png", ""}:
        raise UnknownEntry(entry=out.suffix, table="picture formats", known=".png")
    first = out if out.suffix else out.with_suffix(".png")
    return [first, *(first.with_stem(f"{first.stem}-{number}") for number in range(2, count + 1))]
