-- SPDX-License-Identifier: MIT
-- The trace (W3C's traceparent) of the request that a job came with, told on with its end.

ALTER TABLE jobs ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_deliveries ADD COLUMN traceparent TEXT NOT NULL DEFAULT '';
