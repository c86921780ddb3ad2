// Who may call a stack over TLS: the names in a certificate decide, not that some authority gave it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "ims/sip_stack.hpp"
#include "support/run_until.hpp"
#include "support/temp_dir.hpp"

namespace cpns::ims {
namespace {

class SipCallersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string make_key = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes 2> log";
    run(make_key + " -x509 -keyout ca.key -out cafile.pem -days 2 -subj /CN=operator");
    for (const std::string name : {"localhost", "scscf.test", "other.test"}) {
      run("mkdir " + name + " && cp cafile.pem " + name);
      run(make_key + " -keyout k -out r -subj /CN=x && printf subjectAltName=DNS:" + name +
          " > e && openssl x509 -req -in r -CA cafile.pem -CAkey ca.key -CAcreateserial -days 2 -extfile e -out c "
          "2> log && cat c k > " +
          name + "/agent.pem");
    }
  }
  void run(const std::string& command) {
    ASSERT_EQ(std::system(("cd " + std::string(dir_.path()) + " && " + command).c_str()), 0) << command;
  }
  std::unique_ptr<SipStack> stack(const std::string& name, bool verify, std::vector<std::string> names) {
    const auto folder = std::string(dir_.path()) + "/" + name;
    auto made =
        SipStack::start(loop_.get_executor(), {"sips:127.0.0.1:*", folder, verify, {"127.0.0.1"}, std::move(names)});
    EXPECT_TRUE(made.ok()) << to_text(made.error());
    return std::move(*made);
  }
  /// Whether a request from `caller` gets to where `server` listens. A refused certificate has no answer: three
  /// requests that were sent later, over another connection, and have been heard show that it would have been heard
  /// before.
  bool heard(SipStack& server, const std::string& caller, bool expected) {
    std::vector<std::string> from;
    server.on_request([&](const SipRequest& request, const SipStack::Answer& answer) {
      from.emplace_back(find_header(request.headers, "Subject"));
      answer(200, {});
    });
    const auto first = stack(caller, false, {});
    const auto second = stack("scscf.test", false, {});
    const auto port = server.contact().substr(server.contact().rfind(':'));
    const auto send = [&](SipStack& stack, const std::string& subject) {
      // The name is for the certificate, the address for the way: what resolves names here is not asked.
      const auto to = "sips:localhost" + port + ";maddr=127.0.0.1";
      stack.send({"MESSAGE",
                  to,
                  "",
                  {{"From", "<sip:a@cpns.test>;tag=1"},
                   {"To", "<" + to + ">"},
                   {"Call-ID", subject},
                   {"CSeq", "1 MESSAGE"},
                   {"Subject", subject}},
                  {},
                  ""},
                 [](const SipReply& /*reply*/) {});
    };
    send(*first, "first");
    for (int time = 0; time < 3; ++time) send(*second, "second" + std::to_string(time));
    const auto first_is_there = [&] { return std::ranges::find(from, "first") != from.end(); };
    EXPECT_TRUE(test::run_until(loop_, [&] { return from.size() >= 3 && expected == first_is_there(); }));
    return first_is_there();
  }

  test::TempDir dir_;
  runtime::asio::io_context loop_{1};
};

TEST_F(SipCallersTest, when_names_of_callers_are_given_then_a_certificate_for_another_name_does_not_pass_L1) {
  const auto server = stack("localhost", true, {"scscf.test"});
  EXPECT_TRUE(heard(*server, "scscf.test", true));
  EXPECT_FALSE(heard(*server, "other.test", false));
}

TEST_F(SipCallersTest, when_no_names_of_callers_are_given_then_any_certificate_of_the_authority_passes) {
  const auto server = stack("localhost", true, {});
  EXPECT_TRUE(heard(*server, "other.test", true));
}

}  // namespace
}  // namespace cpns::ims
