// Lines of control.sock, at both ends: a request as any program of the device's user may send it, and a status as a
// command shows it.

#include "device/control_lines.hpp"
#include "device/device_config.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  namespace device = cpns::device;
  const auto line = cpns::as_text({data, size});
  if (const auto request = device::parse_control_request(line)) {
    require(!(request->watch && request->wish), "a request wants one thing");
    require(request->wish || !request->mode, "only a wish names a mode");
    if (request->wish) {
      const std::string word(request->mode ? device::word_of(*request->mode) : "auto");
      const auto again = device::parse_control_request("{\"wish\":\"" + word + "\"}");
      require(again && again->wish && again->mode == request->mode, "a wish has one word");
    }
    cpns::fuzz::accept();
  }
  const auto text = device::text_of_status(line);
  if (text) {
    require(text->find("; mode ") != std::string::npos, "a status says its mode");
    cpns::fuzz::accept();
  }
  return 0;
}
