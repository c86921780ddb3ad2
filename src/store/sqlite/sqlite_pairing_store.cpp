#include "store/sqlite/sqlite_pairing_store.hpp"

#include "store/rules.hpp"
#include "store/sqlite/read_ids.hpp"

namespace cpns::store::sqlite {
namespace {

Result<bool> is_peer(Connection& connection, const PairingId& id) {
  CPNS_TRY(auto row, connection.query("SELECT 1 FROM peers WHERE pairing_id = ?", id));
  return row.step();
}

}  // namespace

void SqlitePairingStore::raw_open_pairing(PairingRow row, Done done) {
  const auto open = [row = std::move(row)](Connection& connection) -> Result<void> {
    CPNS_CHECK(connection.run("DELETE FROM pairings WHERE expires_at <= ?", row.created_at));
    {
      CPNS_TRY(auto counted, connection.query("SELECT count(*) FROM pairings"));
      CPNS_CHECK(counted.step());
      CPNS_CHECK(rules::check_open_pairings(counted.count(0)));
    }
    CPNS_TRY(const bool taken, is_peer(connection, row.pairing_id));
    if (taken) return rules::row_exists("pairing", row.pairing_id.hex());
    return connection.run(
        "INSERT INTO pairings (pairing_id, sealed_secret, created_at, expires_at) VALUES (?, ?, ?, ?)", row.pairing_id,
        row.sealed_secret, row.created_at, row.expires_at);
  };
  writer_.submit(open, std::move(done));
}

Result<std::optional<PairingStore::PairingRow>> SqlitePairingStore::raw_find_pairing(const PairingId& id,
                                                                                     ids::UnixTime now) {
  return readers_.with([&](Connection& connection) -> Result<std::optional<PairingRow>> {
    CPNS_TRY(auto row, connection.query("SELECT sealed_secret, created_at, expires_at FROM pairings "
                                        "WHERE pairing_id = ? AND expires_at > ?",
                                        id, now));
    CPNS_TRY(const bool found, row.step());
    if (!found) return std::optional<PairingRow>();
    return std::optional<PairingRow>(PairingRow{id, row.blob(0), row.time(1), row.time(2)});
  });
}

void SqlitePairingStore::raw_claim(PeerRow row, Done done) {
  const auto claim = [row = std::move(row)](Connection& connection) -> Result<void> {
    std::optional<ids::UnixTime> expires_at;
    {
      CPNS_TRY(auto code, connection.query("SELECT expires_at FROM pairings WHERE pairing_id = ?", row.pairing_id));
      CPNS_TRY(const bool found, code.step());
      if (found) expires_at = code.time(0);
    }
    CPNS_CHECK(rules::check_claim(expires_at, row.pairing_id, row.paired_at));
    CPNS_CHECK(connection.run("DELETE FROM pairings WHERE pairing_id = ?", row.pairing_id));
    CPNS_CHECK(
        connection.run("INSERT INTO peers (pairing_id, device_name, sealed_pan_psk, paired_at) VALUES (?, ?, ?, ?)",
                       row.pairing_id, row.device_name, row.sealed_pan_psk, row.paired_at));
    if (!row.node_id) return {};
    return connection.run("INSERT INTO peer_nodes (pairing_id, node_id) VALUES (?, ?)", row.pairing_id, *row.node_id);
  };
  writer_.submit(claim, std::move(done));
}

Result<std::optional<PairingStore::PeerRow>> SqlitePairingStore::raw_find_peer(const PairingId& id) {
  return readers_.with([&](Connection& connection) -> Result<std::optional<PeerRow>> {
    CPNS_TRY(auto row, connection.query("SELECT device_name, sealed_pan_psk, paired_at, node_id FROM peers "
                                        "LEFT JOIN peer_nodes USING (pairing_id) WHERE pairing_id = ?",
                                        id));
    CPNS_TRY(const bool found, row.step());
    if (!found) return std::optional<PeerRow>();
    CPNS_TRY(auto name, row.id<ids::DeviceName>(0));
    std::optional<stream::NodeId> node;
    if (!row.is_null(3)) {
      CPNS_TRY(node, row.id<stream::NodeId>(3));
    }
    return std::optional<PeerRow>(PeerRow{id, std::move(name), row.blob(1), row.time(2), node});
  });
}

Result<std::vector<stream::NodeId>> SqlitePairingStore::list_nodes(std::size_t limit) {
  return readers_.with([&](Connection& connection) -> Result<std::vector<stream::NodeId>> {
    CPNS_TRY(auto row, connection.query("SELECT node_id FROM peer_nodes JOIN peers USING (pairing_id) GROUP BY node_id "
                                        "ORDER BY max(paired_at) DESC, node_id LIMIT ?",
                                        limit));
    return read_ids<stream::NodeId>(std::move(row));
  });
}

Result<std::vector<PanPeerInfo>> SqlitePairingStore::list_peers(std::optional<PairingId> after, std::size_t limit) {
  return readers_.with([&](Connection& connection) -> Result<std::vector<PanPeerInfo>> {
    // Every identifier is greater than a blob without bytes.
    const auto from = after ? ByteView(after->bytes()) : ByteView();
    CPNS_TRY(auto row, connection.query("SELECT pairing_id, device_name, paired_at, EXISTS (SELECT 1 FROM undelivered "
                                        "WHERE undelivered.pairing_id = peers.pairing_id) FROM peers "
                                        "WHERE pairing_id > ? ORDER BY pairing_id LIMIT ?",
                                        from, limit));
    std::vector<PanPeerInfo> page;
    for (;;) {
      CPNS_TRY(const bool more, row.step());
      if (!more) return page;
      CPNS_TRY(const auto id, row.id<PairingId>(0));
      CPNS_TRY(auto name, row.id<ids::DeviceName>(1));
      page.push_back({id, std::move(name), row.time(2), row.integer(3) != 0});
    }
  });
}

void SqlitePairingStore::raw_save_undelivered(UndeliveredRow row, Done done) {
  const auto save = [row = std::move(row)](Connection& connection) -> Result<void> {
    CPNS_TRY(const bool known, is_peer(connection, row.pairing_id));
    if (!known) return rules::no_such_peer(row.pairing_id);
    return connection.run(
        "INSERT INTO undelivered (pairing_id, correlation_id, sealed_credential) VALUES (?, ?, ?) ON CONFLICT "
        "(pairing_id) DO UPDATE SET correlation_id = excluded.correlation_id, sealed_credential = "
        "excluded.sealed_credential",
        row.pairing_id, row.correlation_id, row.sealed_credential);
  };
  writer_.submit(save, std::move(done));
}

Result<std::optional<PairingStore::UndeliveredRow>> SqlitePairingStore::raw_find_undelivered(const PairingId& id) {
  return readers_.with([&](Connection& connection) -> Result<std::optional<UndeliveredRow>> {
    CPNS_TRY(auto row,
             connection.query("SELECT correlation_id, sealed_credential FROM undelivered WHERE pairing_id = ?", id));
    CPNS_TRY(const bool found, row.step());
    if (!found) return std::optional<UndeliveredRow>();
    CPNS_TRY(const auto correlation_id, row.id<ids::CorrelationId>(0));
    return std::optional<UndeliveredRow>(UndeliveredRow{id, correlation_id, row.blob(1)});
  });
}

void SqlitePairingStore::erase_undelivered(PairingId id, Done done) {
  const auto erase = [id](Connection& connection) {
    return connection.run("DELETE FROM undelivered WHERE pairing_id = ?", id);
  };
  writer_.submit(erase, std::move(done));
}

}  // namespace cpns::store::sqlite
