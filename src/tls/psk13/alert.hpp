#pragma once
// What a refusal says to the peer (RFC 8446 section 6). The exact reason stays in our own log.

#include "core/base/result.hpp"

namespace cpns::tls::psk13 {

enum class Alert : std::uint8_t {
  CloseNotify = 0,
  UnexpectedMessage = 10,
  BadRecordMac = 20,
  RecordOverflow = 22,
  HandshakeFailure = 40,
  IllegalParameter = 47,
  DecodeError = 50,
  DecryptError = 51,
  ProtocolVersion = 70,
  InternalError = 80,
  UserCanceled = 90,
  MissingExtension = 109,
  UnsupportedExtension = 110,
  NoApplicationProtocol = 120,
};

/// Why something was refused, and what the peer hears of it.
struct Refusal {
  Error error;
  Alert alert;
};

/// The alert that goes with an error of the record layer (record_protection.hpp).
[[nodiscard]] constexpr Alert alert_of(Code code) noexcept {
  switch (code) {
    case Code::tls_record_overflow:
      return Alert::RecordOverflow;
    case Code::tls_record_malformed:
      return Alert::BadRecordMac;
    case Code::tls_out_of_order:
      return Alert::UnexpectedMessage;
    default:
      return Alert::InternalError;
  }
}

}  // namespace cpns::tls::psk13
