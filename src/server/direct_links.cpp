#include "server/direct_links.hpp"

#include <numeric>

#include "runtime/other_loop.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

std::size_t sum(const std::vector<std::size_t>& all) { return std::accumulate(all.begin(), all.end(), std::size_t{0}); }

Task<void> replace(assign::AliasKeys* old, assign::AliasKeys keys) {
  *old = std::move(keys);
  co_return;
}

Task<void> wait_until_idle(Tasks* tasks, std::chrono::milliseconds limit) {
  (void)co_await tasks->wait_until_idle(limit);
}

}  // namespace

DirectLinks::Own::Own(const Context& first, assign::AliasKeys keys, asio::any_io_executor executor,
                      std::shared_ptr<Tasks::Everywhere> everywhere)
    : alias_keys(std::move(keys)),
      context{first.server_id, first.devices, first.gateways,   first.sealer,       alias_keys,   first.policy,
              first.random,    first.log,     first.identities, first.key_exchange, first.prover, first.audit},
      tasks(std::move(executor), std::move(everywhere)) {}

Result<std::unique_ptr<DirectLinks>> DirectLinks::make(Context& context, const Settings& settings, Tasks& tasks,
                                                       const std::vector<asio::any_io_executor>& others,
                                                       const MakeAliasKeys& make_alias_keys) {
  std::unique_ptr<DirectLinks> made(new DirectLinks(context.random));
  made->loops_.resize(1 + others.size());
  CPNS_TRY(made->loops_[0].listener, DirectListener::make(context, settings, tasks, *made, 0));
  for (std::size_t i = 1; i <= others.size(); ++i) {
    auto& loop = made->loops_[i];
    CPNS_TRY(auto keys, make_alias_keys());
    loop.own = std::make_unique<Own>(context, std::move(keys), others[i - 1], tasks.everywhere());
    CPNS_TRY(loop.listener, DirectListener::make(loop.own->context, settings, loop.own->tasks, *made, i));
  }
  return made;
}

Task<std::size_t> DirectLinks::close_links(ids::CmDeviceId id) const {
  // Its home first: a link whose session is elsewhere ends with that, and would be counted nowhere.
  const auto at_home = [id, home = &home_of(id)](DirectListener& one) {
    return &one == home ? one.close_links(id) : std::size_t{0};
  };
  const auto closed = sum(co_await ask_all(at_home));
  const auto close = [id](DirectListener& one) { return one.close_links(id); };
  co_return closed + sum(co_await ask_all(close));
}

Task<std::size_t> DirectLinks::close_links(Result<std::vector<ids::CmDeviceId>> ids) const {
  if (!ids) co_return co_await close_ended();
  std::size_t closed = 0;
  for (const auto& id : *ids) closed += co_await close_links(id);
  co_return closed;
}

Task<std::size_t> DirectLinks::close_ended() const {
  std::size_t closed = 0;
  for (std::size_t i = 0; i < count(); ++i) {
    auto closing = at(i).close_ended();
    closed += co_await runtime::on_loop(at(i).executor(), std::move(closing));
  }
  co_return closed;
}

Task<std::size_t> DirectLinks::close_pnes_of(ids::PnGwId id) const {
  const auto close = [id](DirectListener& one) { return one.close_pnes_of(id); };
  co_return sum(co_await ask_all(close));
}

Task<std::vector<std::string>> DirectLinks::peers(ids::CmDeviceId id) const {
  const auto find = [id](DirectListener& one) { return one.peers(id); };
  std::vector<std::string> all;
  for (auto& some : co_await ask_all(find)) all.insert(all.end(), some.begin(), some.end());
  co_return all;
}

Task<DirectCounts> DirectLinks::counts() const {
  const auto count = [](DirectListener& one) {
    return DirectCounts{one.http_links(),         one.cpns_links(),      one.sessions().count(),
                        one.sessions().streams(), one.half_open(),       one.half_open_dropped(),
                        one.keys().store_reads(), one.keys().filtered(), one.arrivals().status()};
  };
  DirectCounts all;
  for (const auto& one : co_await ask_all(count)) {
    all.http_links += one.http_links;
    all.cpns_links += one.cpns_links;
    all.sessions += one.sessions;
    all.streams += one.streams;
    all.half_open += one.half_open;
    all.half_open_dropped += one.half_open_dropped;
    all.identity_store_reads += one.identity_store_reads;
    all.identity_filtered += one.identity_filtered;
    all.arrivals.add(one.arrivals);
  }
  co_return all;
}

Task<void> DirectLinks::set_alias_keys(std::size_t loop, assign::AliasKeys keys) {
  auto replacing = replace(&loops_.at(loop).own->alias_keys, std::move(keys));
  co_await runtime::on_loop(at(loop).executor(), std::move(replacing));
}

Task<void> DirectLinks::stop(std::chrono::steady_clock::time_point until) {
  tell_all([](DirectListener& one) { one.close_all(); });
  for (std::size_t i = 1; i < count(); ++i) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    auto waiting = wait_until_idle(&loops_[i].own->tasks, std::max(left, std::chrono::milliseconds(1)));
    co_await runtime::on_loop(at(i).executor(), std::move(waiting));
  }
}

}  // namespace cpns::server
