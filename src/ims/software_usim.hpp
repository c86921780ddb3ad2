#pragma once
// A USIM in a file: for tests, and for gateways without a card reader. Its file is sealed by the machine's own key
// [K2]:
//
//   sealed "software USIM":  version 1 | K 16 | OPc 16 | 32 times SEQ 6, most significant first
//
// Keys and numbers are one file, so that keys never meet the numbers of another card. A copy older than the last
// registration would accept old challenges again: do not restore one.

#include <filesystem>
#include <memory>

#include "ims/sequence_numbers.hpp"
#include "ims/usim.hpp"
#include "store/file_seal.hpp"

namespace cpns::ims {

class SoftwareUsim final : public Usim {
 public:
  /// Makes the file of a fresh card. Fails with `usim_unusable` where there is one already, or it can't be written.
  [[nodiscard]] static Result<void> install(const std::filesystem::path& file, const SubscriberKeys& keys,
                                            store::FileSeal& seal);
  /// `seal` must outlive it. One object per file: two would each believe their own numbers. Fails with `usim_unusable`
  /// where the file is missing, open to others, does not open, or has another form.
  [[nodiscard]] static Result<std::unique_ptr<SoftwareUsim>> open(std::filesystem::path file, store::FileSeal& seal);

  [[nodiscard]] Result<std::variant<AkaAnswer, AkaResync>> authenticate(const AkaRand& rand,
                                                                        const AkaAutn& autn) override;

 private:
  SoftwareUsim(std::filesystem::path file, store::FileSeal& seal, SubscriberKeys keys, SequenceNumbers numbers)
      : file_(std::move(file)), seal_(seal), keys_(std::move(keys)), numbers_(numbers) {}

  std::filesystem::path file_;
  store::FileSeal& seal_;
  SubscriberKeys keys_;
  SequenceNumbers numbers_;
};

}  // namespace cpns::ims
