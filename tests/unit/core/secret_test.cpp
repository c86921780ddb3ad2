#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>

#include "core/secret/keys.hpp"

namespace cpns::secret {
namespace {

// Misuse does not compile. What can be said about types is said here at compile time.
template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <class T>
concept Comparable = requires(const T& a, const T& b) {
  a == b;
};

static_assert(!std::is_copy_constructible_v<KeySeed> && !std::is_copy_assignable_v<KeySeed>);
static_assert(std::is_nothrow_move_constructible_v<KeySeed>);
static_assert(!Printable<KeySeed> && !Printable<SecretBuffer>);
static_assert(!Comparable<CmDeviceKey>);
static_assert(!std::is_convertible_v<ServerConfirmKey, GatewayConfirmKey>);
static_assert(!std::is_constructible_v<GatewayConfirmKey, ServerConfirmKey>);
static_assert(!std::is_convertible_v<CmDeviceKey, std::span<const std::uint8_t>>);
static_assert(!std::is_default_constructible_v<CmDeviceKey>);
static_assert(!std::is_copy_constructible_v<SecretBuffer>);

TlsPsk filled(std::uint8_t value) {
  return TlsPsk::make([&](std::span<std::uint8_t, 32> to) { std::fill(to.begin(), to.end(), value); });
}

TEST(SecretBytes, when_two_hold_the_same_bytes_then_they_are_equal_and_else_not) {
  EXPECT_TRUE(filled(7).equals(filled(7)));
  EXPECT_FALSE(filled(7).equals(filled(8)));
  EXPECT_TRUE(filled(9).duplicate().equals(filled(9)));
}

TEST(SecretBytes, when_moved_then_the_bytes_go_along) {
  auto a = filled(3);
  const auto b = std::move(a);
  EXPECT_EQ(b.reveal(SecretAccess{})[31], 3);
}

TEST(SecretBuffer, when_shrunk_then_only_the_view_shrinks) {
  auto buffer = SecretBuffer::copy_of(as_bytes("secret"));
  buffer.shrink(3);
  EXPECT_EQ(as_text(buffer.view()), "sec");
  buffer.shrink(5);
  EXPECT_EQ(buffer.size(), 3U);
  EXPECT_TRUE(SecretBuffer().empty());
}

TEST(Wipe, leaves_nothing) {
  std::array<std::uint8_t, 4> bytes = {1, 2, 3, 4};
  wipe(bytes);
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 4>{}));
  std::string text = "a secret that is longer than a short string";
  const char* where = text.data();
  wipe(text);
  EXPECT_EQ(*where, 0);
}

}  // namespace
}  // namespace cpns::secret
