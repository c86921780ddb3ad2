#include "core/audit/refusals.hpp"

namespace cpns::audit {
namespace {

constexpr std::string_view kOthers = "others";
std::int64_t minute_of(ids::UnixTime time) { return time.time_since_epoch().count() / 60; }

}  // namespace

std::vector<Event> Refusals::turn(ids::UnixTime now) {
  if (minute_of(now) == minute_) return {};
  auto due = flush(now);
  minute_ = minute_of(now);
  written_ = 0;
  return due;
}

std::vector<Event> Refusals::known(Event event) {
  auto due = turn(event.time);
  if (written_ < kOneByOne) {
    ++written_;
    due.push_back(std::move(event));
  } else {
    ++counted_;
    ++codes_[kOthers];
  }
  return due;
}

std::vector<Event> Refusals::stranger(Code code, ids::UnixTime now) {
  auto due = turn(now);
  count(code);
  return due;
}

void Refusals::count(Code code) {
  const auto number = message_info(code).id;
  ++counted_;
  const bool room = codes_.contains(number) || codes_.size() < kCodes;
  ++codes_[room ? std::string_view(number) : kOthers];
}

std::vector<Event> Refusals::flush(ids::UnixTime now) {
  if (counted_ == 0) return {};
  std::string detail;
  for (const auto& [code, times] : codes_) {
    detail += (detail.empty() ? "" : ", ") + std::string(code) + " " + std::to_string(times);
  }
  Event event{Kind::RefusalsCounted, now, "server", std::to_string(counted_), std::move(detail)};
  counted_ = 0;
  codes_.clear();
  return {std::move(event)};
}

std::string detail_of(const Error& error) {
  std::string out(error.info().id);
  out += " " + std::string(error.info().name);
  if (!error.got.empty()) out += ": got " + error.got;
  if (!error.expected.empty()) out += ", expected " + error.expected;
  return out;
}

}  // namespace cpns::audit
