#pragma once
// The folder of one CPNS Server: where everything lies. Its keys: folder_keys.hpp. Blocking; for start-up.

#include <filesystem>

#include "core/assign/identity_alias.hpp"
#include "core/audit/chain.hpp"
#include "runtime/files.hpp"
#include "tls/x509.hpp"

namespace cpns::server {

struct Folder {
  std::filesystem::path root;

  [[nodiscard]] std::filesystem::path settings() const { return root / "server.toml"; }
  [[nodiscard]] std::filesystem::path keys() const { return root / "keys"; }
  [[nodiscard]] std::filesystem::path alias_key() const { return root / "keys" / "alias.key"; }
  [[nodiscard]] std::filesystem::path journal_key() const { return root / "keys" / "journal.key"; }
  [[nodiscard]] std::filesystem::path audit_key() const { return root / "keys" / "audit.key"; }
  [[nodiscard]] std::filesystem::path audit_head() const { return root / "keys" / "audit.head"; }
  [[nodiscard]] std::filesystem::path ca_certificate() const { return root / "ca" / "ca.pem"; }
  [[nodiscard]] std::filesystem::path ca_key() const { return root / "ca" / "ca.key"; }
  [[nodiscard]] std::filesystem::path certificate() const { return root / "tls" / "server.pem"; }
  [[nodiscard]] std::filesystem::path certificate_key() const { return root / "tls" / "server.key"; }
  [[nodiscard]] std::filesystem::path database() const { return root / "store" / "cpns.sqlite"; }
  [[nodiscard]] std::filesystem::path admin_socket() const { return root / "run" / "admin.sock"; }
  [[nodiscard]] std::filesystem::path lock_file() const { return root / "run" / "lock"; }
};

/// Held while the server runs: two servers on one folder would erase each other's pending assignments.
class FolderLock {
 public:
  /// Fails with `server_already_running`, or `file_not_written`.
  [[nodiscard]] static Result<FolderLock> take(const Folder& folder);
  FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

}  // namespace cpns::server
