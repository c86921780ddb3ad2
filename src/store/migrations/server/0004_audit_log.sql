-- The audit log: records in the form of docs/audit.md, each with its value in the chain. Never updated, never deleted.
CREATE TABLE audit_records (
  sequence INTEGER PRIMARY KEY,
  record BLOB NOT NULL,
  chain BLOB NOT NULL CHECK (length(chain) = 32)
) STRICT;
