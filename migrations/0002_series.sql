-- SPDX-License-Identifier: MIT
-- What a run tells about itself over its steps. The blobs say what they hold; their form is server/pack.h.

CREATE TABLE points (
    job_seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    -- All named series of the step.
    data BLOB NOT NULL,
    PRIMARY KEY (job_seq, step)
) STRICT;

CREATE TABLE histograms (
    job_seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    step INTEGER NOT NULL,
    -- The order in which the run gave the histograms of a step.
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    -- Counts, moments and the bins that are not empty.
    data BLOB NOT NULL,
    PRIMARY KEY (job_seq, step, position)
) STRICT, WITHOUT ROWID;

-- One name over the steps; and each at most once a step.
CREATE UNIQUE INDEX histograms_by_name ON histograms (job_seq, name, step);
