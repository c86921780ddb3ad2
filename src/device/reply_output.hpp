#pragma once
// Where `cpns-device request` puts a reply: standard output, or a file that appears only when it is whole.

#include <cstdio>
#include <filesystem>

#include "device/http_reply.hpp"

namespace cpns::device {

class ReplyOutput final : public ReplySink {
 public:
  /// `file` empty: standard output. `with_head`: status line and fields before the body.
  ReplyOutput(std::string file, bool with_head) : file_(std::move(file)), with_head_(with_head) {}
  ~ReplyOutput() override;
  ReplyOutput(const ReplyOutput&) = delete;
  ReplyOutput& operator=(const ReplyOutput&) = delete;

  Result<void> on_head(const ReplyHead& head) override;
  Result<void> on_body(ByteView piece) override;
  /// The reply is whole: the file gets its name. Without this call nothing stays of it.
  [[nodiscard]] Result<void> finish();

  [[nodiscard]] const ReplyHead& head() const noexcept { return head_; }
  [[nodiscard]] std::uint64_t body_size() const noexcept { return body_size_; }

 private:
  [[nodiscard]] Result<void> write(ByteView bytes);
  [[nodiscard]] std::string partial() const { return file_ + ".part"; }

  std::string file_;
  bool with_head_;
  int descriptor_ = -1;
  bool kept_ = false;
  ReplyHead head_;
  std::uint64_t body_size_ = 0;
};

}  // namespace cpns::device
