#pragma once
// Messages that leave a link in order, in the background: whoever sends does not wait. On one thread.

#include <deque>
#include <memory>

#include "runtime/link.hpp"

namespace cpns::pngw {

/// Lives as long as it is held or still sends. A link that fails is aborted: its reader sees that and ends.
class Outbox : public std::enable_shared_from_this<Outbox> {
 public:
  /// More waiting messages than any honest run makes: the peer takes nothing, and the link is aborted.
  static constexpr std::size_t kMaxWaiting = 256;

  explicit Outbox(std::shared_ptr<runtime::SecureLink> link) : link_(std::move(link)), messages_(link_) {}

  void send(secret::SecretBuffer message);
  void send(ByteView message) { send(secret::SecretBuffer::copy_of(message)); }
  /// Closes the link, with close_notify, after what was sent before.
  void finish();
  void abort();
  [[nodiscard]] runtime::SecureLink& link() noexcept { return *link_; }

 private:
  void kick();
  [[nodiscard]] static runtime::Task<void> pump(std::shared_ptr<Outbox> self);

  std::shared_ptr<runtime::SecureLink> link_;
  runtime::MessageLink messages_;
  std::deque<secret::SecretBuffer> waiting_;
  bool pumping_ = false;
  bool finishing_ = false;
  bool ended_ = false;
};

}  // namespace cpns::pngw
