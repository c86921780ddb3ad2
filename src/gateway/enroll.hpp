#pragma once
// Enrolment: with a one-time token the gateway gets a certificate for a key that is made here and never leaves [L1].
// Everything is stored in one step or not at all.

#include <functional>
#include <memory>

#include "gateway/gateway_folder.hpp"
#include "pngw/enroll_token.hpp"
#include "pngw/sealed_file.hpp"
#include "runtime/asio.hpp"

namespace cpns::gateway {

inline constexpr std::string_view kEnrollAlpn = "cpns-enroll/1";

/// The seal of a folder, as it is wished for; nothing is touched yet.
using OpenSeal =
    std::function<std::unique_ptr<store::FileSeal>(const std::filesystem::path& folder, const pngw::SealWish& wish)>;

struct EnrollOptions {
  GatewayFolder folder;    ///< missing or empty
  std::string pan_listen;  ///< goes into gateway.toml
  pngw::SealWish secrets;  ///< goes there, too
  OpenSeal open_seal;
  std::chrono::milliseconds limit{15000};  ///< for connecting, and again for the exchange
};

struct Enrolled {
  ids::PnGwId pn_gw_id;
  ids::ServerId server_id;
  std::int64_t days_left;  ///< of the certificate
};

/// Fails with `enrolment_token_over`, `gateway_folder_in_use`, `enrolment_refused`, `enrolment_reply_unusable`, a
/// transport error or `gateway_folder_not_made`.
[[nodiscard]] runtime::Task<Result<Enrolled>> enroll(pngw::EnrollToken token, EnrollOptions options);

/// The certificate that came back, against what it must be: for the key made here, for this identity, from the
/// authority that came with it (the last of the chain), for a client. Pure but for the time, which is passed in.
/// Fails with `enrolment_reply_unusable`.
struct CheckedChain {
  Bytes chain_pem;  ///< without the authority
  Bytes ca_pem;
};
[[nodiscard]] Result<CheckedChain> check_chain(const std::vector<Bytes>& chain_der, ByteView private_key_pem,
                                               const ids::PnGwId& pn_gw_id, ids::UnixTime now);

}  // namespace cpns::gateway
