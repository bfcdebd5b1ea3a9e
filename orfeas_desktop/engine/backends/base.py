"""Backend: what makes images, meshes or textures, and what it needs to run."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum

from orfeas_desktop.engine.jobs.context import WorkEntry


class Task(StrEnum):
    """What a backend turns into what."""

    image_to_mesh = "image-to-mesh"
    image_to_mask = "image-to-mask"
    text_to_image = "text-to-image"
    mesh_to_texture = "mesh-to-texture"


@dataclass(frozen=True, kw_only=True)
class Backend(WorkEntry):
    """A backend's head is light; what it computes with is imported inside `run`."""

    task: Task
    weights: tuple[str, ...] = ()
    """Ids of the weight sets it needs; none means that it always runs."""
    own_files: bool = False
    """Whether it works with files of the user's own, which it names in its settings."""
    vram_gb: float = 0.0
    licence: str = ""

    @abstractmethod
    def unload(self) -> None:
        """Free what was kept from earlier runs."""
