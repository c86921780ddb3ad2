// A stack and somebody who writes to its port what he likes: what is kept, and what is answered.
#include <gtest/gtest.h>

#include <boost/asio/write.hpp>

#include "ims/sip_stack.hpp"
#include "support/run_until.hpp"

namespace cpns::ims {
namespace {

/// A stranger who speaks SIP by hand.
class Stranger {
 public:
  Stranger(runtime::asio::io_context& loop, const std::string& contact) : socket_(loop) {
    const auto port = contact.substr(contact.rfind(':') + 1);
    socket_.connect({runtime::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(port))});
  }
  static std::string request(const std::string& method, const std::string& body = "") {
    const auto one = std::to_string(++number);
    return method + " sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bK" + one +
           "\r\nMax-Forwards: 9\r\nFrom: <sip:x@y>;tag=1\r\nTo: <sip:a@127.0.0.1>\r\nCall-ID: " + one + "\r\nCSeq: 1 " +
           method + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  void send(const std::string& text) { runtime::asio::write(socket_, runtime::asio::buffer(text)); }
  /// All that has come until now.
  std::string heard() {
    std::array<char, 4096> some{};
    while (socket_.available() > 0) text_.append(some.data(), socket_.read_some(runtime::asio::buffer(some)));
    return text_;
  }

 private:
  static inline int number = 0;
  runtime::asio::ip::tcp::socket socket_;
  std::string text_;
};

class SipStrangersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = SipStack::start(loop_.get_executor(), {"sip:127.0.0.1:*;transport=tcp", "", false});
    ASSERT_TRUE(made.ok());
    server_ = std::move(*made);
    stranger_.emplace(loop_, server_->contact());
  }
  template <class Condition>
  bool run_until(Condition condition) {
    return test::run_until(loop_, condition);
  }
  bool hears(std::string_view text) {
    return run_until([&] { return stranger_->heard().find(text) != std::string::npos; });
  }

  runtime::asio::io_context loop_{1};
  std::unique_ptr<SipStack> server_;
  std::optional<Stranger> stranger_;
};

TEST_F(SipStrangersTest, when_nobody_answers_then_a_bounded_number_waits_and_the_others_are_refused) {
  std::vector<SipStack::Answer> waiting;
  server_->on_request(
      [&](const SipRequest& /*request*/, SipStack::Answer answer) { waiting.push_back(std::move(answer)); });
  for (int i = 0; i < 1030; ++i) stranger_->send(Stranger::request("OPTIONS"));
  ASSERT_TRUE(hears("SIP/2.0 503"));
  ASSERT_TRUE(run_until([&] { return waiting.size() == 1024; }));
  for (const auto& answer : waiting) answer(200, {});
  ASSERT_TRUE(hears("SIP/2.0 200"));
}

TEST_F(SipStrangersTest, when_a_message_is_larger_than_any_of_ours_then_it_is_refused_and_not_seen) {
  std::size_t largest = 0;
  server_->on_request([&](const SipRequest& request, const SipStack::Answer& answer) {
    largest = std::max(largest, request.body.size());
    answer(200, {});
  });
  stranger_->send(Stranger::request("MESSAGE", std::string(65'536, 'x')));
  ASSERT_TRUE(hears("SIP/2.0 200"));
  stranger_->send(Stranger::request("MESSAGE", std::string(200'000, 'x')));
  ASSERT_TRUE(hears("SIP/2.0 413"));
  EXPECT_EQ(largest, 65'536U);
}

}  // namespace
}  // namespace cpns::ims
