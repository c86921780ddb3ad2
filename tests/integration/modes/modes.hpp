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
  void SetUp() override {
    if (!why_no_namespaces().empty()) GTEST_SKIP() << "no network namespaces here: " << why_no_namespaces();
  }
  void TearDown() override {
    if (HasFailure() && world_) std::cout << world_->last_words();
    world_.reset();
  }
  /// Server and gateway run, the device is paired.
  void prepare(const std::string& more_settings = {}, const std::string& gateway_settings = {}) {
    world_.emplace(HostWorld::Options{CPNS_PROGRAMS, more_settings, gateway_settings});
    world_->prepare();
  }

  std::optional<HostWorld> world_;
};

}  // namespace cpns::test
