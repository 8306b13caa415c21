-- SPDX-License-Identifier: MIT
-- How each layer with weights was computed: a line each, its fields (server/plan.h) with tabs between them; '' = not yet.

ALTER TABLE jobs ADD COLUMN plan TEXT NOT NULL DEFAULT '';
