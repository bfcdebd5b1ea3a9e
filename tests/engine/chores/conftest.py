"""A textured ball of any fineness and a context that writes down what work says."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from orfeas_desktop.engine.mesh.mesh import Material, Mesh, Texture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from orfeas_desktop.assets import AssetKind
    from orfeas_desktop.params import Scalar


@dataclass
class Notes:
    """A JobContext that remembers."""

    staging: Path
    scratch: Path
    seed: int = 0
    threads: int = 2
    stages: list[str] = field(default_factory=list)
    fractions: list[float | None] = field(default_factory=list)
    previews: list[tuple[Path, AssetKind]] = field(default_factory=list)
    facts: dict[str, Scalar] = field(default_factory=dict)

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        self.stages.append(title)
        yield

    def progress(self, fraction: float | None) -> None:
        self.fractions.append(fraction)

    def check_cancelled(self) -> None:
        """Nobody asks to stop."""

    def preview(self, path: Path, kind: AssetKind) -> None:
        self.previews.append((path, kind))

    def fact(self, name: str, value: Scalar) -> None:
        self.facts[name] = value

    def warn(self, sentence: str, **arguments: Scalar) -> None:
        raise AssertionError(sentence)


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    for folder in ("staging", "scratch"):
        (tmp_path / folder).mkdir()
    return Notes(tmp_path / "staging", tmp_path / "scratch")


def _texture() -> Texture:
    """Left half red, right half blue, so that a side can be told by its colour."""
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:, :32] = (220, 30, 30)
    pixels[:, 32:] = (30, 30, 220)
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return Texture(out.getvalue(), "image/png")


@pytest.fixture(scope="session")
def ball() -> Callable[..., Mesh]:
    def make(rings: int = 24, *, textured: bool = True) -> Mesh:
        v, u = (
            part.reshape(-1)
            for part in np.meshgrid(
                np.linspace(0, 1, rings + 1), np.linspace(0, 1, 2 * rings + 1), indexing="ij"
            )
        )
        polar, around = v * np.pi, u * 2 * np.pi
        unit = np.stack(
            (np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)), axis=1
        )
        row = np.arange(rings * 2 * rings)
        a = row // (2 * rings) * (2 * rings + 1) + row % (2 * rings)
        below = a + 2 * rings + 1
        faces = np.concatenate((np.stack((a, below, a + 1), 1), np.stack((a + 1, below, below + 1), 1)))
        return Mesh(
            vertices=(unit * 0.5).astype(np.float32),
            faces=faces.astype(np.int32),
            normals=unit.astype(np.float32),
            uvs=(np.stack((u, v), axis=1).astype(np.float32),),
            materials=(Material(base_color_texture=_texture() if textured else None),),
            name="ball",
        )

    return make
