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
