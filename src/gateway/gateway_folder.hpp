#pragma once
// Where an External PN GW keeps its things: one folder, mode 0700, made by enrolment.

#include <filesystem>
#include <vector>

#include "core/base/result.hpp"
#include "core/ids/ids.hpp"
#include "store/file_seal.hpp"
#include "store/sealer.hpp"

namespace cpns::gateway {

struct GatewayFolder {
  std::filesystem::path folder;

  [[nodiscard]] std::filesystem::path config() const { return folder / "gateway.toml"; }
  [[nodiscard]] std::filesystem::path certificate() const { return folder / "gateway.cert.pem"; }
  [[nodiscard]] std::filesystem::path private_key() const { return folder / "gateway.key.pem"; }
  [[nodiscard]] std::filesystem::path trusted_ca() const { return folder / "ca.cert.pem"; }
  [[nodiscard]] std::filesystem::path master_key() const { return folder / "master.key"; }
  [[nodiscard]] std::filesystem::path database() const { return folder / "gateway.db"; }
  [[nodiscard]] std::filesystem::path node_id() const { return folder / "node-id"; }
  [[nodiscard]] std::filesystem::path usim() const { return folder / "usim"; }
  [[nodiscard]] std::filesystem::path sip_tls() const { return folder / "sip-tls"; }
  [[nodiscard]] std::filesystem::path run_folder() const { return folder / "run"; }
  [[nodiscard]] std::filesystem::path lock() const { return run_folder() / "lock"; }
  [[nodiscard]] std::filesystem::path registration() const { return run_folder() / "registration"; }
  [[nodiscard]] std::filesystem::path status_socket() const { return run_folder() / "status.sock"; }
  [[nodiscard]] std::filesystem::path pan_address() const { return run_folder() / "pan.address"; }

  /// Fails with `gateway_not_enrolled_here` or `directory_not_private`.
  [[nodiscard]] Result<void> check() const;
  /// The key that seals the database [V2], itself sealed. Fails like pngw::read_sealed_master_key.
  [[nodiscard]] Result<secret::MasterKey> load_master_key(store::FileSeal& seal) const;
};

/// Held by the one `run` of a folder while it lives.
class RunLock {
 public:
  /// Fails with `gateway_already_running` or `file_not_written`.
  [[nodiscard]] static Result<RunLock> take(const GatewayFolder& folder);
  /// True while another process holds it.
  [[nodiscard]] static bool is_taken(const GatewayFolder& folder);

  RunLock(RunLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  RunLock& operator=(RunLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~RunLock();

 private:
  explicit RunLock(int file) : file_(file) {}
  int file_;
};

/// Under which addresses devices find the process that runs in the folder. Fails with `gateway_not_running` where none
/// holds it or none has come so far.
[[nodiscard]] Result<std::vector<ids::Endpoint>> endpoints_of_running(const GatewayFolder& folder);

}  // namespace cpns::gateway
