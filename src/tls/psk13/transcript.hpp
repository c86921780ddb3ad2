#pragma once
// The transcript hash (RFC 8446 section 4.4.1), SHA-256. Holds no secret. Not thread-safe; owned by one connection.

#include <memory>

#include "tls/psk13/key_schedule.hpp"

struct evp_md_ctx_st;

namespace cpns::tls::psk13 {

class Transcript {
 public:
  /// Throws std::bad_alloc where libcrypto fails, as every other function here.
  Transcript();

  /// A whole message with its header, or a beginning of one.
  void add(ByteView bytes);
  [[nodiscard]] TranscriptHash hash() const;
  /// The hash as if `more` had been added.
  [[nodiscard]] TranscriptHash hash_with(ByteView more) const;
  /// After a HelloRetryRequest the first ClientHello stands there as the message that holds its hash.
  void replace_by_hash();

 private:
  struct FreeContext {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  using Context = std::unique_ptr<evp_md_ctx_st, FreeContext>;
  void begin();

  Context context_;
};

}  // namespace cpns::tls::psk13
