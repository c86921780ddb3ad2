-- All that counts for the quota of a PN GW [S7] stands in the index: no row of its devices is read for one more.
DROP INDEX devices_by_gateway;
CREATE INDEX devices_by_gateway ON devices (pn_gw_id, state, expires_at, renews, renew_by);
-- A start with an empty revocation journal asks for all that are revoked [V1]: it reads these rows alone.
CREATE INDEX devices_revoked ON devices (row_id) WHERE state = 4;
