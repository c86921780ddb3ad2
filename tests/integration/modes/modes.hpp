#pragma once
// Tests between hosts: skipped aloud where namespaces cannot be made, logs shown where one fails.

#include <gtest/gtest.h>

#include <iostream>

#include "support/deadline.hpp"
#include "support/net/host_world.hpp"

namespace cpns::test {

class ModesTest : public testing::Test {
 protected:
  using Party = HostWorld::Party;
  using Words = HostWorld::Words;
  using Way = NetLink::Way;

  void SetUp() override {
    if (!why_no_namespaces().empty()) GTEST_SKIP() << "no network namespaces here: " << why_no_namespaces();
  }
  /// What was started ends in order.
  void TearDown() override;
  /// Server and gateway run, the device is paired.
  void prepare(const std::string& more_settings = {}, const std::string& gateway_settings = {});
  /// The device runs with the proxy on 127.0.0.1:3128 and what else stands in its device.toml; in the mode that
  /// `mode` names it is ready for applications when this returns.
  void run_device(const std::string& mode, const std::string& more_config = {});
  /// `cpns-device mode WORD`; returns when data goes that way.
  void switch_to(const std::string& mode);
  /// Data goes this way: "direct" or "gateway".
  [[nodiscard]] bool await_path(const std::string& path, std::chrono::milliseconds limit = std::chrono::seconds(15)) {
    return world_->await_path(path, limit);
  }
  [[nodiscard]] std::string status() { return world_->status(); }

  /// curl on the device through http_proxy, as an application that knows nothing of CPNS.
  [[nodiscard]] cli::ChildProcess start_curl(Words words, const std::string& output);
  std::string curl(Words words);
  /// A download of the demo service's file: its SHA-256 where it ended well, else what went wrong.
  struct Download {
    std::uint64_t size;
    std::filesystem::path file;
    cli::ChildProcess process;
    [[nodiscard]] std::uint64_t arrived() const;
  };
  [[nodiscard]] Download start_download(std::uint64_t size, const std::string& name = "download");
  [[nodiscard]] bool await_bytes(Download& download, std::uint64_t bytes,
                                 std::chrono::milliseconds limit = std::chrono::seconds(30));
  void expect_whole(Download& download, std::chrono::milliseconds limit = std::chrono::seconds(60));

  /// CPNS_MODES_MIB, or what CI has time for.
  [[nodiscard]] static std::uint64_t size_or(std::uint64_t mib);

  std::optional<HostWorld> world_;
};

}  // namespace cpns::test
