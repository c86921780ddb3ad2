#include "runtime/time_text.hpp"

#include <gtest/gtest.h>

namespace cpns::runtime {
namespace {

TEST(TimeText, is_utc) { EXPECT_EQ(time_text(ids::UnixTime(std::chrono::seconds(0))), "1970-01-01 00:00:00 UTC"); }

}  // namespace
}  // namespace cpns::runtime
