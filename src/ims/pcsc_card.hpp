#pragma once
// A card in a reader of PC/SC, by pcscd: libpcsclite, whose headers nobody else sees.

#include <memory>
#include <string>

#include "ims/card.hpp"

namespace cpns::ims {

class PcscCard final : public Card {
 public:
  /// `reader` is a reader's name, or empty: the first that holds a card. Fails with `pcsc_unavailable` where pcscd does
  /// not run, there is no such reader, or it has no card.
  [[nodiscard]] static Result<std::unique_ptr<PcscCard>> open(std::string reader);
  ~PcscCard() override;

  /// A card that was reset or put back in is taken up again.
  [[nodiscard]] Result<void> begin() override;
  void end() noexcept override;
  [[nodiscard]] Result<secret::SecretBuffer> transmit(ByteView command) override;

  /// The reader that holds it.
  [[nodiscard]] const std::string& reader() const noexcept;

 private:
  struct Impl;
  explicit PcscCard(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cpns::ims
