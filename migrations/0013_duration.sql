-- SPDX-License-Identifier: MIT
-- The last tick + 1 of a data set of events, which its samples' steps divide: 0 = not known, as of sets of before.

ALTER TABLE datasets ADD COLUMN duration INTEGER NOT NULL DEFAULT 0 CHECK (duration >= 0);
