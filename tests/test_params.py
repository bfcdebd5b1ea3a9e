"""A declaration of settings is checked, described and read from text."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orfeas_desktop.errors import BadParams
from orfeas_desktop.params import FieldKind, Params, Traits, param, parse_setting


class Shape(StrEnum):
    auto = "auto"
    soft = "soft"


class Sample(Params):
    shape: Shape = param(Shape.auto, "Shape", traits=Traits(choice_titles=("Auto", "Soft")))
    depth: float = param(1.0, "Depth", "How deep.", ge=0.5, le=1.5, traits=Traits(step=0.05, unit="×"))
    resolution: int = param(160, "Resolution", ge=64, le=256)
    detail: bool = param(True, "Detail", traits=Traits(advanced=True))
    label: str = param("", "Label", traits=Traits(counts=False))
    box: str = param("", "Box", traits=Traits(kind=FieldKind.box))


def field(name: str):
    return next(item for item in Sample.fields() if item.name == name)


def test_fields_say_what_a_form_needs():
    assert [item.kind for item in Sample.fields()] == [
        FieldKind.choice,
        FieldKind.number,
        FieldKind.integer,
        FieldKind.boolean,
        FieldKind.text,
        FieldKind.box,
    ]
    depth = field("depth")
    assert (depth.minimum, depth.maximum, depth.step, depth.unit, depth.help) == (
        0.5,
        1.5,
        0.05,
        "×",
        "How deep.",
    )
    assert [choice.title for choice in field("shape").choices] == ["Auto", "Soft"]
    assert field("shape").default == "auto"
    assert field("detail").advanced


@pytest.mark.parametrize(
    ("low", "high", "unit", "said"),
    [
        (0, 1e6, "mm", "0 to 1000000 mm"),
        (1e-5, 0.5, "", "0.00001 to 0.5"),
        (2, None, "", "at least 2"),
        (None, 2.5, "px", "at most 2.5 px"),
        (None, None, "mm", ""),
    ],
)
def test_a_range_is_said_in_numbers_that_can_be_typed(low, high, unit, said):
    depth = replace(field("depth"), minimum=low, maximum=high, unit=unit)
    assert depth.range_words() == said


@given(st.floats(0.5, 1.5), st.integers(64, 256), st.booleans(), st.sampled_from(Shape))
def test_plain_values_come_back_equal(depth: float, resolution: int, detail: bool, shape: Shape):
    params = Sample(depth=depth, resolution=resolution, detail=detail, shape=shape)
    assert Sample.check("sample", params.plain()) == params


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"depth": 1.6}, "depth"),
        ({"depth": math.nan}, "depth"),
        ({"depth": math.inf}, "depth"),
        ({"resolution": 63}, "resolution"),
        ({"resolution": "many"}, "resolution"),
        ({"shape": "cube"}, "shape"),
        ({"size": 1}, "size"),
        ({"detail": "maybe"}, "detail"),
    ],
)
def test_a_bad_value_is_refused_by_name(values, named):
    with pytest.raises(BadParams) as caught:
        Sample.check("sample", values)
    assert named in caught.value.say()
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"depth": 1.6}, "depth must be at most 1.5"),
        ({"depth": math.nan}, "depth must be a finite number"),
        ({"depth": "deep"}, "depth must be a number"),
        ({"resolution": 63}, "resolution must be at least 64"),
        ({"resolution": "many"}, "resolution must be a whole number"),
        ({"resolution": 9.5}, "resolution must be a whole number"),
        ({"shape": "cube"}, "shape must be one of 'auto' or 'soft'"),
        ({"size": 1}, "there is no setting “size”"),
        ({"detail": "maybe"}, "detail must be true or false"),
        ({"label": 3, "box": None}, "label must be text; box must be text"),
    ],
)
def test_a_bad_value_is_told_in_plain_words(values, said):
    with pytest.raises(BadParams) as caught:
        Sample.check("sample", values)
    assert caught.value.arguments["problem"] == said


def test_what_does_not_count_is_left_out_of_the_key():
    assert Sample(label="a").counting() == Sample(label="b").counting()
    assert Sample(detail=False).counting() != Sample().counting()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("detail", "off", False),
        ("detail", " YES ", True),
        ("detail", "perhaps", "perhaps"),
        ("resolution", "96", 96),
        ("resolution", "9.5", "9.5"),
        ("depth", "1.25", 1.25),
        ("depth", "nan", "nan"),
        ("depth", "deep", "deep"),
        ("label", "12", "12"),
    ],
)
def test_settings_are_read_from_text(name, text, value):
    assert parse_setting(field(name), text) == value
