"""Scenes are records: an edit makes a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from orfeas_desktop.engine.mesh.glb import read_glb
from orfeas_desktop.engine.scene.gltf_write_scene import write_scene
from orfeas_desktop.engine.scene.scene import Node, Scene, Transform

if TYPE_CHECKING:
    from pathlib import Path

    from orfeas_desktop.engine.mesh.mesh import Mesh


def test_edits_leave_the_old_scene_alone(cube: Mesh) -> None:
    one = Scene().with_node(Node("a", cube))
    three = one.with_node(Node("a", cube)).with_node(Node("a", cube))
    assert [node.name for node in three.nodes] == ["a", "a 2", "a 3"]
    moved = three.moved(1, Transform((5, 0, 0)))
    assert moved.nodes[1].transform.translation == (5, 0, 0)
    assert three.nodes[1].transform == Transform()
    assert [node.name for node in moved.without(0).nodes] == ["a 2", "a 3"]
    assert len(one.nodes) == 1


def test_a_scene_is_written_with_its_places(cube: Mesh, tmp_path: Path) -> None:
    scene = Scene().with_node(Node("a", cube)).with_node(Node("b", cube, Transform((5, 0, 0))))
    write_scene(scene, tmp_path / "s.glb", extras={"layout": "own"})
    read = read_glb(tmp_path / "s.glb")
    np.testing.assert_allclose(read.bounds, [[-1, -1, -1], [6, 1, 1]])
    assert read.extras == {"layout": "own"}


def test_an_empty_scene_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="without nodes"):
        write_scene(Scene(), tmp_path / "s.glb")
