"""orfeas weights lora: the library of LoRAs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orfeas_desktop.cli.doors import Call, call_of
from orfeas_desktop.cli.screen import Json, columns
from orfeas_desktop.engine.weights.lora_shelf import LEAST_WEIGHT, MOST_WEIGHT, Lora, LoraShelf

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A LoRA’s name, as “orfeas weights lora list” says it.")
]
Triggers = Annotated[
    str | None,
    typer.Option("--trigger", metavar="WORDS", help="Words that it wants in the prompt, with commas."),
]
Weight = Annotated[
    float | None,
    typer.Option("--weight", help=f"How strongly it is used by itself, {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}."),
]


def list_loras(context: typer.Context, as_json: AsJson = False) -> None:
    """List the LoRAs of the library."""
    del as_json
    call = call_of(context)
    shelf = LoraShelf.of(call.doors.paths)
    rows = [("name", "made for", "weight", "trigger words")]
    rows += [(each.name, each.base.value, f"{each.weight:g}", each.triggers) for each in shelf.all()]
    payload: dict[str, Json] = {"folder": str(shelf.folder), "loras": [_told(each) for each in shelf.all()]}
    call.screen.give(payload, columns(rows) if len(rows) > 1 else "no LoRA is there yet")


def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A .safetensors, .pt, .bin, .ckpt or .pth file.")],
    name: Annotated[str, typer.Option("--name", help="What to call it; else as the file is called.")] = "",
    triggers: Triggers = None,
    weight: Weight = None,
    as_json: AsJson = False,
) -> None:
    """Take a LoRA into the library; what it was made for is told by what is in it."""
    del as_json
    call = call_of(context)
    shelf = LoraShelf.of(call.doors.paths)
    lora = shelf.add(file.expanduser(), name)
    if triggers is not None or weight is not None:
        lora = shelf.change(lora.name, triggers=triggers, weight=weight)
    _give(call, lora)


def change(
    context: typer.Context,
    name: Name,
    new_name: Annotated[str, typer.Option("--name", help="Another name.")] = "",
    triggers: Triggers = None,
    weight: Weight = None,
    as_json: AsJson = False,
) -> None:
    """Give a LoRA another name, other trigger words or another weight."""
    del as_json
    call = call_of(context)
    shelf = LoraShelf.of(call.doors.paths)
    _give(call, shelf.change(name, new_name=new_name, triggers=triggers, weight=weight))


def remove(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Take a LoRA out of the library; the file that was added stays where it is."""
    del as_json
    call = call_of(context)
    _give(call, LoraShelf.of(call.doors.paths).remove(name))


def _give(call: Call, lora: Lora) -> None:
    words = f"{lora.name}: made for {lora.base.value}, weight {lora.weight:g}"
    call.screen.give(_told(lora), words + (f", trigger words: {lora.triggers}" if lora.triggers else ""))


def _told(lora: Lora) -> dict[str, Json]:
    return {
        "name": lora.name,
        "base": lora.base.value,
        "weight": lora.weight,
        "triggers": lora.triggers,
        "sha256": lora.digest,
        "size_bytes": lora.size,
    }
