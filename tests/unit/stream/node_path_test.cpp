// Which paths close a circle, and which are too long [X10].

#include "core/stream/node_path.hpp"

#include <gtest/gtest.h>

namespace cpns::stream {
namespace {

using Nodes = std::vector<NodeId>;

NodeId node(char name) { return NodeId{{static_cast<std::uint8_t>(name)}}; }
Nodes nodes(std::string_view names) {
  Nodes made;
  for (const char name : names) made.push_back(node(name));
  return made;
}
std::string outcome(const Result<void>& result) { return result ? "yes" : std::string(result.error().info().name); }

TEST(NodePath, who_may_join_whom) {
  struct Case {
    const char* what;
    char joining;
    const char* serves;
    const char* standing;  // the PN GW first
    const char* expected;
  };
  const Case cases[] = {
      {"an External PN GW has nobody above it", 'A', "", "G", "yes"},
      {"a PN GW that is paired with another", 'A', "", "BG", "yes"},
      {"itself", 'A', "", "A", "relay_loop"},
      {"A has joined B, B joins A", 'B', "A", "AB", "relay_loop"},
      {"the same, where B no longer knows that it serves A", 'B', "", "AB", "relay_loop"},
      {"three in a circle: A <- B <- C, A joins C", 'A', "B", "CBA", "relay_loop"},
      {"the same, where C joined B before B joined A", 'A', "B", "CB", "relay_loop"},
      {"four in a circle", 'A', "B", "DCBA", "relay_loop"},
      {"the same, as old as it can be known", 'A', "BX", "DCB", "relay_loop"},
      {"a PNE of this device stands at the end", 'A', "XYZ", "BCZ", "relay_loop"},
      {"the PN GW has left this device and says so", 'A', "B", "BG", "yes"},
      {"one that serves others, none of them on the path", 'A', "XYZ", "BCG", "yes"},
      {"four PN GWs are allowed", 'A', "", "BCDG", "yes"},
      {"five are not", 'A', "", "BCDEG", "relay_too_long"},
      {"a circle is named before its length", 'A', "", "BCDEA", "relay_loop"},
      {"a PN GW that says nothing of itself", 'A', "B", "", "yes"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(outcome(check_join(node(c.joining), nodes(c.serves), nodes(c.standing))), c.expected) << c.what;
  }
}

TEST(NodePath, what_a_pn_gw_carries_on) {
  struct Case {
    const char* what;
    const char* travelled;  // the PNE first
    const char* upstream;
    const char* expected;
  };
  const Case cases[] = {
      {"from its own PNE to the Server", "P", "", "yes"},
      {"the fourth PN GW", "PABC", "", "yes"},
      {"the first of four", "P", "ABC", "yes"},
      {"the fifth", "PABCD", "", "relay_too_long"},
      {"five with those that come", "PAB", "CD", "relay_too_long"},
      {"it has been here", "PAM", "", "relay_loop"},
      {"it is this PN GW's own connection", "M", "", "relay_loop"},
      {"it comes from the one that carries this PN GW", "A", "A", "relay_loop"},
      {"or from behind it", "BC", "AB", "relay_loop"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(outcome(check_carry(nodes(c.travelled), node('M'), nodes(c.upstream))), c.expected) << c.what;
  }
}

TEST(NodePath, what_the_server_takes) {
  struct Case {
    const char* travelled;
    const char* expected;
  };
  const Case cases[] = {
      {"", "message_not_for_server"}, {"P", "message_not_for_server"}, {"PA", "yes"},        {"PABCD", "yes"},
      {"PABCDE", "relay_too_long"},   {"PABA", "relay_loop"},          {"PAP", "relay_loop"}};
  for (const auto& c : cases) EXPECT_EQ(outcome(check_at_server(nodes(c.travelled))), c.expected) << c.travelled;
}

}  // namespace
}  // namespace cpns::stream
