#include "cli/vectors.hpp"

#include <algorithm>

#include "core/assign/key_schedule.hpp"

namespace cpns::cli {
namespace {

using assign::Step;

// One vector under check: holds its place in the file and what has agreed so far.
class Comparison {
 public:
  explicit Comparison(VectorReport::Line& line) : line_(line) {}

  Result<void> same(const std::string& field, ByteView got, ByteView expected) {
    line_.fields.push_back(field);
    if (std::ranges::equal(got, expected)) return {};
    return Error{Code::vector_differs, line_.name + "." + field + " " + to_hex(got), to_hex(expected)};
  }
  // The keys of a vector file are public: to show what differs their bytes are needed here.
  template <std::size_t N, class Tag>
  Result<void> same(const std::string& field, const secret::SecretBytes<N, Tag>& got, ByteView expected) {
    return same(field, got.reveal(secret::SecretAccess{}), expected);
  }

 private:
  VectorReport::Line& line_;
};

template <class Secret>
Secret secret_of(const Bytes& bytes) {
  return Secret::make([&](std::span<std::uint8_t, Secret::kSize> to) { std::ranges::copy(bytes, to.begin()); });
}

template <std::size_t N>
std::array<std::uint8_t, N> array_of(const Bytes& bytes) {
  std::array<std::uint8_t, N> out;
  std::ranges::copy(bytes, out.begin());
  return out;
}

Error not_an_identity(const std::string& name, const Error& cause) {
  return {Code::vectors_malformed, name + ": " + to_text(cause), "an identity of protocol.md section 1"};
}

Result<void> check(const AssignmentVector& v, VectorReport::Line& line) {
  const auto server_id = ids::ServerId::parse(v.server_id);
  if (!server_id) return not_an_identity(line.name, server_id.error());
  const auto pn_gw_id = ids::PnGwId::parse(v.pn_gw_id);
  if (!pn_gw_id) return not_an_identity(line.name, pn_gw_id.error());
  line.about = v.server_id + ", " + v.pn_gw_id;
  Comparison compare(line);

  const auto prk = assign::derive_prk(secret_of<secret::KeySeed>(v.values.at("key_seed")));
  CPNS_CHECK(compare.same("prk", prk, v.values.at("prk")));
  const auto id = assign::derive_cm_device_id(prk, *server_id, *pn_gw_id);
  CPNS_CHECK(compare.same("cm_device_id", id.bytes(), v.values.at("cm_device_id")));
  if (id.text() != v.cm_device_id_text) {
    return Error{Code::vector_differs, line.name + ".cm_device_id_text " + id.text(), v.cm_device_id_text};
  }
  line.fields.emplace_back("cm_device_id_text");
  const auto key = assign::derive_cm_device_key(prk, id);
  CPNS_CHECK(compare.same("cm_device_key", key, v.values.at("cm_device_key")));
  const auto of_server = assign::derive_server_confirm_key(key, *server_id, *pn_gw_id);
  CPNS_CHECK(compare.same("confirm_key_server", of_server, v.values.at("confirm_key_server")));
  const auto of_gateway = assign::derive_gateway_confirm_key(key, *server_id, *pn_gw_id);
  CPNS_CHECK(compare.same("confirm_key_gateway", of_gateway, v.values.at("confirm_key_gateway")));
  const auto of_complete = assign::derive_complete_confirm_key(key, *server_id, *pn_gw_id);
  CPNS_CHECK(compare.same("confirm_key_complete", of_complete, v.values.at("confirm_key_complete")));
  CPNS_CHECK(compare.same("tls_psk", assign::derive_tls_psk(key, *server_id), v.values.at("tls_psk")));

  assign::Transcript t(*server_id, *pn_gw_id);
  CPNS_CHECK(compare.same("transcript_chain[0]", t.hash(), v.transcript_chain[0]));
  for (std::size_t i = 0; i < v.messages.size(); ++i) {
    const auto& [step, message] = v.messages[i];
    t.absorb(static_cast<Step>(step), message);
    CPNS_CHECK(compare.same("transcript_chain[" + std::to_string(i + 1) + "]", t.hash(), v.transcript_chain[i + 1]));
    if (step == assign::number(Step::CmDeviceIdReport)) {
      const auto code = assign::confirm_code(of_server, t.hash());
      CPNS_CHECK(compare.same("server_confirm", code, v.values.at("server_confirm")));
    } else if (step == assign::number(Step::ServerConfirm)) {
      const auto code = assign::confirm_code(of_gateway, t.hash());
      CPNS_CHECK(compare.same("gateway_confirm", code, v.values.at("gateway_confirm")));
    } else if (step == assign::number(Step::AssignmentComplete)) {
      const auto code = assign::confirm_code(of_complete, t.hash());
      CPNS_CHECK(compare.same("complete_confirm", code, v.values.at("complete_confirm")));
    }
  }
  return {};
}

Result<void> check(const KeySeedWrapVector& v, VectorReport::Line& line) {
  line.about = "Key Seed sealed for step 2";
  Comparison compare(line);
  const auto server = secret_of<secret::X25519PrivateKey>(v.values.at("server_private"));
  const auto gateway = secret_of<secret::X25519PrivateKey>(v.values.at("gateway_private"));
  const auto server_share = crypto::x25519_share(server);
  const auto gateway_share = crypto::x25519_share(gateway);
  CPNS_CHECK(compare.same("server_share", server_share, v.values.at("server_share")));
  CPNS_CHECK(compare.same("gateway_share", gateway_share, v.values.at("gateway_share")));
  const auto t = array_of<32>(v.values.at("transcript_after_step_0"));
  const auto& seed = v.values.at("key_seed");

  CPNS_TRY(const auto x_of_server, crypto::x25519(server, gateway_share));
  const auto wrap = assign::derive_wrap_key(x_of_server, server_share, gateway_share);
  CPNS_CHECK(compare.same("wrap_key", wrap, v.values.at("wrap_key")));
  const auto sealed = assign::seal_key_seed(wrap, t, secret_of<secret::KeySeed>(seed));
  CPNS_CHECK(compare.same("sealed_key_seed", sealed, v.values.at("sealed_key_seed")));

  CPNS_TRY(const auto x_of_gateway, crypto::x25519(gateway, server_share));
  const auto unwrap = assign::derive_wrap_key(x_of_gateway, server_share, gateway_share);
  CPNS_TRY(const auto opened, assign::open_key_seed(unwrap, t, sealed));
  CPNS_CHECK(compare.same("key_seed", opened, seed));
  return {};
}

Result<void> check(const RenewalVector& v, VectorReport::Line& line) {
  const auto server_id = ids::ServerId::parse(v.server_id);
  if (!server_id) return not_an_identity(line.name, server_id.error());
  const auto pn_gw_id = ids::PnGwId::parse(v.pn_gw_id);
  if (!pn_gw_id) return not_an_identity(line.name, pn_gw_id.error());
  line.about = v.server_id + ", " + v.pn_gw_id;
  Comparison compare(line);
  const ids::CmDeviceId old_id(array_of<16>(v.values.at("old_cm_device_id")));
  const auto exporter = array_of<32>(v.values.at("exporter"));
  const auto start = assign::Transcript::renewal(*server_id, *pn_gw_id, old_id, exporter);
  return compare.same("transcript_start", start.hash(), v.values.at("transcript_start"));
}

template <class Vector>
Result<void> check_all(const std::vector<Vector>& list, const std::string& name, VectorReport& report) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    VectorReport::Line line{name + "[" + std::to_string(i) + "]", {}, {}};
    CPNS_CHECK(check(list[i], line));
    report.lines.push_back(std::move(line));
  }
  return {};
}

}  // namespace

std::size_t VectorReport::values() const {
  std::size_t sum = 0;
  for (const auto& line : lines) sum += line.fields.size();
  return sum;
}

Result<VectorReport> check_vectors(const VectorFile& file) {
  VectorReport report;
  CPNS_CHECK(check_all(file.assignments, "vectors", report));
  CPNS_CHECK(check_all(file.wraps, "key_seed_wrap", report));
  CPNS_CHECK(check_all(file.renewals, "renewal", report));
  return report;
}

}  // namespace cpns::cli
