#include "device/reply_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cpns::device {
namespace {

Error not_written(const std::string& what) { return {Code::reply_not_written, what + ": " + std::strerror(errno)}; }

}  // namespace

ReplyOutput::~ReplyOutput() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
  if (descriptor_ > STDERR_FILENO && !kept_) ::unlink(partial().c_str());
}

Result<void> ReplyOutput::write(ByteView bytes) {
  while (!bytes.empty()) {
    const auto size = ::write(descriptor_, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return not_written(file_.empty() ? "standard output" : partial());
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return {};
}

Result<void> ReplyOutput::on_head(const ReplyHead& head) {
  head_ = head;
  if (file_.empty()) {
    descriptor_ = STDOUT_FILENO;
  } else {
    descriptor_ = ::open(partial().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor_ < 0) return not_written(partial());
  }
  if (!with_head_) return {};
  std::string text = "HTTP/1.1 " + std::to_string(head.status) + " " + head.reason + "\r\n";
  for (const auto& [name, value] : head.fields) text += name + ": " + value + "\r\n";
  text += "\r\n";
  return write(as_bytes(text));
}

Result<void> ReplyOutput::on_body(ByteView piece) {
  body_size_ += piece.size();
  return write(piece);
}

Result<void> ReplyOutput::finish() {
  if (file_.empty() || descriptor_ < 0) return {};
  if (::rename(partial().c_str(), file_.c_str()) != 0) return not_written(file_);
  kept_ = true;
  return {};
}

}  // namespace cpns::device
