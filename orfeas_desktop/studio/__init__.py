"""Studio: what the app can do, without a window."""

from orfeas_desktop.studio.desk import BACKGROUND, Studio
from orfeas_desktop.studio.needs import BackendNeeds
from orfeas_desktop.studio.samples import ensure_sample_project
from orfeas_desktop.studio.work import Work, entry_of

__all__ = ["BACKGROUND", "BackendNeeds", "Studio", "Work", "ensure_sample_project", "entry_of"]
