-- SPDX-License-Identifier: MIT
-- Why it learns or does not: a line for the step that was judged and one for each finding (server/verdict.h); '' = not judged yet.

ALTER TABLE jobs ADD COLUMN verdict TEXT NOT NULL DEFAULT '';
