// What a stranger can send to a stack: bytes by hand over TCP, from somebody who keeps no rule of SIP.
#include <gtest/gtest.h>
#include <malloc.h>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/write.hpp>

#include "ims/sip_stack.hpp"
#include "support/run_until.hpp"

namespace cpns::ims {
namespace {

using Tcp = runtime::asio::ip::tcp;

class SipHostileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = SipStack::start(loop_.get_executor(), {"sip:127.0.0.1:*;transport=tcp", "", false});
    ASSERT_TRUE(made.ok()) << to_text(made.error());
    stack_ = std::move(*made);
    stack_->on_request([this](SipRequest request, const SipStack::Answer& answer) {
      got_.push_back(std::move(request));
      answer(403, {});
    });
    const auto contact = stack_->contact();
    const auto port = contact.find(':', 4) + 1;
    stranger_.connect(
        {runtime::asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::stoi(contact.substr(port)))});
  }
  static Tcp::endpoint address_of(const SipStack& stack, const std::string& host) {
    const auto& contact = stack.contact();
    const auto port = contact.find(':', contact.find(host) + host.size()) + 1;
    return {runtime::asio::ip::make_address(host), static_cast<std::uint16_t>(std::stoi(contact.substr(port)))};
  }
  template <class Condition>
  bool run_until(Condition condition) {
    return test::run_until(loop_, condition);
  }
  std::string request(const std::string& method, const std::string& lines, const std::string& body = "") {
    const auto number = std::to_string(++number_);
    return method + " sip:cpns@cpns.test SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK" + number +
           "\r\nFrom: <sip:a@cpns.test>;tag=1\r\nTo: <sip:cpns@cpns.test>\r\nCall-ID: c" + number + "\r\nCSeq: 1 " +
           method + "\r\n" + lines + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  void put(const std::string& bytes) { runtime::asio::write(stranger_, runtime::asio::buffer(bytes)); }
  /// All that was sent before has been read when this has been heard.
  void be_heard() {
    const auto before = got_.size();
    put(request("MESSAGE", ""));
    ASSERT_TRUE(run_until([&] { return got_.size() > before; }));
  }
  static std::size_t held() {
    const auto all = mallinfo2();
    return all.uordblks + all.hblkhd;
  }

  runtime::asio::io_context loop_{1};
  std::unique_ptr<SipStack> stack_;
  Tcp::socket stranger_{loop_};
  std::vector<SipRequest> got_;
  int number_ = 0;
};

TEST_F(SipHostileTest, when_a_header_is_long_then_its_value_ends_where_it_was_sent_to_end) {
  for (const auto* name : {"Event", "Reason", "Subscription-State", "Security-Client", "X-Other", "User-Agent"}) {
    for (std::size_t size = 120; size < 420; size += 7) {
      const std::string value(size, 'k');
      const auto before = got_.size();
      put(request("MESSAGE", std::string(name) + ": " + value + "\r\n"));
      ASSERT_TRUE(run_until([&] { return got_.size() > before; })) << name << size;
      ASSERT_EQ(find_header(got_.back().headers, name).size(), size) << name;
    }
  }
}

TEST_F(SipHostileTest, when_callers_are_named_then_nobody_else_gets_a_connection_or_sends_a_datagram_L1) {
  for (const auto* host : {"127.0.0.1", "[::1]"}) {
    const bool v6 = host[0] == '[';
    const std::string here = v6 ? "::1" : "127.0.0.1";
    // No other address of IPv6 is on every host: there a list without this one has to do.
    auto made = SipStack::start(loop_.get_executor(),
                                {std::string("sip:") + host + ":*", "", false, {"127.0.0.2", "2001:db8::7"}});
    ASSERT_TRUE(made.ok()) << to_text(made.error());
    int heard = 0;
    (*made)->on_request([&](const SipRequest& request, const SipStack::Answer& answer) {
      ++heard;
      EXPECT_EQ(request.source, "127.0.0.2");
      answer(200, {});
    });
    const auto at = address_of(**made, here);
    bool connected = false;
    Tcp::socket shut_out(loop_);
    shut_out.async_connect(at, [&](const boost::system::error_code& failed) { connected = !failed; });
    runtime::asio::ip::udp::socket datagrams(loop_, {runtime::asio::ip::make_address(here), 0});
    const auto datagram = request("MESSAGE", "");
    datagrams.send_to(runtime::asio::buffer(datagram), {at.address(), at.port()});
    if (!v6) {
      Tcp::socket friendly(loop_, {runtime::asio::ip::make_address("127.0.0.2"), 0});
      friendly.connect(at);
      const auto bytes = request("MESSAGE", "");
      runtime::asio::write(friendly, runtime::asio::buffer(bytes));
      ASSERT_TRUE(run_until([&] { return heard > 0; }));
    }
    loop_.restart();
    loop_.poll();
    EXPECT_EQ(heard, v6 ? 0 : 1);
    EXPECT_FALSE(connected);
    boost::system::error_code ignored;
    shut_out.close(ignored);
  }
}

TEST_F(SipHostileTest, when_the_callers_are_no_addresses_then_the_stack_does_not_start) {
  const std::vector<std::string> many(65, "127.0.0.1");
  for (const auto& callers : {std::vector<std::string>{"scscf.cpns.test"}, {"127.0.0.1", ""}, many}) {
    const auto made = SipStack::start(loop_.get_executor(), {"sip:127.0.0.1:*;transport=tcp", "", false, callers});
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, Code::sip_stack_failed);
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(SipHostileTest, when_requests_come_that_have_no_answer_then_nothing_of_them_is_kept) {
  be_heard();
  const auto before = held();
  constexpr std::size_t kBody = 50'000;
  for (int i = 0; i < 400; ++i) {
    put(request("ACK", "", std::string(kBody, 'a')));
    put(request("CANCEL", "", std::string(kBody, 'a')));
    // sofia ends a connection with more than 2 MB in its receive buffer.
    if (i % 10 == 9) be_heard();
  }
  EXPECT_TRUE(run_until([&] { return held() < before + 100 * kBody; }));
}

TEST_F(SipHostileTest, when_a_named_caller_sends_a_burst_then_each_is_answered_and_the_burst_is_not_held_many_times) {
  auto made = SipStack::start(loop_.get_executor(), {"sip:127.0.0.1:*;transport=tcp", "", false, {"127.0.0.1"}});
  ASSERT_TRUE(made.ok()) << to_text(made.error());
  constexpr std::size_t kCount = 3000;
  constexpr std::size_t kBody = 1000;
  std::string burst;
  for (std::size_t i = 0; i < kCount; ++i) burst += request("MESSAGE", "", std::string(kBody, 'a'));
  const auto before = held();
  std::size_t heard = 0;
  std::size_t most = 0;
  (*made)->on_request([&](const SipRequest& /*request*/, const SipStack::Answer& answer) {
    if (++heard % 100 == 0) most = std::max(most, held());
    answer(403, {});
  });
  Tcp::socket caller(loop_);
  caller.connect(address_of(**made, "127.0.0.1"));
  caller.non_blocking(true);
  std::size_t sent = 0;
  std::string drain(65'536, ' ');
  ASSERT_TRUE(run_until([&] {
    boost::system::error_code later;
    sent += caller.write_some(runtime::asio::buffer(burst.data() + sent, burst.size() - sent), later);
    while (caller.read_some(runtime::asio::buffer(drain), later) > 0) {
    }
    return heard == kCount;
  }));
  EXPECT_LT(most, before + 30 * burst.size());
}
#endif

}  // namespace
}  // namespace cpns::ims
