#pragma once
// A CM Device that stays on its direct link and says little.

#include <chrono>

#include "core/assign/link_session.hpp"
#include "talk.hpp"
#include "tls/engine.hpp"

namespace cpns::bench {

class Resident {
 public:
  /// `file` is a socket that connects; owned from now on.
  Resident(int file, const Caller& caller);
  ~Resident();
  Resident(const Resident&) = delete;
  Resident& operator=(const Resident&) = delete;

  /// After its socket has become readable or writable: reads, goes on, answers. How many Pongs have come.
  [[nodiscard]] std::size_t go_on();
  void ping();
  /// LinkHello has gone both ways.
  [[nodiscard]] bool open() const noexcept { return !lost() && session_.open(); }
  [[nodiscard]] bool lost() const noexcept { return !why_lost_.empty(); }
  [[nodiscard]] const std::string& why_lost() const noexcept { return why_lost_; }
  /// Within how long devices are to come back, as the Server has said last; 0 where it has not.
  [[nodiscard]] std::chrono::milliseconds told() const noexcept { return told_; }

 private:
  void send(ByteView message);
  void flush();
  std::size_t take_messages(Bytes& plaintext);
  void lose(std::string why);

  int file_;
  std::unique_ptr<tls::Engine> engine_;
  assign::LinkSession session_;
  bool started_ = false;
  bool greeted_ = false;
  Bytes partial_;  ///< of a message whose rest has not come
  std::string why_lost_;
  std::chrono::milliseconds told_{0};
};

}  // namespace cpns::bench
