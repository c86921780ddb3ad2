#pragma once
// `cpns demo` as a program of its own, and what it said.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/child_process.hpp"
#include "support/deadline.hpp"
#include "support/temp_dir.hpp"

namespace cpns::cli {

class DemoRun : public testing::Test {
 protected:
  // The demo makes its folder where TMPDIR says.
  void SetUp() override {
    std::filesystem::create_directory(dir_ / "tmp");
    ::setenv("TMPDIR", (dir_ / "tmp").c_str(), 1);
  }
  void TearDown() override { ::unsetenv("TMPDIR"); }

  ChildProcess start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "demo");
    auto child = ChildProcess::start({CPNS_PROGRAM, std::move(arguments), dir_ / "out", dir_ / "err"});
    EXPECT_TRUE(child.ok());
    return std::move(*child);
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    std::ifstream in(dir_ / name);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> out;
    std::ifstream in(dir_ / "out");
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }
  [[nodiscard]] std::vector<nlohmann::json> events() const {
    std::vector<nlohmann::json> out;
    for (const auto& line : lines()) out.push_back(nlohmann::json::parse(line));
    return out;
  }
  /// Of a terminal; a character of several bytes takes one.
  [[nodiscard]] static std::ptrdiff_t columns(const std::string& line) {
    return std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; });
  }
  [[nodiscard]] bool nothing_left() const { return std::filesystem::is_empty(dir_ / "tmp"); }

  test::TempDir dir_;
};

}  // namespace cpns::cli
