import type { DatabaseSync } from 'node:sqlite';

/** "lbsc", in the header of the file: `file` and SQLite's own tools show it. */
export const applicationId = 0x6c627363;

/**
 * Each step leads from its number to the next; a file's `user_version` says how many it has taken. Steps are never
 * changed once released, only added.
 */
export const migrations: readonly string[] = [
  // 0 to 1
  `
  CREATE TABLE run (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    run_id TEXT NOT NULL,
    -- Milliseconds since the epoch, by the agent's clock, as everywhere here.
    started_at REAL NOT NULL,
    last_at REAL NOT NULL,
    -- Absent: it is live, or its agent ended without a word.
    ended_at REAL,
    -- The process that writes it.
    writer_pid INTEGER,
    deleted_at REAL,
    -- RunInfo
    info BLOB NOT NULL
  ) STRICT;
  CREATE TABLE event (
    sequence INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    -- Event
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX event_at ON event (at);
  -- Frames that are not yet ten seconds: one row a batch.
  CREATE TABLE tail (
    first_sequence INTEGER PRIMARY KEY,
    -- Batch, its frames only, zstd
    body BLOB NOT NULL
  ) STRICT;
  -- Ten seconds of frames, aligned, in three widths; each a Batch, zstd. The coarse ones stand first, so that reading
  -- them does not read the others.
  CREATE TABLE chunk (
    first_sequence INTEGER PRIMARY KEY,
    last_sequence INTEGER NOT NULL,
    from_ms REAL NOT NULL,
    to_ms REAL NOT NULL,
    frames INTEGER NOT NULL,
    coarse BLOB NOT NULL,
    medium BLOB NOT NULL,
    -- Absent once it was thinned for want of room.
    fine BLOB
  ) STRICT;
  CREATE INDEX chunk_from ON chunk (from_ms);
  CREATE TABLE keyframe (
    sequence INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    -- Keyframe, zstd
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX keyframe_at ON keyframe (at);
  `,
];

export type Prepared =
  | { readonly kind: 'ready' }
  /** Written by a newer lbscope, or not by lbscope at all: it is left as it is. */
  | { readonly kind: 'foreign'; readonly message: string };

/** Brings a file to the newest form, each step whole or not at all. A new file has version 0. */
export function migrate(db: DatabaseSync, steps: readonly string[] = migrations): Prepared {
  const version = pragma(db, 'user_version');
  const owner = pragma(db, 'application_id');
  if (version > steps.length) {
    return { kind: 'foreign', message: `it has version ${version}, and this lbscope reads up to ${steps.length}` };
  }
  if (owner !== applicationId && !(owner === 0 && version === 0 && isEmpty(db))) {
    return { kind: 'foreign', message: 'it is a database of another program' };
  }
  for (let at = version; at < steps.length; at += 1) {
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(steps[at] as string);
      db.exec(`PRAGMA application_id = ${applicationId}`);
      db.exec(`PRAGMA user_version = ${at + 1}`);
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }
  return { kind: 'ready' };
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

function isEmpty(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}
