#pragma once
// Reads one HTTP/1.1 message from a stream of bytes: its head, then its body in pieces, nothing of it buffered whole.
// Beast's parser works behind it; only http_parse.cpp knows. Not thread-safe; one owner, one message.

#include <memory>
#include <span>

#include "server/http_head.hpp"

namespace cpns::server {

/// What one call of read_body() did.
struct BodyRead {
  std::size_t consumed = 0;  ///< bytes of the input that are done with
  std::size_t produced = 0;  ///< bytes of body in the output
};

/// The part that a pump uses, the same for both directions.
class BodyParser {
 public:
  virtual ~BodyParser() = default;
  /// Takes body bytes; call while !done(). Nothing consumed and nothing produced means: more input is needed.
  /// Trailer fields are read and dropped. Fails with `http_body_malformed` or `upstream_reply_malformed`.
  [[nodiscard]] virtual Result<BodyRead> read_body(ByteView in, std::span<std::uint8_t> out) = 0;
  /// The connection ended: fine where that is what delimits the body, else `http_body_malformed` or
  /// `upstream_broke_off`.
  [[nodiscard]] virtual Result<void> take_end() = 0;
  [[nodiscard]] virtual bool done() const = 0;
};

class RequestParser final : public BodyParser {
 public:
  RequestParser();
  ~RequestParser() override;
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  /// Takes a whole head (see head_size) after checking its lines. Fails with `http_head_malformed`.
  [[nodiscard]] Result<RequestHead> take_head(std::string_view raw);
  [[nodiscard]] Result<BodyRead> read_body(ByteView in, std::span<std::uint8_t> out) override;
  [[nodiscard]] Result<void> take_end() override;
  [[nodiscard]] bool done() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class ReplyParser final : public BodyParser {
 public:
  /// `method` of the request: a reply to HEAD has no body.
  explicit ReplyParser(std::string_view method);
  ~ReplyParser() override;
  ReplyParser(ReplyParser&&) noexcept;
  ReplyParser& operator=(ReplyParser&&) noexcept;

  /// Fails with `upstream_reply_malformed`.
  [[nodiscard]] Result<ReplyHead> take_head(std::string_view raw);
  [[nodiscard]] Result<BodyRead> read_body(ByteView in, std::span<std::uint8_t> out) override;
  [[nodiscard]] Result<void> take_end() override;
  [[nodiscard]] bool done() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cpns::server
