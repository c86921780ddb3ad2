#include "store/memory/memory_seal_store.hpp"

#include "store/audit_events.hpp"
#include "store/memory/finish.hpp"
#include "store/places.hpp"

namespace cpns::store::memory {

Result<ResealProgress> MemorySealStore::progress() {
  const std::scoped_lock lock(rows_.mutex);
  return rows_.resealed;
}

void MemorySealStore::begin(ids::UnixTime now, std::string actor, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    rows_.resealed = {.number = sealer_.current(), .complete = false, .done = 0, .total = rows_.devices.size()};
    rows_.record(events::rotating(rows_.resealed.number, now, actor));
    return {};
  });
}

bool MemorySealStore::move(const Place& place, Bytes& value) {
  const auto opened = sealer_.open(place, value);
  if (opened) value = sealer_.seal(place, opened->view(), random_);
  return opened.ok();
}

void MemorySealStore::step(std::size_t limit, ids::UnixTime now, Done done) {
  finish(rows_, done, after_commit, [&]() -> Result<void> {
    auto& state = rows_.resealed;
    if (state.complete) return {};
    const auto number = sealer_.current();
    std::size_t seen = 0;
    state.unopened = 0;
    for (auto& [id, row] : rows_.devices) {
      if (Sealer::number_of(row.sealed_key_seed) == number) continue;
      if (seen == limit) return {};
      if (move(key_seed_place(id), row.sealed_key_seed)) {
        ++seen;
        ++state.done;
      } else {
        ++state.unopened;
      }
    }
    for (auto& [id, row] : rows_.tokens) {
      if (Sealer::number_of(row.sealed_secret) == number) continue;
      if (!move(enrolment_place(id), row.sealed_secret)) ++state.unopened;
    }
    state.complete = true;
    state.done = state.total;
    rows_.record(events::rotated(state.number, state.unopened, now));
    return {};
  });
}

}  // namespace cpns::store::memory
