"""The command line: every verb in a small file, one way in."""

from orfeas_desktop.cli.doors import Doors, ManualDoor
from orfeas_desktop.cli.main import command_pages, main

__all__ = ["Doors", "ManualDoor", "command_pages", "main"]
