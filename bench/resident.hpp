#pragma once
// A CM Device that stays on its direct link and says little.

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
};

}  // namespace cpns::bench
