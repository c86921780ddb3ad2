#pragma once
// A registration, and what a network that holds the same K says to it. Time is the test's own.

#include <gtest/gtest.h>

#include "ims/registration.hpp"
#include "ims/software_usim.hpp"
#include "runtime/system_random.hpp"
#include "store/keys/local_seal.hpp"
#include "support/soft_token.hpp"
#include "unit/ims/network.hpp"

namespace cpns::ims {

using State = RegistrationState;
using Seconds = std::chrono::seconds;

class RegistrationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(SoftwareUsim::install(file_, keys_, seal_).ok());
    auto opened = SoftwareUsim::open(file_, seal_);
    ASSERT_TRUE(opened.ok());
    usim_ = std::move(*opened);
    Registration::Settings settings{"gw1@cpns.test", "sip:gw1@cpns.test", "cpns.test", "sip:p.cpns.test;transport=tcp",
                                    "sip:192.0.2.1:5060"};
    auto made = Registration::make(settings, *usim_, random_);
    ASSERT_TRUE(made.ok());
    registration_.emplace(std::move(*made));
  }
  SipReply challenge(std::uint64_t sqn, const SubscriberKeys& keys) { return challenge_of(keys, rand_, sqn); }
  static SipReply ok(std::string expires = "600000") {
    return {200,
            "OK",
            {{"Contact", "<sip:192.0.2.1:5060>;expires=" + std::move(expires)},
             {"Service-Route", "<sip:orig@s.cpns.test;lr>"}},
            {}};
  }
  Registration::Outcome reply(const SipReply& what) { return registration_->on_reply(what, now_); }
  /// Lets time pass until the machine wants to be woken.
  Registration::Outcome wake(const Registration::Outcome& before) {
    now_ += before.wake_after.value_or(Seconds(0));
    return registration_->on_time(now_);
  }
  static std::string authorization(const Registration::Outcome& outcome) {
    return outcome.send ? std::string(find_header(outcome.send->headers, "Authorization")) : "nothing was sent";
  }
  static std::string error_of(const Registration::Outcome& outcome) {
    return outcome.error ? std::string(outcome.error->info().name) : "none";
  }
  void register_once() {
    static_cast<void>(registration_->begin(now_));
    static_cast<void>(reply(challenge(number_ += 32, keys_)));
    static_cast<void>(reply(ok()));
    ASSERT_EQ(registration_->state(), State::Registered);
  }

  test::TempDir dir_;
  runtime::SystemRandom random_;
  store::keys::LocalSeal seal_{{.folder = dir_.path(), .kind = store::keys::SealKind::File}, random_};
  std::filesystem::path file_ = std::filesystem::path(dir_.path()) / "usim";
  SubscriberKeys keys_ = keys_of(7);
  AkaRand rand_{1, 2, 3};
  std::uint64_t number_ = 0;
  Seconds now_{1'000};
  std::unique_ptr<SoftwareUsim> usim_;
  std::optional<Registration> registration_;
};

}  // namespace cpns::ims
