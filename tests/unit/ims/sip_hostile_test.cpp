// What a stranger can send to a stack: bytes by hand over TCP, from somebody who keeps no rule of SIP.
#include <gtest/gtest.h>
#include <malloc.h>
#include <boost/asio/write.hpp>

#include "ims/sip_stack.hpp"

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
  template <class Condition>
  bool run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < end) {
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds(5));
    }
    return condition();
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

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(SipHostileTest, when_requests_come_that_have_no_answer_then_nothing_of_them_is_kept) {
  be_heard();
  const auto before = held();
  constexpr std::size_t kBody = 50'000;
  for (int i = 0; i < 400; ++i) {
    put(request("ACK", "", std::string(kBody, 'a')));
    put(request("CANCEL", "", std::string(kBody, 'a')));
  }
  be_heard();
  EXPECT_LT(held(), before + 100 * kBody);
}
#endif

}  // namespace
}  // namespace cpns::ims
