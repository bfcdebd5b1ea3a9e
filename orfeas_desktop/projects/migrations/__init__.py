"""Makes the tables of a new library, and runs the steps that an old one lacks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orfeas_desktop.projects.tables import Row

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class Scripts:
    """A folder of migrations, the number of its last one, and the oldest program that can read its result.

    A migration's revision is its number in four digits. `minimum_reader` is raised when a program of an
    earlier number would read the file wrongly; such a program then does not open it at all.
    """

    current: int
    minimum_reader: int
    folder: Path = Path(__file__).parent


SCRIPTS = Scripts(current=2, minimum_reader=1)


def create(connection: Connection, scripts: Scripts) -> None:
    """Make the tables of an empty file without running the steps; a test holds both alike."""
    Row.metadata.create_all(connection)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (f"{SCRIPTS.current:04d}",))
    connection.exec_driver_sql("INSERT INTO library VALUES (1, ?)", (SCRIPTS.minimum_reader,))
    connection.exec_driver_sql(f"PRAGMA user_version = {SCRIPTS.current}")
    if scripts.current != SCRIPTS.current:
        upgrade(connection, scripts)


def upgrade(connection: Connection, scripts: Scripts = SCRIPTS) -> None:
    """Run the missing steps inside the caller's transaction; Alembic is loaded only here."""
    from alembic import command  # noqa: PLC0415  (a library that is up to date opens without it)
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(scripts.folder).replace("%", "%%"))
    command.upgrade(config, f"{scripts.current:04d}")
    connection.exec_driver_sql("UPDATE library SET minimum_reader = ?", (scripts.minimum_reader,))
    connection.exec_driver_sql(f"PRAGMA user_version = {scripts.current}")
