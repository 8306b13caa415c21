-- SPDX-License-Identifier: MIT
-- Uploaded data sets and their files. Jobs name a data set by text: the built-in ones have no row here.

CREATE TABLE datasets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    format TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ready INTEGER NOT NULL CHECK (ready IN (0, 1)),
    -- What the files hold, where ready.
    train INTEGER NOT NULL,
    test INTEGER NOT NULL,
    features INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    shape_0 INTEGER NOT NULL,
    shape_1 INTEGER NOT NULL,
    shape_2 INTEGER NOT NULL,
    shape_3 INTEGER NOT NULL,
    classes INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL
) STRICT;

CREATE TABLE dataset_files (
    dataset_seq INTEGER NOT NULL REFERENCES datasets (seq) ON DELETE CASCADE,
    part TEXT NOT NULL,
    path TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (dataset_seq, part)
) STRICT, WITHOUT ROWID;
