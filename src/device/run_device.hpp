#pragma once
// `cpns-device run`: keeps a direct link of ALPN cpns/1 open, steps 12-16 and what comes after; completes an
// unfinished pairing first.

#include "device/direct_link.hpp"
#include "device/pair.hpp"
#include "pngw/outbox.hpp"

namespace cpns::device {

struct RunLimits {
  PairLimits pair;
  DialLimits dial;
  std::chrono::milliseconds hello{10000};       ///< for the Server's LinkHello
  std::chrono::milliseconds ping_after{60000};  ///< silence before a Ping; twice that ends the link
  std::chrono::milliseconds first_pause{500};
  std::chrono::milliseconds longest_pause{60000};
};

/// Keeps the link until stop(). On the thread of the loop.
class DeviceRunner {
 public:
  /// `context` and what it refers to must outlive it and the loop's last run.
  DeviceRunner(runtime::asio::any_io_executor executor, const Context& context, RunLimits limits = {});

  /// Ends with an error where going on makes no sense: not paired, pairing refused, key expired.
  [[nodiscard]] runtime::Task<Result<void>> run(std::optional<ids::DeviceName> name);
  void stop();

 private:
  [[nodiscard]] runtime::Task<Result<void>> use(DirectLink direct);
  [[nodiscard]] runtime::Task<void> keep_alive(std::shared_ptr<pngw::Outbox> outbox, ids::CorrelationId run);
  [[nodiscard]] runtime::Task<void> wait(std::chrono::milliseconds pause);

  runtime::asio::any_io_executor executor_;
  const Context& context_;
  RunLimits limits_;
  runtime::asio::steady_timer pause_timer_;
  runtime::asio::steady_timer ping_timer_;
  std::shared_ptr<pngw::Outbox> outbox_;  ///< while a link is in use
  bool stopped_ = false;
};

}  // namespace cpns::device
