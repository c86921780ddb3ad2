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
