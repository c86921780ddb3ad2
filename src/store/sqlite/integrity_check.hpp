#pragma once
// Reads a whole database once, beside its work, and says where it does not hold together: an index page that was torn
// makes a device unknown without any read failing.

#include <filesystem>
#include <functional>
#include <thread>

#include "core/base/result.hpp"

struct sqlite3;

namespace cpns::store::sqlite {

class IntegrityCheck {
 public:
  /// Starts in a thread of its own, of low priority. `found` is called there, with `store_is_damaged`; what it uses
  /// must outlive this object.
  IntegrityCheck(const std::filesystem::path& database, std::function<void(const Error&)> found);
  /// Gives up where it is and waits for the thread.
  ~IntegrityCheck();
  IntegrityCheck(const IntegrityCheck&) = delete;
  IntegrityCheck& operator=(const IntegrityCheck&) = delete;

 private:
  sqlite3* database_ = nullptr;
  std::thread thread_;
};

}  // namespace cpns::store::sqlite
