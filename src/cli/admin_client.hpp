#pragma once
// One request to the admin API of cpns-server: HTTP/1.1 and JSON over the Unix socket DIR/run/admin.sock, which only
// the server's own user may open, or over one that others may, with a token. Blocking, at most ten seconds; one
// connection for each request.

#include <filesystem>
#include <string>

#include "core/base/result.hpp"

namespace cpns::cli {

class AdminClient {
 public:
  /// `token_file`: with an operator's token; empty where this user needs none.
  AdminClient(std::filesystem::path socket, std::string token_file = {})
      : socket_(std::move(socket)), token_file_(std::move(token_file)) {}

  /// The body of a 2xx answer. Fails with `admin_unreachable`, `admin_reply_malformed`, an error of secret_file.hpp, or
  /// `admin_refused` with the server's own words in `got`.
  [[nodiscard]] Result<std::string> get(std::string target) const;
  [[nodiscard]] Result<std::string> post(std::string target, std::string body) const;

 private:
  struct Request;
  [[nodiscard]] Result<std::string> send(Request request) const;
  std::filesystem::path socket_;
  std::string token_file_;
};

/// Percent-encodes `text` as one path segment (RFC 3986 section 2.1).
[[nodiscard]] std::string path_segment(std::string_view text);

}  // namespace cpns::cli
