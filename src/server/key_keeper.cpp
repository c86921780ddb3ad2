#include "server/key_keeper.hpp"

#include <algorithm>

#include "server/committed.hpp"
#include "store/audit_events.hpp"

namespace cpns::server {

using runtime::Task;

namespace {

/// Values in one commit: some milliseconds of the store's time.
constexpr std::size_t kStep = 256;
/// Other work gets at least as much of the store as this.
constexpr std::chrono::milliseconds kPause{5};
constexpr std::chrono::milliseconds kAfterFailure{5000};
constexpr std::chrono::minutes kWatch{10};
constexpr std::chrono::hours kProof{24};
constexpr std::chrono::hours kDrift{1};
constexpr store::KeyNumber kLastKey = 0xffff;

std::uint8_t next_alias_number(const std::vector<FolderKeys::AliasKey>& keys) {
  auto number = keys.back().number;
  const auto taken = [&] { return std::ranges::any_of(keys, [&](const auto& key) { return key.number == number; }); };
  for (int tries = 0; tries < 255 && taken(); ++tries) {
    number = number == 255 ? std::uint8_t{1} : static_cast<std::uint8_t>(number + 1);
  }
  return taken() ? std::uint8_t{0} : number;
}

}  // namespace

KeyKeeper::KeyKeeper(const Context& context, KeyKeeperParts parts, Tasks& tasks)
    : context_(context),
      parts_(std::move(parts)),
      tasks_(tasks),
      stop_moving_(tasks.executor()),
      stop_watching_(tasks.executor()) {}

void KeyKeeper::start() {
  tasks_.spawn(resume());
  tasks_.spawn(watch_alias_keys());
}

void KeyKeeper::stop() {
  stop_moving_.raise();
  stop_watching_.raise();
}

Result<KeyKeeper::Status> KeyKeeper::status() {
  CPNS_TRY(const auto progress, parts_.seals.progress());
  CPNS_TRY(const auto aliases, parts_.files.alias_keys());
  Status status{parts_.source.describe(), parts_.sealer.current(), parts_.sealer.numbers(), progress, {}};
  for (const auto& key : aliases) status.alias_keys.push_back({key.number, key.made_at});
  return status;
}

Task<void> KeyKeeper::resume() {
  const auto progress = parts_.seals.progress();
  if (!progress) {
    context_.log.error(progress.error());
    co_return;
  }
  // The process ended after the key was made, or somebody put a new one into the credential directory.
  if (progress->number != parts_.sealer.current()) {
    const auto begun = co_await begin("server");
    if (!begun) context_.log.error(begun.error());
  } else if (!progress->complete && !moving_) {
    co_await move_all();
  }
}

Task<Result<void>> KeyKeeper::begin(std::string actor) {
  CPNS_CO_CHECK(parts_.files.reseal());
  auto start = [this, actor = std::move(actor)](store::Done done) {
    parts_.seals.begin(runtime::now(), actor, std::move(done));
  };
  const auto begun = co_await committed(std::move(start));
  if (!begun) co_return begun.error();
  context_.log.event(Code::master_key_rotating, {{"number", std::uint64_t{parts_.sealer.current()}}});
  if (!moving_) tasks_.spawn(move_all());
  co_return Result<void>{};
}

Task<void> KeyKeeper::move_all() {
  moving_ = true;
  while (!stop_moving_.raised()) {
    auto step = [this](store::Done done) { parts_.seals.step(kStep, runtime::now(), std::move(done)); };
    const auto moved = co_await committed(std::move(step));
    const auto progress = parts_.seals.progress();
    if (!moved) context_.log.error(moved.error());
    if (!progress) context_.log.error(progress.error());
    const bool good = moved.ok() && progress.ok();
    if (good && progress->complete) {
      context_.log.event(Code::master_key_rotated,
                         {{"number", std::uint64_t{progress->number}}, {"unopened", progress->unopened}});
      break;
    }
    const auto pause = good ? kPause : kAfterFailure;
    (void)co_await stop_moving_.wait_for(pause);
  }
  moving_ = false;
}

Task<Result<store::KeyNumber>> KeyKeeper::rotate(std::string actor) {
  const auto current = parts_.sealer.current();
  if (moving_ || current == kLastKey) {
    co_return Error{Code::rotation_under_way, "to master key " + std::to_string(current), "a rotation that has ended"};
  }
  const auto number = static_cast<store::KeyNumber>(current + 1);
  CPNS_CO_CHECK(parts_.source.make(number, context_.random));
  CPNS_CO_TRY(auto key, parts_.source.load(number));
  parts_.sealer.add(number, std::move(key));
  const auto begun = co_await begin(std::move(actor));
  if (!begun) co_return begun.error();
  co_return number;
}

Task<Result<void>> KeyKeeper::remove(store::KeyNumber number, std::string actor) {
  CPNS_CO_TRY(const auto progress, parts_.seals.progress());
  const auto numbers = parts_.sealer.numbers();
  if (moving_ || !progress.complete || number == parts_.sealer.current()) {
    co_return Error{Code::rotation_under_way, "values under master key " + std::to_string(number),
                    "a key that nothing is sealed under"};
  }
  if (std::ranges::find(numbers, number) == numbers.end()) {
    co_return Error{Code::key_source_unusable, "no master key " + std::to_string(number), "one that is listed"};
  }
  // An alias key's file may be of before the last rotation where a write of it failed.
  CPNS_CO_CHECK(parts_.files.reseal());
  CPNS_CO_CHECK(parts_.source.remove(number));
  parts_.sealer.forget(number);
  record(store::events::master_key_removed(number, runtime::now(), std::move(actor)));
  co_return Result<void>{};
}

Task<Result<std::uint8_t>> KeyKeeper::rotate_alias(std::string actor) {
  CPNS_CO_TRY(const auto before, parts_.files.alias_keys());
  const auto number = next_alias_number(before);
  if (number == 0) co_return Error{Code::rotation_under_way, "255 alias keys", "older ones that have ended"};
  const auto now = runtime::now();
  CPNS_CO_CHECK(parts_.files.make_alias_key(number, now));
  CPNS_CO_CHECK(drop_old_alias_keys(before));
  // First every loop opens aliases of the new key, then the first of them is made.
  for (const auto current : {before.back().number, number}) {
    auto using_them = parts_.use_alias_keys(current);
    CPNS_CO_CHECK(co_await std::move(using_them));
  }
  context_.log.event(Code::alias_key_rotated, {{"number", std::uint64_t{number}}});
  record(store::events::alias_key_rotated(number, now, std::move(actor)));
  co_return number;
}

bool KeyKeeper::clock_is_proved() const {
  const std::chrono::milliseconds passed(runtime::monotonic_ms() - begun_ms_);
  const std::chrono::milliseconds said = runtime::now() - begun_at_;
  return passed >= kProof && std::chrono::abs(said - passed) < kDrift;
}

// A clock that jumps forward and comes back must not cost devices their aliases: nothing is dropped on its word alone.
// A key makes no aliases any more once the next one was made; the last of them is good for as long as a device is.
Result<void> KeyKeeper::drop_old_alias_keys(const std::vector<FolderKeys::AliasKey>& keys) {
  if (!clock_is_proved()) return {};
  const auto now = runtime::now();
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    if (keys[i + 1].made_at + parts_.alias_keeps < now) CPNS_CHECK(parts_.files.remove_alias_key(keys[i].number));
  }
  return {};
}

Task<void> KeyKeeper::watch_alias_keys() {
  while (!stop_watching_.raised() && parts_.alias_age.count() > 0) {
    const auto keys = parts_.files.alias_keys();
    if (!keys) {
      context_.log.error(keys.error());
    } else if (keys->back().made_at + parts_.alias_age <= runtime::now()) {
      const auto made = co_await rotate_alias("server");
      if (!made) context_.log.error(made.error());
    } else if (const auto dropped = drop_old_alias_keys(*keys); !dropped) {
      context_.log.error(dropped.error());
    }
    const std::chrono::milliseconds pause = kWatch;
    (void)co_await stop_watching_.wait_for(pause);
  }
}

void KeyKeeper::record(audit::Event event) {
  if (context_.audit != nullptr) context_.audit->done(std::move(event));
}

}  // namespace cpns::server
