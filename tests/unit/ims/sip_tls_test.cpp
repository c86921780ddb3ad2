// TLS between two stacks: whom this end believes, by name, and what becomes of a request where it does not.
#include <gtest/gtest.h>

#include <fstream>

#include "ims/sip_stack.hpp"
#include "support/run_until.hpp"
#include "support/temp_dir.hpp"
#include "tls/x509.hpp"

namespace cpns::ims {
namespace {

using Clock = std::chrono::steady_clock;

class SipTlsTest : public ::testing::Test {
 protected:
  static ids::UnixTime now() {
    return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  }
  /// A folder with agent.pem for `name`, issued by `own`, and `believed` as cafile.pem.
  std::string folder(const std::string& name, const tls::Identity& own, const tls::Identity& believed, int days = 2) {
    const auto id = ids::ServerId::parse(name);
    const auto made = tls::make_server_certificate(own, *id, {}, days, now());
    EXPECT_TRUE(made.ok()) << to_text(made.error());
    const auto path = dir_ / std::to_string(++folders_);
    std::filesystem::create_directory(path);
    std::ofstream agent(path / "agent.pem");
    const auto key = made->private_key_pem.view();
    agent << as_text(made->certificate_pem) << as_text(key);
    std::ofstream(path / "cafile.pem") << as_text(believed.certificate_pem);
    return path;
  }
  /// The same with a certificate for calling, which has a URI for a name.
  std::string folder_of_caller(const std::string& uri, const tls::Identity& own) {
    const auto id = ids::PnGwId::parse(uri);
    const auto asked = tls::make_key_and_csr(*id);
    const auto issued = tls::issue_gateway_certificate(own, asked->request_der, *id, 2, now());
    EXPECT_TRUE(issued.ok()) << to_text(issued.error());
    const auto path = dir_ / std::to_string(++folders_);
    std::filesystem::create_directory(path);
    std::ofstream(path / "agent.pem") << as_text(*issued) << as_text(asked->private_key_pem.view());
    std::ofstream(path / "cafile.pem") << as_text(operator_.certificate_pem);
    return path;
  }
  std::unique_ptr<SipStack> stack(const std::string& folder, bool verify_callers = false) {
    auto made = SipStack::start(loop_.get_executor(), {"sips:127.0.0.1:*", folder, verify_callers});
    EXPECT_TRUE(made.ok()) << to_text(made.error());
    return std::move(*made);
  }
  /// What `client` gets for a MESSAGE to `server` under `name`, at most half a minute later.
  SipReply ask(SipStack& client, const std::string& server, const std::string& name) {
    const auto port = server.substr(server.rfind(':') + 1);
    std::optional<SipReply> reply;
    client.send({"MESSAGE",
                 "sip:u@" + name,
                 "sip:" + name + ":" + port.substr(0, port.find(';')) + ";transport=tls;maddr=127.0.0.1",
                 {{"From", "<sip:a@cpns.test>;tag=1"},
                  {"To", "<sip:u@" + name + ">"},
                  {"Call-ID", "one@cpns.test"},
                  {"CSeq", "1 MESSAGE"}},
                 {1},
                 ""},
                [&](SipReply got) { reply = std::move(got); });
    EXPECT_TRUE(test::run_until(
        loop_, [&] { return reply.has_value(); }, std::chrono::seconds(40)));
    return reply.value_or(SipReply{0, "", {}, {}});
  }

  test::TempDir dir_;
  int folders_ = 0;
  tls::Identity operator_ = *tls::make_ca("operator", 30, now());
  tls::Identity stranger_ = *tls::make_ca("stranger", 30, now());
  runtime::asio::io_context loop_{1};
};

TEST_F(SipTlsTest, when_the_certificate_has_the_name_that_was_asked_for_then_the_request_is_answered) {
  const auto server = stack(folder("pcscf.ims.cpns.test", operator_, operator_));
  const auto client = stack(folder("phone.ims.cpns.test", operator_, operator_));
  std::optional<SipRequest> heard;
  server->on_request([&](SipRequest request, const SipStack::Answer& answer) {
    heard = std::move(request);
    answer(202, {});
  });
  const auto reply = ask(*client, server->contact(), "pcscf.ims.cpns.test");
  EXPECT_EQ(reply.status, 202);
  EXPECT_EQ(reply.source, "127.0.0.1");
  EXPECT_EQ(reply.refused, "");
  ASSERT_TRUE(heard);
  EXPECT_TRUE(heard->peer_names.empty());  // a caller's certificate counts where callers are verified alone
}

TEST_F(SipTlsTest, when_callers_are_verified_then_their_names_come_with_the_request_and_strangers_are_not_heard) {
  const auto server = stack(folder("as.ims.cpns.test", operator_, operator_), true);
  std::optional<SipRequest> heard;
  server->on_request([&](SipRequest request, const SipStack::Answer& answer) {
    heard = std::move(request);
    answer(202, {});
  });
  const auto client = stack(folder_of_caller("sip:scscf@ims.cpns.test", operator_));
  EXPECT_EQ(ask(*client, server->contact(), "as.ims.cpns.test").status, 202);
  ASSERT_TRUE(heard);
  EXPECT_NE(std::ranges::find(heard->peer_names, "sip:scscf@ims.cpns.test"), heard->peer_names.end());
  heard.reset();
  const auto stranger = stack(folder_of_caller("sip:scscf@ims.cpns.test", stranger_));
  const auto start = Clock::now();
  EXPECT_EQ(ask(*stranger, server->contact(), "as.ims.cpns.test").status, 503);
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
  EXPECT_FALSE(heard);
}

TEST_F(SipTlsTest, when_nobody_listens_then_no_certificate_is_blamed_although_one_was_before) {
  const auto client = stack(folder("phone.ims.cpns.test", operator_, operator_));
  auto server = stack(folder("other.ims.cpns.test", operator_, operator_));
  EXPECT_NE(ask(*client, server->contact(), "pcscf.ims.cpns.test").refused, "");
  const auto gone = server->contact();
  server.reset();
  const auto reply = ask(*client, gone, "pcscf.ims.cpns.test");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.refused, "");
}

TEST_F(SipTlsTest, when_a_file_is_missing_then_the_stack_does_not_start) {
  const auto whole = folder("phone.ims.cpns.test", operator_, operator_);
  std::filesystem::remove(std::filesystem::path(whole) / "cafile.pem");
  for (const auto& where : {std::string(), whole}) {
    for (const auto* listen : {"sips:127.0.0.1:*", "sip:127.0.0.1:*;transport=tls"}) {
      const auto made = SipStack::start(loop_.get_executor(), {listen, where, false});
      ASSERT_FALSE(made.ok());
      EXPECT_NE(made.error().got.find("TLS without"), std::string::npos);
    }
  }
}

TEST_F(SipTlsTest, when_the_certificate_has_ended_then_the_request_ends_at_once) {
  const auto server = stack(folder("pcscf.ims.cpns.test", operator_, operator_, -1));
  const auto client = stack(folder("phone.ims.cpns.test", operator_, operator_));
  const auto reply = ask(*client, server->contact(), "pcscf.ims.cpns.test");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.refused, "certificate has expired");
}

TEST_F(SipTlsTest, when_the_certificate_has_another_name_then_the_request_ends_at_once) {
  const auto server = stack(folder("other.ims.cpns.test", operator_, operator_));
  const auto client = stack(folder("phone.ims.cpns.test", operator_, operator_));
  const auto start = Clock::now();
  const auto reply = ask(*client, server->contact(), "pcscf.ims.cpns.test");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.refused, "the certificate has another name");
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
}

TEST_F(SipTlsTest, when_the_certificate_is_of_another_authority_then_the_request_ends_at_once) {
  const auto server = stack(folder("pcscf.ims.cpns.test", stranger_, operator_));
  const auto client = stack(folder("phone.ims.cpns.test", operator_, operator_));
  const auto start = Clock::now();
  const auto reply = ask(*client, server->contact(), "pcscf.ims.cpns.test");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.refused, "unable to get local issuer certificate");
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace cpns::ims
