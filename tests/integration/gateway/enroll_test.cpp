// Enrolment over a real link: a token works once, and a folder is made whole or not at all.

#include "gateway/enroll.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "core/assign/key_schedule.hpp"
#include "gateway/gateway_config.hpp"
#include "runtime/clock.hpp"
#include "runtime/link.hpp"
#include "runtime/listener.hpp"
#include "runtime/system_random.hpp"
#include "store/keys/local_seal.hpp"
#include "support/temp_dir.hpp"
#include "tls/x509.hpp"

namespace cpns::test {
namespace {

namespace fs = std::filesystem;
using runtime::Task;

ids::PnGwId alice() { return *ids::PnGwId::parse("sip:alice@ims.example.net"); }
ids::ServerId server_id() { return *ids::ServerId::parse("cpns.example.net"); }

/// What the fake Server answers to a certificate request.
using Answer = std::function<assign::Body(const Bytes& request)>;

class EnrollTest : public testing::Test {
 protected:
  EnrollTest()
      : ca_(*tls::make_ca("test", 30, runtime::now())),
        log_(log_options(dir_)),
        listener_(*runtime::Listener::open(loop_.get_executor(), "127.0.0.1", 0)),
        secret_(secret::EnrollSecret::make([this](auto to) { random_.fill(to); })) {
    auto own = *tls::make_server_certificate(ca_, server_id(), {}, 30, runtime::now());
    tls::CertificateProfile profile{std::move(own.certificate_pem),
                                    std::move(own.private_key_pem),
                                    ca_.certificate_pem,
                                    {std::string(gateway::kEnrollAlpn)},
                                    {}};
    engines_ = *tls::make_certificate_server_factory(std::move(profile));
    answer_ = [this](const Bytes& request) { return good_answer(request, alice()); };
    runtime::Listener::OnConnection on_connection = [this](runtime::asio::ip::tcp::socket socket) {
      runtime::asio::co_spawn(loop_, serve(std::move(socket)), runtime::asio::detached);
    };
    runtime::asio::co_spawn(loop_, listener_.run("enrol", log_, std::move(on_connection)), runtime::asio::detached);
  }
  ~EnrollTest() override {
    listener_.stop();
    loop_.restart();
    loop_.run_for(std::chrono::milliseconds(20));
  }

  static runtime::LogOptions log_options(const TempDir& dir) {
    runtime::LogOptions options;
    options.file = (dir / "log").string();
    return options;
  }
  assign::Body good_answer(const Bytes& request, const ids::PnGwId& id) {
    const auto own = *tls::issue_gateway_certificate(ca_, request, id, 30, runtime::now());
    return assign::EnrollReply{{*tls::certificate_der(own), *tls::certificate_der(ca_.certificate_pem)}};
  }
  Task<std::optional<secret::TlsPsk>> find(std::string identity) {
    if (identity == "enroll-" + id_.hex() && open_) co_return assign::derive_enroll_psk(secret_, id_.bytes());
    co_return secret::TlsPsk::make([this](auto to) { random_.fill(to); });
  }
  Task<void> serve(runtime::asio::ip::tcp::socket socket) {
    auto engine = *engines_->make();
    const auto link = std::make_shared<runtime::SecureLink>(std::move(socket), std::move(engine));
    runtime::SecureLink::KeyLookup lookup = [this](std::string identity) { return find(std::move(identity)); };
    const auto shaken = co_await link->handshake(std::chrono::seconds(10), std::move(lookup));
    if (!shaken) co_return;
    runtime::MessageLink messages(link);
    auto raw = co_await messages.receive();
    if (!raw || raw->empty() || silent_) co_return;
    const auto message = *assign::parse(raw->view());
    const auto* request = std::get_if<assign::EnrollRequest>(&message.body);
    if (request == nullptr) co_return;
    open_ = false;
    auto reply = assign::encode({message.correlation_id, answer_(request->certificate_request)});
    (void)co_await messages.send(std::move(reply));
    co_await link->shutdown();
  }

  pngw::EnrollToken token() {
    return {id_,
            secret_.duplicate(),
            server_id(),
            alice(),
            *ids::Endpoint::parse(listener_.address()),
            runtime::now() + std::chrono::hours(1)};
  }
  static Task<void> drive(pngw::EnrollToken token, gateway::EnrollOptions options,
                          std::shared_ptr<std::optional<Result<gateway::Enrolled>>> into) {
    into->emplace(co_await gateway::enroll(std::move(token), std::move(options)));
  }
  static store::keys::SealChoice seal_in(const fs::path& folder) {
    return {.folder = folder, .kind = store::keys::SealKind::File, .tcti = {}};
  }
  Result<gateway::Enrolled> enroll(pngw::EnrollToken with) {
    gateway::EnrollOptions options;
    options.folder = folder_;
    options.pan_listen = "127.0.0.1:0";
    options.limit = std::chrono::seconds(2);
    options.open_seal = [this](const fs::path& folder, const pngw::SealWish&) -> std::unique_ptr<store::FileSeal> {
      return std::make_unique<store::keys::LocalSeal>(seal_in(folder), random_);
    };
    const auto result = std::make_shared<std::optional<Result<gateway::Enrolled>>>();
    runtime::asio::co_spawn(loop_, drive(std::move(with), std::move(options), result), runtime::asio::detached);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!result->has_value() && std::chrono::steady_clock::now() < end) {
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return std::move(**result);
  }
  void expect_refused(Code code) {
    const auto refused = enroll(token());
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, code) << to_text(refused.error());
    EXPECT_FALSE(fs::exists(folder_.folder));
    std::size_t left = 0;
    for (const auto& entry : fs::directory_iterator(dir_.path())) left += entry.is_directory() ? 1 : 0;
    EXPECT_EQ(left, 0U) << "nothing half-made stays behind";
  }

  TempDir dir_;
  gateway::GatewayFolder folder_{dir_ / "gateway"};
  runtime::asio::io_context loop_{1};
  runtime::SystemRandom random_;
  tls::Identity ca_;
  runtime::Log log_;
  runtime::Listener listener_;
  std::unique_ptr<tls::EngineFactory> engines_;
  store::TokenId id_{{1, 2, 3, 4, 5, 6, 7, 8}};
  secret::EnrollSecret secret_;
  Answer answer_;
  bool open_ = true;
  bool silent_ = false;
};

TEST_F(EnrollTest, when_all_is_well_then_the_folder_holds_everything_for_its_owner_alone) {
  const auto enrolled = enroll(token());
  ASSERT_TRUE(enrolled.ok()) << to_text(enrolled.error());
  EXPECT_EQ(enrolled->pn_gw_id, alice());
  for (const auto& file :
       {folder_.config(), folder_.certificate(), folder_.private_key(), folder_.trusted_ca(), folder_.master_key()}) {
    EXPECT_EQ(fs::status(file).permissions(), fs::perms(0600)) << file;
  }
  EXPECT_EQ(fs::status(folder_.folder).permissions(), fs::perms(0700));
  EXPECT_TRUE(folder_.check().ok());
  store::keys::LocalSeal seal(seal_in(folder_.folder), random_);
  EXPECT_TRUE(folder_.load_master_key(seal).ok());
  const auto key = runtime::read_file(folder_.private_key(), 65'536).value();
  EXPECT_TRUE(store::is_sealed_file(key)) << "the private key is sealed";
  const auto config = gateway::load_config(folder_);
  ASSERT_TRUE(config.ok()) << to_text(config.error());
  EXPECT_EQ(config->operator_link.server_id, server_id());
  EXPECT_EQ(config->pan_link.port, 0);
}

TEST_F(EnrollTest, when_the_token_was_used_then_the_second_folder_is_refused) {
  ASSERT_TRUE(enroll(token()).ok());
  folder_.folder = dir_ / "second";
  const auto refused = enroll(token());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::enrolment_refused);
  EXPECT_FALSE(fs::exists(folder_.folder));
}

TEST_F(EnrollTest, when_the_folder_is_in_use_then_the_token_is_not_touched) {
  fs::create_directory(folder_.folder);
  std::ofstream(folder_.folder / "something") << "x";
  const auto refused = enroll(token());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::gateway_folder_in_use);
  EXPECT_TRUE(open_);
  fs::remove(folder_.folder / "something");
  EXPECT_TRUE(enroll(token()).ok()) << "an empty folder is as good as none";
}

TEST_F(EnrollTest, when_the_token_has_expired_then_nothing_is_sent) {
  auto old = token();
  old.expires_at = runtime::now() - std::chrono::seconds(1);
  const auto refused = enroll(std::move(old));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::enrolment_token_over);
  EXPECT_TRUE(open_);
}

TEST_F(EnrollTest, when_the_server_does_not_know_the_token_then_refused) {
  open_ = false;
  expect_refused(Code::enrolment_refused);
}

TEST_F(EnrollTest, when_the_server_answers_with_an_alert_then_refused) {
  answer_ = [](const Bytes&) { return assign::Body(assign::Alert{}); };
  expect_refused(Code::enrolment_refused);
}

TEST_F(EnrollTest, when_the_certificate_is_for_another_gateway_then_refused) {
  answer_ = [this](const Bytes& request) {
    return good_answer(request, *ids::PnGwId::parse("sip:bob@ims.example.net"));
  };
  expect_refused(Code::enrolment_reply_unusable);
}

TEST_F(EnrollTest, when_the_certificate_is_for_another_key_then_refused) {
  answer_ = [this](const Bytes&) {
    const auto other = *tls::make_key_and_csr(alice());
    return good_answer(other.request_der, alice());
  };
  expect_refused(Code::enrolment_reply_unusable);
}

TEST_F(EnrollTest, when_the_authority_does_not_come_along_then_refused) {
  answer_ = [this](const Bytes& request) {
    auto body = good_answer(request, alice());
    std::get<assign::EnrollReply>(body).certificate_chain.pop_back();
    return body;
  };
  expect_refused(Code::enrolment_reply_unusable);
}

TEST_F(EnrollTest, when_the_server_is_silent_then_it_ends_in_time) {
  silent_ = true;
  const auto refused = enroll(token());
  EXPECT_FALSE(refused.ok());
  EXPECT_FALSE(fs::exists(folder_.folder));
}

TEST_F(EnrollTest, when_nobody_listens_then_it_says_so) {
  auto late = token();
  listener_.stop();
  const auto refused = enroll(std::move(late));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::connect_failed);
  EXPECT_FALSE(fs::exists(folder_.folder));
}

}  // namespace
}  // namespace cpns::test
