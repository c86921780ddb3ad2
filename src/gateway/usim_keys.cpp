#include "gateway/usim_keys.hpp"

#include <algorithm>
#include <optional>

#include "core/base/encoding.hpp"

namespace cpns::gateway {
namespace {

using Value = std::array<std::uint8_t, 16>;

Error malformed(std::string got) {
  return Error{Code::usim_key_malformed, std::move(got), "lines `k HEX` and `opc HEX` or `op HEX`, of 32 digits each"};
}

struct Wipe {
  std::optional<Value>& value;
  ~Wipe() {
    if (value) secret::wipe(*value);
  }
};

}  // namespace

Result<ims::SubscriberKeys> parse_usim_keys(std::string_view text) {
  std::optional<Value> k;
  std::optional<Value> op;
  std::optional<Value> opc;
  const Wipe wipe_k{k};
  const Wipe wipe_op{op};
  const Wipe wipe_opc{opc};
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const auto where = "line " + std::to_string(number);
    const auto blank = line.find(' ');
    if (blank == std::string_view::npos) return malformed(where + " without a value");
    const auto name = line.substr(0, blank);
    auto* to = name == "k" ? &k : name == "op" ? &op : name == "opc" ? &opc : nullptr;
    if (to == nullptr || *to) return malformed(where + " of another or a second name");
    const auto hex = line.substr(line.find_last_of(' ') + 1);
    if (hex.size() != 2 * sizeof(Value)) return malformed(where + " of another length");
    auto read = from_hex(hex);
    if (!read) return malformed(where + " of another form");
    std::copy(read->begin(), read->end(), to->emplace().begin());
    secret::wipe(*read);
  }
  if (!k || op.has_value() == opc.has_value()) return malformed("not k and one of op and opc");
  secret::UsimK key(*k, secret::SecretAccess{});
  auto made = opc ? secret::UsimOpc(*opc, secret::SecretAccess{}) : ims::derive_opc(key, *op);
  return ims::SubscriberKeys{std::move(key), std::move(made)};
}

}  // namespace cpns::gateway
