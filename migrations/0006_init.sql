-- SPDX-License-Identifier: MIT
-- Whose weights a job starts from; '' = its own seed's.

ALTER TABLE jobs ADD COLUMN init_job TEXT NOT NULL DEFAULT '';
-- 'best' or 'last'.
ALTER TABLE jobs ADD COLUMN init_checkpoint TEXT NOT NULL DEFAULT '';
-- Of the tensors it did start from: with the config they fix the trained bits.
ALTER TABLE jobs ADD COLUMN init_sha256 TEXT NOT NULL DEFAULT '';
