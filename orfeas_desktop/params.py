"""One declaration of a setting feeds form, command line, check, cache key and manual."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Self, TypeVar, cast

from annotated_types import Ge, Le
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from orfeas_desktop.errors import BadParams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

Scalar = str | int | float | bool | None
PlainParams = dict[str, Scalar]
"""The values of a `Params` as JSON scalars, by field name."""

T = TypeVar("T")


class FieldKind(StrEnum):
    """How a value is edited."""

    boolean = "boolean"
    integer = "integer"
    number = "number"
    choice = "choice"
    text = "text"
    prose = "prose"
    """Text of several lines."""
    box = "box"
    """`x0,y0,x1,y1` in pixels of the input picture, or nothing."""
    file = "file"
    folder = "folder"


@dataclass(frozen=True)
class Choice:
    """One value of a choice field."""

    value: str
    title: str


@dataclass(frozen=True)
class ParamField:
    """What form, command line and manual need to know of one field."""

    name: str
    title: str
    help: str
    kind: FieldKind
    default: Scalar
    minimum: float | None
    maximum: float | None
    step: float | None
    unit: str
    choices: tuple[Choice, ...]
    counts: bool
    """Whether the result depends on it, so that it belongs to the cache key."""
    advanced: bool
    at_minimum: str = ""
    """What a form says in place of the least value, where that is no amount but means something of its own."""

    def range_words(self) -> str:
        """Return the range with its unit, nothing where there is none."""
        unit = f" {self.unit}" if self.unit else ""
        low, high = ("" if end is None else number_words(end) for end in (self.minimum, self.maximum))
        if low and high:
            return f"{low} to {high}{unit}"
        if low or high:
            return f"{'at least' if low else 'at most'} {low or high}{unit}"
        return ""


def number_words(value: float) -> str:
    """Return a number as it can be typed in, never as a power."""
    return f"{Decimal(str(value)).normalize():f}"


@dataclass(frozen=True)
class Traits:
    """What a field says beyond its type and range."""

    kind: FieldKind | None = None
    step: float | None = None
    unit: str = ""
    counts: bool = True
    advanced: bool = False
    at_minimum: str = ""
    choice_titles: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    """Of a text field whose values come from a data file."""


def param(
    default: T,
    title: str,
    summary: str = "",
    *,
    ge: float | None = None,
    le: float | None = None,
    traits: Traits | None = None,
) -> T:
    """Declare a field of a `Params` class with its range `ge..le`, words and traits."""
    field = cast("FieldInfo", Field(default, title=title, description=summary, ge=ge, le=le))
    field.metadata.append(traits or Traits())
    if traits is not None and traits.choices:
        field.metadata.append(AfterValidator(_one_of(traits.choices)))
    return cast("T", field)


def _one_of(choices: tuple[Choice, ...]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if all(value != choice.value for choice in choices):
            raise ValueError(f"must be one of {', '.join(choice.value for choice in choices)}")
        return value

    return check


class Params(BaseModel):
    """Settings of one entry: frozen, complete, checked; unknown names and NaN are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True, ser_json_inf_nan="strings"
    )

    @classmethod
    def check(cls, entry: str, values: Mapping[str, Scalar]) -> Self:
        """Return the checked settings; missing ones take their defaults.

        Raises BadParams (naming the field and its range) for an unknown name or a value out of range.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as problem:
            said = "; ".join(_in_words(fault) for fault in problem.errors(include_url=False))
            raise BadParams(entry=entry, problem=said) from None

    def plain(self) -> PlainParams:
        """Return every value as a JSON scalar."""
        return cast("PlainParams", self.model_dump(mode="json"))

    @classmethod
    def fields(cls) -> tuple[ParamField, ...]:
        """Return the fields in the order they were declared."""
        return tuple(_describe(name, info) for name, info in cls.model_fields.items())

    def counting(self) -> PlainParams:
        """Return the values that the result depends on."""
        counted = {field.name for field in self.fields() if field.counts}
        return {name: value for name, value in self.plain().items() if name in counted}


_WANTED = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "bool": "true or false",
    "string": "text",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "enum": "one of {expected}",
}
"""What a value must be, by the beginning of pydantic's name of the fault."""


def _in_words(fault: ErrorDetails) -> str:
    name = ".".join(map(str, fault["loc"])) or "settings"
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return f"there is no setting “{name}”"
    if kind == "value_error":
        return f"{name}: {context.get('error', fault['msg'])}"
    for beginning, wanted in _WANTED.items():
        if kind.startswith(beginning):
            numbers = {
                key: number_words(value) if isinstance(value, float) else value
                for key, value in context.items()
            }
            return f"{name} must be {wanted.format_map(numbers)}"
    return f"{name}: {fault['msg']}"


def _describe(name: str, info: FieldInfo) -> ParamField:
    traits = next((item for item in info.metadata if isinstance(item, Traits)), Traits())
    annotation = info.annotation
    choices = traits.choices
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        titles = traits.choice_titles or tuple(str(member.value) for member in annotation)
        choices = tuple(
            Choice(str(member.value), title) for member, title in zip(annotation, titles, strict=True)
        )
    default = cast("Scalar | Enum", info.default)
    lows = [float(cast("float", item.ge)) for item in info.metadata if isinstance(item, Ge)]
    highs = [float(cast("float", item.le)) for item in info.metadata if isinstance(item, Le)]
    return ParamField(
        name=name,
        title=info.title or name,
        help=info.description or "",
        kind=traits.kind or (FieldKind.choice if choices else _kind_of(annotation)),
        default=default.value if isinstance(default, Enum) else default,
        minimum=max(lows, default=None),
        maximum=min(highs, default=None),
        step=traits.step,
        unit=traits.unit,
        choices=choices,
        counts=traits.counts,
        advanced=traits.advanced,
        at_minimum=traits.at_minimum,
    )


def _kind_of(annotation: object) -> FieldKind:
    if annotation is bool:
        return FieldKind.boolean
    if annotation is int:
        return FieldKind.integer
    if annotation is float:
        return FieldKind.number
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return FieldKind.choice
    return FieldKind.text


def parse_setting(field: ParamField, text: str) -> Scalar:
    """Read `text`, as typed on a command line, as a value of `field`.

    Text that is no such value is returned as it is, so that `Params.check` refuses it by name.
    """
    if field.kind is FieldKind.boolean:
        return {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }.get(text.strip().lower(), text)
    try:
        if field.kind is FieldKind.integer:
            return int(text)
        if field.kind is FieldKind.number:
            number = float(text)
            return number if math.isfinite(number) else text
    except ValueError:
        return text
    return text
