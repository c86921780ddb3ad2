#include "cli/vectors.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace cpns::cli {
namespace {

using nlohmann::json;

const std::string& file_text() {
  static const std::string text = [] {
    std::ostringstream out;
    out << std::ifstream(VECTOR_FILE).rdbuf();
    return out.str();
  }();
  return text;
}

Result<VectorReport> check(const json& file) {
  const auto parsed = parse_vector_file(file.dump());
  if (!parsed) return parsed.error();
  return check_vectors(*parsed);
}

// The file with one vector of each kind, which keeps the tests below fast.
json small_file() {
  auto file = json::parse(file_text());
  for (const auto* list : {"vectors", "key_seed_wrap", "renewal"}) {
    file[list].erase(file[list].begin() + 1, file[list].end());
  }
  return file;
}

// Every string of the file, by JSON pointer.
void collect(const json& value, const json::json_pointer& at, std::vector<json::json_pointer>& out) {
  if (value.is_string()) out.push_back(at);
  if (!value.is_structured()) return;
  for (const auto& [key, member] : value.items()) {
    collect(member, value.is_array() ? at / std::stoul(key) : at / key, out);
  }
}

// One bit of the value turned, where it keeps its form: in the middle, away from bits that X25519 ignores.
std::string turned(std::string text) {
  auto& c = text[text.size() / 2];
  c = c == '0' ? '1' : c == 'a' ? 'b' : c == '1' ? '0' : 'a';
  return text;
}

TEST(Vectors, all_values_of_the_independent_program_agree) {
  const auto report = check(json::parse(file_text()));
  ASSERT_TRUE(report.ok()) << to_text(report.error());
  EXPECT_EQ(report->lines.size(), 12U + 3 + 3);
  EXPECT_EQ(report->values(), 12U * 18 + 3 * 5 + 3);
}

TEST(Vectors, when_any_one_value_is_altered_then_the_check_fails_and_names_it) {
  const auto file = small_file();
  ASSERT_TRUE(check(file).ok());
  std::vector<json::json_pointer> places;
  collect(file, json::json_pointer(), places);
  EXPECT_GT(places.size(), 40U);
  for (const auto& place : places) {
    auto altered = file;
    altered[place] = turned(altered[place].get<std::string>());
    const auto report = check(altered);
    ASSERT_FALSE(report.ok()) << place.to_string();
    EXPECT_FALSE(report.error().got.empty()) << place.to_string();
    EXPECT_FALSE(report.error().expected.empty()) << place.to_string();
  }
}

TEST(Vectors, when_a_value_differs_then_got_and_expected_are_named) {
  auto file = small_file();
  const std::string wrong(64, '0');
  const std::string right = file["vectors"][0]["prk"];
  file["vectors"][0]["prk"] = wrong;
  const auto report = check(file);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Code::vector_differs);
  EXPECT_EQ(report.error().got, "vectors[0].prk " + right);
  EXPECT_EQ(report.error().expected, wrong);
}

TEST(Vectors, when_any_member_is_missing_or_unknown_then_the_form_is_refused) {
  const auto file = small_file();
  const std::vector<std::string> objects = {"", "/vectors/0", "/vectors/0/messages/0", "/key_seed_wrap/0",
                                            "/renewal/0"};
  for (const auto& object : objects) {
    const json::json_pointer at(object);
    auto more = file;
    more[at]["comment"] = "x";
    EXPECT_EQ(check(more).error().code, Code::vectors_malformed) << object;
    for (const auto& [name, value] : file[at].items()) {
      auto fewer = file;
      fewer[at].erase(name);
      EXPECT_EQ(check(fewer).error().code, Code::vectors_malformed) << object << "/" << name;
    }
  }
}

TEST(Vectors, when_the_form_is_another_one_then_it_is_refused) {
  const auto refused = [](const std::string& text) {
    const auto file = parse_vector_file(text);
    return !file && file.error().code == Code::vectors_malformed;
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("[]"));
  EXPECT_TRUE(refused(file_text().substr(0, file_text().size() / 2)));
  EXPECT_TRUE(refused("{\"protocol\": \"CPNS-DKA-v1\", " + file_text().substr(1))) << "a member twice";
  auto file = small_file();
  file["vectors"][0]["prk"] = "AB" + file["vectors"][0]["prk"].get<std::string>().substr(2);
  EXPECT_TRUE(refused(file.dump())) << "hexadecimal in upper case";
  file = small_file();
  file["vectors"][0]["prk"] = file["vectors"][0]["prk"].get<std::string>().substr(2);
  EXPECT_TRUE(refused(file.dump())) << "a byte short";
  file = small_file();
  file["vectors"][0]["messages"][1]["step"] = 3;
  EXPECT_TRUE(refused(file.dump())) << "another step";
  file = small_file();
  file["renewal"] = json::array();
  EXPECT_TRUE(refused(file.dump())) << "nothing to check";
}

}  // namespace
}  // namespace cpns::cli
