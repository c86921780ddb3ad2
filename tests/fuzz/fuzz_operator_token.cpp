// The Authorization field of an admin request: one token opens, in one spelling, and nothing else does.

#include <string>

#include "fuzz/fuzz.hpp"
#include "server/admin/access.hpp"
#include "store/memory/server_memory.hpp"

namespace {

using namespace cpns;

struct World {
  World() {
    auto token = made.token;
    memory.tokens().add(std::move(token), "fuzz", [](const Result<assign::Durable>&) {});
  }
  fuzz::CountedRandom random;
  store::Sealer sealer{secret::MasterKey::make([](auto to) { std::fill(to.begin(), to.end(), std::uint8_t{1}); })};
  store::memory::ServerMemory memory{sealer, random};
  ids::UnixTime now{std::chrono::seconds(1'800'000'000)};
  server::admin::MadeToken made =
      server::admin::make_operator_token("carol", store::Scope::Read, now, std::chrono::hours(1), random);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto access = server::admin::access_of(text, world.memory.tokens(), world.now);
  fuzz::require(access.ok() == (text == "Bearer " + world.made.text), "one spelling of one token opens");
  if (access) fuzz::accept();
  (void)server::admin::is_operator_name(text);
  return 0;
}
