"""Every error says what happened and what to do, and survives a border."""

from __future__ import annotations

from string import Formatter

import pytest

from orfeas_desktop import errors
from orfeas_desktop.errors import (
    BackendFailed,
    Cancelled,
    OrfeasError,
    PictureTooLarge,
    error_classes,
    error_from,
)

EVERY = list(error_classes())


def example_arguments(kind: type[OrfeasError]) -> dict[str, errors.Argument]:
    found: dict[str, errors.Argument] = {}
    for _, name, form, _ in Formatter().parse(kind.sentence + kind.remedy):
        if name:
            found[name] = 1.5 if form else found.get(name, "thing")
    return found


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.code)
def test_sentence_and_remedy_are_whole(kind: type[OrfeasError]):
    error = kind(details="more", **example_arguments(kind))
    for words in (error.say(), error.advise()):
        assert words[0].isupper() or words[0] in "“0123456789" or words.startswith("thing")
        assert words.endswith((".", "."))
        assert "{" not in words
        assert "!" not in words


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.code)
def test_an_error_crosses_a_border_by_its_code(kind: type[OrfeasError]):
    error = kind(details="more", **example_arguments(kind))
    again = error_from(error.code, error.arguments, error.details)
    assert type(again) is kind
    assert (again.say(), again.details) == (error.say(), "more")


def test_codes_are_unique_and_exit_codes_declared():
    assert len({kind.code for kind in EVERY}) == len(EVERY)
    assert {kind.exit_code for kind in EVERY} == {1, 2, 3, 4, 5}
    assert Cancelled.exit_code == 130


def test_the_tree_in_the_docstring_names_the_families():
    for family in ("InputError", "ResourceError", "EngineError", "ProjectError", "Cancelled"):
        assert family in (errors.__doc__ or "")


def test_wrong_arguments_are_a_bug():
    with pytest.raises(TypeError, match="megapixels"):
        PictureTooLarge(name="x")


def test_an_unknown_code_is_still_an_error():
    assert isinstance(error_from("from-the-future", {}, "d"), BackendFailed)


def test_sentences_are_translated_before_they_are_filled():
    error = errors.FileMissing(name="a.png")
    assert error.say(lambda text: text.replace("There is no file", "Es fehlt")) == "Es fehlt “a.png”."
