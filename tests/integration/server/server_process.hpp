#pragma once
// A real cpns-server in a folder of its own, with free ports, for the tests of this folder.

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/temp_dir.hpp"

namespace cpns::test {

class ServerProcess {
 public:
  /// Makes the folder. `more_settings` is appended to server.toml; `replacements` change lines of it.
  explicit ServerProcess(const std::string& more_settings = {},
                         const std::vector<std::pair<std::string, std::string>>& replacements = {},
                         const std::vector<std::string>& more_init_arguments = {});
  ~ServerProcess();

  /// Starts it and waits until it is ready.
  void start();
  /// Sends a signal and waits for the end; the exit status, negative for a signal.
  int end_with(int signal);
  [[nodiscard]] bool running() const { return pid_ > 0; }

  [[nodiscard]] std::uint16_t operator_port() const { return port("operator"); }
  [[nodiscard]] std::uint16_t direct_port() const { return port("direct"); }
  [[nodiscard]] std::string server_id() const { return "cpns.test"; }

  /// Lines of the log since the last start.
  [[nodiscard]] std::vector<nlohmann::json> log() const;
  /// The first line of that name, waited for; fails the test where it does not come.
  nlohmann::json wait_for_log(const std::string& name, const std::string& key = {}, const std::string& value = {});
  [[nodiscard]] std::size_t count_log(const std::string& name) const;

  struct AdminReply {
    unsigned status;
    nlohmann::json body;
  };
  [[nodiscard]] AdminReply admin(const std::string& method, const std::string& target, const std::string& body = {});
  /// Adds a PN GW; its token.
  [[nodiscard]] std::string token_for(const std::string& pn_gw_id, int quota = 100);

  /// Resident memory in KiB.
  [[nodiscard]] long rss_kb() const;
  [[nodiscard]] std::filesystem::path folder() const { return temp_ / "server"; }

 private:
  [[nodiscard]] std::uint16_t port(const std::string& listener) const;
  TempDir temp_;
  pid_t pid_ = -1;
};

}  // namespace cpns::test
