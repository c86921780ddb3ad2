#include "support/net/netns.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <thread>

namespace cpns::test {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kPrefix = "cpns-";
constexpr std::string_view kEnter = "/usr/bin/nsenter";

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

struct Output {
  int status;
  std::string text;
};

Output output_of(const std::vector<std::string>& words) {
  std::string command;
  for (const auto& word : words) command += quoted(word) + " ";
  std::FILE* pipe = ::popen((command + "2>&1 </dev/null").c_str(), "re");
  if (pipe == nullptr) return {-1, std::strerror(errno)};
  std::string text;
  char buffer[4096];
  for (std::size_t size = 0; (size = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, size);
  return {::pclose(pipe), text};
}

std::string try_it() {
  if (::access(kEnter.data(), X_OK) != 0) return std::string(kEnter) + " is missing";
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) return std::string("/dev/net/tun: ") + std::strerror(errno);
  const auto name = std::string(kPrefix) + std::to_string(::getpid()) + "-try";
  const auto made = output_of({"ip", "netns", "add", name});
  if (made.status != 0) return "`ip netns add`: " + made.text;
  const auto up = output_of({"ip", "-n", name, "link", "set", "lo", "up"});
  output_of({"ip", "netns", "delete", name});
  return up.status == 0 ? std::string() : "`ip link set lo up`: " + up.text;
}

}  // namespace

const std::string& why_no_namespaces() {
  static const std::string why = try_it();
  return why;
}

std::string run_tool(const std::vector<std::string>& words) {
  auto [status, text] = output_of(words);
  if (status == 0) return text;
  std::string command;
  for (const auto& word : words) command += word + " ";
  const auto code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  throw std::runtime_error(command + "ended with " + std::to_string(code) + ": " + text);
}

void remove_stale_namespaces() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/run/netns", error)) {
    const auto name = entry.path().filename().string();
    pid_t pid = 0;
    if (!name.starts_with(kPrefix)) continue;
    const char* begin = name.data() + kPrefix.size();
    const auto [end, bad] = std::from_chars(begin, name.data() + name.size(), pid);
    if (bad != std::errc{} || pid <= 0 || *end != '-') continue;
    if (::kill(pid, 0) != 0 && errno == ESRCH) output_of({"ip", "netns", "delete", name});
  }
}

NetworkNamespace::NetworkNamespace(const std::string& role) {
  remove_stale_namespaces();
  static std::atomic<unsigned> made{0};
  name_ = std::string(kPrefix) + std::to_string(::getpid()) + "-" + std::to_string(++made) + role;
  run_tool({"ip", "netns", "add", name_});
  ip({"link", "set", "lo", "up"});
}

NetworkNamespace::~NetworkNamespace() { output_of({"ip", "netns", "delete", name_}); }

void NetworkNamespace::ip(std::vector<std::string> words) const {
  words.insert(words.begin(), {"ip", "-n", name_});
  run_tool(words);
}

cli::ChildProcess::Options NetworkNamespace::on_host(cli::ChildProcess::Options options) const {
  options.arguments.insert(options.arguments.begin(), {"--net=" + path().string(), options.program.string()});
  options.program = kEnter;
  return options;
}

cli::ChildProcess NetworkNamespace::start(cli::ChildProcess::Options options) const {
  auto started = cli::ChildProcess::start(on_host(std::move(options)));
  if (!started) throw std::runtime_error(to_text(started.error()));
  return std::move(*started);
}

std::string NetworkNamespace::run(std::vector<std::string> words) const {
  words.insert(words.begin(), {std::string(kEnter), "--net=" + path().string()});
  return run_tool(words);
}

void NetworkNamespace::inside(const std::function<void()>& work) const {
  std::exception_ptr failed;
  // A thread of its own: the caller's never leaves its network.
  std::thread([&] {
    const int file = ::open(path().c_str(), O_RDONLY | O_CLOEXEC);
    const bool entered = file >= 0 && ::setns(file, CLONE_NEWNET) == 0;
    const std::string cause = std::strerror(errno);
    if (file >= 0) ::close(file);
    try {
      if (!entered) throw std::runtime_error(path().string() + ": " + cause);
      work();
    } catch (...) {
      failed = std::current_exception();
    }
  }).join();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace cpns::test
