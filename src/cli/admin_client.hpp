#pragma once
// One request to the admin API of cpns-server: HTTP/1.1 and JSON over the Unix socket DIR/run/admin.sock, which only
// the server's own user may open. Blocking, at most ten seconds; one connection for each request.

#include <filesystem>
#include <string>

#include "core/base/result.hpp"

namespace cpns::cli {

class AdminClient {
 public:
  explicit AdminClient(std::filesystem::path socket) : socket_(std::move(socket)) {}

  /// The body of a 2xx answer. Fails with `admin_unreachable`, `admin_reply_malformed`, or `admin_refused` with the
  /// server's own words in `got`.
  [[nodiscard]] Result<std::string> get(std::string target) const;
  [[nodiscard]] Result<std::string> post(std::string target, std::string body) const;

 private:
  struct Request;
  [[nodiscard]] Result<std::string> send(Request request) const;
  std::filesystem::path socket_;
};

/// Percent-encodes `text` as one path segment (RFC 3986 section 2.1).
[[nodiscard]] std::string path_segment(std::string_view text);

}  // namespace cpns::cli
