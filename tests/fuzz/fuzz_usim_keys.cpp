// The keys of a subscription as an operator hands them over: what is refused is never repeated, what is taken is the
// same when it is written in its plainest form.

#include "core/base/encoding.hpp"
#include "fuzz/fuzz.hpp"
#include "gateway/usim_keys.hpp"

namespace {

using namespace cpns;

template <class Key>
std::string line(const char* name, const Key& key) {
  std::array<std::uint8_t, 16> bytes{};
  const auto view = key.reveal(secret::SecretAccess{});
  std::copy(view.begin(), view.end(), bytes.begin());
  return std::string(name) + " " + to_hex(bytes) + "\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using fuzz::require;
  const auto keys = gateway::parse_usim_keys(as_text({data, size}));
  if (!keys) {
    const auto& got = keys.error().got;
    require(got.starts_with("line ") || got == "not k and one of op and opc", "a refusal repeats nothing");
    return 0;
  }
  const auto again = gateway::parse_usim_keys(line("opc", keys->opc) + line("k", keys->k));
  require(again.ok(), "what was taken can be written");
  require(again->k.equals(keys->k) && again->opc.equals(keys->opc), "and is the same then");
  fuzz::accept();
  return 0;
}
