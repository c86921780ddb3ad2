#include "support/net/impairment.hpp"

#include <algorithm>

namespace cpns::test {

std::optional<PacketFates::Time> PacketFates::next(std::size_t size, Time now) {
  const auto& how = impairment_;
  if (how.loss > 0 && draw() < how.loss) return std::nullopt;
  auto at = now;
  if (how.bytes_per_second > 0) {
    const std::chrono::duration<double> waiting = std::max(wire_free_ - now, Time::duration::zero());
    if (waiting.count() * how.bytes_per_second > static_cast<double>(how.queue_bytes)) return std::nullopt;
    const std::chrono::duration<double> takes(static_cast<double>(size) / how.bytes_per_second);
    wire_free_ = std::max(wire_free_, now) + std::chrono::duration_cast<Time::duration>(takes);
    at = wire_free_;
  }
  if (how.reorder > 0 && draw() < how.reorder) return at;
  auto delay = std::chrono::duration_cast<Time::duration>(how.delay);
  if (how.jitter.count() > 0) {
    const std::chrono::duration<double, std::micro> shift((2 * draw() - 1) * static_cast<double>(how.jitter.count()));
    delay = std::max(delay + std::chrono::duration_cast<Time::duration>(shift), Time::duration::zero());
  }
  return at + delay;
}

}  // namespace cpns::test
