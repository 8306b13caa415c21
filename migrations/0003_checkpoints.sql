-- SPDX-License-Identifier: MIT
-- Checkpoint files that are durable. A row is written after its file.

CREATE TABLE checkpoints (
    -- Newer ones are greater, whatever their step.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job_seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    id TEXT NOT NULL UNIQUE,
    step INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    -- Relative to the data directory. One row a file: dropping an old row must not cost a newer one its file.
    path TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL
) STRICT;

CREATE INDEX checkpoints_by_job ON checkpoints (job_seq, seq);
