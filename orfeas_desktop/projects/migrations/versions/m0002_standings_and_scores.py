"""Step 2: which version an asset stands at, and how good versions are."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = (
    """
CREATE TABLE scores (
    version_id INTEGER NOT NULL,
    facts TEXT NOT NULL,
    CONSTRAINT pk_scores PRIMARY KEY (version_id),
    CONSTRAINT fk_scores_version_id_versions FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE
)
    """,
    """
CREATE TABLE standings (
    asset_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    CONSTRAINT pk_standings PRIMARY KEY (asset_id),
    CONSTRAINT fk_standings_asset_id_assets FOREIGN KEY(asset_id) REFERENCES assets (id) ON DELETE CASCADE
)
    """,
)


def upgrade() -> None:
    """Make both tables; every asset stands at its newest version."""
    for statement in TABLES:
        op.execute(statement)
