// Both sides of a direct link fed with messages of any kind [T6]: nothing is answered before a right LinkHello, and a
// reflected one is not right [T3]. Input: role, then messages, each preceded by its length in two bytes.

#include "core/assign/link_session.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns::assign;
  using namespace cpns::fuzz;
  Taker input({data, size});
  const auto mine = (input.byte() & 1U) != 0 ? Role::CmDevice : Role::CpnsServer;
  LinkSession session(mine, sample_server_id(), sample_cm_device_id(), sample_correlation_id());
  require(session.start().actions.size() == 1, "a link begins with LinkHello");
  for (int messages = 0; messages < 50 && !input.empty(); ++messages) {
    const std::size_t length = input.byte() * 256U + input.byte();
    const auto message = parse(input.bytes(length));
    if (!message) return 0;
    const bool was_open = session.open();
    const auto outcome = session.on_message(*message);
    if (!was_open && session.open()) {
      accept();
      const auto* hello = std::get_if<LinkHello>(&message->body);
      require(hello != nullptr && hello->role != mine, "only the other role's LinkHello opens a link");
    }
    for (const auto& action : outcome.actions) {
      require(!std::holds_alternative<LinkSession::SaveAlias>(action) || (was_open && mine == Role::CmDevice),
              "only a device takes an alias, and only on an open link");
    }
    if (outcome.over()) return 0;
  }
  return 0;
}
