#pragma once
// Values of the published traces, RFC 8448 sections 3 and 4, and short ways to make secrets of them.

#include "core/base/encoding.hpp"
#include "tls/psk13/key_schedule.hpp"

namespace cpns::tls::psk13::trace {

template <class Secret>
Secret secret_of(std::string_view hex) {
  const auto bytes = from_hex(hex).value();
  return Secret(std::span<const std::uint8_t, 32>(bytes.data(), 32), secret::SecretAccess{});
}
inline TranscriptHash hash_of(std::string_view hex) {
  const auto bytes = from_hex(hex).value();
  TranscriptHash hash{};
  std::copy_n(bytes.begin(), hash.size(), hash.begin());
  return hash;
}
template <class Secret>
std::string hex_of(const Secret& secret) {
  return to_hex(secret.reveal(secret::SecretAccess{}));
}

// Section 3: no PSK, which is a PSK of zeros.
inline constexpr std::string_view kShared = "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d";
inline constexpr std::string_view kHelloHash = "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8";
inline constexpr std::string_view kClientHandshake = "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21";
inline constexpr std::string_view kServerHandshake = "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38";
inline constexpr std::string_view kServerFinishedHash =
    "9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13";
inline constexpr std::string_view kClientApplication =
    "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5";
inline constexpr std::string_view kServerApplication =
    "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643";

}  // namespace cpns::tls::psk13::trace
