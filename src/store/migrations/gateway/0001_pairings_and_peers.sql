-- Times are seconds since 1970 UTC.

CREATE TABLE schema_version (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  kind TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;

-- Open pairing codes; a used one is deleted.
CREATE TABLE pairings (
  row_id INTEGER PRIMARY KEY,
  pairing_id BLOB NOT NULL CHECK (length(pairing_id) = 8),
  sealed_secret BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX pairings_by_pairing_id ON pairings (pairing_id);
CREATE INDEX pairings_by_expires_at ON pairings (expires_at);

CREATE TABLE peers (
  row_id INTEGER PRIMARY KEY,
  pairing_id BLOB NOT NULL CHECK (length(pairing_id) = 8),
  device_name TEXT NOT NULL,
  sealed_pan_psk BLOB NOT NULL,
  paired_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX peers_by_pairing_id ON peers (pairing_id);
