#include "tls/x25519/portable.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>
#include <new>

#include "core/secret/wipe_stack.hpp"

namespace cpns::tls::x25519::portable {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};

void require_made(bool done) {
  if (!done) throw std::bad_alloc();
}

}  // namespace

void exchange(const Number& scalar, const Number& point, Number& share, Number& product) {
  const std::unique_ptr<EVP_PKEY, Free> mine(
      EVP_PKEY_new_raw_private_key_ex(nullptr, "X25519", nullptr, scalar.data(), scalar.size()));
  const std::unique_ptr<EVP_PKEY, Free> peer(
      EVP_PKEY_new_raw_public_key_ex(nullptr, "X25519", nullptr, point.data(), point.size()));
  require_made(mine != nullptr && peer != nullptr);
  std::size_t size = share.size();
  require_made(EVP_PKEY_get_raw_public_key(mine.get(), share.data(), &size) == 1);
  const std::unique_ptr<EVP_PKEY_CTX, Free> context(EVP_PKEY_CTX_new_from_pkey(nullptr, mine.get(), nullptr));
  require_made(context != nullptr && EVP_PKEY_derive_init(context.get()) == 1 &&
               EVP_PKEY_derive_set_peer(context.get(), peer.get()) == 1);
  size = product.size();
  const bool derived = EVP_PKEY_derive(context.get(), product.data(), &size) == 1;
  secret::wipe_stack();
  if (derived) return;
  // Of points that are points, those of small order alone are refused (RFC 7748 section 6.1).
  product.fill(0);
  ERR_clear_error();
}

}  // namespace cpns::tls::x25519::portable
