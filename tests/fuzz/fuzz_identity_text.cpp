// Text forms of identities: whatever parses prints as itself and holds nothing that could end a log line.

#include "core/ids/ids.hpp"
#include "fuzz/fuzz.hpp"

namespace {

using cpns::fuzz::require;

template <class Id>
void check(std::string_view text) {
  const auto id = Id::parse(text);
  if (!id) return;
  cpns::fuzz::accept();
  require(id->text() == text, "an identity prints as it was spelt");
  require(cpns::is_utf8(text) && !cpns::has_control_character(text), "an identity is clean text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns::ids;
  const auto text = cpns::as_text({data, size});
  check<ServerId>(text);
  check<PnGwId>(text);
  check<DeviceName>(text);
  check<IdentityAlias>(text);
  check<CmDeviceId>(text);
  check<Endpoint>(text);
  if (const auto endpoint = Endpoint::parse(text)) {
    require(!endpoint->host().empty() && endpoint->port() != 0, "an endpoint has a host and a port");
  }
  if (const auto id = CmDeviceId::from({data, size})) {
    require(*CmDeviceId::parse(id->text()) == *id, "a CM Device ID's text parses to itself");
  }
  return 0;
}
