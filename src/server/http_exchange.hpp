#pragma once
// One request and its reply, while they are under way. Only for the proxy's own files.

#include "server/http_proxy.hpp"

namespace cpns::server {

struct HttpProxy::Exchange : std::enable_shared_from_this<HttpProxy::Exchange> {
  explicit Exchange(const runtime::asio::any_io_executor& executor) : request_done(executor) {}

  RequestParser request_parser;
  RequestHead request;
  Framing framing;  ///< of the request
  std::string service;
  std::shared_ptr<ByteStream> upstream;
  InputBuffer reply_input;
  Signal request_done;  ///< the request's body is through, or has failed
  PumpEnd request_end;
  bool reply_begun = false;  ///< the client has got a part of the reply: no error page any more
  bool close = false;        ///< the connection ends after this exchange
  unsigned status = 0;
};

}  // namespace cpns::server
