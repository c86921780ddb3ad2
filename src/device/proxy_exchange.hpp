#pragma once
// One application's connection to the local HTTP proxy: request after request, each over a stream of its own.

#include "device/http_proxy.hpp"
#include "device/proxy_head.hpp"

namespace cpns::device {

class ProxyExchange {
 public:
  ProxyExchange(std::shared_ptr<runtime::ByteStream> application, StreamOpener& opener, runtime::Log& log,
                ProxyLimits limits)
      : application_(std::move(application)), opener_(opener), log_(log), limits_(limits) {}

  /// Serves one request. False where the connection is to end.
  [[nodiscard]] runtime::Task<bool> next();

 private:
  using Stream = std::shared_ptr<runtime::ByteStream>;
  struct Sending;
  [[nodiscard]] static runtime::Task<Result<std::string>> read_head(Stream from, Bytes* held,
                                                                    std::chrono::milliseconds limit);
  [[nodiscard]] static runtime::Task<Result<void>> pass_body(Stream from, Stream to, Bytes* held, BodyScanner scanner,
                                                             std::chrono::milliseconds silence);
  [[nodiscard]] static runtime::Task<void> send_body(std::shared_ptr<Sending> sending);
  [[nodiscard]] runtime::Task<bool> exchange(ProxyRequest request, Stream service);
  [[nodiscard]] runtime::Task<Result<ProxyReply>> pass_reply(const ProxyRequest* request, Stream service, Bytes* held);
  [[nodiscard]] runtime::Task<bool> join(Stream service, Bytes from_service);
  [[nodiscard]] runtime::Task<bool> refuse(unsigned status, Error error, std::string text);

  Stream application_;
  StreamOpener& opener_;
  runtime::Log& log_;
  ProxyLimits limits_;
  Bytes held_;  ///< of the application, behind what has been read
};

}  // namespace cpns::device
