#pragma once
// Errors are values. `Result<T>` holds a T or the Error that kept it from being made; the first cause is kept.
// The core throws nothing but std::bad_alloc. C++20 has no std::expected, hence this one small type.

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "core/base/catalogue.hpp"

namespace cpns {

/// Why something was refused or failed. `got` and `expected` are for the log of the one who refuses and never
/// hold a secret; nothing of this is sent to a peer.
struct Error {
  Code code;
  std::string got{};
  std::string expected{};
  std::optional<int> step{};  ///< step of protocol.md section 3 in which it happened, 0..16

  [[nodiscard]] const MessageInfo& info() const { return message_info(code); }
  [[nodiscard]] MessageClass error_class() const { return info().message_class(); }

  /// Names the step; keeps one that was named nearer to the cause.
  [[nodiscard]] Error at_step(int n) && {
    if (!step) step = n;
    return std::move(*this);
  }
};

/// One line for people: "P204 reported CM Device ID differs (rule S2, step 5): got X, expected Y".
[[nodiscard]] std::string to_text(const Error& error);

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// The value. Calling it on an error is a bug of the caller and ends the program.
  [[nodiscard]] T& value() & { return held(std::get_if<0>(&content_)); }
  [[nodiscard]] const T& value() const& { return held(std::get_if<0>(&content_)); }
  [[nodiscard]] T&& value() && { return std::move(held(std::get_if<0>(&content_))); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }

  /// The error. Calling it on a value is a bug of the caller and ends the program.
  [[nodiscard]] Error& error() & { return held(std::get_if<1>(&content_)); }
  [[nodiscard]] const Error& error() const& { return held(std::get_if<1>(&content_)); }
  [[nodiscard]] Error&& error() && { return std::move(held(std::get_if<1>(&content_))); }

 private:
  template <class Held>
  static Held& held(Held* what) {
    if (what == nullptr) std::abort();
    return *what;
  }
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] Error& error() & { return must_hold_error(), *error_; }
  [[nodiscard]] const Error& error() const& { return must_hold_error(), *error_; }
  [[nodiscard]] Error&& error() && { return must_hold_error(), std::move(*error_); }

 private:
  void must_hold_error() const {
    if (ok()) std::abort();
  }
  std::optional<Error> error_;
};

}  // namespace cpns

// NOLINTBEGIN(bugprone-macro-parentheses): a target may be a declaration.
// Unwraps a Result into `target`, or returns its error from the enclosing function.
#define CPNS_TRY_CONCAT_(a, b) a##b
#define CPNS_TRY_NAME_(line) CPNS_TRY_CONCAT_(cpns_try_, line)
#define CPNS_TRY(target, expression)                                                 \
  auto CPNS_TRY_NAME_(__LINE__) = (expression);                                      \
  if (!CPNS_TRY_NAME_(__LINE__)) return std::move(CPNS_TRY_NAME_(__LINE__)).error(); \
  target = std::move(CPNS_TRY_NAME_(__LINE__)).value()
#define CPNS_CHECK(expression)                               \
  do {                                                       \
    auto cpns_check_ = (expression);                         \
    if (!cpns_check_) return std::move(cpns_check_).error(); \
  } while (false)

// The same two inside coroutines.
#define CPNS_CO_TRY(target, expression)                                                 \
  auto CPNS_TRY_NAME_(__LINE__) = (expression);                                         \
  if (!CPNS_TRY_NAME_(__LINE__)) co_return std::move(CPNS_TRY_NAME_(__LINE__)).error(); \
  target = std::move(CPNS_TRY_NAME_(__LINE__)).value()
#define CPNS_CO_CHECK(expression)                               \
  do {                                                          \
    auto cpns_check_ = (expression);                            \
    if (!cpns_check_) co_return std::move(cpns_check_).error(); \
  } while (false)
// NOLINTEND(bugprone-macro-parentheses)
