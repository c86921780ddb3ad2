#pragma once
// Ordinary strings and vectors that hold a secret for a moment, wiped on every way out of a scope.

#include "core/base/bytes.hpp"
#include "core/secret/secret_bytes.hpp"

namespace cpns::pngw {

/// Holds (or, as Wiped<std::string&>, refers to) text or bytes and wipes them at the end. Not movable: it lives and
/// dies in one function.
template <class Text>
class Wiped {
 public:
  explicit Wiped(Text text) : text_(std::forward<Text>(text)) {}
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { secret::wipe(text_); }
  [[nodiscard]] auto& operator*() noexcept { return text_; }
  [[nodiscard]] const auto& operator*() const noexcept { return text_; }
  [[nodiscard]] auto* operator->() noexcept { return &text_; }
  [[nodiscard]] const auto* operator->() const noexcept { return &text_; }

 private:
  Text text_;
};

/// The `secret` field of a protobuf message, wiped when its message goes.
template <class Proto>
class SecretField {
 public:
  explicit SecretField(Proto& message) : message_(message) {}
  SecretField(const SecretField&) = delete;
  SecretField& operator=(const SecretField&) = delete;
  ~SecretField() { secret::wipe(*message_.mutable_secret()); }

 private:
  Proto& message_;
};

/// Encodes a protobuf message that holds a secret straight into memory that is wiped.
template <class Proto>
[[nodiscard]] secret::SecretBuffer serialize(const Proto& message) {
  secret::SecretBuffer encoded(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(encoded.writable().data());
  return encoded;
}

}  // namespace cpns::pngw
