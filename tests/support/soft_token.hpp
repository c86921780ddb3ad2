#pragma once
// A PKCS#11 token of SoftHSM 2 and a TPM of swtpm, each in a folder of its own.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "cli/child_process.hpp"
#include "support/deadline.hpp"
#include "support/temp_dir.hpp"

namespace cpns::test {

inline std::filesystem::path in_path(const std::string& program) {
  for (const auto* folder : {"/usr/bin/", "/bin/", "/usr/sbin/", "/usr/local/bin/"}) {
    std::error_code ignored;
    if (std::filesystem::exists(folder + program, ignored)) return folder + program;
  }
  return program;
}

/// The environment of this process names the token's configuration: one at a time.
class SoftToken {
 public:
  static constexpr const char* kLabel = "cpns";
  SoftToken() {
    std::filesystem::create_directory(dir_ / "tokens");
    std::ofstream(dir_ / "softhsm2.conf") << "directories.tokendir = " << (dir_ / "tokens").string()
                                          << "\nobjectstore.backend = file\nlog.level = ERROR\n";
    ::setenv("SOFTHSM2_CONF", (dir_ / "softhsm2.conf").c_str(), 1);
    auto tool = cli::ChildProcess::start(
        {in_path("softhsm2-util"),
         {"--init-token", "--free", "--label", kLabel, "--so-pin", "12345678", "--pin", "5678"},
         {},
         dir_ / "errors"});
    made_ = tool.ok() && tool->wait(std::chrono::seconds(20)).value_or(cli::ExitStatus{1, 0}).clean();
    write_pin("5678");
  }
  ~SoftToken() { ::unsetenv("SOFTHSM2_CONF"); }
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] static std::filesystem::path module() { return "/usr/lib/softhsm/libsofthsm2.so"; }
  [[nodiscard]] std::filesystem::path pin_file() const { return dir_ / "pin"; }
  void write_pin(const std::string& pin) const {
    std::ofstream(pin_file()) << pin << "\n";
    ::chmod(pin_file().c_str(), 0600);
  }

 private:
  TempDir dir_;
  bool made_ = false;
};

class SoftTpm {
 public:
  SoftTpm() {
    std::filesystem::create_directory(dir_ / "state");
    const auto socket = (dir_ / "tpm").string();
    auto started =
        cli::ChildProcess::start({in_path("swtpm"),
                                  {"socket", "--tpm2", "--tpmstate", "dir=" + (dir_ / "state").string(), "--server",
                                   "type=unixio,path=" + socket, "--ctrl", "type=unixio,path=" + socket + ".ctrl",
                                   "--flags", "not-need-init,startup-clear"},
                                  dir_ / "output",
                                  dir_ / "errors"});
    if (started) process_.emplace(std::move(*started));
    ready_ = process_ &&
             eventually([&] { return std::filesystem::exists(socket) && std::filesystem::exists(socket + ".ctrl"); });
  }
  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] std::string tcti() const { return "swtpm:path=" + (dir_ / "tpm").string(); }

 private:
  TempDir dir_;
  std::optional<cli::ChildProcess> process_;
  bool ready_ = false;
};

}  // namespace cpns::test
