#pragma once
// A PN GW's folder in the making: beside the final one until all of it is on disk, gone again unless it is kept.

#include "core/crypto/random.hpp"
#include "gateway/gateway_folder.hpp"

namespace cpns::gateway {

class NewFolder {
 public:
  /// Fails with `gateway_folder_in_use` where `wanted` is there and not empty, or `gateway_folder_not_made`.
  [[nodiscard]] static Result<NewFolder> make(const GatewayFolder& wanted, crypto::Random& random);
  NewFolder(NewFolder&& other) noexcept
      : wanted_(std::move(other.wanted_)), folder_(std::exchange(other.folder_, GatewayFolder{})) {}
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  NewFolder& operator=(NewFolder&&) = delete;
  ~NewFolder();

  [[nodiscard]] const GatewayFolder& folder() const { return folder_; }
  /// Becomes the wanted folder: one rename, after all of it is on disk. Fails with `gateway_folder_not_made`.
  [[nodiscard]] Result<void> keep();

 private:
  NewFolder(std::filesystem::path wanted, std::filesystem::path made)
      : wanted_(std::move(wanted)), folder_{std::move(made)} {}
  std::filesystem::path wanted_;
  GatewayFolder folder_;
};

}  // namespace cpns::gateway
