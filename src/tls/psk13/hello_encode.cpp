// Writes hellos and the small messages behind them.

#include <algorithm>
#include <array>

#include "tls/psk13/hello.hpp"

namespace cpns::tls::psk13 {
namespace {

/// Appends numbers and vectors whose length is filled in when they are complete.
class Writer {
 public:
  explicit Writer(MessageType type) { number(static_cast<std::size_t>(type), 1); }

  void number(std::size_t value, std::size_t size) {
    for (std::size_t i = size; i-- > 0;) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  void bytes(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void zeros(std::size_t size) { out_.resize(out_.size() + size); }
  /// What `fill` writes, preceded by its length in `size` bytes.
  template <class Fill>
  void vector(std::size_t size, Fill&& fill) {
    const auto at = out_.size();
    zeros(size);
    fill();
    const auto length = out_.size() - at - size;
    for (std::size_t i = 0; i < size; ++i) out_[at + i] = static_cast<std::uint8_t>(length >> (8 * (size - 1 - i)));
  }
  void vector(std::size_t size, ByteView content) {
    vector(size, [&] { bytes(content); });
  }
  [[nodiscard]] Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

void write_share(Writer& to, Group group, ByteView share) {
  to.number(static_cast<std::size_t>(group), 2);
  to.vector(2, share);
}

void write_client_extensions(Writer& to, const ClientHelloParts& parts) {
  to.number(43, 2);  // supported_versions
  to.vector(2, [&] { to.vector(1, [&] { to.number(kTls13, 2); }); });
  to.number(10, 2);  // supported_groups
  to.vector(2, [&] {
    to.vector(2, [&] {
      to.number(static_cast<std::size_t>(Group::X25519), 2);
      if (parts.offer_p256) to.number(static_cast<std::size_t>(Group::P256), 2);
    });
  });
  to.number(51, 2);  // key_share
  to.vector(2, [&] { to.vector(2, [&] { write_share(to, parts.group, parts.share); }); });
  if (!parts.alpn.empty()) {
    to.number(16, 2);
    to.vector(2, [&] {
      to.vector(2, [&] {
        for (const auto& name : parts.alpn) to.vector(1, as_bytes(name));
      });
    });
  }
  if (!parts.cookie.empty()) {
    to.number(44, 2);
    to.vector(2, [&] { to.vector(2, parts.cookie); });
  }
  to.number(45, 2);  // psk_key_exchange_modes: psk_dhe_ke alone [T1]
  to.vector(2, [&] { to.vector(1, [&] { to.number(1, 1); }); });
  to.number(41, 2);  // pre_shared_key, the last one (section 4.2.11)
  to.vector(2, [&] {
    to.vector(2, [&] {
      to.vector(2, as_bytes(parts.identity));
      to.number(0, 4);  // obfuscated_ticket_age: 0 for an external PSK (section 4.2.11)
      if (parts.imported.empty()) return;
      to.vector(2, parts.imported);
      to.number(0, 4);
    });
    to.vector(2, [&] {
      to.vector(1, [&] { to.zeros(kBinderSize); });
      if (!parts.imported.empty()) to.vector(1, [&] { to.zeros(kBinderSize); });
    });
  });
}

}  // namespace

ByteView hello_retry_random() noexcept {
  static constexpr std::array<std::uint8_t, kRandomSize> kRandom{
      0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
      0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};
  return kRandom;
}

Bytes encode_client_hello(const ClientHelloParts& parts) {
  Writer to(MessageType::ClientHello);
  to.vector(3, [&] {
    to.number(kLegacyVersion, 2);
    to.bytes(parts.random);
    to.vector(1, parts.session_id);
    to.vector(2, [&] {
      to.number(static_cast<std::size_t>(Suite::Aes128Gcm), 2);
      to.number(static_cast<std::size_t>(Suite::ChaCha20Poly1305), 2);
    });
    to.vector(1, [&] { to.number(0, 1); });  // compression: null
    to.vector(2, [&] { write_client_extensions(to, parts); });
  });
  return to.take();
}

Bytes encode_server_hello(ByteView random, ByteView session_id, Suite suite, Group group, ByteView share,
                          std::size_t selected) {
  Writer to(MessageType::ServerHello);
  to.vector(3, [&] {
    to.number(kLegacyVersion, 2);
    to.bytes(share.empty() ? hello_retry_random() : random);
    to.vector(1, session_id);
    to.number(static_cast<std::size_t>(suite), 2);
    to.number(0, 1);
    to.vector(2, [&] {
      to.number(43, 2);
      to.vector(2, [&] { to.number(kTls13, 2); });
      to.number(51, 2);
      to.vector(2, [&] {
        if (share.empty()) {
          to.number(static_cast<std::size_t>(group), 2);
        } else {
          write_share(to, group, share);
        }
      });
      if (share.empty()) return;
      to.number(41, 2);
      to.vector(2, [&] { to.number(selected, 2); });
    });
  });
  return to.take();
}

Bytes encode_encrypted_extensions(std::string_view alpn) {
  Writer to(MessageType::EncryptedExtensions);
  to.vector(3, [&] {
    to.vector(2, [&] {
      if (alpn.empty()) return;
      to.number(16, 2);
      to.vector(2, [&] { to.vector(2, [&] { to.vector(1, as_bytes(alpn)); }); });
    });
  });
  return to.take();
}

Bytes encode_finished(ByteView verify_data) {
  Writer to(MessageType::Finished);
  to.vector(3, verify_data);
  return to.take();
}

Bytes encode_key_update(bool ask_for_one) {
  Writer to(MessageType::KeyUpdate);
  to.vector(3, [&] { to.number(ask_for_one ? 1 : 0, 1); });
  return to.take();
}

}  // namespace cpns::tls::psk13
