#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/admin_client.hpp"
#include "cli/program.hpp"
#include "support/temp_dir.hpp"

namespace cpns::cli {
namespace {

struct Outcome {
  int status;
  std::string out, err;
};

Outcome run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "cpns");
  std::ostringstream out, err;
  const int status = run_program(static_cast<int>(arguments.size()), arguments.data(), out, err);
  return {status, out.str(), err.str()};
}

TEST(Commands, every_command_has_help_with_an_example) {
  const std::vector<std::vector<const char*>> commands = {{"explain"},          {"vectors"},        {"gateway", "add"},
                                                          {"gateway", "list"},  {"device", "list"}, {"device", "show"},
                                                          {"device", "revoke"}, {"device", "purge"}};
  for (auto command : commands) {
    command.push_back("--help");
    const auto outcome = run(command);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_NE(outcome.out.find("Example: cpns "), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("--json"), std::string::npos) << outcome.out;
  }
}

TEST(Commands, when_options_are_wrong_then_the_status_is_two) {
  EXPECT_EQ(run({}).status, 2);
  EXPECT_EQ(run({"explain"}).status, 2);
  EXPECT_EQ(run({"frobnicate"}).status, 2);
}

TEST(Commands, when_vectors_agree_then_the_status_is_zero_and_all_are_counted) {
  const auto outcome = run({"vectors", VECTOR_FILE, "--json"});
  EXPECT_EQ(outcome.status, 0);
  const auto last = outcome.out.substr(outcome.out.rfind('{'));
  EXPECT_EQ(nlohmann::json::parse(last).at("vectors"), 18);
}

TEST(Commands, when_a_vector_file_is_missing_then_cause_and_action_are_said) {
  const auto outcome = run({"vectors", "/nowhere/dka.json"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("U701"), std::string::npos);
  EXPECT_NE(outcome.err.find("action:"), std::string::npos);
}

TEST(Commands, when_no_server_answers_then_the_error_is_one_json_object) {
  const test::TempDir dir;
  const auto outcome = run({"device", "list", "--json", "--server", dir.path().c_str()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(nlohmann::json::parse(outcome.out).at("error"), "T704");
  EXPECT_TRUE(outcome.err.empty());
}

TEST(Commands, an_identity_becomes_one_segment_of_a_path) {
  EXPECT_EQ(path_segment("sip:a@b/../c?d"), "sip%3Aa%40b%2F..%2Fc%3Fd");
}

}  // namespace
}  // namespace cpns::cli
