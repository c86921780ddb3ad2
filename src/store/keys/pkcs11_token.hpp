#pragma once
// One PKCS#11 token, logged in: an AES-256 key that never leaves it wraps and unwraps small values. The module is
// loaded with the object and unloaded with it. Not thread-safe; one at a time in a process.

#include <filesystem>
#include <memory>

#include "core/crypto/crypto.hpp"
#include "core/secret/secret_bytes.hpp"

namespace cpns::store::keys {

class Pkcs11Token {
 public:
  struct Place {
    std::filesystem::path module;
    std::string token;  ///< label of the token
    std::string label;  ///< of the key
  };
  /// Loads the module and logs in. `pin` is wiped by its owner. Fails with `key_source_unusable`; a wrong PIN is tried
  /// once only, for tokens lock themselves after a few.
  [[nodiscard]] static Result<std::unique_ptr<Pkcs11Token>> open(const Place& place, ByteView pin);
  ~Pkcs11Token();
  Pkcs11Token(const Pkcs11Token&) = delete;
  Pkcs11Token& operator=(const Pkcs11Token&) = delete;

  /// Makes the wrapping key where there is none of that label: sensitive, never extractable. Fails with
  /// `key_source_unusable`, also where there are two.
  [[nodiscard]] Result<void> ensure_key();
  /// AES-256-GCM inside the token: nonce 12, ciphertext, tag 16. Fails with `key_source_unusable`.
  [[nodiscard]] Result<Bytes> wrap(ByteView secret, ByteView bound_to, crypto::Random& random);
  /// Fails with `key_source_unusable`, also where the bytes were altered or bound to something else.
  [[nodiscard]] Result<secret::SecretBuffer> unwrap(ByteView wrapped, ByteView bound_to);

 private:
  struct Session;
  explicit Pkcs11Token(std::unique_ptr<Session> session);
  std::unique_ptr<Session> session_;
};

}  // namespace cpns::store::keys
