#pragma once
// Rotation of the master key and of the alias keys while the server works [V2, T5]. On the loop's thread.
//
// A new master key is made by its source first; from then on it seals whatever is new. Then everything that is sealed
// under older keys is moved, a few hundred values a commit. A crash at any point leaves values that open: all keys stay
// until an operator removes one that nothing is under any more.

#include "server/context.hpp"
#include "server/folder_keys.hpp"
#include "server/tasks.hpp"
#include "store/key_source.hpp"
#include "store/seal_store.hpp"

namespace cpns::server {

struct KeyKeeperParts {
  store::Sealer& sealer;
  store::SealStore& seals;
  store::KeySource& source;
  FolderKeys files;
  /// Has the keys of the folder used by every loop, `current` of them for new aliases.
  std::function<runtime::Task<Result<void>>(std::uint8_t current)> use_alias_keys;
  std::chrono::seconds alias_age;    ///< a new alias key is made when the newest is as old; 0: never by itself
  std::chrono::seconds alias_keeps;  ///< how long aliases of a key that makes no new ones are still taken
};

class KeyKeeper {
 public:
  struct AliasStatus {
    std::uint8_t number;
    ids::UnixTime made_at;
  };
  struct Status {
    std::string source;
    store::KeyNumber current;
    std::vector<store::KeyNumber> numbers;
    store::ResealProgress progress;
    std::vector<AliasStatus> alias_keys;  ///< the newest last
  };

  /// `context` and what `parts` refer to must outlive it and its tasks.
  KeyKeeper(const Context& context, KeyKeeperParts parts, Tasks& tasks);

  /// Goes on with what an earlier process did not end, and looks at the age of the alias keys from time to time.
  void start();
  void stop();

  [[nodiscard]] Result<Status> status();
  /// Makes a master key and begins to move everything to it. Gives its number. Fails with `rotation_under_way`,
  /// `key_source_unusable`, or an error of the store.
  [[nodiscard]] runtime::Task<Result<store::KeyNumber>> rotate(std::string actor);
  /// Removes a master key that nothing is under. Fails with `rotation_under_way`, `key_source_unusable`.
  [[nodiscard]] runtime::Task<Result<void>> remove(store::KeyNumber number, std::string actor);
  /// Makes a new alias key, which makes aliases from now on. Gives its number. Fails with a file's error.
  [[nodiscard]] runtime::Task<Result<std::uint8_t>> rotate_alias(std::string actor);

 private:
  [[nodiscard]] runtime::Task<void> resume();
  [[nodiscard]] runtime::Task<Result<void>> begin(std::string actor);
  [[nodiscard]] runtime::Task<void> move_all();
  [[nodiscard]] runtime::Task<void> watch_alias_keys();
  /// Whether the time of day can be believed: this process has seen it go as the monotonic clock does, for a day.
  [[nodiscard]] bool clock_is_proved() const;
  [[nodiscard]] Result<void> drop_old_alias_keys(const std::vector<FolderKeys::AliasKey>& keys);
  void record(audit::Event event);

  const Context& context_;
  KeyKeeperParts parts_;
  Tasks& tasks_;
  Signal stop_moving_;
  Signal stop_watching_;
  bool moving_ = false;
  const ids::UnixTime begun_at_ = runtime::now();
  const std::int64_t begun_ms_ = runtime::monotonic_ms();
};

}  // namespace cpns::server
