#pragma once
// Where master keys come from [V2]. Blocking; for start-up and for a rotation. Not thread-safe.

#include <map>
#include <vector>

#include "store/sealer.hpp"

namespace cpns::store {

class KeySource {
 public:
  KeySource() = default;
  virtual ~KeySource() = default;
  KeySource(const KeySource&) = delete;
  KeySource& operator=(const KeySource&) = delete;

  /// For people, such as `file /var/lib/cpns/keys`.
  [[nodiscard]] virtual std::string describe() const = 0;
  /// In ascending order. Fails with `key_source_unusable`.
  [[nodiscard]] virtual Result<std::vector<KeyNumber>> numbers() = 0;
  /// Fails with `key_source_unusable`, or an error of store/file/private_file.hpp.
  [[nodiscard]] virtual Result<secret::MasterKey> load(KeyNumber number) = 0;
  /// Makes a fresh key under a number that is not there; durable when it returns. Fails with `key_source_unusable`,
  /// also where only a person can add one (a credential directory).
  [[nodiscard]] virtual Result<void> make(KeyNumber number, crypto::Random& random) = 0;
  /// Removes a key for good, its bytes overwritten where the medium allows it. Fails like `make`.
  [[nodiscard]] virtual Result<void> remove(KeyNumber number) = 0;
};

}  // namespace cpns::store
