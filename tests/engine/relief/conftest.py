"""Silhouettes, pictures of them, and the bench's cases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

BENCH = Path(__file__).parents[2] / "data" / "relief_bench"


@pytest.fixture(autouse=True)
def settled_opencv() -> None:
    cv2.setNumThreads(2)
    cv2.setRNGSeed(0)


@pytest.fixture(scope="session")
def bench() -> Path:
    return BENCH


def disc_mask(size: int = 120, radius: float = 40) -> NDArray[np.bool_]:
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    return x**2 + y**2 < radius**2


@pytest.fixture
def disc() -> Callable[..., NDArray[np.bool_]]:
    return disc_mask


def painted(
    mask: NDArray[np.bool_], colour: tuple[int, int, int] = (200, 60, 40), ground: int = 235
) -> NDArray[np.uint8]:
    """Return an opaque picture of the silhouette, shaded a little, before a plain ground."""
    picture = np.full((*mask.shape, 4), ground, np.uint8)
    shade = np.linspace(1.0, 0.8, mask.shape[1])[None, :, None]
    picture[..., :3] = np.where(mask[..., None], np.array(colour) * shade, picture[..., :3]).astype(np.uint8)
    picture[..., 3] = 255
    return picture


@pytest.fixture
def paint() -> Callable[..., NDArray[np.uint8]]:
    return painted
