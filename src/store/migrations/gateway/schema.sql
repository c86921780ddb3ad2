-- The whole schema of a new database, for readers and for fresh installations. A test proves it equal to all the
-- numbered steps one after the other.

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

-- Between a verified step 10 and the device's receipt; deleted then [G2].
CREATE TABLE undelivered (
  row_id INTEGER PRIMARY KEY,
  pairing_id BLOB NOT NULL REFERENCES peers (pairing_id) ON DELETE CASCADE,
  correlation_id BLOB NOT NULL CHECK (length(correlation_id) = 8),
  sealed_credential BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX undelivered_by_pairing_id ON undelivered (pairing_id);

-- By which node_id a PNE that has joined stands on paths, so that a circle is seen [X10].
CREATE TABLE peer_nodes (
  row_id INTEGER PRIMARY KEY,
  pairing_id BLOB NOT NULL REFERENCES peers (pairing_id) ON DELETE CASCADE,
  node_id BLOB NOT NULL CHECK (length(node_id) = 16)
) STRICT;
CREATE UNIQUE INDEX peer_nodes_by_pairing_id ON peer_nodes (pairing_id);
