-- SPDX-License-Identifier: MIT
-- How the test set was told apart at a job's end. The form of the blob is server/pack.h's.

CREATE TABLE confusions (
    job_seq INTEGER PRIMARY KEY REFERENCES jobs (seq) ON DELETE CASCADE,
    -- Test samples and right answers of each class, and the matrix.
    data BLOB NOT NULL
) STRICT;
