-- SPDX-License-Identifier: MIT
-- The queue: jobs, their labels and what happened to them.

CREATE TABLE jobs (
    -- The order of creation. Never used twice: it is what cursors mean.
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'pausing', 'paused', 'cancelling',
                                           'succeeded', 'failed', 'cancelled')),
    name TEXT NOT NULL,
    priority INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    updated_at INTEGER NOT NULL,
    -- How often a worker has taken it; the number a worker must show to write.
    attempt INTEGER NOT NULL DEFAULT 0,
    -- How often the daemon died under it since it last got further.
    crashes INTEGER NOT NULL DEFAULT 0,
    -- Grows by one with every visible change.
    version INTEGER NOT NULL DEFAULT 1,
    -- The run of the daemon that took it last.
    boot_id TEXT,
    -- To be removed as soon as no worker holds it.
    delete_requested INTEGER NOT NULL DEFAULT 0 CHECK (delete_requested IN (0, 1)),
    dataset TEXT NOT NULL,
    memory_bytes INTEGER NOT NULL,
    threads INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    epochs INTEGER NOT NULL,
    step INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    samples_per_second REAL,
    eta_seconds REAL,
    -- What it was trained on last: with the config it fixes the trained bits.
    instruction_set TEXT NOT NULL,
    blas TEXT NOT NULL,
    train_loss REAL,
    train_accuracy REAL,
    validation_loss REAL,
    validation_accuracy REAL,
    test_loss REAL,
    test_accuracy REAL,
    error_code TEXT NOT NULL,
    error_message TEXT NOT NULL,
    error_param TEXT NOT NULL,
    model_sha256 TEXT NOT NULL,
    -- JSON as accepted. Last: a long value at the end does not slow the reading of what is before it.
    config TEXT NOT NULL
) STRICT;

-- What the claim walks, with all it looks at (the status too, though it is the same in every entry).
CREATE INDEX jobs_queue ON jobs (status, priority DESC, seq, memory_bytes) WHERE status = 'queued';
CREATE INDEX jobs_by_status ON jobs (status, seq);

CREATE TABLE job_metadata (
    job_seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (job_seq, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_metadata_by_value ON job_metadata (key, value, job_seq);

CREATE TABLE events (
    job_seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    -- 1, 2, ... within the job.
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    message TEXT NOT NULL,
    -- -1 = does not apply.
    step INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    PRIMARY KEY (job_seq, seq)
) STRICT, WITHOUT ROWID;
