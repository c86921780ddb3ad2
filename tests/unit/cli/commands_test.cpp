#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

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
  const std::vector<std::vector<const char*>> commands = {{"explain"},          {"vectors"},         {"gateway", "add"},
                                                          {"gateway", "list"},  {"device", "list"},  {"device", "show"},
                                                          {"device", "revoke"}, {"device", "purge"}, {"status"}};
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

TEST(Commands, when_no_command_has_the_name_then_the_word_is_named) {
  EXPECT_NE(run({"frobnicate"}).err.find("frobnicate"), std::string::npos);
  EXPECT_NE(run({"device", "frobnicate"}).err.find("frobnicate"), std::string::npos);
  EXPECT_NE(run({"device"}).err.find("subcommand is required"), std::string::npos);
}

/// A server's admin socket for one request.
class OneReply {
 public:
  OneReply(const std::filesystem::path& folder, const std::string& status, const std::string& body) {
    std::filesystem::create_directory(folder / "run");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (folder / "run" / "admin.sock").string().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    const auto reply = "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    thread_ = std::thread([this, reply] {
      const int client = ::accept(listener_, nullptr, nullptr);
      std::string request(1024, 0);
      EXPECT_GT(::recv(client, request.data(), request.size(), 0), 0);
      EXPECT_EQ(::send(client, reply.data(), reply.size(), 0), static_cast<ssize_t>(reply.size()));
      ::close(client);
    });
  }
  ~OneReply() {
    thread_.join();
    ::close(listener_);
  }

 private:
  int listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
  std::thread thread_;
};

TEST(Commands, when_the_server_refuses_then_its_words_are_said_as_every_error_is) {
  const test::TempDir dir;
  const OneReply reply(dir.path(), "400 Bad Request",
                       R"({"code":"P106","text":"CM Device ID is malformed","got":"x","expected":"cm-","action":"-"})");
  const auto outcome = run({"device", "show", "x", "--server", dir.path().c_str()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("P106 CM Device ID is malformed: got x, expected cm-\n"), std::string::npos)
      << outcome.err;
}

TEST(Commands, when_a_server_says_how_it_is_then_people_see_a_line_for_each_value) {
  const test::TempDir dir;
  const OneReply reply(dir.path(), "200 OK",
                       R"({"streams":3,"arrivals":{"waiting":7},"listeners":[{"link":"direct",)"
                       R"("address":"127.0.0.1:7443"}]})");
  const auto outcome = run({"status", "--server", dir.path().c_str()});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "streams           3\narrivals.waiting  7\nlisteners.direct  127.0.0.1:7443\n");
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
