"""Names that every file system takes, and no two alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orfeas_desktop.names import distinct, file_stem


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("chair", "chair"),
        ('a<b>c:d"e/f\\g|h?i*j\n', "a_b_c_d_e_f_g_h_i_j_"),
        ("... ", "mesh"),
        ("con", "_con"),
        ("NUL.final", "_NUL.final"),
        ("console", "console"),
        ("x" * 119 + " y", "x" * 119),
    ],
)
def test_a_file_stem_is_one_that_every_file_system_takes(name: str, stem: str) -> None:
    assert file_stem(name) == stem


@given(st.lists(st.sampled_from(["a", "A", "a-2", "b", "ß", "SS"])))
def test_distinct_names_differ_in_more_than_case_and_the_first_keeps_its_own(names: list[str]) -> None:
    told = distinct(names, "-")
    assert len({name.casefold() for name in told}) == len(names)
    assert all(name.startswith(wanted) for name, wanted in zip(told, names, strict=True))
    assert told[:1] == tuple(names[:1])
