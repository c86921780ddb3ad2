#pragma once
// Enrolment of an External PN GW over the operator listener: a one-time token is the PSK of one connection under ALPN
// `cpns-enroll/1`, which carries one certificate request and one answer. On the loop's thread.

#include "runtime/link.hpp"
#include "server/context.hpp"
#include "tls/x509.hpp"

namespace cpns::server {

inline constexpr std::string_view kEnrolAlpn = "cpns-enroll/1";

class Enrolment {
 public:
  using OnEnrolled = std::function<runtime::Task<std::size_t>(ids::PnGwId)>;
  /// `on_enrolled` is awaited once a new certificate is durable and before it is answered: what the PN GW has open
  /// under an older one is to end, for that one may be in other hands.
  Enrolment(Context& context, tls::Identity ca, OnEnrolled on_enrolled)
      : context_(context), ca_(std::move(ca)), on_enrolled_(std::move(on_enrolled)) {}

  /// The key of an `enroll-<token id>` identity, a random one after the same work where the token is not valid; none
  /// where the identity is not of that form.
  [[nodiscard]] std::optional<secret::TlsPsk> look_up(const std::string& identity) const;
  /// After the handshake: takes the request, keeps the certificate's digest durably, answers.
  [[nodiscard]] runtime::Task<void> serve(std::shared_ptr<runtime::SecureLink> link);

 private:
  [[nodiscard]] runtime::Task<Result<ids::PnGwId>> enrol(std::shared_ptr<runtime::SecureLink> link);

  Context& context_;
  tls::Identity ca_;
  OnEnrolled on_enrolled_;
};

}  // namespace cpns::server
