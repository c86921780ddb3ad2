#pragma once
// A device's store that fails when a test wants it to, as a crash does: nothing more happens after it.

#include "store/memory/memory_credential_store.hpp"

namespace cpns::test {

class CrashingStore final : public store::CredentialStore {
 public:
  enum class When : std::uint8_t { Never, BeforeSave, AfterSave };

  /// From the save with this number on (1 is the first) nothing works until recover().
  void crash(When when, int save) {
    when_ = when;
    saves_left_ = save;
  }
  void recover() {
    when_ = When::Never;
    down_ = false;
  }
  [[nodiscard]] bool crashed() const { return down_; }

  Result<store::DeviceRecord> load() override {
    if (down_) return gone();
    return memory_.load();
  }
  Result<assign::Durable> save(const store::DeviceRecord& record) override {
    if (down_) return gone();
    if (when_ == When::Never || --saves_left_ > 0) return memory_.save(record);
    down_ = true;
    if (when_ == When::AfterSave) (void)memory_.save(record);
    return gone();
  }

 private:
  static Error gone() { return {Code::store_write_failed, "a crash"}; }
  store::memory::MemoryCredentialStore memory_;
  When when_ = When::Never;
  int saves_left_ = 0;
  bool down_ = false;
};

}  // namespace cpns::test
