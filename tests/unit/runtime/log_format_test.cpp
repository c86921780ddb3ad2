#include "runtime/log_format.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace cpns::runtime {
namespace {

const LogTime kTime{1'795'488'132'123'456, 42};

std::string json_of(std::initializer_list<Field> fields, const Error* error = nullptr) {
  const auto& info = error == nullptr ? message_info(Code::listener_started) : error->info();
  return format_json({kTime, "cpns-server", info, error}, fields);
}
std::string text_of(std::initializer_list<Field> fields, const Error* error = nullptr) {
  const auto& info = error == nullptr ? message_info(Code::listener_started) : error->info();
  return format_text({kTime, "cpns-server", info, error}, fields);
}

TEST(LogFormat, when_an_event_is_logged_then_both_forms_say_the_same) {
  EXPECT_EQ(text_of({{"address", "127.0.0.1:7443"}, {"count", 3}}),
            "2026-11-24T02:42:12.123456Z INFO    cpns-server E406 listening address=127.0.0.1:7443 count=3");
  const auto parsed = nlohmann::ordered_json::parse(json_of({{"address", "127.0.0.1:7443"}, {"count", 3}}));
  EXPECT_EQ(parsed.dump(),
            R"({"time_us":1795488132123456,"mono_us":42,"level":"info","program":"cpns-server","code":"E406",)"
            R"("name":"listener_started","text":"listening","address":"127.0.0.1:7443","count":3})");
}

TEST(LogFormat, when_an_error_is_logged_then_step_rule_got_and_expected_stand_there) {
  const Error error{Code::tls_psk_refused, "a binder", "another", 13};
  const auto parsed = nlohmann::json::parse(json_of({}, &error));
  EXPECT_EQ(parsed["step"], 13);
  EXPECT_EQ(parsed["rule"], "T2");
  EXPECT_EQ(parsed["got"], "a binder");
  EXPECT_EQ(parsed["expected"], "another");
  EXPECT_EQ(parsed["level"], "warning");
  EXPECT_NE(text_of({}, &error).find("rule=T2 step=13 got=\"a binder\" expected=another"), std::string::npos);
}

TEST(LogFormat, when_a_peer_sends_control_characters_then_they_reach_no_terminal) {
  EXPECT_EQ(escape_text("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(escape_text("a\nE406 forged"), "\"a\\x0aE406 forged\"");
  EXPECT_EQ(escape_text("\xc2\x9b"
                        "31m"),
            "\\u{009b}31m");  // C1: the eight-bit CSI
  EXPECT_EQ(escape_text("\xe2\x80\xae"
                        "fdp"),
            "\\u{202e}fdp");  // right-to-left override
  EXPECT_EQ(escape_text("\xe2\x80\xa8"), "\\u{2028}");
  EXPECT_EQ(escape_text("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(escape_text(""), "\"\"");
  EXPECT_EQ(escape_text("a=b"), "\"a=b\"");
  EXPECT_EQ(escape_text("say \"hi\" \\"), "\"say \\\"hi\\\" \\\\\"");
  EXPECT_EQ(escape_text("Zürich"), "Zürich");
}

TEST(LogFormat, when_any_bytes_are_logged_then_the_json_is_valid_and_one_line) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  std::vector<std::string> texts{
      all,        std::string("\0x", 2), "\xf0\x9f\x98\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
      "\xc0\xaf", "\xef\xbb\xbf",        "\\u0041",          "\xe2\x80\xa9"};
  std::uint32_t state = 1;
  for (int i = 0; i < 2000; ++i) {
    std::string noise;
    for (int j = 0; j < 20; ++j) noise.push_back(static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U));
    texts.push_back(noise);
  }
  for (const auto& text : texts) {
    const auto line = json_of({{"from_peer", text}, {"n", -1}});
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos);
    for (const auto& form : {line, text_of({{"from_peer", text}})}) {
      EXPECT_TRUE(is_utf8(form));
      EXPECT_FALSE(has_control_character(form));
    }
  }
}

TEST(LogFormat, when_a_valid_text_is_logged_as_json_then_it_reads_back) {
  for (const std::string text : {"Zürich 名前 😀", "quote \" backslash \\ slash /", "tab\tnewline\n", ""}) {
    EXPECT_EQ(nlohmann::json::parse(json_of({{"value", text}}))["value"], text);
  }
}

}  // namespace
}  // namespace cpns::runtime
