#pragma once
// The head of the audit log in a file apart from the database: written by a thread of its own, once a second at most
// and at the end. What was recorded in the second before a crash is in the database and may not be in the head yet.

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "store/audit_store.hpp"

namespace cpns::store::file {

/// The head that `file` holds, nullopt where there is none. Fails with `audit_head_differs`, or an error of
/// private_file.hpp.
[[nodiscard]] Result<std::optional<audit::Head>> read_audit_head_file(const std::filesystem::path& file,
                                                                      const audit::Chain& chain);
[[nodiscard]] Result<void> write_audit_head_file(const std::filesystem::path& file, const audit::Chain& chain,
                                                 const audit::Head& head);

/// Whether the log goes on from the head that was kept. Reads one record. Fails with `audit_head_differs`.
[[nodiscard]] Result<void> check_audit_head(const std::optional<audit::Head>& kept, AuditStore& log);

class FileAuditHead final : public AuditHead {
 public:
  static constexpr std::chrono::milliseconds kPause{1000};  ///< between two writes
  using OnFailure = std::function<void(const Error&)>;

  /// `chain` must outlive it. `on_failure` is called on its thread where the file can't be written.
  FileAuditHead(std::filesystem::path file, const audit::Chain& chain, OnFailure on_failure);
  /// Writes what is new.
  ~FileAuditHead() override;
  FileAuditHead(const FileAuditHead&) = delete;
  FileAuditHead& operator=(const FileAuditHead&) = delete;

  /// Until it is called nothing is written: a head that differs from the log is evidence, and stays.
  /// The newest record's is on disk when it returns: a log never stands without a head. Before anybody writes to `log`.
  [[nodiscard]] Result<void> start(AuditStore& log);
  void advanced(const audit::Head& head) override;

 private:
  void run();

  std::filesystem::path file_;
  const audit::Chain& chain_;
  OnFailure on_failure_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<audit::Head> fresh_;
  bool started_ = false, stopping_ = false;
  std::thread thread_;  ///< last member: starts when all others are there
};

}  // namespace cpns::store::file
