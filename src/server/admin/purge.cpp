// POST and GET /v1/purge: rows of devices that ended before a time go, or are counted.

#include <charconv>

#include "server/admin/json.hpp"
#include "server/committed.hpp"
#include "store/rules.hpp"

namespace cpns::server::admin {

namespace {

using store::rules::Ending;

/// Rows that are read at once, and erased in one transaction at most: some milliseconds of the loop and of the writer.
constexpr std::size_t kPiece = 100;
/// Rows that one request looks at, where it does not say how many, and how long it may take: there is an answer well
/// before the connection's time is over.
constexpr std::size_t kRows = 20'000;
constexpr std::size_t kMostRows = 1'000'000;
constexpr std::chrono::seconds kLongest{3};

struct Wanted {
  ids::UnixTime before;
  std::size_t rows = kRows;
  std::optional<ids::AssignmentId> after{};
};

Result<std::int64_t> number(const std::string& name, std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;
  return Error{Code::admin_request_malformed, name + "=" + std::string(text), "a number"};
}

/// The same members stand in a body and in a query.
Result<Wanted> wanted(const std::map<std::string, std::string>& members) {
  const auto now = runtime::now().time_since_epoch().count();
  Wanted made{};
  std::int64_t before = 0;
  if (const auto at = members.find("before"); at != members.end()) {
    CPNS_TRY(before, number("before", at->second));
  }
  if (before <= 0 || before > now) {
    return Error{Code::admin_request_malformed, "before=" + std::to_string(before),
                 "before: seconds since 1970 UTC, not in the future"};
  }
  made.before = ids::UnixTime(std::chrono::seconds(before));
  if (const auto at = members.find("rows"); at != members.end()) {
    CPNS_TRY(const auto rows, number("rows", at->second));
    if (rows < 1 || rows > static_cast<std::int64_t>(kMostRows)) {
      return Error{Code::admin_request_malformed, "rows=" + at->second, "1-" + std::to_string(kMostRows)};
    }
    made.rows = static_cast<std::size_t>(rows);
  }
  if (const auto at = members.find("after"); at != members.end()) {
    const auto bytes = from_hex(at->second);
    if (bytes) made.after = ids::AssignmentId::from(*bytes);
    if (!made.after) {
      return Error{Code::admin_request_malformed, "after=" + at->second, "`next` of the answer before"};
    }
  }
  return made;
}

struct Totals {
  std::size_t rows = 0;
  std::size_t erased = 0;
  std::size_t kept_until_key_ends = 0;
  std::size_t kept_for_renewal = 0;
};

runtime::Task<Result<Reply>> purge(View& view, Wanted want, bool dry) {
  auto& devices = view.context.devices;
  const auto executor = co_await runtime::asio::this_coro::executor;
  const auto now = runtime::now();
  const auto until = std::chrono::steady_clock::now() + kLongest;
  Totals totals;
  bool more = true;
  while (more && totals.rows < want.rows && std::chrono::steady_clock::now() < until) {
    const auto limit = std::min(kPiece, want.rows - totals.rows);
    CPNS_CO_TRY(const auto page, devices.list(want.after, limit));
    const auto piece = std::make_shared<store::Purge>(store::Purge{{}, want.before, now, dry});
    for (const auto& device : page) {
      const auto end = store::rules::ending(device, want.before, now);
      totals.kept_until_key_ends += end == Ending::KeyLives ? 1 : 0;
      if (end == Ending::Over && device.cm_device_id) piece->ids.push_back(*device.cm_device_id);
    }
    totals.rows += page.size();
    more = page.size() == limit;
    if (!page.empty()) want.after = page.back().assignment_id;
    if (!piece->ids.empty()) {
      auto begin = [&devices, piece](store::Done done) { devices.purge(piece, std::move(done)); };
      const auto written = co_await committed(std::move(begin));
      if (!written) co_return written.error();
      if (!dry) {
        for (const auto& id : piece->erased) view.context.identities.remove(id);
      }
      totals.erased += piece->erased.size();
      totals.kept_for_renewal += piece->kept;
    } else {
      // Whoever else the loop serves has a turn.
      co_await runtime::asio::post(executor, runtime::asio::use_awaitable);
    }
  }
  if (!dry && totals.erased > 0) {
    view.context.log.event(
        Code::devices_purged,
        {{"before", want.before.time_since_epoch().count()}, {"rows", totals.rows}, {"erased", totals.erased}});
  }
  co_return reply(Json{{"before", to_json(std::optional(want.before))},
                       {"rows", totals.rows},
                       {dry ? "would_erase" : "erased", totals.erased},
                       {"kept_until_key_ends", totals.kept_until_key_ends},
                       {"kept_for_renewal", totals.kept_for_renewal},
                       {"next", more ? Json(want.after->hex()) : Json(nullptr)}});
}

runtime::Task<Result<Reply>> erase(View& view, Request request) {
  CPNS_CO_TRY(const auto json, parse_body(request.body, {"before", "rows", "after"}));
  std::map<std::string, std::string> members;
  for (const auto& [name, value] : json.items()) {
    members[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  CPNS_CO_TRY(const auto want, wanted(members));
  co_return co_await purge(view, want, false);
}

runtime::Task<Result<Reply>> count(View& view, Request request) {
  CPNS_CO_TRY(const auto want, wanted(request.query));
  co_return co_await purge(view, want, true);
}

}  // namespace

const Verb kPurge{
    "POST",
    "/v1/purge",
    R"({"before"}: seconds since 1970 UTC; {"rows"} to look at, 1-1000000 (20000); {"after"})",
    R"({"before","rows","erased","kept_until_key_ends","kept_for_renewal","next"})",
    "erases rows of devices that ended before a time and whose key's own time is over; `next` goes into `after`",
    {},
    erase,
    store::Scope::Operate};

const Verb kCountPurge{"GET",
                       "/v1/purge",
                       "?before=SECONDS&rows=1-1000000 (20000)&after=NEXT",
                       R"({"before","rows","would_erase","kept_until_key_ends","kept_for_renewal","next"})",
                       "counts what a purge would erase; `next` goes into `after`",
                       {"before", "rows", "after"},
                       count,
                       store::Scope::Read};

}  // namespace cpns::server::admin
