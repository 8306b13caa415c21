-- SPDX-License-Identifier: MIT
-- The order of the queue: a point of priority weighs as much as sixty seconds of waiting, so nothing waits for ever behind
-- what is more important and comes later. As both grow at the same rate for all, the order of two jobs never changes.

ALTER TABLE jobs ADD COLUMN rank INTEGER GENERATED ALWAYS AS (created_at - 60 * priority) VIRTUAL;
DROP INDEX jobs_queue;
CREATE INDEX jobs_queue ON jobs (status, rank, seq, memory_bytes) WHERE status = 'queued';

-- What a client calls its request, so that one that is sent again makes no second job.
CREATE TABLE idempotency_keys (
    key TEXT PRIMARY KEY,
    job_seq INTEGER NOT NULL REFERENCES jobs (seq) ON DELETE CASCADE,
    -- SHA-256 of the body that came with it.
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_job ON idempotency_keys (job_seq);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Events in the order in which they came, over all jobs. The counter outlives them: a number is never used twice.
CREATE TABLE event_counter (last INTEGER NOT NULL) STRICT;
ALTER TABLE events ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE events SET number = n.number
    FROM (SELECT job_seq, seq, ROW_NUMBER() OVER (ORDER BY at, job_seq, seq) AS number FROM events) AS n
    WHERE n.job_seq = events.job_seq AND n.seq = events.seq;
INSERT INTO event_counter SELECT COUNT(*) FROM events;
CREATE UNIQUE INDEX events_by_number ON events (number);
