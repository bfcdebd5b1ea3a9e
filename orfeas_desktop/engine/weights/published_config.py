"""Reads a published `config.yaml` as plain data, whatever somebody put into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import yaml

from orfeas_desktop.errors import BadWeights

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BYTES = 64 * 1024

Section = dict[str, object]


class Unfit(Exception):
    """A section that this program can make nothing of; the text says why."""


class _Loader(yaml.SafeLoader):
    """Plain data only; aliases, which can blow a small file up, are refused."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)


def read_sections(path: Path) -> Section:
    """Return the top-level sections. Raises BadWeights."""
    try:
        with path.open("rb") as stream:
            text = stream.read(LARGEST_BYTES + 1)
    except OSError as problem:
        raise BadWeights(name=path.name, problem=problem.strerror or "it cannot be read") from None
    if len(text) > LARGEST_BYTES:
        raise BadWeights(name=path.name, problem="it is too long for a configuration")
    try:
        loaded = cast("object", _Loader(text).get_single_data())
    except (yaml.YAMLError, RecursionError, ValueError):
        raise BadWeights(name=path.name, problem="it is not plain YAML") from None
    if not isinstance(loaded, dict):
        raise BadWeights(name=path.name, problem="it holds no sections")
    return {str(key): value for key, value in cast("dict[object, object]", loaded).items()}


def mapping(value: object, what: str) -> Section:
    """Return `value` as a section. Raises Unfit naming it as `what`."""
    if not isinstance(value, Mapping):
        raise Unfit(f"its {what} is not a section")
    return {str(key): item for key, item in cast("Mapping[object, object]", value).items()}


def section(sections: Mapping[str, object], name: str) -> Section:
    """Return the section of that name. Raises Unfit."""
    if name not in sections:
        raise Unfit(f"it has no {name} section")
    return mapping(sections[name], name)


def params_of(value: object) -> Section:
    """Return the `params` of a section, none for a section that is absent. Raises Unfit."""
    if value is None:
        return {}
    params = mapping(value, "section").get("params")
    return {} if params is None else mapping(params, "params")


def class_of(value: Mapping[str, object]) -> str:
    """Return the name of the class that a section targets, without its module."""
    return str(value.get("target", "")).rpartition(".")[2]
