"""A strict reader of Godot 4 text scenes, written from the format alone, for looking at what was written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orfeas_desktop.engine.mesh.source_files import Broken, require

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_HEADING = re.compile(r"\[(\w+)((?:\s+\w+=(?:\"(?:[^\"\\]|\\.)*\"|\w+\(\"[^\"]*\"\)|\d+))*)\]")
_ATTRIBUTE = re.compile(r"(\w+)=(\"(?:[^\"\\]|\\.)*\"|\w+\(\"[^\"]*\"\)|\d+)")
_PROPERTY = re.compile(r"([\w/]+) = (.+)")
_REFERENCE = re.compile(r"(ExtResource|SubResource)\(\"([^\"]*)\"\)")
_NUMBERS = re.compile(r"PackedVector3Array\(([^)]*)\)")


@dataclass(frozen=True)
class Section:
    """One heading with its attributes and properties, values as text, quotes taken off."""

    kind: str
    attributes: dict[str, str]
    properties: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def path(self) -> str:
        """Where a node stands: empty for the root."""
        above = self.attributes.get("parent")
        if above is None:
            return ""
        return self.attributes["name"] if above == "." else f"{above}/{self.attributes['name']}"


def read_tscn(text: str) -> tuple[Section, ...]:
    """Return the sections of a scene. Raises Broken for anything that is not one of format 3."""
    sections = list(_sections(text))
    require(bool(sections) and sections[0].kind == "gd_scene", "it does not begin as a scene")
    head = sections[0].attributes
    require(head.get("format") == "3", "it is not of format 3")
    resources = [part for part in sections if part.kind in ("ext_resource", "sub_resource")]
    require(head.get("load_steps") == str(len(resources) + 1), "it counts its resources wrongly")
    return tuple(sections)


def check_tscn(sections: Collection[Section], inside: Collection[str]) -> None:
    """Look whether everything that the scene names is there; `inside` are the paths of nodes in its model.

    Raises Broken.
    """
    known = {
        f"{'Ext' if part.kind == 'ext_resource' else 'Sub'}Resource {part.attributes['id']}"
        for part in sections
        if part.kind.endswith("_resource")
    }
    places = {""}
    for part in sections:
        values = [*part.attributes.values(), *part.properties.values()]
        for kind, name in (found for value in values for found in _REFERENCE.findall(value)):
            require(f"{kind} {name}" in known, f"it names {name}, which is not there")
        if part.kind == "node":
            _check_node(part, places, inside)
    require(sum(part.kind == "node" and not part.path for part in sections) == 1, "it has not one root")


def _check_node(node: Section, places: set[str], inside: Collection[str]) -> None:
    above = node.attributes.get("parent", ".")
    model = next((place for place in places if place and node.path.startswith(f"{place}/")), None)
    if model is not None and "type" not in node.attributes and "instance" not in node.attributes:
        within = node.path.removeprefix(f"{model}/")
        require(within in inside, f"the model has no node {within}")
        return
    require(above == "." or above in places, f"the parent of {node.path} is not there")
    require(node.path not in places or not node.path, f"{node.path} is there twice")
    places.add(node.path)


def points_of(section: Section) -> tuple[tuple[float, float, float], ...]:
    """Return the points of a convex shape. Raises Broken."""
    found = _NUMBERS.fullmatch(section.properties.get("points", ""))
    numbers = [float(each) for each in found[1].split(",")] if found else []
    require(bool(numbers) and len(numbers) % 3 == 0, "a shape has no points")
    return tuple(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))


def _sections(text: str) -> Iterator[Section]:
    current: Section | None = None
    for line in text.splitlines():
        heading = _HEADING.fullmatch(line)
        if heading is not None:
            if current is not None:
                yield current
            current = Section(
                heading[1], {key: _bare(value) for key, value in _ATTRIBUTE.findall(heading[2])}
            )
            continue
        if not line:
            continue
        entry = _PROPERTY.fullmatch(line)
        if entry is None or current is None or entry[1] in current.properties:
            raise Broken(f"a line of it cannot be read: {line[:80]}")
        current.properties[entry[1]] = _bare(entry[2])
    if current is not None:
        yield current


def _bare(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
