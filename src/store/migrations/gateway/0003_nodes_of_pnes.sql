-- By which node_id a PNE that has joined stands on paths, so that a circle is seen [X10].
CREATE TABLE peer_nodes (
  row_id INTEGER PRIMARY KEY,
  pairing_id BLOB NOT NULL REFERENCES peers (pairing_id) ON DELETE CASCADE,
  node_id BLOB NOT NULL CHECK (length(node_id) = 16)
) STRICT;
CREATE UNIQUE INDEX peer_nodes_by_pairing_id ON peer_nodes (pairing_id);
