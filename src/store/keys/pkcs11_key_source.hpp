#pragma once
// Master keys wrapped by a PKCS#11 token: `master.wrapped`, `master-2.wrapped` and so on are of no use without the
// token and its PIN.
//
//   file:  "CPNSWRAP" | version 1 | nonce 12, ciphertext 32, tag 16, bound to "CPNS master key" and the number

#include "store/keys/open_key_source.hpp"

namespace cpns::store::keys {

class Pkcs11KeySource final : public KeySource {
 public:
  explicit Pkcs11KeySource(KeyChoice choice) : choice_(std::move(choice)) {}

  [[nodiscard]] std::string describe() const override { return "PKCS#11 token " + choice_.token; }
  [[nodiscard]] Result<std::vector<KeyNumber>> numbers() override;
  [[nodiscard]] Result<secret::MasterKey> load(KeyNumber number) override;
  [[nodiscard]] Result<void> make(KeyNumber number, crypto::Random& random) override;
  [[nodiscard]] Result<void> remove(KeyNumber number) override;

 private:
  [[nodiscard]] std::filesystem::path file_of(KeyNumber number) const;
  KeyChoice choice_;
};

}  // namespace cpns::store::keys
