// Opening of an identity alias, as step 13 does with whatever a ClientHello offers [T5]. Only what this server made
// opens.

#include "core/assign/direct_link.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  static const auto keys = cpns::fuzz::sample_alias_keys();
  const auto text = cpns::as_text({data, size});
  const auto opened = keys.open(text);
  const auto offered = cpns::assign::read_offered_identity(text, keys, false);
  require(opened.ok() == offered.ok(), "without plain IDs an identity is an alias or nothing");
  if (opened) cpns::fuzz::accept();
  const auto plain = cpns::ids::CmDeviceId::parse(text);
  require(cpns::assign::read_offered_identity(text, keys, true).ok() == (plain.ok() || opened.ok()),
          "with plain IDs an identity is a CM Device ID or an alias");
  if (const auto id = cpns::ids::CmDeviceId::from({data, size})) {
    cpns::fuzz::CountedRandom random;
    const auto again = keys.open(keys.make(*id, random).text());
    require(again.ok() && *again == *id, "an alias opens to the ID it was made of");
  }
  return 0;
}
