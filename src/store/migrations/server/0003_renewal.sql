-- Renewal (protocol.md section 5) and the revocation journal. SQLite changes no CHECK in place: the table is made anew.
-- Devices of before have keys that were never renewed; they keep working until they expire.
CREATE TABLE devices_new (
  row_id INTEGER PRIMARY KEY,
  assignment_id BLOB NOT NULL CHECK (length(assignment_id) = 16),
  correlation_id BLOB NOT NULL CHECK (length(correlation_id) = 8),
  pn_gw_id TEXT NOT NULL,
  device_name TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),
  sealed_key_seed BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  pending_until INTEGER NOT NULL,
  cm_device_id BLOB CHECK (length(cm_device_id) = 16),
  confirm_digest BLOB CHECK (length(confirm_digest) = 32),
  complete_message BLOB,
  activated_at INTEGER,
  expires_at INTEGER,
  in_use_at INTEGER,
  revoked_at INTEGER,
  renews BLOB CHECK (length(renews) = 16),
  renew_by INTEGER,
  exempted_at INTEGER,
  CHECK (state = 1 OR (cm_device_id IS NOT NULL AND confirm_digest IS NOT NULL AND complete_message IS NOT NULL
                       AND activated_at IS NOT NULL AND expires_at IS NOT NULL)),
  CHECK ((state = 4) = (revoked_at IS NOT NULL))
) STRICT;
INSERT INTO devices_new (row_id, assignment_id, correlation_id, pn_gw_id, device_name, state, sealed_key_seed, created_at,
  pending_until, cm_device_id, confirm_digest, complete_message, activated_at, expires_at, in_use_at, revoked_at)
SELECT row_id, assignment_id, correlation_id, pn_gw_id, device_name, state, sealed_key_seed, created_at,
  pending_until, cm_device_id, confirm_digest, complete_message, activated_at, expires_at, in_use_at, revoked_at FROM devices;
DROP TABLE devices;
ALTER TABLE devices_new RENAME TO devices;
CREATE UNIQUE INDEX devices_by_assignment_id ON devices (assignment_id);
CREATE UNIQUE INDEX devices_by_cm_device_id ON devices (cm_device_id) WHERE cm_device_id IS NOT NULL;
CREATE INDEX devices_by_gateway ON devices (pn_gw_id, state, expires_at);
CREATE INDEX devices_pending ON devices (assignment_id) WHERE state = 1;
CREATE INDEX devices_by_renews ON devices (renews) WHERE renews IS NOT NULL;

-- The number of the newest revocation that this database has carried out; all of them stand in a journal of their own.
CREATE TABLE revocation_state (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  last_sequence INTEGER NOT NULL
) STRICT;
INSERT INTO revocation_state (only_row, last_sequence) VALUES (1, 0);
