#pragma once
// A device's session and the Server's in this process, with TLS links between two hosts over real, impaired paths: each
// socket lives in its host's network namespace. What the programs do with both modes, without the programs.

#include <map>

#include "carrier/carrier.hpp"
#include "cli/demo/file_content.hpp"
#include "runtime/link.hpp"
#include "support/net/net_link.hpp"

namespace cpns::test {

class NetworkCarriers {
 public:
  enum class Path : std::uint8_t { First, Second };
  using Milliseconds = std::chrono::milliseconds;

  NetworkCarriers();
  ~NetworkCarriers();
  NetworkCarriers(const NetworkCarriers&) = delete;
  NetworkCarriers& operator=(const NetworkCarriers&) = delete;

  /// Keeps a link on this path from now on: a new one for each that breaks.
  void keep(Path path);
  /// Data goes this way from now on, also over links to come.
  void prefer(Path path);
  /// Runs the loop until `done`; false after the limit.
  [[nodiscard]] bool until(const std::function<bool()>& done, Milliseconds limit = std::chrono::seconds(60));
  [[nodiscard]] bool is_up(Path path) const { return paths_.at(path).number != 0; }

  /// The server sends so many bytes of the demo's file.
  struct Transfer {
    std::uint64_t size = 0;
    std::uint64_t moved = 0;
    std::string sha256{};  ///< of what arrived, at its end
    std::optional<Error> failed{};
    [[nodiscard]] bool over() const { return !sha256.empty() || failed; }
  };
  std::shared_ptr<Transfer> download(std::uint64_t size);
  /// The device sends them; `sha256` is the server's.
  std::shared_ptr<Transfer> upload(std::uint64_t size);
  /// The server writes eight bytes each millisecond; when each came.
  struct Ticks {
    std::vector<std::chrono::steady_clock::time_point> arrivals{};
  };
  std::shared_ptr<Ticks> ticks();
  /// The device takes the link on this path as lost, as when the kernel says that its interface is gone.
  void lose(Path path);
  /// All sessions of the Server are forgotten, as by a restart.
  void forget_sessions();

  NetworkNamespace device_host{"device"}, server_host{"server"};
  NetLink first{{device_host, "first", "10.77.2.2/24"}, {server_host, "first", "10.77.2.1/24"}};
  NetLink second{{device_host, "second", "10.77.1.2/24"}, {server_host, "second", "10.77.1.1/24"}};
  unsigned links_lost = 0, links_opened = 0;
  std::chrono::steady_clock::time_point lost_at{};  ///< when the last loss was seen

 private:
  struct Kept {
    std::string server;  ///< address
    bool wanted = false;
    stream::LinkNumber number = 0;  ///< of the link that is up
  };
  struct Server;
  static runtime::Task<void> keep_link(NetworkCarriers* self, Path path);
  static runtime::Task<Result<void>> one_link(NetworkCarriers* self, Path path);
  static runtime::Task<void> run_download(NetworkCarriers* self, std::shared_ptr<Transfer> transfer);
  static runtime::Task<void> run_ticks(NetworkCarriers* self, std::shared_ptr<Ticks> ticks);
  static runtime::Task<void> run_upload(NetworkCarriers* self, std::shared_ptr<Transfer> transfer);

  runtime::asio::io_context loop_{1};
  runtime::Log log_;
  carrier::LinkTimes times_;
  std::shared_ptr<carrier::Carrier> device_;
  std::unique_ptr<Server> server_;
  std::map<Path, Kept> paths_;
  Path preferred_ = Path::First;
  stream::LinkNumber last_number_ = 0;
};

}  // namespace cpns::test
