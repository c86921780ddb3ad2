#include "carrier/carrier.hpp"

#include "two_carriers.hpp"

namespace cpns::carrier {
namespace {

using test::milliseconds;
using test::TwoCarriers;

std::string sample(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t seed = 7;
  for (auto& c : text) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24U);
  return text;
}

TEST(Carrier, bytes_go_there_and_back_and_the_end_is_an_end) {
  TwoCarriers two;
  two.connect();
  const auto stream = two.open("echo");
  EXPECT_TRUE(two.run(stream->accepted()).ok());
  const auto text = sample(3'000'000);
  const auto answer = two.run(TwoCarriers::ask(stream, text));
  ASSERT_TRUE(answer.ok()) << to_text(answer.error());
  EXPECT_EQ(*answer, text);
  EXPECT_TRUE(two.until([&] { return two.device->streams() == 0 && two.server->streams() == 0; }));
}

TEST(Carrier, when_the_server_does_not_know_the_service_then_the_device_is_told_which_way_it_failed) {
  TwoCarriers two;
  two.connect();
  const auto stream = two.open("nothing-here");
  const auto accepted = two.run(stream->accepted());
  ASSERT_FALSE(accepted.ok());
  EXPECT_EQ(accepted.error().code, Code::service_not_reached);
  EXPECT_EQ(accepted.error().got, "no service of that name and kind");
}

TEST(Carrier, a_stream_that_is_opened_without_a_link_waits_for_one) {
  TwoCarriers two;
  const auto stream = two.open("echo");
  std::optional<Result<std::string>> answer;
  two.start(TwoCarriers::ask(stream, "early"), &answer);
  two.loop.run_for(milliseconds(20));
  EXPECT_FALSE(answer);
  two.loop.restart();
  two.connect();
  ASSERT_TRUE(two.until([&] { return answer.has_value(); }));
  EXPECT_EQ(**answer, "early");
}

TEST(Carrier, when_the_link_dies_without_a_sign_then_it_is_found_out_and_the_stream_goes_on_over_the_next) {
  TwoCarriers two;
  const auto first = two.connect();
  const auto stream = two.open("echo");
  ASSERT_TRUE(two.run(stream->accepted()).ok());
  std::optional<Result<std::string>> answer;
  const auto text = sample(8'000'000);
  two.start(TwoCarriers::ask(stream, text), &answer);
  two.loop.run_one();
  first->strike_dumb();
  ASSERT_TRUE(two.until([&] { return first->device_ended && first->server_ended; }));
  EXPECT_EQ(first->device_ended->error().code, Code::link_not_answered);
  EXPECT_FALSE(answer);
  two.connect();
  ASSERT_TRUE(two.until([&] { return answer.has_value(); }));
  ASSERT_TRUE(answer->ok());
  EXPECT_TRUE(**answer == text);
  EXPECT_TRUE(two.ready[2]) << "resumed";
}

TEST(Carrier, when_links_are_cut_again_and_again_then_nothing_is_lost) {
  TwoCarriers two;
  auto wire = two.connect();
  const auto stream = two.open("echo");
  std::optional<Result<std::string>> answer;
  const auto text = sample(6'000'000);
  two.start(TwoCarriers::ask(stream, text), &answer);
  int cuts = 0;
  while (!answer && cuts < 500) {
    for (int i = 0; i < 40 && !answer; ++i) two.loop.run_one_for(milliseconds(5));
    if (answer) break;
    wire->cut();
    ++cuts;
    wire = two.connect();
  }
  ASSERT_TRUE(two.until([&] { return answer.has_value(); }));
  ASSERT_TRUE(answer->ok()) << to_text(answer->error());
  EXPECT_TRUE(**answer == text);
  EXPECT_GT(cuts, 3);
}

TEST(Carrier, a_planned_switch_ends_the_old_link_in_order_and_loses_nothing) {
  TwoCarriers two;
  auto wire = two.connect();
  const auto stream = two.open("echo");
  ASSERT_TRUE(two.run(stream->accepted()).ok());
  std::optional<Result<std::string>> answer;
  const auto text = sample(8'000'000);
  two.start(TwoCarriers::ask(stream, text), &answer);
  int switches = 0;
  for (; !answer && switches < 200; ++switches) {
    const auto next = two.connect(false);
    const auto number = two.links;
    ASSERT_TRUE(two.until([&] { return two.ready.count(number) != 0; }));
    two.device->prefer(number);
    two.device->finish_link(number - 1);
    ASSERT_TRUE(two.until([&] { return wire->device_ended && wire->server_ended; }));
    EXPECT_TRUE(wire->device_ended->ok()) << to_text(wire->device_ended->error());
    EXPECT_TRUE(wire->server_ended->ok() || wire->server_ended->error().code == Code::connection_lost);
    wire = next;
  }
  ASSERT_TRUE(two.until([&] { return answer.has_value(); }));
  ASSERT_TRUE(answer->ok());
  EXPECT_TRUE(**answer == text);
  EXPECT_GE(switches, 2);
}

TEST(Carrier, a_reader_that_is_slow_holds_back_nobody_else) {
  TwoCarriers two;
  two.connect();
  const auto slow = two.open("slow");
  ASSERT_TRUE(two.run(slow->accepted()).ok());
  const auto much = sample(4'000'000);
  std::optional<Result<void>> written;
  two.start(slow->write(as_bytes(much)), &written);
  const auto quick = two.open("echo");
  const auto answer = two.run(TwoCarriers::ask(quick, "quick"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer, "quick");
  EXPECT_FALSE(written.has_value()) << "4 MB do not fit into the window";
  slow->abort();
  EXPECT_TRUE(two.until([&] { return written.has_value(); }));
}

TEST(Carrier, a_hundred_streams_at_once_all_arrive) {
  TwoCarriers two;
  two.connect();
  const auto text = sample(50'000);
  std::array<std::optional<Result<std::string>>, 100> answers;
  for (auto& answer : answers) two.start(TwoCarriers::ask(two.open("count"), text), &answer);
  const auto all = [&] { return std::all_of(answers.begin(), answers.end(), [](const auto& one) { return one; }); };
  ASSERT_TRUE(two.until(all));
  for (const auto& answer : answers) EXPECT_EQ(answer->ok() ? **answer : to_text(answer->error()), "50000");
}

TEST(Carrier, when_no_link_comes_back_then_each_side_gets_a_clear_error) {
  TwoCarriers two;
  two.limits.resume = milliseconds(1000);  // what the Server tells is in whole seconds
  two.restart_server();
  const auto wire = two.connect();
  const auto stream = two.open("echo");
  ASSERT_TRUE(two.run(stream->accepted()).ok());
  wire->cut();
  const auto got = two.run(TwoCarriers::read_all(stream));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, Code::session_is_over);
  EXPECT_TRUE(two.until([&] { return two.device_over && two.server_over; }));
  ASSERT_EQ(two.server_errors.size(), 1U);
  EXPECT_EQ(two.server_errors[0].code, Code::session_is_over);
}

TEST(Carrier, when_the_server_was_restarted_then_old_streams_end_and_new_ones_work) {
  TwoCarriers two;
  const auto wire = two.connect();
  const auto stream = two.open("echo");
  ASSERT_TRUE(two.run(stream->accepted()).ok());
  wire->cut();
  ASSERT_TRUE(two.until([&] { return wire->device_ended.has_value(); }));
  two.restart_server();
  two.connect();
  const auto got = two.run(TwoCarriers::read_all(stream));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, Code::session_is_over);
  const auto answer = two.run(TwoCarriers::ask(two.open("echo"), "again"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer, "again");
}

TEST(Carrier, when_the_device_closes_then_the_link_ends_well_on_both_sides) {
  TwoCarriers two;
  const auto wire = two.connect();
  ASSERT_TRUE(two.run(two.open("echo")->accepted()).ok());
  two.device->close();
  ASSERT_TRUE(two.until([&] { return wire->device_ended && wire->server_ended; }));
  EXPECT_TRUE(wire->device_ended->ok());
  EXPECT_TRUE(wire->server_ended->ok());
  EXPECT_TRUE(two.until([&] { return two.server_over && two.device_over; }));
}

TEST(Carrier, the_round_trip_is_measured) {
  TwoCarriers two;
  two.connect();
  EXPECT_TRUE(two.until([&] { return two.device->round_trip(1).has_value(); }));
  EXPECT_LT(two.device->round_trip(1)->count(), 5'000'000);
}

}  // namespace
}  // namespace cpns::carrier
