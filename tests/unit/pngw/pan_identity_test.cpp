#include "pngw/pan_identity.hpp"

#include <gtest/gtest.h>

namespace cpns::pngw {
namespace {

TEST(PanIdentity, both_kinds_are_read_back) {
  const store::PairingId id({0xab, 1, 2, 3, 4, 5, 6, 0xff});
  EXPECT_EQ(to_text({PanIdentityKind::Pair, id}), "pair-ab010203040506ff");
  EXPECT_EQ(to_text({PanIdentityKind::Pan, id}), "pan-ab010203040506ff");
  for (const auto kind : {PanIdentityKind::Pair, PanIdentityKind::Pan}) {
    const auto parsed = parse_pan_identity(to_text({kind, id}));
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->kind, kind);
    EXPECT_EQ(parsed->pairing_id, id);
  }
}

TEST(PanIdentity, when_it_is_of_another_form_then_it_is_nobody) {
  for (const auto* text :
       {"", "pair-", "pan-", "pair-ab", "pair-AB010203040506FF", "pan-ab010203040506ff0", "pan-ab010203040506f",
        "pan-ab010203040506fg", "cm-ab010203040506ff", "pair-pan-", "PAIR-ab010203040506ff"}) {
    EXPECT_FALSE(parse_pan_identity(text).has_value()) << text;
  }
  EXPECT_FALSE(parse_pan_identity(std::string(256, '\0')).has_value());
}

}  // namespace
}  // namespace cpns::pngw
