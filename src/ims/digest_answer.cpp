#include "ims/digest_answer.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <new>

#include "core/base/encoding.hpp"

namespace cpns::ims {
namespace {

struct DigestFreer {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

/// MD5 of the pieces with a colon between two, in hex. RFC 3310 names MD5; what is at stake is RES, used once.
std::string md5_of(std::initializer_list<ByteView> pieces) {
  const auto require = [](bool done) {
    if (!done) throw std::bad_alloc();
  };
  const std::unique_ptr<EVP_MD_CTX, DigestFreer> context(EVP_MD_CTX_new());
  require(context != nullptr && EVP_DigestInit_ex(context.get(), EVP_md5(), nullptr) == 1);
  bool first = true;
  for (const auto piece : pieces) {
    if (!first) require(EVP_DigestUpdate(context.get(), ":", 1) == 1);
    first = false;
    require(EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1);
  }
  std::array<std::uint8_t, 16> digest;
  require(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  auto text = to_hex(digest);
  secret::wipe(digest);
  return text;
}

std::string count_text(std::uint32_t count) {
  const std::array<std::uint8_t, 4> octets{static_cast<std::uint8_t>(count >> 24U),
                                           static_cast<std::uint8_t>(count >> 16U),
                                           static_cast<std::uint8_t>(count >> 8U), static_cast<std::uint8_t>(count)};
  return to_hex(octets);
}

std::string to_base64(ByteView bytes) {
  auto text = to_base64url(bytes);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

Result<std::string> answer(const DigestChallenge& challenge, const DigestRequest& request, ByteView password) {
  for (const auto text : {request.user, request.method, request.uri, request.cnonce}) {
    if (text.empty() || has_control_character(text) || text.find_first_of("\"\\") != std::string_view::npos) {
      return Error{Code::ims_user_unreadable, "a text that can not stand in quotes", "text without quote or escape"};
    }
  }
  // RES can be searched for with it: as much a secret as RES.
  auto secret_part = md5_of({as_bytes(request.user), as_bytes(challenge.realm), password});
  const auto public_part = md5_of({as_bytes(request.method), as_bytes(request.uri)});
  std::string out = "Digest username=\"" + std::string(request.user) + "\", realm=\"" + challenge.realm +
                    "\", nonce=\"" + challenge.nonce + "\", uri=\"" + std::string(request.uri) +
                    "\", algorithm=AKAv1-MD5, response=\"";
  if (challenge.qop == DigestQop::None) {
    out += md5_of({as_bytes(secret_part), as_bytes(challenge.nonce), as_bytes(public_part)}) + "\"";
  } else {
    const auto count = count_text(request.count);
    out += md5_of({as_bytes(secret_part), as_bytes(challenge.nonce), as_bytes(count), as_bytes(request.cnonce),
                   as_bytes("auth"), as_bytes(public_part)}) +
           "\", qop=auth, nc=" + count + ", cnonce=\"" + std::string(request.cnonce) + "\"";
  }
  secret::wipe(secret_part);
  if (!challenge.opaque.empty()) out += ", opaque=\"" + challenge.opaque + "\"";
  return out;
}

}  // namespace

Result<std::string> answer_digest(const DigestChallenge& challenge, const DigestRequest& request,
                                  const secret::AkaResponse& res) {
  return answer(challenge, request, res.reveal(secret::SecretAccess{}));
}

Result<std::string> answer_digest_resync(const DigestChallenge& challenge, const DigestRequest& request,
                                         const AkaAuts& auts) {
  CPNS_TRY(auto out, answer(challenge, request, {}));
  return out + ", auts=\"" + to_base64(auts) + "\"";
}

}  // namespace cpns::ims
