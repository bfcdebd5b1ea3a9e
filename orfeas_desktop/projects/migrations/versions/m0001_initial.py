"""Step 1: the first tables."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

TABLES = (
    """
CREATE TABLE blobs (
    digest TEXT NOT NULL,
    size BIGINT NOT NULL,
    CONSTRAINT pk_blobs PRIMARY KEY (digest)
)
    """,
    """
CREATE TABLE jobs (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    job TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL,
    submitted BIGINT NOT NULL,
    ended BIGINT,
    error_code TEXT NOT NULL,
    error_text TEXT NOT NULL,
    error_arguments TEXT NOT NULL,
    error_details TEXT NOT NULL,
    process INTEGER NOT NULL,
    process_started TEXT NOT NULL,
    result_key TEXT NOT NULL,
    CONSTRAINT uq_jobs_id UNIQUE (id)
)
    """,
    """
CREATE INDEX ix_jobs_state ON jobs (state)
    """,
    """
CREATE TABLE library (
    id INTEGER NOT NULL,
    minimum_reader INTEGER NOT NULL,
    CONSTRAINT pk_library PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE projects (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    deleted BIGINT
)
    """,
    """
CREATE UNIQUE INDEX uq_projects_name ON projects (name) WHERE deleted IS NULL
    """,
    """
CREATE TABLE results (
    "key" TEXT NOT NULL,
    entry TEXT NOT NULL,
    version INTEGER NOT NULL,
    created BIGINT NOT NULL,
    used BIGINT NOT NULL,
    app_version TEXT NOT NULL,
    weights_digest TEXT NOT NULL,
    seconds TEXT NOT NULL,
    facts TEXT NOT NULL,
    CONSTRAINT pk_results PRIMARY KEY ("key")
)
    """,
    """
CREATE INDEX ix_results_used ON results (used)
    """,
    """
CREATE TABLE runs (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    entry TEXT NOT NULL,
    version INTEGER NOT NULL,
    seconds TEXT NOT NULL
)
    """,
    """
CREATE INDEX ix_runs_entry_version_id ON runs (entry, version, id)
    """,
    """
CREATE TABLE assets (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    deleted BIGINT,
    CONSTRAINT fk_assets_project_id_projects FOREIGN KEY(project_id) REFERENCES projects (id) ON DELETE CASCADE
)
    """,
    """
CREATE INDEX ix_assets_project_id_deleted_changed_id ON assets (project_id, deleted, changed, id)
    """,
    """
CREATE TABLE job_inputs (
    job_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    CONSTRAINT pk_job_inputs PRIMARY KEY (job_id, digest),
    CONSTRAINT fk_job_inputs_job_id_jobs FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE,
    CONSTRAINT fk_job_inputs_digest_blobs FOREIGN KEY(digest) REFERENCES blobs (digest)
)
    """,
    """
CREATE INDEX ix_job_inputs_digest ON job_inputs (digest)
    """,
    """
CREATE TABLE leases (
    digest TEXT NOT NULL,
    holder TEXT NOT NULL,
    process INTEGER NOT NULL,
    process_started TEXT NOT NULL,
    CONSTRAINT pk_leases PRIMARY KEY (digest, holder),
    CONSTRAINT fk_leases_digest_blobs FOREIGN KEY(digest) REFERENCES blobs (digest)
)
    """,
    """
CREATE TABLE result_files (
    "key" TEXT NOT NULL,
    position INTEGER NOT NULL,
    slot TEXT NOT NULL,
    digest TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_result_files PRIMARY KEY ("key", position),
    CONSTRAINT fk_result_files_key_results FOREIGN KEY("key") REFERENCES results ("key") ON DELETE CASCADE,
    CONSTRAINT fk_result_files_digest_blobs FOREIGN KEY(digest) REFERENCES blobs (digest)
)
    """,
    """
CREATE INDEX ix_result_files_digest ON result_files (digest)
    """,
    """
CREATE TABLE versions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    asset_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    created BIGINT NOT NULL,
    request TEXT,
    app_version TEXT NOT NULL,
    weights_digest TEXT NOT NULL,
    seconds TEXT NOT NULL,
    facts TEXT NOT NULL,
    cached BOOLEAN NOT NULL,
    job_id TEXT,
    CONSTRAINT uq_versions_asset_id_number UNIQUE (asset_id, number),
    CONSTRAINT fk_versions_asset_id_assets FOREIGN KEY(asset_id) REFERENCES assets (id) ON DELETE CASCADE
)
    """,
    """
CREATE INDEX ix_versions_job_id ON versions (job_id)
    """,
    """
CREATE TABLE version_files (
    version_id INTEGER NOT NULL,
    slot TEXT NOT NULL,
    position INTEGER NOT NULL,
    digest TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    CONSTRAINT pk_version_files PRIMARY KEY (version_id, slot),
    CONSTRAINT fk_version_files_version_id_versions FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE,
    CONSTRAINT fk_version_files_digest_blobs FOREIGN KEY(digest) REFERENCES blobs (digest)
)
    """,
    """
CREATE INDEX ix_version_files_digest ON version_files (digest)
    """,
    """
CREATE TABLE version_inputs (
    version_id INTEGER NOT NULL,
    digest TEXT NOT NULL,
    CONSTRAINT pk_version_inputs PRIMARY KEY (version_id, digest),
    CONSTRAINT fk_version_inputs_version_id_versions FOREIGN KEY(version_id) REFERENCES versions (id) ON DELETE CASCADE,
    CONSTRAINT fk_version_inputs_digest_blobs FOREIGN KEY(digest) REFERENCES blobs (digest)
)
    """,
    """
CREATE INDEX ix_version_inputs_digest ON version_inputs (digest)
    """,
)


def upgrade() -> None:
    """Make every table and index of the first library."""
    for statement in TABLES:
        op.execute(statement)
    op.execute("INSERT INTO library VALUES (1, 1)")
