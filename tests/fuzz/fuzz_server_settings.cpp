// server.toml, as a person wrote it: every refusal names what is wrong, nothing throws.

#include "fuzz/fuzz.hpp"
#include "server/settings.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  const auto settings = cpns::server::parse_settings(cpns::as_text({data, size}), "server.toml");
  if (!settings) {
    require(!settings.error().got.empty() || !settings.error().expected.empty(), "a refusal says what is wrong");
    return 0;
  }
  require(settings->pending_lifetime <= std::chrono::seconds(300), "a pending assignment ends after 300 s [S6]");
  require(settings->quota.pending <= 32, "at most 32 pending per PN GW [S7]");
  cpns::fuzz::accept();
  return 0;
}
