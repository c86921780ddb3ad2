-- The whole schema of a new database, for readers and for fresh installations. A test proves it equal to all the
-- numbered steps one after the other.

-- Times are seconds since 1970 UTC. States are numbered as in device_store.hpp and gateway_store.hpp.

CREATE TABLE schema_version (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  kind TEXT NOT NULL,
  version INTEGER NOT NULL
) STRICT;

CREATE TABLE gateways (
  row_id INTEGER PRIMARY KEY,
  pn_gw_id TEXT NOT NULL,
  state INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
  device_quota INTEGER NOT NULL CHECK (device_quota >= 0),
  added_at INTEGER NOT NULL,
  enrolled_at INTEGER,
  certificate_sha256 BLOB CHECK (length(certificate_sha256) = 32)
) STRICT;
CREATE UNIQUE INDEX gateways_by_pn_gw_id ON gateways (pn_gw_id);

-- A device's PN GW need not be in `gateways`: on an IMS operator link the operator's core knows it instead.
CREATE TABLE "devices" (
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
CREATE UNIQUE INDEX devices_by_assignment_id ON devices (assignment_id);
CREATE UNIQUE INDEX devices_by_cm_device_id ON devices (cm_device_id) WHERE cm_device_id IS NOT NULL;
CREATE INDEX devices_by_gateway ON devices (pn_gw_id, state, expires_at, renews, renew_by);
CREATE INDEX devices_pending ON devices (assignment_id) WHERE state = 1;
CREATE INDEX devices_by_renews ON devices (renews) WHERE renews IS NOT NULL;
CREATE INDEX devices_revoked ON devices (row_id) WHERE state = 4;

-- The number of the newest revocation that this database has carried out; all of them stand in a journal of their own.
CREATE TABLE revocation_state (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  last_sequence INTEGER NOT NULL
) STRICT;
INSERT INTO revocation_state (only_row, last_sequence) VALUES (1, 0);

-- One open token of a PN GW at most; a used one is deleted.
CREATE TABLE enrolments (
  row_id INTEGER PRIMARY KEY,
  token_id BLOB NOT NULL CHECK (length(token_id) = 8),
  pn_gw_id TEXT NOT NULL REFERENCES gateways (pn_gw_id),
  sealed_secret BLOB NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX enrolments_by_token_id ON enrolments (token_id);
CREATE UNIQUE INDEX enrolments_by_pn_gw_id ON enrolments (pn_gw_id);

-- The audit log: records in the form of docs/audit.md, each with its value in the chain. Never updated, never deleted.
CREATE TABLE audit_records (
  sequence INTEGER PRIMARY KEY,
  record BLOB NOT NULL,
  chain BLOB NOT NULL CHECK (length(chain) = 32)
) STRICT;

-- Which master key all sealed values are under, or how far they have been moved to a newer one.
CREATE TABLE seal_state (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  key_number INTEGER NOT NULL,
  last_row INTEGER NOT NULL,
  end_row INTEGER NOT NULL,
  unopened INTEGER NOT NULL,
  complete INTEGER NOT NULL CHECK (complete IN (0, 1))
) STRICT;
INSERT INTO seal_state (only_row, key_number, last_row, end_row, unopened, complete) VALUES (1, 1, 0, 0, 0, 1);

-- Tokens of operators: hashes, no secrets.
CREATE TABLE operator_tokens (
  row_id INTEGER PRIMARY KEY,
  token_id BLOB NOT NULL CHECK (length(token_id) = 8),
  name TEXT NOT NULL,
  scope INTEGER NOT NULL CHECK (scope BETWEEN 1 AND 3),
  made_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32)
) STRICT;
CREATE UNIQUE INDEX operator_tokens_by_token_id ON operator_tokens (token_id);
CREATE UNIQUE INDEX operator_tokens_by_name ON operator_tokens (name);
