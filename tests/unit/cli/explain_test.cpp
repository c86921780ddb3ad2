#include "cli/explain.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace cpns::cli {
namespace {

TEST(Explain, when_a_code_is_known_then_text_rule_cause_and_action_are_said) {
  const auto text = explain_text("s109");
  ASSERT_TRUE(text.ok());
  for (const auto* part :
       {"S109", "sealed value does not open", "sealed_value_does_not_open", "V2", "cause", "action"}) {
    EXPECT_NE(text->find(part), std::string::npos) << part;
  }
}

TEST(Explain, when_a_name_is_given_then_it_is_found_too) {
  EXPECT_EQ(*explain_text("sealed_value_does_not_open"), *explain_text("S109"));
}

TEST(Explain, when_a_code_is_unknown_then_the_nearest_one_is_suggested) {
  const auto wrong_letter = explain_text("P109");
  ASSERT_FALSE(wrong_letter.ok());
  EXPECT_EQ(wrong_letter.error().code, Code::unknown_message_code);
  EXPECT_NE(wrong_letter.error().expected.find("S109"), std::string::npos);
  const auto wrong_word = explain_text("sealed_value_doesnt_open");
  ASSERT_FALSE(wrong_word.ok());
  EXPECT_NE(wrong_word.error().expected.find("S109"), std::string::npos);
}

TEST(Explain, every_message_of_the_catalogue_is_explained_and_stands_in_the_document) {
  std::ostringstream document;
  write_messages_markdown(document);
  for (const auto& info : kCatalogue) {
    EXPECT_TRUE(explain_text(info.id).ok()) << info.id;
    const auto json = explain_json(info.id);
    ASSERT_TRUE(json.ok());
    EXPECT_EQ(nlohmann::json::parse(*json).at("action"), std::string(info.action));
    EXPECT_NE(document.str().find("| " + std::string(info.id) + " | "), std::string::npos) << info.id;
  }
}

TEST(Explain, every_line_of_the_json_list_is_one_object) {
  std::ostringstream out;
  list_messages_json(out);
  std::istringstream lines(out.str());
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_TRUE(nlohmann::json::parse(line).is_object());
  EXPECT_EQ(count, kCatalogue.size());
}

}  // namespace
}  // namespace cpns::cli
