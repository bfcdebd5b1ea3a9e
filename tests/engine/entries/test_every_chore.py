"""What every chore keeps to."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest

from orfeas_desktop.assets import AssetKind, local_file
from orfeas_desktop.engine.chores import CHORES
from orfeas_desktop.engine.mesh.glb import write_glb
from orfeas_desktop.engine.mesh.mesh import Mesh
from orfeas_desktop.errors import BadParams, Cancelled
from orfeas_desktop.register import Lane


class Context:
    """Stops the work at a chosen call."""

    def __init__(self, folder, stop_at=None):
        self.staging = folder / "staging"
        self.scratch = folder / "scratch"
        self.staging.mkdir(parents=True)
        self.scratch.mkdir()
        self.seed, self.threads = 7, 2
        self.calls = 0
        self.fractions = []
        self._stop_at = stop_at

    def check_cancelled(self):
        self.calls += 1
        if self.calls == self._stop_at:
            raise Cancelled

    @contextmanager
    def stage(self, title):
        assert title
        self.check_cancelled()
        self.fractions = []
        yield

    def progress(self, fraction):
        self.check_cancelled()
        self.fractions.append(fraction)
        known = [one for one in self.fractions if one is not None]
        assert known == sorted(known)
        assert all(0 <= one <= 1 for one in known)

    def preview(self, path, kind):
        assert path.is_file()
        assert path.is_relative_to(self.staging)

    def fact(self, name, value):
        assert isinstance(value, str | int | float | bool | None)

    def warn(self, sentence, **arguments):
        sentence.format(**arguments)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    rng = np.random.default_rng(3)
    steps = np.linspace(-1, 1, 30)
    u, v = (part.reshape(-1) for part in np.meshgrid(steps, steps))
    vertices = np.stack((u, rng.normal(0, 0.02, 900), v), axis=1).astype(np.float32)
    row = np.arange(29 * 29)
    a = row // 29 * 30 + row % 29
    faces = np.concatenate((np.stack((a, a + 30, a + 1), 1), np.stack((a + 1, a + 30, a + 31), 1)))
    path = tmp_path_factory.mktemp("sample") / "field.glb"
    write_glb(Mesh(vertices, faces.astype(np.int32)), path)
    return local_file(path, AssetKind.mesh)


def run(entry, sample, context):
    report = sample.path.with_name("report.json")
    report.write_text('{"faults": [{"fault": "holes", "count": 1, "faces": [0, 3], "points": [[0, 0, 1]]}]}')
    files = {AssetKind.report: local_file(report, AssetKind.report)}
    inputs = {slot.name: (files.get(slot.kind, sample),) for slot in entry.inputs if slot.required}
    return entry.run(inputs, entry.params(), context)


ON_MESHES = [entry for entry in CHORES if entry.lane is Lane.cpu]
"""Chores of the network lane have no sample and no defaults: tests/engine/weights holds them to a hub on loopback."""

CHORE = pytest.mark.parametrize("entry", ON_MESHES, ids=lambda entry: entry.id)


@CHORE
def test_it_runs_on_defaults_and_fills_its_slots(entry, sample, tmp_path):
    context = Context(tmp_path)
    outputs = run(entry, sample, context)
    slots = {slot.name: slot for slot in entry.outputs}
    for output in outputs:
        assert output.path.is_file()
        assert output.path.is_relative_to(context.staging)
        assert output.kind is slots[output.slot].kind
        assert output.name
    for slot in entry.outputs:
        count = sum(output.slot == slot.name for output in outputs)
        assert count >= slot.required
        assert slot.many or count <= 1


@CHORE
def test_the_same_request_gives_the_same_bytes(entry, sample, tmp_path):
    first = run(entry, sample, Context(tmp_path / "first"))
    second = run(entry, sample, Context(tmp_path / "second"))
    assert [output.name for output in first] == [output.name for output in second]
    for one, other in zip(first, second, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes(), one.name


@CHORE
def test_a_cancel_is_obeyed_wherever_it_is_heard(entry, sample, tmp_path):
    counted = Context(tmp_path / "counted")
    run(entry, sample, counted)
    assert counted.calls >= 2
    for stop in range(1, counted.calls + 1):
        with pytest.raises(Cancelled):
            run(entry, sample, Context(tmp_path / str(stop), stop_at=stop))


@CHORE
def test_its_settings_survive_being_stored_and_strange_ones_are_refused(entry):
    assert entry.params.check(entry.id, entry.params().plain()) == entry.params()
    with pytest.raises(BadParams, match="no_such_setting"):
        entry.params.check(entry.id, {"no_such_setting": 1})
