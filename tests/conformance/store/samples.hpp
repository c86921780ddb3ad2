#pragma once
// Made-up values for tests of stores: number n always gives the same ones.

#include <algorithm>
#include <string>

#include "store/credential_store.hpp"
#include "store/device_store.hpp"
#include "store/gateway_store.hpp"
#include "store/pairing_store.hpp"
#include "store/sync.hpp"

namespace cpns::store::testing {

[[nodiscard]] inline ids::UnixTime at(std::int64_t seconds) { return ids::UnixTime(std::chrono::seconds(seconds)); }

/// `first`, zeros, then `n` in the last four bytes: in order of n.
template <std::size_t N>
[[nodiscard]] std::array<std::uint8_t, N> numbered(std::uint8_t first, std::uint32_t n) {
  std::array<std::uint8_t, N> bytes{};
  bytes.front() = first;
  for (std::size_t i = 0; i < 4; ++i) bytes[N - 1 - i] = static_cast<std::uint8_t>(n >> (8 * i));
  return bytes;
}
template <class Secret>
[[nodiscard]] Secret secret_of(std::uint32_t n) {
  return Secret::make([&](std::span<std::uint8_t, Secret::kSize> to) {
    const auto bytes = numbered<Secret::kSize>(0x77, n);
    std::copy(bytes.begin(), bytes.end(), to.begin());
  });
}

[[nodiscard]] inline ids::PnGwId gateway(std::uint32_t n) {
  return ids::PnGwId::parse("sip:phone" + std::to_string(1000 + n) + "@ims.example.net").value();
}
[[nodiscard]] inline ids::DeviceName device_name(std::uint32_t n) {
  return ids::DeviceName::parse("tablet " + std::to_string(n)).value();
}
[[nodiscard]] inline ids::AssignmentId assignment_id(std::uint32_t n) {
  return ids::AssignmentId(numbered<16>(0xa5, n));
}
[[nodiscard]] inline ids::CmDeviceId cm_device_id(std::uint32_t n) { return ids::CmDeviceId(numbered<16>(0xcd, n)); }
[[nodiscard]] inline ids::CorrelationId correlation_id(std::uint32_t n) {
  return ids::CorrelationId(numbered<8>(0xc0, n));
}
[[nodiscard]] inline TokenId token_id(std::uint32_t n) { return TokenId(numbered<8>(0x70, n)); }
[[nodiscard]] inline PairingId pairing_id(std::uint32_t n) { return PairingId(numbered<8>(0xba, n)); }

/// Pending from second 1000 to second 1300.
[[nodiscard]] inline assign::PendingAssignment pending(std::uint32_t n, const ids::PnGwId& of = gateway(1),
                                                       std::int64_t created = 1000) {
  return {assignment_id(n), correlation_id(n), of, device_name(n), secret_of<secret::KeySeed>(n),
          at(created),      at(created + 300)};
}
/// At second 1010; the device's life ends at second 100000.
[[nodiscard]] inline assign::Activation activation(std::uint32_t n, const ids::PnGwId& of = gateway(1),
                                                   std::int64_t when = 1010) {
  return {assignment_id(n), of,        cm_device_id(n), numbered<32>(0xd1, n), Bytes(40, static_cast<std::uint8_t>(n)),
          at(when),         at(100000)};
}
[[nodiscard]] inline Enrolment enrolment(std::uint32_t n, const ids::PnGwId& of, std::int64_t expires = 2000) {
  return {token_id(n), of, secret_of<secret::EnrollSecret>(n), at(expires)};
}
[[nodiscard]] inline Pairing pairing(std::uint32_t n, std::int64_t created = 1000) {
  return {pairing_id(n), secret_of<secret::PairingSecret>(n), at(created), at(created + 600)};
}
[[nodiscard]] inline PanPeer peer(std::uint32_t n, std::int64_t when = 1100) {
  return {pairing_id(n), device_name(n), secret_of<secret::TlsPsk>(n), at(when)};
}
[[nodiscard]] inline assign::Credential credential(std::uint32_t n) {
  return {cm_device_id(n),
          secret_of<secret::CmDeviceKey>(n),
          ids::ServerId::parse("cpns.example.net").value(),
          gateway(n),
          ids::IdentityAlias::parse(std::string(62, 'A')).value(),
          at(100000),
          {ids::Endpoint::parse("192.0.2.1:4433").value(), ids::Endpoint::parse("[2001:db8::1]:4433").value()}};
}

/// "done", or the name of the error in the catalogue.
template <class T>
[[nodiscard]] std::string outcome_of(const Result<T>& result) {
  return result.ok() ? "done" : std::string(result.error().info().name);
}
template <class Begin>
[[nodiscard]] std::string outcome(Begin&& begin) {
  return outcome_of(wait_for_done(std::forward<Begin>(begin)));
}

[[nodiscard]] inline std::string begin(DeviceStore& store, assign::PendingAssignment value, Quota quota = {}) {
  return outcome([&](Done done) { store.begin(std::move(value), quota, std::move(done)); });
}
[[nodiscard]] inline std::string activate(DeviceStore& store, assign::Activation value) {
  return outcome([&](Done done) { store.activate(std::move(value), std::move(done)); });
}
[[nodiscard]] inline std::string erase_pending(DeviceStore& store, std::uint32_t n) {
  return outcome([&](Done done) { store.erase_pending(assignment_id(n), std::move(done)); });
}
[[nodiscard]] inline std::string mark_in_use(DeviceStore& store, std::uint32_t n, std::int64_t when = 1020) {
  return outcome([&](Done done) { store.mark_in_use(cm_device_id(n), at(when), std::move(done)); });
}
[[nodiscard]] inline std::string revoke(DeviceStore& store, std::uint32_t n, std::int64_t when = 1030) {
  return outcome([&](Done done) { store.revoke(cm_device_id(n), at(when), std::move(done)); });
}
/// Steps 1 and 9.
[[nodiscard]] inline std::string make_active(DeviceStore& store, std::uint32_t n, const ids::PnGwId& of = gateway(1)) {
  const auto begun = begin(store, pending(n, of));
  return begun == "done" ? activate(store, activation(n, of)) : begun;
}
[[nodiscard]] inline std::string invite(GatewayStore& store, Enrolment value, std::size_t quota = 100,
                                        std::int64_t now = 1000) {
  return outcome([&](Done done) { store.invite(std::move(value), quota, at(now), std::move(done)); });
}
[[nodiscard]] inline std::string complete_enrolment(GatewayStore& store, std::uint32_t n, std::int64_t now = 1100) {
  return outcome(
      [&](Done done) { store.complete_enrolment(token_id(n), numbered<32>(0xce, n), at(now), std::move(done)); });
}
[[nodiscard]] inline std::string admit(GatewayStore& store, const ids::PnGwId& id, std::int64_t now = 1000) {
  return outcome([&](Done done) { store.admit(id, 9, at(now), std::move(done)); });
}
[[nodiscard]] inline std::string revoke(GatewayStore& store, const ids::PnGwId& id, std::int64_t when = 1200) {
  return outcome([&](Done done) { store.revoke(id, at(when), std::move(done)); });
}
[[nodiscard]] inline std::string open_pairing(PairingStore& store, Pairing value) {
  return outcome([&](Done done) { store.open_pairing(std::move(value), std::move(done)); });
}
[[nodiscard]] inline std::string claim(PairingStore& store, PanPeer value) {
  return outcome([&](Done done) { store.claim(std::move(value), std::move(done)); });
}
[[nodiscard]] inline std::string save_undelivered(PairingStore& store, std::uint32_t n,
                                                  const assign::Credential& value) {
  return outcome([&](Done done) { store.save_undelivered(pairing_id(n), value, correlation_id(n), std::move(done)); });
}
[[nodiscard]] inline std::string erase_undelivered(PairingStore& store, std::uint32_t n) {
  return outcome([&](Done done) { store.erase_undelivered(pairing_id(n), std::move(done)); });
}

}  // namespace cpns::store::testing
