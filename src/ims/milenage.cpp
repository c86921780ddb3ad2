#include "ims/milenage.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <new>

namespace cpns::ims {
namespace {

using Block = std::array<std::uint8_t, 16>;

struct CipherFreer {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};

/// One block at a time under K: E[x]_K of TS 35.206.
class Aes128 {
 public:
  explicit Aes128(const secret::UsimK& k) : context_(EVP_CIPHER_CTX_new()) {
    const auto* key = k.reveal(secret::SecretAccess{}).data();
    require(context_ != nullptr);
    require(EVP_EncryptInit_ex(context_.get(), EVP_aes_128_ecb(), nullptr, key, nullptr) == 1);
    require(EVP_CIPHER_CTX_set_padding(context_.get(), 0) == 1);
  }
  [[nodiscard]] Block encrypt(Block in) {
    Block out;
    int size = 0;
    require(EVP_EncryptUpdate(context_.get(), out.data(), &size, in.data(), static_cast<int>(in.size())) == 1 &&
            size == static_cast<int>(out.size()));
    secret::wipe(in);
    return out;
  }

 private:
  static void require(bool done) {
    if (!done) throw std::bad_alloc();
  }
  std::unique_ptr<EVP_CIPHER_CTX, CipherFreer> context_;
};

// Both take a block that may hold what K or OPc can be found from, and leave nothing of it in the argument.
Block xored(Block a, std::span<const std::uint8_t, 16> b) {
  Block out;
  std::ranges::transform(a, b, out.begin(), [](int x, int y) { return static_cast<std::uint8_t>(x ^ y); });
  secret::wipe(a);
  return out;
}

Block rotated_left(Block block, std::ptrdiff_t bytes) {
  Block out;
  std::ranges::rotate_copy(block, block.begin() + bytes, out.begin());
  secret::wipe(block);
  return out;
}

}  // namespace

secret::UsimOpc derive_opc(const secret::UsimK& k, std::span<const std::uint8_t, 16> op) {
  Block in;
  std::ranges::copy(op, in.begin());
  auto out = xored(Aes128(k).encrypt(in), op);
  auto opc = secret::UsimOpc(std::span<const std::uint8_t, 16>(out), secret::SecretAccess{});
  secret::wipe(in);
  secret::wipe(out);
  return opc;
}

AkaCodes milenage_codes(const SubscriberKeys& keys, const AkaRand& rand, const SequenceOctets& sqn,
                        const ManagementField& amf) {
  const auto opc = keys.opc.reveal(secret::SecretAccess{});
  Aes128 cipher(keys.k);
  auto temp = cipher.encrypt(xored(rand, opc));
  Block in1;
  for (auto to = in1.begin(); to != in1.end();) {
    to = std::ranges::copy(sqn, to).out;
    to = std::ranges::copy(amf, to).out;
  }
  // r1 = 64 bits, c1 = 0
  auto out1 = xored(cipher.encrypt(xored(temp, rotated_left(xored(in1, opc), 8))), opc);
  AkaCodes codes;
  std::copy_n(out1.begin(), codes.network.size(), codes.network.begin());
  std::copy_n(out1.begin() + 8, codes.resync.size(), codes.resync.begin());
  secret::wipe(temp);
  secret::wipe(out1);
  return codes;
}

AkaSecrets milenage_secrets(const SubscriberKeys& keys, const AkaRand& rand) {
  const auto opc = keys.opc.reveal(secret::SecretAccess{});
  Aes128 cipher(keys.k);
  auto temp = xored(cipher.encrypt(xored(rand, opc)), opc);
  // The rotations r2..r5 in bytes and the constants c2..c5 of TS 35.206 section 4.1.
  const auto out = [&](std::ptrdiff_t rotation, std::uint8_t constant) {
    auto in = rotated_left(temp, rotation);
    in.back() ^= constant;
    return xored(cipher.encrypt(in), opc);
  };
  auto out2 = out(0, 1);
  auto out3 = out(4, 2);
  auto out4 = out(8, 4);
  auto out5 = out(12, 8);
  AnonymityKey ak;
  AnonymityKey ak_for_resync;
  std::copy_n(out2.begin(), ak.size(), ak.begin());
  std::copy_n(out5.begin(), ak_for_resync.size(), ak_for_resync.begin());
  const secret::SecretAccess access{};
  AkaSecrets made{secret::AkaResponse(std::span<const std::uint8_t, 8>(out2.data() + 8, 8), access),
                  secret::CipherKey(std::span<const std::uint8_t, 16>(out3), access),
                  secret::IntegrityKey(std::span<const std::uint8_t, 16>(out4), access), ak, ak_for_resync};
  for (auto* block : {&temp, &out2, &out3, &out4, &out5}) secret::wipe(*block);
  secret::wipe(ak);
  secret::wipe(ak_for_resync);
  return made;
}

}  // namespace cpns::ims
