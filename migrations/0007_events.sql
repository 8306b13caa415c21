-- SPDX-License-Identifier: MIT
-- Data sets whose samples are lists of events.

ALTER TABLE datasets ADD COLUMN events INTEGER NOT NULL DEFAULT 0 CHECK (events IN (0, 1));
