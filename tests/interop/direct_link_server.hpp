#pragma once
// A real cpns-server process with devices of its own making in its store, and a small service behind it. No gateway and
// no device program is needed: the identities and PSKs here are what `cpns-device export-psk` would print.

#include <memory>
#include <string>
#include <thread>

#include "runtime/asio.hpp"
#include "support/temp_dir.hpp"

namespace cpns::interop {

/// What a person types into a foreign TLS client.
struct ExportedPsk {
  std::string identity;
  std::string psk_hex;
};

/// Answers every request with the identity that the server added to it, and closes.
class SmallService {
 public:
  SmallService();
  ~SmallService();
  SmallService(const SmallService&) = delete;
  SmallService& operator=(const SmallService&) = delete;
  [[nodiscard]] std::string address() const;

 private:
  runtime::Task<void> serve();
  static runtime::Task<void> answer(runtime::asio::ip::tcp::socket socket);
  runtime::asio::io_context loop_;
  runtime::asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

class DirectLinkServer {
 public:
  /// `engine` as in server.toml: openssl or psk13.
  explicit DirectLinkServer(const std::string& engine = "openssl");
  ~DirectLinkServer();
  DirectLinkServer(const DirectLinkServer&) = delete;
  DirectLinkServer& operator=(const DirectLinkServer&) = delete;

  [[nodiscard]] std::string host() const { return "127.0.0.1"; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string address() const { return host() + ":" + std::to_string(port_); }

  // Offered by their alias and by their plain CM Device ID.
  ExportedPsk good, good_plain;
  ExportedPsk revoked, revoked_plain;
  ExportedPsk expired;
  ExportedPsk wrong_key, wrong_key_plain;  ///< a good identity with another key
  ExportedPsk unknown, unknown_plain;      ///< an alias, a CM Device ID that no store has
  std::string good_device_id;

  /// The server's log so far, one JSON object a line.
  [[nodiscard]] std::string log() const;
  /// True as soon as `text` stands there; false where it does not in time.
  [[nodiscard]] bool says(const std::string& text) const;
  /// The whole content of the service's answer to the good device.
  [[nodiscard]] std::string expected_answer() const { return "device=" + good_device_id + "\n"; }

 private:
  void fill_store();
  void start();

  test::TempDir folder_;
  SmallService service_;
  int pid_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace cpns::interop
