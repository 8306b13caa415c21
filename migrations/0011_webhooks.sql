-- SPDX-License-Identifier: MIT
-- Who wants to hear of a job's end, and the outbox: written in the transaction of the end itself.

-- '' = nobody; the statuses to tell of, each between blanks.
ALTER TABLE jobs ADD COLUMN webhook_url TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN webhook_events TEXT NOT NULL DEFAULT '';

-- Without a reference to the job: what was promised to be told is told, also of one that is deleted.
CREATE TABLE webhook_deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    -- evt_...: the same whenever it is sent again.
    id TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL,
    url TEXT NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    -- When it is due, or when its state became final.
    at INTEGER NOT NULL,
    -- Of the last attempt: the answer's status (0 = none), and what was wrong.
    status INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (at, seq) WHERE state = 'pending';
