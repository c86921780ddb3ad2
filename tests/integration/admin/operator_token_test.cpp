// Tokens of operators with the real programs, as another user of the machine too.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "integration/server/clients.hpp"

namespace cpns::test {
namespace {

struct Ran {
  int status;
  std::string out;
};

class OperatorTokenTest : public ::testing::Test {
 protected:
  OperatorTokenTest()
      : server_({}, {{"shared_socket = \"\"", "shared_socket = \"" + (shared_ / "admin.sock").string() + "\""}}) {
    ::chmod(shared_.path().c_str(), 0755);
    server_.start();
  }
  [[nodiscard]] static Ran shell(const std::string& line) {
    FILE* pipe = ::popen((line + " 2>&1").c_str(), "r");
    std::string out;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out.push_back(static_cast<char>(c));
    return {WEXITSTATUS(::pclose(pipe)), out};
  }
  [[nodiscard]] Ran cpns(const std::string& command, const std::string& token = {}) const {
    auto line = std::string(CPNS_PROGRAM) + " " + command + " --server " + server_.folder().string();
    if (!token.empty()) line += " --operator-token " + file_of(token);
    return shell(line);
  }
  /// At the shared socket.
  [[nodiscard]] Ran shared(const std::string& command, const std::string& token = {}) const {
    auto line = std::string(CPNS_PROGRAM) + " " + command + " --socket " + (shared_ / "admin.sock").string();
    if (!token.empty()) line += " --operator-token " + file_of(token);
    return shell(line);
  }
  [[nodiscard]] std::string file_of(const std::string& name) const { return (files_ / (name + ".token")).string(); }
  void add(const std::string& name, const std::string& scope) const {
    const auto made = cpns("token add " + name + " --scope " + scope + " --token-file " + file_of(name));
    ASSERT_EQ(made.status, 0) << made.out;
  }
  [[nodiscard]] static bool refused_with(const Ran& ran, const std::string& code) {
    return ran.status == 1 && ran.out.find(code) != std::string::npos;
  }

  TempDir shared_, files_;
  ServerProcess server_;
};

TEST_F(OperatorTokenTest, when_a_token_has_a_scope_then_it_does_that_and_no_more) {
  add("rita", "read");
  add("oscar", "operate");
  add("ada", "administer");
  EXPECT_EQ(shared("device list", "rita").status, 0);
  EXPECT_TRUE(refused_with(shared("gateway add sip:x@ims.test", "rita"), "P566"));
  EXPECT_EQ(shared("gateway add sip:x@ims.test", "oscar").status, 0);
  EXPECT_TRUE(refused_with(shared("key rotate --alias", "oscar"), "P566"));
  EXPECT_TRUE(refused_with(shared("token list", "oscar"), "P566"));
  EXPECT_EQ(shared("key rotate --alias", "ada").status, 0);
  EXPECT_EQ(shared("token list", "ada").status, 0);
  EXPECT_TRUE(refused_with(cpns("key rotate --alias", "rita"), "P566")) << "a token narrows the own user, too";
  EXPECT_EQ(cpns("key rotate --alias").status, 0) << "who owns the server needs none";
}

TEST_F(OperatorTokenTest, when_there_is_no_token_or_a_withdrawn_one_then_the_shared_socket_answers_nothing) {
  EXPECT_TRUE(refused_with(shared("device list"), "P565"));
  add("rita", "read");
  EXPECT_EQ(shared("device list", "rita").status, 0);
  EXPECT_EQ(cpns("token withdraw rita").status, 0);
  EXPECT_TRUE(refused_with(shared("device list", "rita"), "P565"));
  EXPECT_TRUE(refused_with(cpns("token withdraw rita"), "L518"));
}

/// A connection to an admin socket that a person keeps open.
class Asking {
 public:
  explicit Asking(const std::filesystem::path& path) : socket_(loop_) { socket_.connect(path.string()); }
  /// The first line of the answer; empty where there is none.
  std::string get(const std::string& target, const std::string& token) {
    const auto text = "GET " + target + " HTTP/1.1\r\nHost: cpns\r\nAuthorization: Bearer " + token + "\r\n\r\n";
    boost::system::error_code failed;
    runtime::asio::write(socket_, runtime::asio::buffer(text), failed);
    std::string answer;
    runtime::asio::read_until(socket_, runtime::asio::dynamic_buffer(answer), "\r\n", failed);
    const auto line = answer.substr(0, answer.find('\r'));
    // The rest of the answer, as far as it has come: nobody reads it.
    std::array<char, 65536> rest;
    while (!failed && socket_.available() > 0) (void)socket_.read_some(runtime::asio::buffer(rest), failed);
    return line;
  }
  [[nodiscard]] bool closed() {
    std::array<char, 1> byte;
    boost::system::error_code failed;
    (void)socket_.read_some(runtime::asio::buffer(byte), failed);
    return failed == runtime::asio::error::eof || failed == boost::asio::error::connection_reset;
  }

 private:
  runtime::asio::io_context loop_;
  runtime::asio::local::stream_protocol::socket socket_;
};

TEST_F(OperatorTokenTest, when_strangers_fill_the_shared_socket_then_who_has_shown_a_token_stays) {
  add("rita", "read");
  std::ifstream in(file_of("rita"));
  std::string token;
  std::getline(in, token);
  const auto path = shared_ / "admin.sock";
  Asking rita(path);
  ASSERT_EQ(rita.get("/v1/status", token), "HTTP/1.1 200 OK");
  std::vector<std::unique_ptr<Asking>> strangers;
  for (int i = 0; i < 40; ++i) strangers.push_back(std::make_unique<Asking>(path));
  EXPECT_TRUE(strangers.front()->closed()) << "one of them has pushed out another";
  EXPECT_EQ(rita.get("/v1/status", token), "HTTP/1.1 200 OK");
  EXPECT_EQ(shared("device list", "rita").status, 0) << "and who asks quickly gets in";
}

TEST_F(OperatorTokenTest, when_somebody_acts_with_a_token_then_his_name_stands_in_the_audit_log) {
  add("oscar", "operate");
  EXPECT_EQ(shared("gateway add sip:x@ims.test", "oscar").status, 0);
  EXPECT_TRUE(refused_with(shared("key rotate", "oscar"), "P566"));
  const auto log = cpns("audit export").out;
  EXPECT_NE(log.find("\"admin_done\""), std::string::npos) << log;
  EXPECT_NE(log.find("\"actor\":\"oscar\""), std::string::npos) << log;
  EXPECT_NE(log.find("POST /v1/gateways"), std::string::npos);
  std::ifstream in(file_of("oscar"));
  std::string token;
  std::getline(in, token);
  ASSERT_GT(token.size(), 40U);
  EXPECT_EQ(log.find(token), std::string::npos);
  for (const auto& line : server_.log()) EXPECT_EQ(line.dump().find(token), std::string::npos);
  const auto found = shell("grep -r -e " + token.substr(8) + " " + server_.folder().string());
  EXPECT_EQ(found.out, "") << "no secret is kept";
}

TEST_F(OperatorTokenTest, when_it_is_another_user_then_the_own_socket_is_closed_and_the_shared_one_takes_his_token) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  add("rita", "read");
  const auto as_nobody = [&](const std::string& arguments) {
    // The token is his: a copy that he owns.
    return shell("cp " + file_of("rita") + " " + (shared_ / "mine").string() + "; chown nobody " +
                 (shared_ / "mine").string() + "; cp " + CPNS_PROGRAM + " " + (shared_ / "cpns").string() +
                 "; chmod 755 " + (shared_ / "cpns").string() + "; setpriv --reuid nobody --clear-groups " +
                 (shared_ / "cpns").string() + " " + arguments);
  };
  EXPECT_NE(as_nobody("device list --server " + server_.folder().string()).status, 0);
  EXPECT_TRUE(refused_with(as_nobody("device list --socket " + (shared_ / "admin.sock").string()), "P565"));
  const auto let_in = as_nobody("device list --socket " + (shared_ / "admin.sock").string() + " --operator-token " +
                                (shared_ / "mine").string());
  EXPECT_EQ(let_in.status, 0) << let_in.out;
}

TEST_F(OperatorTokenTest, when_the_database_is_restored_then_no_token_of_the_backup_opens_anything) {
  add("rita", "read");
  const auto backup = (files_ / "backup").string();
  ASSERT_EQ(shell(std::string(CPNS_SERVER_PROGRAM) + " backup " + server_.folder().string() + " --to " + backup).status,
            0);
  EXPECT_EQ(cpns("token withdraw rita").status, 0);
  EXPECT_EQ(server_.end_with(SIGTERM), 0);
  ASSERT_EQ(
      shell(std::string(CPNS_SERVER_PROGRAM) + " restore " + server_.folder().string() + " --from " + backup + " --yes")
          .status,
      0);
  server_.start();
  EXPECT_TRUE(refused_with(shared("device list", "rita"), "P565"));
}

TEST(RequiredToken, when_the_settings_ask_for_tokens_then_the_own_user_needs_one_too) {
  ServerProcess server({}, {{"require_token = false", "require_token = true"}});
  server.start();
  EXPECT_EQ(server.admin("GET", "/v1/status").status, 401U);
}

}  // namespace
}  // namespace cpns::test
