// Two stacks over loopback: what one sends the other reads, and the answer comes back on the loop.
#include <gtest/gtest.h>

#include "ims/sip_stack.hpp"
#include "support/run_until.hpp"

namespace cpns::ims {
namespace {

class SipStackTest : public ::testing::Test {
 protected:
  std::unique_ptr<SipStack> stack(const std::string& listen) {
    auto made = SipStack::start(loop.get_executor(), {listen, "", false});
    EXPECT_TRUE(made.ok()) << to_text(made.error());
    return std::move(*made);
  }
  template <class Condition>
  bool run_until(Condition condition) {
    return test::run_until(loop, condition);
  }
  static SipRequest message(const std::string& to, Bytes body) {
    return {"MESSAGE",
            to,
            "",
            {{"From", "<sip:a@cpns.test>;tag=1"},
             {"To", "<" + to + ">"},
             {"Call-ID", "one@cpns.test"},
             {"CSeq", "1 MESSAGE"},
             {"X-Twice", "one"},
             {"X-Twice", "two"},
             {"Content-Type", "application/vnd.cpns.v1+protobuf"}},
            std::move(body),
            ""};
  }
  runtime::asio::io_context loop{1};
};

TEST_F(SipStackTest, when_a_message_is_sent_over_tcp_then_its_bytes_arrive_and_the_answer_comes_back) {
  const auto server = stack("sip:127.0.0.1:*;transport=tcp");
  const auto client = stack("sip:127.0.0.1:*;transport=tcp");
  SipRequest got;
  server->on_request([&](SipRequest request, SipStack::Answer answer) {
    got = std::move(request);
    answer(202, {{"X-Answer", "yes"}});
    answer(500, {});
  });
  Bytes body(5000);
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<std::uint8_t>(i);
  int status = 0;
  std::string header;
  client->send(message(server->contact(), body), [&](const SipReply& reply) {
    status = reply.status;
    header = find_header(reply.headers, "x-answer");
  });
  ASSERT_TRUE(run_until([&] { return status != 0; }));
  EXPECT_EQ(status, 202);
  EXPECT_EQ(header, "yes");
  EXPECT_EQ(got.method, "MESSAGE");
  EXPECT_EQ(got.body, body);
  EXPECT_EQ(got.source, "127.0.0.1");
  EXPECT_EQ(find_header(got.headers, "content-type"), "application/vnd.cpns.v1+protobuf");
  EXPECT_EQ(find_header(got.headers, "X-Twice"), "one");
  EXPECT_EQ(only_header(got.headers, "X-Twice"), nullptr);
  ASSERT_NE(only_header(got.headers, "From"), nullptr);
}

TEST_F(SipStackTest, when_nobody_listens_then_the_request_ends_with_a_status_and_no_wait) {
  const auto client = stack("sip:127.0.0.1:*;transport=tcp");
  std::string free;
  {
    const auto gone = stack("sip:127.0.0.1:*;transport=tcp");
    free = gone->contact();
  }
  int status = 0;
  client->send(message(free, {1}), [&](const SipReply& reply) { status = reply.status; });
  ASSERT_TRUE(run_until([&] { return status != 0; }));
  EXPECT_EQ(status, 503);
}

TEST_F(SipStackTest, when_the_other_end_closes_then_the_lost_connection_is_told_of) {
  auto server = stack("sip:127.0.0.1:*;transport=tcp");
  const auto client = stack("sip:127.0.0.1:*;transport=tcp");
  std::vector<std::string> lost;
  client->on_connection_lost([&](std::string address) { lost.push_back(std::move(address)); });
  server->on_request([&](const SipRequest& /*request*/, const SipStack::Answer& answer) { answer(200, {}); });
  for (int sent = 0; sent < 2; ++sent) {
    int status = 0;
    client->send(message(server->contact(), {1}), [&](const SipReply& reply) { status = reply.status; });
    ASSERT_TRUE(run_until([&] { return status == 200; }));
  }
  EXPECT_TRUE(lost.empty());
  server.reset();
  ASSERT_TRUE(run_until([&] { return !lost.empty(); }));
  EXPECT_EQ(lost, (std::vector<std::string>{"127.0.0.1"}));
}

TEST_F(SipStackTest, when_the_connection_breaks_while_a_request_waits_then_it_ends_at_once) {
  using runtime::asio::ip::tcp;
  const auto client = stack("sip:127.0.0.1:*;transport=tcp");
  tcp::acceptor acceptor(loop, {runtime::asio::ip::address_v4::loopback(), 0});
  tcp::socket socket(loop);
  std::array<char, 64> some{};
  acceptor.async_accept(socket, [&](const boost::system::error_code& /*failed*/) {
    socket.async_read_some(runtime::asio::buffer(some),
                           [&](const boost::system::error_code& /*failed*/, std::size_t /*n*/) { socket.close(); });
  });
  int status = 0;
  const auto port = std::to_string(acceptor.local_endpoint().port());
  const auto start = std::chrono::steady_clock::now();
  client->send(message("sip:127.0.0.1:" + port + ";transport=tcp", {1}),
               [&](const SipReply& reply) { status = reply.status; });
  ASSERT_TRUE(run_until([&] { return status != 0; }));
  EXPECT_EQ(status, 503);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(SipStackTest, when_the_address_is_taken_then_starting_fails) {
  const auto first = stack("sip:127.0.0.1:*;transport=tcp");
  const auto second = SipStack::start(loop.get_executor(), {first->contact(), "", false});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::sip_stack_failed);
}

TEST_F(SipStackTest, when_a_stack_goes_while_a_request_waits_then_nobody_is_called) {
  auto server = stack("sip:127.0.0.1:*;transport=tcp");
  auto client = stack("sip:127.0.0.1:*;transport=tcp");
  SipStack::Answer late;
  server->on_request([&](SipRequest /*request*/, SipStack::Answer answer) { late = std::move(answer); });
  bool called = false;
  client->send(message(server->contact(), {1}), [&](const SipReply& /*reply*/) { called = true; });
  ASSERT_TRUE(run_until([&] { return late != nullptr; }));
  client.reset();
  server.reset();
  late(200, {});
  loop.restart();
  loop.poll();
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace cpns::ims
