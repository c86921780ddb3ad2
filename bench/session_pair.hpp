#pragma once
// Two sessions of one thread with one link between them, whose bytes go through `carry` on their way.

#include <functional>
#include <stdexcept>

#include "core/stream/session.hpp"

namespace cpns::bench {

class SessionPair {
 public:
  /// From the Server (true) or the Device; gives the same bytes, or what a link makes of them.
  using Carry = std::function<ByteView(bool from_server, ByteView bytes)>;

  explicit SessionPair(Carry carry) : carry_(std::move(carry)) {
    device_.attach(kLink, true);
    const auto made = device_.open(stream::ServiceTarget{"bulk", stream::ServiceTarget::Protocol::Raw});
    if (!made) throw std::runtime_error(to_text(made.error()));
    stream_ = *made;
    settle();
    server_.accept(stream_);
    settle();
  }
  /// From the Server's application to the Device's.
  void move(ByteView bytes) {
    for (std::size_t sent = 0, got = 0; got < bytes.size();) {
      sent += server_.write(stream_, bytes.subspan(sent));
      pass(server_, device_, true);
      for (std::size_t size = 0; (size = device_.read(stream_, buffer_)) > 0;) got += size;
      pass(device_, server_, false);
    }
  }

 private:
  static constexpr stream::LinkNumber kLink = 1;

  void settle() {
    for (int i = 0; i < 4; ++i) {
      pass(device_, server_, false);
      pass(server_, device_, true);
    }
  }
  void pass(stream::Session& from, stream::Session& to, bool from_server) {
    wire_.clear();
    from.take_output(kLink, std::size_t{64} << 10U, wire_);
    (void)from.take_events();
    if (wire_.empty()) return;
    auto bytes = carry_(from_server, wire_);
    while (!bytes.empty()) {
      const std::size_t size = std::size_t{bytes[0]} << 24U | std::size_t{bytes[1]} << 16U |
                               std::size_t{bytes[2]} << 8U | std::size_t{bytes[3]};
      const auto frame = stream::parse_frame(bytes.subspan(4, size));
      if (!frame) throw std::runtime_error(to_text(frame.error()));
      const auto* open = std::get_if<stream::SessionOpen>(&*frame);
      const auto taken = open != nullptr ? to.accept(kLink, *open, false) : to.on_frame(kLink, *frame);
      if (!taken) throw std::runtime_error(to_text(taken.error()));
      bytes = bytes.subspan(4 + size);
    }
    (void)to.take_events();
  }

  Carry carry_;
  ids::CorrelationId run_{{}};
  stream::Session device_{stream::Side::Device, {}, {}, run_};
  stream::Session server_{stream::Side::Server, {}, stream::ResumeToken{{1}}, run_};
  stream::StreamId stream_ = 0;
  Bytes wire_, buffer_ = Bytes(64 << 10);
};

}  // namespace cpns::bench
