#pragma once
// The next hop of a PN GW that is an IMS user: for each carried connection one TLS connection of its own to the
// Server's operator port, the operator's bearer. Its key comes from a token that the Server gave over SIP, and bearer
// and token end with the registration. On the thread of its executor.

#include <memory>

#include "core/crypto/random.hpp"
#include "gateway/ims_link.hpp"
#include "pngw/relay_upstream.hpp"

namespace cpns::gateway {

class ImsRelay final : public pngw::RelayUpstream {
 public:
  struct Limits {
    std::chrono::milliseconds token{10'000};  ///< for a token to come
    std::chrono::milliseconds connect{5'000};
    std::chrono::milliseconds handshake{10'000};
    std::chrono::milliseconds answer{10'000};
  };
  /// Whom the tokens are between [K3]; `link`, `random` and `log` must outlive it.
  ImsRelay(runtime::asio::any_io_executor executor, ImsLink& link, ids::ServerId server_id, ids::PnGwId pn_gw_id,
           crypto::Random& random, runtime::Log& log, Limits limits);
  ImsRelay(runtime::asio::any_io_executor executor, ImsLink& link, ids::ServerId server_id, ids::PnGwId pn_gw_id,
           crypto::Random& random, runtime::Log& log)
      : ImsRelay(std::move(executor), link, std::move(server_id), std::move(pn_gw_id), random, log, Limits()) {}
  ~ImsRelay() override;

  /// Fails with `bearer_not_given`, `relay_upstream_is_down` or `relay_refused`.
  [[nodiscard]] runtime::Task<Result<Opened>> open(stream::RelayOpen request) override;
  /// The Server is the next hop: nobody stands between.
  [[nodiscard]] std::vector<stream::NodeId> path() const override { return {}; }
  [[nodiscard]] std::vector<stream::NodeId> standing_path() const override { return {}; }
  /// The registration has ended: what is open ends, and the token is forgotten.
  void end();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace cpns::gateway
