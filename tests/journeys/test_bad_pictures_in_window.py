"""Every hostile input through the window: one sentence where it happened, and the draft stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from orfeas_desktop.errors import error_classes
from orfeas_desktop.ui.dialogs.error_box import ErrorBox
from tests.bad_inputs import BAD_PICTURES, ODD_PICTURES, cut_out
from tests.ui.test_window import dropped

SENTENCES = {kind.code: kind.sentence.split("{", 1)[0] for kind in error_classes()}


def test_bad_pictures_are_refused_where_they_were_dropped(open_running, tmp_path: Path, qtbot):
    running = open_running()
    images, drafting = running.window.inspector.images, running.session.drafting
    good = tmp_path / "good.png"
    cut_out().save(good)
    dropped(running.window, good)
    qtbot.waitUntil(lambda: drafting.draft.found is not None)
    for bad in BAD_PICTURES:
        if bad.as_nobody:
            continue
        folder = tmp_path / f"case-{bad.name}"
        folder.mkdir()
        with qtbot.waitSignal(drafting.refused) as heard:
            dropped(running.window, bad.make(folder))
        error = heard.args[0]
        # The window looks into a folder that is dropped; this one is empty.
        assert error.code == ("nothing-inside" if bad.name == "a folder" else bad.code), bad.name
        assert images.problem.isVisible(), bad.name
        assert images.problem.text() == error.say()
        assert images.remedy.text() == error.advise()
        assert running.window.findChild(ErrorBox) is None
        if bad.code != "no-object":
            assert drafting.draft.name == "good", bad.name
        else:
            dropped(running.window, good)
            qtbot.waitUntil(lambda: drafting.draft.found is not None)
            assert not images.problem.isVisible()


@pytest.mark.parametrize("odd", ODD_PICTURES, ids=lambda odd: odd.name)
def test_odd_pictures_are_taken(open_running, tmp_path: Path, qtbot, odd):
    running = open_running()
    drafting = running.session.drafting
    running.session.desk.send = lambda *_given, **_more: None
    dropped(running.window, odd.make(tmp_path))
    qtbot.waitUntil(lambda: drafting.draft.front is not None)
    assert not running.window.inspector.images.problem.isVisible()
