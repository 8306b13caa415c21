-- SPDX-License-Identifier: MIT
-- Sweeps: jobs that were made together from one base, and what came of comparing them.

CREATE TABLE sweeps (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    cancelled_at INTEGER,
    combinations INTEGER NOT NULL,
    -- What it is ranked by: a metric of a job.
    metric TEXT NOT NULL,
    maximize INTEGER NOT NULL CHECK (maximize IN (0, 1)),
    -- Successive halving: the epoch of the first comparison, and by what each next one is later and keeps fewer; 0 = none.
    rung_epochs INTEGER NOT NULL,
    rung_factor INTEGER NOT NULL,
    -- JSON as accepted.
    config TEXT NOT NULL
) STRICT;

CREATE TABLE sweep_combinations (
    sweep_seq INTEGER NOT NULL REFERENCES sweeps (seq) ON DELETE CASCADE,
    -- 0, 1, ...
    combination INTEGER NOT NULL,
    -- JSON: what it has at which place of the base.
    parameters TEXT NOT NULL,
    PRIMARY KEY (sweep_seq, combination)
) STRICT, WITHOUT ROWID;

-- How the combinations stood at a comparison, and which went on.
CREATE TABLE sweep_decisions (
    sweep_seq INTEGER NOT NULL REFERENCES sweeps (seq) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    -- 1 = the best.
    rank INTEGER NOT NULL,
    combination INTEGER NOT NULL,
    value REAL,
    kept INTEGER NOT NULL CHECK (kept IN (0, 1)),
    at INTEGER NOT NULL,
    PRIMARY KEY (sweep_seq, epoch, rank)
) STRICT, WITHOUT ROWID;

-- What a client calls its request, as in idempotency_keys.
CREATE TABLE sweep_keys (
    key TEXT PRIMARY KEY,
    sweep_seq INTEGER NOT NULL REFERENCES sweeps (seq) ON DELETE CASCADE,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sweep_keys_by_sweep ON sweep_keys (sweep_seq);
CREATE INDEX sweep_keys_by_age ON sweep_keys (created_at);

-- The sweep's id, '' = none; and which of its combinations.
ALTER TABLE jobs ADD COLUMN sweep TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN combination INTEGER NOT NULL DEFAULT 0;
-- After which epoch it waits for the other jobs of its sweep (0 = never), and whether it does.
ALTER TABLE jobs ADD COLUMN rung_epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN at_rung INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_by_sweep ON jobs (sweep, combination, seq) WHERE sweep <> '';

-- A sweep is there as long as one of its jobs is.
CREATE TRIGGER sweeps_go_with_jobs AFTER DELETE ON jobs WHEN OLD.sweep <> '' BEGIN
    DELETE FROM sweeps WHERE id = OLD.sweep
        AND NOT EXISTS (SELECT 1 FROM jobs WHERE sweep = OLD.sweep AND sweep <> '');
END;
