#pragma once
// Reads one reply of HTTP/1.1 as its bytes come, without holding its body. Pure.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

namespace cpns::device {

struct ReplyHead {
  unsigned status = 0;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// Where a reply goes, piece by piece.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  [[nodiscard]] virtual Result<void> on_head(const ReplyHead& head) = 0;
  [[nodiscard]] virtual Result<void> on_body(ByteView piece) = 0;
};

class ReplyReader {
 public:
  /// `head_only`: the reply to HEAD has no body whatever its fields say. `sink` must outlive it.
  ReplyReader(bool head_only, ReplySink& sink);
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  /// Fails with `reply_malformed` (also for a head of more than 32 KiB) or what the sink fails with.
  [[nodiscard]] Result<void> feed(ByteView bytes);
  /// The connection has ended. Fails with `reply_cut_short` where more was to come.
  [[nodiscard]] Result<void> end();
  [[nodiscard]] bool done() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cpns::device
