#include "integration/server/server_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "support/deadline.hpp"

extern char** environ;

namespace cpns::test {

namespace {

pid_t spawn(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  if (::posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ) != 0) pid = -1;
  ::posix_spawn_file_actions_destroy(&actions);
  return pid;
}

int wait_for_end(pid_t pid) {
  int status = 0;
  const bool ended = eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; }, std::chrono::seconds(20));
  if (!ended) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &status, 0);
    ADD_FAILURE() << "the server did not end in time";
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

ServerProcess::ServerProcess(const std::string& more_settings,
                             const std::vector<std::pair<std::string, std::string>>& replacements,
                             const std::vector<std::string>& more_init_arguments) {
  std::vector<std::string> init{CPNS_SERVER,         "init",        folder().string(), "--server-id", server_id(),
                                "--operator-listen", "127.0.0.1:0", "--direct-listen", "127.0.0.1:0"};
  init.insert(init.end(), more_init_arguments.begin(), more_init_arguments.end());
  const auto pid = spawn(init);
  EXPECT_EQ(wait_for_end(pid), 0);
  const auto file = folder() / "server.toml";
  std::ifstream in(file);
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  for (const auto& [from, to] : replacements) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) text.replace(at, from.size(), to);
  }
  // The whole suite with another number of loops than there are processors: CPNS_TEST_THREADS=4 ctest ...
  if (const char* threads = std::getenv("CPNS_TEST_THREADS")) {
    text.replace(text.find("threads = 0"), 11, "threads = " + std::string(threads));
  }
  std::ofstream(file, std::ios::trunc) << text << more_settings;
}

ServerProcess::~ServerProcess() {
  if (running()) end_with(SIGKILL);
}

void ServerProcess::start() {
  std::filesystem::remove(temp_ / "log");
  pid_ = spawn({CPNS_SERVER, "run", folder().string(), "--log-format", "json", "--log-file", (temp_ / "log").string()});
  ASSERT_GT(pid_, 0);
  wait_for_log("server_ready");
}

int ServerProcess::end_with(int signal) {
  ::kill(pid_, signal);
  return wait_for_end(std::exchange(pid_, -1));
}

std::vector<nlohmann::json> ServerProcess::log() const {
  std::vector<nlohmann::json> lines;
  std::ifstream in(temp_ / "log");
  for (std::string line; std::getline(in, line);) {
    auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_object()) lines.push_back(std::move(json));
  }
  return lines;
}

nlohmann::json ServerProcess::wait_for_log(const std::string& name, const std::string& key, const std::string& value) {
  nlohmann::json found;
  const bool came = eventually([&] {
    for (auto& line : log()) {
      if (line.value("name", "") != name) continue;
      if (!key.empty() && line.value(key, "") != value) continue;
      found = std::move(line);
      return true;
    }
    return false;
  });
  if (!came) {
    ADD_FAILURE() << "no log line " << name << " " << key << " " << value;
    for (const auto& line : log()) std::cerr << line.dump() << "\n";
  }
  return found;
}

std::size_t ServerProcess::count_log(const std::string& name) const {
  std::size_t count = 0;
  for (const auto& line : log()) count += line.value("name", "") == name ? 1 : 0;
  return count;
}

std::uint16_t ServerProcess::port(const std::string& listener) const {
  // Near the beginning: a log of thousands of refusals is not read for it.
  std::ifstream in(temp_ / "log");
  for (std::string text; std::getline(in, text);) {
    const auto line = nlohmann::json::parse(text, nullptr, false);
    if (!line.is_object()) continue;
    if (line.value("name", "") != "listener_started" || line.value("listener", "") != listener) continue;
    const auto address = line.value("address", "");
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  return 0;
}

ServerProcess::AdminReply ServerProcess::admin(const std::string& method, const std::string& target,
                                               const std::string& body) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = (folder() / "run" / "admin.sock").string();
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  std::string reply;
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    const auto request = method + " " + target + " HTTP/1.1\r\nHost: admin\r\nConnection: close\r\nContent-Length: " +
                         std::to_string(body.size()) + "\r\n\r\n" + body;
    (void)!::write(socket, request.data(), request.size());
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(socket, buffer.data(), buffer.size())) > 0;) {
      reply.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  ::close(socket);
  const auto end = reply.find("\r\n\r\n");
  if (reply.size() < 12 || end == std::string::npos) return {0, nullptr};
  return {static_cast<unsigned>(std::stoul(reply.substr(9, 3))),
          nlohmann::json::parse(reply.substr(end + 4), nullptr, false)};
}

std::string ServerProcess::token_for(const std::string& pn_gw_id, int quota) {
  const auto reply =
      admin("POST", "/v1/gateways", nlohmann::json{{"pn_gw_id", pn_gw_id}, {"device_quota", quota}}.dump());
  EXPECT_EQ(reply.status, 201U) << reply.body.dump();
  return reply.body.is_object() ? reply.body.value("token", "") : "";
}

long ServerProcess::rss_kb() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

}  // namespace cpns::test
