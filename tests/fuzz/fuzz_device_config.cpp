// device.toml, as a person wrote it: every refusal names what is wrong, nothing throws, and what is taken stays within
// what the program can do.

#include "device/device_config.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  namespace device = cpns::device;
  const auto config = device::parse_config(cpns::as_text({data, size}), "/folder/device.toml");
  if (!config) {
    require(!config.error().got.empty() || !config.error().expected.empty(), "a refusal says what is wrong");
    return 0;
  }
  require(device::mode_of(device::word_of(config->policy.mode)) == config->policy.mode, "the mode has a word");
  require(config->policy.switches_per_minute >= 1 && config->policy.switches_per_minute <= 60, "switches have a limit");
  require(config->policy.hold <= std::chrono::minutes(10), "a link is not held back for ever");
  require(config->forwards.size() <= 64, "at most 64 forwards");
  for (const auto& forward : config->forwards) {
    require(forward.listen.has_value() == forward.unix_socket.empty(), "a forward is either a port or a socket");
    require(forward.unix_socket.string().size() <= 107, "a socket's path fits into its address");
    require(!forward.service.empty() && forward.service.size() <= 63, "a service has a name");
  }
  require(config->pan.endpoints.size() <= 4, "a pairing code holds four endpoints");
  require(config->pan.connections_per_device >= 1, "a PNE gets a connection");
  cpns::fuzz::accept();
  return 0;
}
