// A user and a network over loopback TCP: registers, sends, hears, is forgotten and comes back.
#include "ims/ims_user.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "ims/reginfo.hpp"
#include "ims/software_usim.hpp"
#include "runtime/system_random.hpp"
#include "store/keys/local_seal.hpp"
#include "support/run_until.hpp"
#include "support/soft_token.hpp"
#include "unit/ims/network.hpp"

namespace cpns::ims {
namespace {

class ImsUserTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(SoftwareUsim::install(file_, keys_, seal_).ok());
    auto opened = SoftwareUsim::open(file_, seal_);
    ASSERT_TRUE(opened.ok());
    usim_ = std::move(*opened);
    network_ = stack();
    phone_ = stack();
    network_->on_request([this](SipRequest request, const SipStack::Answer& answer) { on_request(request, answer); });
    ImsUser::Settings settings{"gw1@cpns.test",     "sip:gw1@cpns.test",  "cpns.test",
                               network_->contact(), "sip:cpns@cpns.test", std::chrono::seconds(600)};
    ImsUser::Handler handler{[this](ByteView body) { heard_.assign(body.begin(), body.end()); },
                             [this](bool registered) { changes_.push_back(registered); }};
    auto made = ImsUser::make(loop_.get_executor(), *phone_, settings, *usim_, random_, log_, handler);
    ASSERT_TRUE(made.ok()) << to_text(made.error());
    user_ = std::move(*made);
  }
  std::unique_ptr<SipStack> stack() {
    auto made = SipStack::start(loop_.get_executor(), {"sip:127.0.0.1:*;transport=tcp", "", false});
    EXPECT_TRUE(made.ok());
    return std::move(*made);
  }
  // Every REGISTER with an answer inside is taken: whether the answer is right is registration_test's to see.
  void on_request(const SipRequest& request, const SipStack::Answer& answer) {
    if (request.method == "MESSAGE") {
      received_ = request;
      return answer(message_status_, {});
    }
    if (request.method == "SUBSCRIBE") {
      // A NOTIFY may come first (RFC 6665 section 4.4.1), and here it does: the 200's tag would be of sofia's making.
      subscribed_ = request;
      return;
    }
    contact_ = find_header(request.headers, "Contact");
    if (find_header(request.headers, "Authorization").find("response=\"\"") == std::string_view::npos) {
      return answer(200, {{"Contact", contact_}, {"Service-Route", "<" + network_->contact() + ";lr>"}});
    }
    const auto reply = challenge_of(keys_, rand_, number_ += 32);
    answer(reply.status, reply.headers);
  }
  template <class Condition>
  bool run_until(Condition condition) {
    return test::run_until(loop_, condition);
  }
  void come_up() {
    user_->start();
    ASSERT_TRUE(run_until([&] { return user_->registered() && subscribed_.method == "SUBSCRIBE"; }));
  }
  std::string sent(ByteView body) {
    std::string outcome;
    user_->send(body, [&](Result<void> done) { outcome = done ? "sent" : std::string(done.error().info().name); });
    EXPECT_TRUE(run_until([&] { return !outcome.empty(); }));
    return outcome;
  }
  int told(std::string_view type, const Bytes& body,
           const std::vector<std::string>& asserted = {"<sip:cpns@cpns.test>"}) {
    SipHeaders headers{{"From", "<sip:cpns@cpns.test>;tag=1"},
                       {"To", "<sip:gw1@cpns.test>"},
                       {"Call-ID", "c" + std::to_string(++number_)},
                       {"CSeq", "1 MESSAGE"},
                       {"Content-Type", std::string(type)}};
    for (const auto& one : asserted) headers.push_back({"P-Asserted-Identity", one});
    return asked({"MESSAGE", "", "", std::move(headers), body, ""});
  }
  /// What the S-CSCF says of the contact that was registered last.
  int notified(std::string_view event) {
    const auto uri = contact_.substr(1, contact_.find('>') - 1);
    const std::string body = R"(<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="0" state="full">)"
                             R"(<registration aor="sip:gw1@cpns.test" id="r" state="terminated">)"
                             R"(<contact id="c" state="terminated" event=")" +
                             std::string(event) + "\"><uri>" + uri + "</uri></contact></registration></reginfo>";
    return asked({"NOTIFY",
                  "",
                  "",
                  {{"From", "<sip:gw1@cpns.test>;tag=network"},
                   {"To", std::string(find_header(subscribed_.headers, "From"))},
                   {"Call-ID", std::string(find_header(subscribed_.headers, "Call-ID"))},
                   {"CSeq", "1 NOTIFY"},
                   {"Event", "reg"},
                   {"Subscription-State", "terminated"},
                   {"Content-Type", std::string(kReginfoContentType)}},
                  Bytes(body.begin(), body.end()),
                  ""});
  }
  int asked(SipRequest request) {
    int status = 0;
    request.uri = contact_.substr(1, contact_.find('>') - 1);
    network_->send(std::move(request), [&](const SipReply& reply) { status = reply.status; });
    EXPECT_TRUE(run_until([&] { return status != 0; }));
    return status;
  }

  test::TempDir dir_;
  runtime::SystemRandom random_;
  runtime::Log log_{{"test", runtime::LogFormat::Json, Level::Warning, std::string(dir_.path()) + "/log"}};
  store::keys::LocalSeal seal_{{.folder = dir_.path(), .kind = store::keys::SealKind::File}, random_};
  std::filesystem::path file_ = std::filesystem::path(dir_.path()) / "usim";
  SubscriberKeys keys_ = keys_of(7);
  AkaRand rand_{1, 2, 3};
  std::uint64_t number_ = 0;
  int message_status_ = 202;
  std::string contact_;
  SipRequest received_;
  SipRequest subscribed_;
  Bytes heard_;
  std::vector<bool> changes_;
  runtime::asio::io_context loop_{1};
  std::unique_ptr<SoftwareUsim> usim_;
  std::unique_ptr<SipStack> network_;
  std::unique_ptr<SipStack> phone_;
  std::unique_ptr<ImsUser> user_;
};

TEST_F(ImsUserTest, when_it_is_registered_then_a_body_goes_to_the_service_by_the_service_route) {
  const Bytes body(3000, 9);
  EXPECT_EQ(sent(body), "ims_registration_lost");
  come_up();
  EXPECT_EQ(sent(body), "sent");
  EXPECT_EQ(received_.uri, "sip:cpns@cpns.test");
  EXPECT_EQ(received_.body, body);
  EXPECT_EQ(find_header(received_.headers, "Content-Type"), kCpnsContentType);
  EXPECT_EQ(find_header(received_.headers, "Route"), "<" + network_->contact() + ";lr>");
}

TEST_F(ImsUserTest, when_the_service_sends_then_only_a_body_of_cpns_is_heard) {
  come_up();
  EXPECT_EQ(told("text/plain", {1}), 415);
  EXPECT_TRUE(heard_.empty());
  EXPECT_EQ(told(kCpnsContentType, Bytes(kMostBodyBytes + 1, 1)), 413);
  EXPECT_TRUE(heard_.empty());
  EXPECT_EQ(told(kCpnsContentType, {1, 2, 3}), 200);
  EXPECT_EQ(heard_, (Bytes{1, 2, 3}));
}

TEST_F(ImsUserTest, when_the_network_has_forgotten_the_user_then_it_registers_anew) {
  come_up();
  message_status_ = 504;
  EXPECT_EQ(sent(Bytes{1}), "ims_registration_lost");
  ASSERT_TRUE(run_until([&] { return changes_ == std::vector<bool>{true, false, true}; }));
}

TEST_F(ImsUserTest, when_the_user_has_no_such_service_then_the_error_says_so_and_the_registration_stays) {
  come_up();
  message_status_ = 404;
  EXPECT_EQ(sent(Bytes{1}), "sip_service_unknown");
  EXPECT_TRUE(user_->registered());
}

TEST_F(ImsUserTest, when_the_network_deactivates_the_registration_then_the_user_registers_anew_at_once) {
  come_up();
  const auto first = std::string(find_header(subscribed_.headers, "Call-ID"));
  EXPECT_EQ(notified("deactivated"), 200);
  ASSERT_TRUE(run_until([&] { return changes_ == std::vector<bool>{true, false, true}; }));
  ASSERT_TRUE(run_until([&] { return find_header(subscribed_.headers, "Call-ID") != first; }));
}

TEST_F(ImsUserTest, when_the_network_rejects_the_user_then_it_stays_away) {
  come_up();
  EXPECT_EQ(notified("rejected"), 200);
  ASSERT_TRUE(run_until([&] { return !user_->registered(); }));
  EXPECT_EQ(user_->state(), RegistrationState::Refused);
  EXPECT_EQ(sent(Bytes{1}), "ims_registration_lost");
  EXPECT_EQ(notified("deactivated"), 481);
}

TEST_F(ImsUserTest, when_a_request_does_not_come_from_the_p_cscf_then_it_is_refused) {
  come_up();
  auto neighbour = SipStack::start(loop_.get_executor(), {"sip:127.0.0.2:*;transport=tcp", "", false});
  ASSERT_TRUE(neighbour.ok());
  std::swap(network_, *neighbour);
  EXPECT_EQ(told(kCpnsContentType, {1}), 403);
  EXPECT_EQ(notified("rejected"), 403);
  std::swap(network_, *neighbour);
  EXPECT_TRUE(heard_.empty());
  EXPECT_TRUE(user_->registered());
  EXPECT_EQ(told(kCpnsContentType, {1}), 200);
  std::ifstream log(std::string(dir_.path()) + "/log");
  EXPECT_NE(std::string(std::istreambuf_iterator<char>(log), {}).find("P765"), std::string::npos);
}

TEST_F(ImsUserTest, when_another_user_of_the_network_writes_then_it_is_refused) {
  come_up();
  EXPECT_EQ(told(kCpnsContentType, {1}, {"<sip:gw3@cpns.test>"}), 403);
  EXPECT_EQ(told(kCpnsContentType, {1}, {}), 403);
  EXPECT_EQ(told(kCpnsContentType, {1}, {"<sip:cpns@cpns.test>", "<sip:gw3@cpns.test>"}), 403);
  EXPECT_TRUE(heard_.empty());
  EXPECT_EQ(told(kCpnsContentType, {1}, {"\"CPNS\" <sip:cpns@CPNS.test>"}), 200);
}

TEST_F(ImsUserTest, when_the_proxy_is_over_tls_and_the_stack_is_not_then_it_is_said_at_once) {
  const ImsUser::Settings settings{"a@cpns.test", "sip:a@cpns.test", "cpns.test", "sips:p.cpns.test",
                                   "sip:b@cpns.test"};
  const auto made = ImsUser::make(loop_.get_executor(), *phone_, settings, *usim_, random_, log_, {});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::ims_user_unreadable);
}

TEST_F(ImsUserTest, when_it_leaves_then_nothing_more_is_heard) {
  come_up();
  user_->leave();
  ASSERT_TRUE(run_until([&] { return user_->state() == RegistrationState::Gone; }));
  EXPECT_EQ(told(kCpnsContentType, {1}), 480);
  EXPECT_EQ(notified("deactivated"), 481);
}

}  // namespace
}  // namespace cpns::ims
