#pragma once
// Carries the requests of one device from its direct link to the services that Host names, with the device's verified
// identity added [T4]. Bodies stream both ways at once; nothing is buffered whole. On the io_context's thread.

#include <map>

#include "runtime/log.hpp"
#include "server/http_pump.hpp"
#include "server/signal.hpp"

namespace cpns::server {

struct HttpLimits {
  std::chrono::milliseconds head{10'000};          ///< for a whole head
  std::chrono::milliseconds body_idle{60'000};     ///< pause inside a request's body
  std::chrono::milliseconds keep_alive{60'000};    ///< between two requests
  std::chrono::milliseconds upstream{60'000};      ///< pause of the service, in both directions
  std::chrono::milliseconds connect{5'000};        ///< to the service
  std::chrono::milliseconds tunnel_idle{600'000};  ///< pause of a WebSocket, in both directions
};

enum class ServiceKind : std::uint8_t { Http, Tcp };
struct Service {
  ids::Endpoint upstream;
  ServiceKind kind = ServiceKind::Http;
  bool proxy_protocol = false;  ///< Tcp: who calls goes in front, as PROXY protocol version 2
};
/// By name, in lower case.
using Services = std::map<std::string, Service>;

/// One direct link that carries HTTP. Shared by the coroutines that serve it.
struct HttpConnection : std::enable_shared_from_this<HttpConnection> {
  HttpConnection(std::shared_ptr<ByteStream> client_stream, Caller verified, ids::CorrelationId correlation_id,
                 std::string address)
      : client(std::move(client_stream)), caller(std::move(verified)), run(correlation_id), peer(std::move(address)) {}

  std::shared_ptr<ByteStream> client;
  Caller caller;
  ids::CorrelationId run;
  std::string peer;                          ///< address, for logs
  InputBuffer input;                         ///< from the client
  std::optional<std::string> fresh_alias{};  ///< for the first reply [T5]
  std::shared_ptr<ByteStream> upstream;      ///< of the request under way
  bool aborted = false;

  /// Ends everything under way, also a wait for the service [V1].
  void abort() {
    aborted = true;
    client->abort();
    if (upstream) upstream->abort();
  }
};

class HttpProxy {
 public:
  HttpProxy(ids::ServerId server_id, Services services, HttpLimits limits, runtime::Log& log)
      : server_id_(std::move(server_id)), services_(std::move(services)), limits_(limits), log_(log) {}

  /// Answers requests until the connection ends. The caller closes the link afterwards.
  [[nodiscard]] runtime::Task<void> serve(std::shared_ptr<HttpConnection> connection);

 private:
  struct Exchange;
  /// False where the connection ends.
  [[nodiscard]] runtime::Task<bool> next_request(std::shared_ptr<HttpConnection> connection);
  [[nodiscard]] runtime::Task<Result<void>> read_request(HttpConnection& connection, Exchange& exchange);
  [[nodiscard]] Result<ids::Endpoint> upstream_of(const Exchange& exchange) const;
  [[nodiscard]] runtime::Task<Result<void>> open_upstream(HttpConnection& connection, Exchange& exchange);
  static runtime::Task<void> pass_request_body(std::shared_ptr<HttpConnection> connection,
                                               std::shared_ptr<Exchange> exchange, std::chrono::milliseconds idle);
  [[nodiscard]] runtime::Task<Result<void>> pass_reply(HttpConnection& connection, Exchange& exchange);
  [[nodiscard]] runtime::Task<Result<void>> pass_final_reply(HttpConnection& connection, Exchange& exchange,
                                                             ReplyParser& parser, const ReplyHead& reply,
                                                             const Framing& framing);
  [[nodiscard]] runtime::Task<void> pass_tunnel(HttpConnection& connection, Exchange& exchange);
  static runtime::Task<void> tunnel_back(std::shared_ptr<HttpConnection> connection, std::shared_ptr<Exchange> exchange,
                                         std::shared_ptr<Signal> done, std::chrono::milliseconds idle);
  [[nodiscard]] runtime::Task<void> refuse(HttpConnection& connection, Exchange& exchange, const Error& error);

  ids::ServerId server_id_;
  Services services_;
  HttpLimits limits_;
  runtime::Log& log_;
};

/// The status that tells the client of an error, and the page that goes with it. Pure.
struct ErrorReply {
  unsigned status;
  std::string text;  ///< the whole reply, head and body
};
[[nodiscard]] ErrorReply error_reply(const Error& error, const Services& services, bool head_only);

}  // namespace cpns::server
