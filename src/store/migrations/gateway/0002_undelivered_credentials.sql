-- Between a verified step 10 and the device's receipt; deleted then [G2].
CREATE TABLE undelivered (
  row_id INTEGER PRIMARY KEY,
  pairing_id BLOB NOT NULL REFERENCES peers (pairing_id) ON DELETE CASCADE,
  correlation_id BLOB NOT NULL CHECK (length(correlation_id) = 8),
  sealed_credential BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX undelivered_by_pairing_id ON undelivered (pairing_id);
