#include "gateway/relay_status.hpp"

#include <sys/un.h>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include "core/base/encoding.hpp"
#include "runtime/deadline.hpp"

namespace cpns::gateway {

namespace asio = runtime::asio;
using RelayJson = nlohmann::ordered_json;
using StatusSocket = asio::local::stream_protocol::socket;

namespace {

constexpr std::chrono::seconds kPatience{3};
constexpr std::size_t kMostAsking = 8;
/// More than as many connections fill as gateway.toml allows.
constexpr std::size_t kLongestLine = std::size_t{16} << 20U;

runtime::Task<void> tell(std::shared_ptr<StatusSocket> socket, std::string line, std::shared_ptr<std::size_t> asking) {
  ++*asking;
  {
    const runtime::Deadline deadline(*socket, kPatience);
    boost::system::error_code ignored;
    const auto buffer = asio::buffer(line);
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    co_await asio::async_write(*socket, buffer, token);
  }
  --*asking;
}

runtime::Task<void> read_all(StatusSocket* socket, std::string* line) {
  boost::system::error_code ignored;
  auto buffer = asio::dynamic_buffer(*line, kLongestLine);
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  co_await asio::async_read(*socket, buffer, token);
}

}  // namespace

RelayStatus status_of(const pngw::PanRelay& relay) {
  RelayStatus status{relay.limits(), 0, relay.now_carried()};
  status.opening = relay.carried() - status.carried.size();
  return status;
}

std::string line_of(const RelayStatus& status) {
  RelayJson carried = RelayJson::array();
  for (const auto& one : status.carried) {
    carried.push_back(RelayJson{{"pairing_id", one.peer.hex()},
                                {"kind", pngw::name_of(one.kind)},
                                {"since", one.since.time_since_epoch().count()},
                                {"bytes_up", one.bytes_up},
                                {"bytes_down", one.bytes_down}});
  }
  const auto& limits = status.limits;
  const RelayJson json{{"enabled", limits.enabled},
                       {"connections_per_device", limits.connections},
                       {"connections", limits.all_connections},
                       {"bytes_per_second", limits.bytes_per_second},
                       {"idle_ms", limits.idle.count()},
                       {"only_cpns", limits.only_cpns},
                       {"opening", status.opening},
                       {"carried", std::move(carried)}};
  return json.dump();
}

std::optional<RelayStatus> parse_line(std::string_view line) {
  const auto json = RelayJson::parse(line, nullptr, false);
  try {
    RelayStatus status;
    status.limits.enabled = json.at("enabled").get<bool>();
    status.limits.connections = json.at("connections_per_device").get<std::size_t>();
    status.limits.all_connections = json.at("connections").get<std::size_t>();
    status.limits.bytes_per_second = json.at("bytes_per_second").get<std::uint64_t>();
    status.limits.idle = std::chrono::milliseconds(json.at("idle_ms").get<std::int64_t>());
    status.limits.only_cpns = json.at("only_cpns").get<bool>();
    status.opening = json.at("opening").get<std::size_t>();
    for (const auto& one : json.at("carried")) {
      const auto bytes = from_hex(one.at("pairing_id").get<std::string>());
      const auto peer = bytes ? store::PairingId::from(*bytes) : std::nullopt;
      if (!peer) return std::nullopt;
      const bool end_to_end = one.at("kind").get<std::string>() == pngw::name_of(stream::RelayOpen::Kind::EndToEnd);
      status.carried.push_back({*peer, end_to_end ? stream::RelayOpen::Kind::EndToEnd : stream::RelayOpen::Kind::Pne,
                                ids::UnixTime(std::chrono::seconds(one.at("since").get<std::int64_t>())),
                                one.at("bytes_up").get<std::uint64_t>(), one.at("bytes_down").get<std::uint64_t>()});
    }
    return status;
  } catch (const RelayJson::exception&) {
    return std::nullopt;
  }
}

runtime::Task<void> tell_status(runtime::UnixListener* listener, const pngw::PanRelay* relay) {
  const auto executor = co_await asio::this_coro::executor;
  const auto asking = std::make_shared<std::size_t>(0);
  runtime::UnixListener::OnConnection answer = [relay, executor, asking](StatusSocket socket) {
    if (*asking >= kMostAsking) return;
    auto line = line_of(status_of(*relay)) + "\n";
    asio::co_spawn(executor, tell(std::make_shared<StatusSocket>(std::move(socket)), std::move(line), asking),
                   runtime::unattended);
  };
  co_await listener->run(std::move(answer));
}

std::optional<RelayStatus> ask_relay_status(const GatewayFolder& folder) {
  const auto path = folder.status_socket().string();
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return std::nullopt;
  asio::io_context loop(1);
  StatusSocket socket(loop);
  boost::system::error_code failed;
  socket.connect(path, failed);
  if (failed) return std::nullopt;
  std::string line;
  asio::co_spawn(loop, read_all(&socket, &line), runtime::unattended);
  loop.run_for(kPatience);
  return parse_line(line);
}

}  // namespace cpns::gateway
