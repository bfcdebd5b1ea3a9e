"""What can be chosen in the viewport: shading, direction of view, way of steering, colours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QColor


class Mode(StrEnum):
    """How surfaces are drawn."""

    textured = "textured"
    solid = "solid"
    matcap = "matcap"
    normals = "normals"
    wireframe = "wireframe"
    checker = "checker"


class NavigationPreset(StrEnum):
    """Whose mouse buttons are followed."""

    blender = "blender"
    maya = "maya"
    unity = "unity"


class ViewDirection(Enum):
    """Where the camera stands: (yaw from +z towards +x, pitch upwards) in degrees."""

    front = (0.0, 0.0)
    back = (180.0, 0.0)
    right = (90.0, 0.0)
    left = (-90.0, 0.0)
    top = (0.0, 90.0)
    bottom = (0.0, -90.0)


@dataclass(frozen=True)
class ViewportColours:
    """The colours that the 3D view itself draws with; its buttons and labels follow the style sheet."""

    top: QColor
    bottom: QColor
    grid: QColor
    axis_x: QColor
    axis_z: QColor
    mesh: QColor
    edge: QColor
    fault: QColor

    @classmethod
    def of(cls, color: Callable[[str], QColor]) -> Self:
        """Return the colours of a theme that answers by token."""
        return cls(
            top=color("viewport_top"),
            bottom=color("viewport_bottom"),
            grid=color("grid"),
            axis_x=color("axis_x"),
            axis_z=color("axis_z"),
            mesh=max(color("muted"), color("disabled"), key=lambda grey: grey.lightnessF()),
            edge=min(color("text"), color("viewport_bottom"), key=lambda grey: grey.lightnessF()),
            fault=color("danger"),
        )
