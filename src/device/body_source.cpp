#include "device/body_source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>

namespace cpns::device {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

Error unreadable(const std::string& what, int cause) {
  return {Code::request_body_unreadable, what + ": " + std::strerror(cause), "a file that can be read"};
}

Result<std::size_t> read_now(int file, std::span<std::uint8_t> out, const std::string& what) {
  while (true) {
    const auto size = ::read(file, out.data(), out.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) return unreadable(what, errno);
  }
}

// Reading a regular file does not wait for anyone, so it may be done on the loop.
class FileBody final : public BodySource {
 public:
  FileBody(int file, std::uint64_t length, std::string name)
      : file_(file), left_(length), length_(length), name_(std::move(name)) {}
  ~FileBody() override { ::close(file_); }
  FileBody(const FileBody&) = delete;
  FileBody& operator=(const FileBody&) = delete;

  HttpBody body() const override { return {BodyFraming::Length, length_}; }
  Task<Result<std::size_t>> read(std::span<std::uint8_t> out) override {
    const auto want = std::min<std::uint64_t>(out.size(), left_);
    if (want == 0) co_return std::size_t{0};
    auto size = read_now(file_, out.first(static_cast<std::size_t>(want)), name_);
    if (!size) co_return size;
    if (*size == 0) co_return Error{Code::request_body_unreadable, name_ + " became shorter", "a file that stays"};
    left_ -= *size;
    co_return *size;
  }

 private:
  int file_;
  std::uint64_t left_;
  std::uint64_t length_;
  std::string name_;
};

class StandardInputBody final : public BodySource {
 public:
  explicit StandardInputBody(asio::any_io_executor executor) : input_(std::move(executor)) {
    boost::system::error_code failed;
    const int own = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    // Refused for a regular file, which the system can't wait for; that is read at once instead.
    if (own < 0) return;
    input_.assign(own, failed);
    if (failed) ::close(own);
  }
  HttpBody body() const override { return {BodyFraming::Chunked, 0}; }
  Task<Result<std::size_t>> read(std::span<std::uint8_t> out) override {
    if (!input_.is_open()) co_return read_now(STDIN_FILENO, out, "standard input");
    boost::system::error_code failed;
    co_await input_.async_wait(asio::posix::stream_descriptor::wait_read,
                               asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return unreadable("standard input", failed.value());
    co_return read_now(STDIN_FILENO, out, "standard input");
  }

 private:
  asio::posix::stream_descriptor input_;
};

}  // namespace

Result<std::unique_ptr<BodySource>> open_body(const std::string& argument, asio::any_io_executor executor) {
  if (argument == "-") return std::unique_ptr<BodySource>(std::make_unique<StandardInputBody>(std::move(executor)));
  if (!argument.starts_with("@") || argument.size() == 1) {
    return Error{Code::request_body_unreadable, "-d without @ or -", "-d @FILE, or -d - for standard input"};
  }
  const auto name = argument.substr(1);
  const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return unreadable(name, errno);
  struct stat info {};
  if (::fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(file);
    return Error{Code::request_body_unreadable, name + " is not a regular file", "a regular file, or -d - for a pipe"};
  }
  return std::unique_ptr<BodySource>(std::make_unique<FileBody>(file, static_cast<std::uint64_t>(info.st_size), name));
}

}  // namespace cpns::device
