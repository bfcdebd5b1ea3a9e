"""Chores: what the program itself needs done."""

from orfeas_desktop.engine.chores.base import Chore
from orfeas_desktop.engine.chores.display import DISPLAY
from orfeas_desktop.engine.chores.fault_places import FAULT_PLACES
from orfeas_desktop.engine.chores.import_mesh import IMPORT_MESH
from orfeas_desktop.engine.chores.score import SCORE
from orfeas_desktop.engine.chores.thumbnail import THUMBNAIL
from orfeas_desktop.engine.chores.weights import ADD_WEIGHTS, DOWNLOAD_WEIGHTS, VERIFY_WEIGHTS
from orfeas_desktop.register import Register, Table

CHORES: Register[Chore] = Register(
    Table.chores,
    (IMPORT_MESH, DISPLAY, THUMBNAIL, FAULT_PLACES, SCORE, DOWNLOAD_WEIGHTS, VERIFY_WEIGHTS, ADD_WEIGHTS),
)
