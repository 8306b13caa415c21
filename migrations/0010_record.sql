-- SPDX-License-Identifier: MIT
-- What fixes a job's bits, so that they can be had again: '' = not known (yet), as of jobs of before.

-- Of the config in canonical form, without what has no part in the training.
ALTER TABLE jobs ADD COLUMN config_sha256 TEXT NOT NULL DEFAULT '';
-- Of the data it was trained on last: those of a data set's id may change later.
ALTER TABLE jobs ADD COLUMN dataset_sha256 TEXT NOT NULL DEFAULT '';
-- Of the program that trained it last.
ALTER TABLE jobs ADD COLUMN build_version TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN build_revision TEXT NOT NULL DEFAULT '';
