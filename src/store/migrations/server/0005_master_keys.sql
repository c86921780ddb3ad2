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
