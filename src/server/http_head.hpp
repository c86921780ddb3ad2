#pragma once
// Heads of HTTP/1.1 requests and replies as plain values, and everything the proxy decides from them: what is refused,
// which service is meant, what is passed on. Pure functions without Boost, for tests and fuzz targets.
// RFC 9110 and RFC 9112; `CPNS-Device-ID` and `CPNS-PN-GW-ID` are rule T4.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/ids/ids.hpp"
#include "server/caller.hpp"

namespace cpns::server {

inline constexpr std::size_t kMaxHeadSize = 16 * 1024;  ///< bytes of one head, with its empty line
inline constexpr std::size_t kMaxHeadFields = 100;      ///< field lines of one head

struct HttpField {
  std::string name;
  std::string value;
  bool operator==(const HttpField&) const = default;
};
using HttpFields = std::vector<HttpField>;

struct RequestHead {
  std::string method;
  std::string target;
  unsigned minor_version = 1;  ///< of HTTP/1.x
  HttpFields fields;
};

struct ReplyHead {
  unsigned status = 0;
  std::string reason;
  unsigned minor_version = 1;
  HttpFields fields;
};

enum class BodyKind : std::uint8_t { None, Length, Chunked, UntilClose };

/// How the body of one message is delimited.
struct Framing {
  BodyKind kind = BodyKind::None;
  std::uint64_t length = 0;  ///< bytes, where kind is Length
  bool keep_alive = true;    ///< the sender wants to keep the connection
  bool websocket = false;    ///< asks for, or grants, the change to WebSocket (RFC 6455)
};

/// Position after the empty line that ends a head, or 0 while there is none in `bytes`.
[[nodiscard]] std::size_t head_size(std::string_view bytes) noexcept;

/// Looks at the raw lines before any parser does, and refuses what two parsers could read differently: bare CR or LF,
/// folded lines, NUL, a blank before the colon, too many lines. `raw` ends with the empty line.
/// Fails with `http_head_malformed`.
[[nodiscard]] Result<void> check_head_lines(std::string_view raw);

/// Decides how the request's body is delimited. Fails with `http_framing_ambiguous` (request smuggling),
/// `http_method_refused` (CONNECT), `http_version_refused`.
[[nodiscard]] Result<Framing> framing_of(const RequestHead& request);

/// The same for a reply to a request of `method`. Fails with `upstream_reply_malformed`.
[[nodiscard]] Result<Framing> framing_of(const ReplyHead& reply, std::string_view method);

/// The service that Host names: `hello` or `hello.<server_id>`, any case, a port is ignored. Fails with
/// `http_host_missing` (none, several, or not a host) and `http_target_disagrees` (absolute form with another
/// authority, or a form that a proxy for named services can't serve).
[[nodiscard]] Result<std::string> service_of(const RequestHead& request, const ids::ServerId& server_id);

/// True where a CGI-style service could take `name` for one of the identity fields, whatever its spelling.
[[nodiscard]] bool is_identity_field(std::string_view name) noexcept;

/// What a field of HTTP can't carry, and `%`, as `%XX`: different identities never look the same.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// What is passed to the service: identity fields of the client and hop-by-hop fields removed, the verified identity
/// added, target in origin form, body delimited as `framing` says, one request per connection.
[[nodiscard]] RequestHead rewrite(const RequestHead& request, const Framing& framing, const Caller& caller);

/// Carries a fresh identity alias to the device in the first reply of a direct link [T5].
inline constexpr std::string_view kAliasField = "CPNS-Identity-Alias";

/// What is passed back: hop-by-hop fields and any alias that the service made up removed, body delimited so that the
/// client can read it. `client_minor` is the version the client spoke; `close` says that the connection ends after this
/// reply. A reply to HEAD keeps the Content-Length that a GET would have had.
[[nodiscard]] ReplyHead rewrite(const ReplyHead& reply, const Framing& framing, unsigned client_minor, bool close);

[[nodiscard]] std::string encode(const RequestHead& head);
[[nodiscard]] std::string encode(const ReplyHead& head);

/// Case-insensitive equality of ASCII text.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace cpns::server
