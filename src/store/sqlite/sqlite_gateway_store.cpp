#include "store/sqlite/sqlite_gateway_store.hpp"

#include "store/audit_events.hpp"
#include "store/rules.hpp"
#include "store/sqlite/gateway_rows.hpp"

namespace cpns::store::sqlite {
namespace {

#define CPNS_GATEWAY_COLUMNS                                                   \
  "pn_gw_id, state, device_quota, added_at, enrolled_at, certificate_sha256, " \
  "(SELECT count(*) FROM devices WHERE devices.pn_gw_id = gateways.pn_gw_id AND devices.state IN (2, 3, 5))"

Result<GatewayInfo> read_gateway(const Statement& row) {
  CPNS_TRY(auto pn_gw_id, row.id<ids::PnGwId>(0));
  CPNS_TRY(const auto state, row.state(1, GatewayState::Revoked));
  std::optional<std::array<std::uint8_t, 32>> certificate;
  if (!row.is_null(5)) {
    CPNS_TRY(certificate, row.digest(5));
  }
  return GatewayInfo{.pn_gw_id = std::move(pn_gw_id),
                     .state = state,
                     .device_quota = row.count(2),
                     .device_count = row.count(6),
                     .added_at = row.time(3),
                     .enrolled_at = row.optional_time(4),
                     .certificate_sha256 = certificate};
}

struct FoundToken {
  ids::PnGwId pn_gw_id;
  ids::UnixTime expires_at;
};

Result<std::optional<FoundToken>> find_token(Connection& connection, const TokenId& id) {
  CPNS_TRY(auto row, connection.query("SELECT pn_gw_id, expires_at FROM enrolments WHERE token_id = ?", id));
  CPNS_TRY(const bool found, row.step());
  if (!found) return std::optional<FoundToken>();
  CPNS_TRY(auto pn_gw_id, row.id<ids::PnGwId>(0));
  return std::optional(FoundToken{std::move(pn_gw_id), row.time(1)});
}

}  // namespace

Result<std::optional<GatewayStanding>> gateway_standing(Connection& connection, const ids::PnGwId& id) {
  CPNS_TRY(auto row, connection.query("SELECT state, device_quota FROM gateways WHERE pn_gw_id = ?", id));
  CPNS_TRY(const bool found, row.step());
  if (!found) return std::optional<GatewayStanding>();
  CPNS_TRY(const auto state, row.state(0, GatewayState::Revoked));
  return std::optional(GatewayStanding{state, row.count(1)});
}

namespace {

Result<std::optional<rules::FoundGateway>> find_gateway(Connection& connection, const ids::PnGwId& id) {
  CPNS_TRY(auto row, connection.query("SELECT " CPNS_GATEWAY_COLUMNS " FROM gateways WHERE pn_gw_id = ?", id));
  CPNS_TRY(const bool found, row.step());
  if (!found) return std::optional<rules::FoundGateway>();
  CPNS_TRY(const auto info, read_gateway(row));
  return std::optional(rules::FoundGateway{info.state, info.binding()});
}

}  // namespace

void SqliteGatewayStore::admit(ids::PnGwId id, std::size_t device_quota, ids::UnixTime now, Done done) {
  const auto admit = [id = std::move(id), device_quota, now,
                      &writer = writer_](Connection& connection) -> Result<void> {
    CPNS_TRY(const auto found, find_gateway(connection, id));
    CPNS_CHECK(rules::check_binding(found, Binding::Ims, id));
    if (found) return {};
    CPNS_CHECK(writer.record(events::admitted(id, now)));
    return connection.run(
        "INSERT INTO gateways (pn_gw_id, state, device_quota, added_at, enrolled_at) VALUES (?, 2, ?, ?, ?)", id,
        device_quota, now, now);
  };
  writer_.submit(admit, std::move(done));
}

void SqliteGatewayStore::raw_invite(EnrolmentRow row, std::size_t device_quota, ids::UnixTime now, Done done) {
  const auto invite = [row = std::move(row), device_quota, now,
                       &writer = writer_](Connection& connection) -> Result<void> {
    CPNS_TRY(const auto found, find_gateway(connection, row.pn_gw_id));
    CPNS_CHECK(rules::check_binding(found, Binding::Certificate, row.pn_gw_id));
    CPNS_CHECK(writer.record(events::invited(row.pn_gw_id, device_quota, now)));
    CPNS_CHECK(
        connection.run("INSERT INTO gateways (pn_gw_id, state, device_quota, added_at) VALUES (?, 1, ?, ?) "
                       "ON CONFLICT (pn_gw_id) DO UPDATE SET device_quota = excluded.device_quota",
                       row.pn_gw_id, device_quota, now));
    CPNS_CHECK(connection.run("DELETE FROM enrolments WHERE pn_gw_id = ?", row.pn_gw_id));
    return connection.run("INSERT INTO enrolments (token_id, pn_gw_id, sealed_secret, expires_at) VALUES (?, ?, ?, ?)",
                          row.token_id, row.pn_gw_id, row.sealed_secret, row.expires_at);
  };
  writer_.submit(invite, std::move(done));
}

Result<std::optional<GatewayStore::EnrolmentRow>> SqliteGatewayStore::raw_find_enrolment(const TokenId& id,
                                                                                         ids::UnixTime now) {
  return readers_.with([&](Connection& connection) -> Result<std::optional<EnrolmentRow>> {
    CPNS_TRY(auto row, connection.query("SELECT pn_gw_id, sealed_secret, expires_at FROM enrolments "
                                        "WHERE token_id = ? AND expires_at > ?",
                                        id, now));
    CPNS_TRY(const bool found, row.step());
    if (!found) return std::optional<EnrolmentRow>();
    CPNS_TRY(auto pn_gw_id, row.id<ids::PnGwId>(0));
    return std::optional<EnrolmentRow>(EnrolmentRow{id, std::move(pn_gw_id), row.blob(1), row.time(2)});
  });
}

void SqliteGatewayStore::complete_enrolment(TokenId id, std::array<std::uint8_t, 32> certificate_sha256,
                                            ids::UnixTime now, Done done) {
  const auto complete = [id, certificate_sha256, now, &writer = writer_](Connection& connection) -> Result<void> {
    CPNS_TRY(const auto token, find_token(connection, id));
    CPNS_CHECK(rules::check_enrolment(token ? std::optional(token->expires_at) : std::nullopt, id, now));
    CPNS_CHECK(connection.run("DELETE FROM enrolments WHERE token_id = ?", id));
    CPNS_CHECK(writer.record(events::enrolled(token->pn_gw_id, certificate_sha256, now)));
    return connection.run("UPDATE gateways SET state = 2, enrolled_at = ?, certificate_sha256 = ? WHERE pn_gw_id = ?",
                          now, certificate_sha256, token->pn_gw_id);
  };
  writer_.submit(complete, std::move(done));
}

void SqliteGatewayStore::revoke(ids::PnGwId id, ids::UnixTime when, Done done) {
  const auto revoke = [id = std::move(id), when, &writer = writer_](Connection& connection) -> Result<void> {
    CPNS_TRY(const auto found, gateway_standing(connection, id));
    if (!found) return Error{Code::gateway_not_found, id.text(), "a PN GW of this server"};
    if (found->state == GatewayState::Revoked) return {};
    CPNS_CHECK(connection.run("UPDATE gateways SET state = 3 WHERE pn_gw_id = ?", id));
    CPNS_CHECK(connection.run("DELETE FROM enrolments WHERE pn_gw_id = ?", id));
    CPNS_CHECK(connection.run("DELETE FROM devices WHERE pn_gw_id = ? AND state = 1", id));
    CPNS_CHECK(connection.run("UPDATE devices SET state = 4, revoked_at = ? WHERE pn_gw_id = ? AND state IN (2, 3, 5)",
                              when, id));
    CPNS_CHECK(writer.record(events::gateway_revoked(id, when)));
    return writer.note({0, RevocationKind::Gateway, id.text(), when, {}});
  };
  writer_.submit(revoke, std::move(done));
}

Result<std::optional<GatewayInfo>> SqliteGatewayStore::find(const ids::PnGwId& id) {
  return readers_.with([&](Connection& connection) -> Result<std::optional<GatewayInfo>> {
    CPNS_TRY(auto row, connection.query("SELECT " CPNS_GATEWAY_COLUMNS " FROM gateways WHERE pn_gw_id = ?", id));
    CPNS_TRY(const bool found, row.step());
    if (!found) return std::optional<GatewayInfo>();
    CPNS_TRY(auto info, read_gateway(row));
    return std::optional(std::move(info));
  });
}

Result<std::vector<GatewayInfo>> SqliteGatewayStore::list(std::optional<ids::PnGwId> after, std::size_t limit) {
  return readers_.with([&](Connection& connection) -> Result<std::vector<GatewayInfo>> {
    const auto from = after ? std::string_view(after->text()) : std::string_view();
    CPNS_TRY(auto row, connection.query("SELECT " CPNS_GATEWAY_COLUMNS
                                        " FROM gateways WHERE pn_gw_id > ? ORDER BY pn_gw_id LIMIT ?",
                                        from, limit));
    std::vector<GatewayInfo> page;
    for (;;) {
      CPNS_TRY(const bool more, row.step());
      if (!more) return page;
      CPNS_TRY(auto info, read_gateway(row));
      page.push_back(std::move(info));
    }
  });
}

}  // namespace cpns::store::sqlite
