// The body of a request on the admin socket.

#include "fuzz/fuzz.hpp"
#include "server/admin/json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(cpns::as_text({data, size}));
  const auto parsed = cpns::server::admin::parse_body(body, {"pn_gw_id", "device_quota"});
  if (!parsed) {
    (void)cpns::server::admin::dump(cpns::server::admin::to_json(parsed.error()));
    return 0;
  }
  cpns::fuzz::accept();
  for (const auto& [name, value] : parsed->items()) {
    cpns::fuzz::require(name == "pn_gw_id" || name == "device_quota", "no other members are taken");
  }
  (void)cpns::server::admin::dump(*parsed);
  return 0;
}
