// The key's life while `cpns-device run` works: renewed once its time has come, without a gap in the session.

#include "device/renewal.hpp"
#include "device/run_device.hpp"
#include "runtime/clock.hpp"

namespace cpns::device {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

constexpr std::chrono::minutes kLookAtKeyEvery{10};
constexpr std::chrono::milliseconds kAfterLinkUp{300};
/// Between two attempts to renew.
constexpr std::chrono::seconds kRenewalPause{60};

}  // namespace

void DeviceRunner::maybe_renew(bool invited) {
  if (stopped_ || renewing_ || !links_.up(Way::Direct)) return;
  const auto now = std::chrono::steady_clock::now();
  if (renewal_tried_ && now - *renewal_tried_ < kRenewalPause) return;
  const auto record = context_.store.load();
  if (!record || !record->credential || (!invited && !renewal_is_due(*record, runtime::now()))) return;
  renewing_ = true;
  renewal_tried_ = now;
  asio::co_spawn(executor_, renew_now(this), runtime::unattended);
}

Task<void> DeviceRunner::renew_now(DeviceRunner* self) {
  auto anchors = load_anchors(self->config_.trust);
  if (!anchors) {
    self->context_.log.error(anchors.error());
  } else {
    RenewalLimits limits;
    limits.on_link = [self](const std::shared_ptr<runtime::SecureLink>& link) {
      self->renewal_link_ = link;
      if (self->stopped_) link->abort();
    };
    auto renewed = co_await renew(self->context_, &*anchors, limits);
    if (renewed) {
      self->links_.refresh();
    } else if (!self->stopped_) {
      self->context_.log.error(renewed.error());
    }
  }
  self->renewing_ = false;
  if (self->stopped_) self->key_.cancel();
}

// A link may live for months.
void DeviceRunner::look_at_key(bool soon) {
  key_.expires_after(soon ? std::chrono::milliseconds(kAfterLinkUp) : std::chrono::milliseconds(kLookAtKeyEvery));
  key_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || stopped_) return;
    look_at_key(false);
    maybe_renew(false);
  });
}

}  // namespace cpns::device
