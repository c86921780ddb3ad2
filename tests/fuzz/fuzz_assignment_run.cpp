// One assignment under a script: the input says what happens to each message, each save, each link, and when.
// Operations are one byte each: the low four bits say what, the next two where; some take further bytes.

#include "fuzz/assignment_world.hpp"

namespace {

using namespace cpns::fuzz;

void change(std::deque<cpns::Bytes>& queue, Taker& input, unsigned what, const std::vector<cpns::Bytes>& history) {
  if (what == 5) {  // anything at all
    const auto raw = input.bytes(input.byte());
    queue.emplace_front(raw.begin(), raw.end());
    return;
  }
  if (what == 6) {  // something that was sent before, on any link
    if (!history.empty()) queue.push_front(history[input.byte() % history.size()]);
    return;
  }
  if (queue.empty()) return;
  auto& next = queue.front();
  switch (what) {
    case 1:
      queue.pop_front();
      break;
    case 2:
      queue.push_front(cpns::Bytes(next));
      break;
    case 3: {
      const std::size_t at = input.byte() * 256U + input.byte();
      const auto bits = input.byte();
      if (!next.empty()) next[at % next.size()] ^= bits;
      break;
    }
    case 4:
      next.resize(next.size() * input.byte() / 256U);
      break;
    default:
      if (queue.size() > 1) std::swap(queue[0], queue[1]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Taker input({data, size});
  AssignmentWorld world;
  for (int events = 0; events < 200 && !input.empty() && !world.over(); ++events) {
    const auto operation = input.byte();
    const auto what = operation & 15U;
    const auto where = (operation >> 4U) & 3U;
    const auto way = static_cast<Way>(where);
    if (what == 0) {
      world.deliver(way);
    } else if (what <= 7) {
      change(world.queue(way), input, what, world.history());
    } else if (what <= 9) {
      world.finish_save(static_cast<Side>(where % 3), what == 8);
    } else if (what == 10) {
      world.pass_time(std::chrono::seconds(input.byte()));
    } else if (what == 11) {
      if (where == 0) world.lose_operator_link();
      if (where == 1) world.restore_operator_link();
      if (where == 2) world.lose_pan_link();
    }
  }
  if (world.complete()) accept();
  return 0;
}
