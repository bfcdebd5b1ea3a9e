"""BackendNeeds: what a backend needs of this machine before it may run: weights, and consent to their licence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orfeas_desktop.engine.backends import BACKENDS
from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.own_pictures import OwnPictures
from orfeas_desktop.errors import LicenceNotAccepted, OrfeasError, WeightsMissing

if TYPE_CHECKING:
    from orfeas_desktop.engine.backends.base import Backend
    from orfeas_desktop.engine.weights.licences import Licences
    from orfeas_desktop.engine.weights.store import WeightStore


@dataclass(frozen=True)
class BackendNeeds:
    """Answers from the weights folder and the consents as they are now."""

    weights: WeightStore
    licences: Licences

    def reason_against(self, backend: Backend) -> OrfeasError | None:
        """Return why the backend cannot run here, or None."""
        if backend.own_files and not OwnPictures(self.weights.folder).all():
            return WeightsMissing(missing="a pipeline of your own")
        missing = [set_id for set_id in backend.weights if self.weights.find(set_id) is None]
        if missing:
            titles = ", ".join(weight_set(set_id).title for set_id in missing)
            return WeightsMissing(missing=titles)
        try:
            self.licences.need_all(backend.weights)
        except LicenceNotAccepted as error:
            return error
        return None

    def digest(self, entry_id: str) -> str:
        """Return a digest of the weights that the backend of that id would use now; nothing for other entries."""
        sets = BACKENDS[entry_id].weights if entry_id in BACKENDS else ()
        return self.weights.digest(sets) if sets else ""
