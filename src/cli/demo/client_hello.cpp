#include "cli/demo/client_hello.hpp"

namespace cpns::cli {
namespace {

// Takes numbers and length-prefixed pieces off the front; once something was missing, everything after is empty.
class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool more() const { return ok_ && !bytes_.empty(); }

  std::size_t number(std::size_t size) {
    std::size_t value = 0;
    for (const auto byte : take(size)) value = value << 8U | byte;
    return value;
  }
  ByteView take(std::size_t size) {
    ok_ = ok_ && size <= bytes_.size();
    if (!ok_) return {};
    const auto piece = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return piece;
  }
  /// A vector of TLS: its length in `size` bytes, then its content.
  ByteView vector(std::size_t size) { return take(number(size)); }

 private:
  ByteView bytes_;
  bool ok_ = true;
};

std::string text(ByteView bytes) { return std::string(as_text(bytes)); }

void read_extension(std::size_t type, ByteView body, ClientHelloView& out) {
  Reader outer(body);
  if (type == 0) {  // server_name, RFC 6066
    Reader names(outer.vector(2));
    names.number(1);
    out.server_name = text(names.vector(2));
  } else if (type == 16) {  // application_layer_protocol_negotiation, RFC 7301
    for (Reader names(outer.vector(2)); names.more();) out.alpn.push_back(text(names.vector(1)));
  } else if (type == 41) {  // pre_shared_key
    for (Reader identities(outer.vector(2)); identities.more();) {
      out.psk_identities.push_back(text(identities.vector(2)));
      identities.number(4);
    }
  }
}

}  // namespace

std::optional<ClientHelloView> read_client_hello(ByteView stream) {
  Reader record(stream);
  if (record.number(1) != 22) return std::nullopt;  // handshake
  record.number(2);
  Reader handshake(record.vector(2));
  if (handshake.number(1) != 1) return std::nullopt;  // client_hello
  Reader hello(handshake.vector(3));
  hello.take(2 + 32);
  hello.vector(1);
  hello.vector(2);
  hello.vector(1);
  ClientHelloView out;
  Reader extensions(hello.vector(2));
  while (extensions.more()) {
    const auto type = extensions.number(2);
    read_extension(type, extensions.vector(2), out);
  }
  if (!hello.ok() || !extensions.ok()) return std::nullopt;
  return out;
}

}  // namespace cpns::cli
