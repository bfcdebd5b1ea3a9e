"""Unity's text files: prefabs, materials and the settings that lie beside every file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

HEAD = "%YAML 1.1\n%TAG !u! tag:unity3d.com,2011:\n"


@dataclass(frozen=True)
class Reference:
    """A thing in this file, or in the file of a GUID: `kind` 2 is one of Unity's own formats, 3 an imported one."""

    file_id: int
    guid: str = ""
    kind: int = 3

    def text(self) -> str:
        """Return it as Unity writes it."""
        if not self.guid:
            return f"{{fileID: {self.file_id}}}"
        return f"{{fileID: {self.file_id}, guid: {self.guid}, type: {self.kind}}}"


Value = None | bool | int | float | str | Reference | Sequence["Value"] | Mapping[str, "Value"]


@dataclass
class UnityFile:
    """Objects of one file, in the order they were added."""

    _parts: list[str] = field(default_factory=list[str])

    def add(self, number: int, identity: int, kind: str, values: Mapping[str, Value]) -> None:
        """Put an object of class `number`, called `kind`, into the file."""
        body = "\n".join(_lines({kind: values}, 0))
        self._parts.append(f"--- !u!{number} &{identity}\n{body}\n")

    def text(self) -> str:
        """Return the whole file."""
        return HEAD + "".join(self._parts)


def plain_yaml(values: Mapping[str, Value]) -> str:
    """Return a settings file: one mapping without a head."""
    return "\n".join(_lines(values, 0)) + "\n"


def _lines(values: Mapping[str, Value], depth: int) -> list[str]:
    indent = "  " * depth
    lines: list[str] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            if value and not _is_flat(value):
                lines += [f"{indent}{key}:", *_lines(value, depth + 1)]
            else:
                lines.append(f"{indent}{key}: {_flow(value)}")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            lines.append(f"{indent}{key}:" if value else f"{indent}{key}: []")
            lines += [line for item in value for line in _item(item, depth)]
        else:
            lines.append(f"{indent}{key}: {_scalar(value)}")
    return lines


def _item(value: Value, depth: int) -> list[str]:
    indent = "  " * depth
    if isinstance(value, Mapping) and not _is_flat(value):
        first, *rest = _lines(value, depth + 1)
        return [f"{indent}- {first.strip()}", *rest]
    return [f"{indent}- {_flow(value) if isinstance(value, Mapping) else _scalar(value)}"]


_FLOWING = ({"x", "y"}, {"x", "y", "z"}, {"x", "y", "z", "w"}, {"r", "g", "b", "a"})


def _is_flat(value: Mapping[str, Value]) -> bool:
    return set(value) in _FLOWING


def _flow(value: Mapping[str, Value]) -> str:
    return "{" + ", ".join(f"{key}: {_scalar(each)}" for key, each in value.items()) + "}"


def _scalar(value: Value) -> str:
    if isinstance(value, Reference):
        return value.text()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return f"{value:.9g}"
    text = str(value)
    if isinstance(value, str) and (not text.isascii() or not _PLAIN.issuperset(text) or text[:1] in "-?:,"):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_- ./()+@")
