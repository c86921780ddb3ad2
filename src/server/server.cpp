#include "server/server.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace cpns::server {

namespace asio = runtime::asio;
using runtime::Task;

namespace {

constexpr std::chrono::seconds kStopLimit{2};
/// Files for the store, the log, the admin interface and the like.
constexpr rlim_t kReservedFiles = 64;

std::size_t files_for_connections() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return 2'000'000;
  return static_cast<std::size_t>(std::max<rlim_t>(files.rlim_cur, kReservedFiles + 32) - kReservedFiles);
}

RateTable::Limit rate_of(const LimitSettings& settings) {
  return {settings.connections_per_second, settings.connections_burst};
}

/// Where a listener can be reached if the configuration does not say: the server's name instead of "all addresses".
Result<ids::Endpoint> endpoint_of(const runtime::Listener& listener, const ListenAddress& listen,
                                  const ids::ServerId& server_id) {
  const bool all = listen.host == "0.0.0.0" || listen.host == "::";
  if (!all) return ids::Endpoint::parse(listener.address());
  return ids::Endpoint::parse(server_id.text() + ":" + std::to_string(listener.port()));
}

}  // namespace

Server::Server(asio::any_io_executor executor, ServerParts parts)
    : parts_(std::move(parts)),
      policy_{parts_.settings.pending_lifetime, parts_.settings.device_lifetime, parts_.settings.renew_within,
              parts_.settings.direct_link.endpoints},
      identities_(parts_.random),
      key_exchange_(parts_.settings.exchange_way()),
      context_{parts_.settings.server_id,
               parts_.devices,
               parts_.gateways,
               parts_.sealer,
               parts_.alias_keys,
               policy_,
               parts_.random,
               parts_.log,
               identities_,
               key_exchange_},
      tasks_(std::move(executor)),
      max_files_(files_for_connections()),
      stop_clock_(tasks_.executor()),
      direct_rate_(rate_of(parts_.settings.limits), parts_.random, parts_.log),
      operator_rate_(rate_of(parts_.settings.limits), parts_.random, parts_.log) {}

Server::~Server() { parts_.log.hold({}); }

Result<void> Server::open() {
  for (const auto& risk : risks_of(parts_.settings)) parts_.log.event(Code::settings_risky, {{"got", risk}});
  CPNS_TRY(const auto erased, parts_.devices.erase_all_pending());
  if (erased > 0) parts_.log.event(Code::pending_erased, {{"count", erased}});
  identities_.begin_load();
  CPNS_TRY(prover_, tls::ServerProver::make(parts_.proof, parts_.settings.server_id));
  context_.prover = &*prover_;
  if (parts_.audit != nullptr) context_.audit = &audit_.emplace(*parts_.audit, parts_.log);
  const auto make_alias_keys = [this]() -> Result<assign::AliasKeys> {
    CPNS_TRY(auto keys, parts_.folder_keys.alias_keys());
    return alias_keys_of(std::move(keys));
  };
  CPNS_TRY(direct_links_, DirectLinks::make(context_, parts_.settings, tasks_, parts_.other_loops, make_alias_keys));
  CPNS_TRY(operator_links_, OperatorListener::make(context_, parts_.settings, tasks_, *direct_links_,
                                                   std::move(parts_.certificate), std::move(parts_.ca)));
  const auto& operator_listen = parts_.settings.operator_link.listen;
  const auto& direct_listen = parts_.settings.direct_link.listen;
  CPNS_TRY(operator_listener_, runtime::Listener::open(tasks_.executor(), operator_listen.host, operator_listen.port));
  CPNS_TRY(auto direct_listener, runtime::Listener::open(tasks_.executor(), direct_listen.host, direct_listen.port));
  direct_listeners_.push_back(std::move(direct_listener));
  for (const auto& loop : parts_.other_loops) {
    CPNS_TRY(auto beside, direct_listeners_.front().beside(loop));
    direct_listeners_.push_back(std::move(beside));
  }
  if (policy_.endpoints.empty()) {
    CPNS_TRY(auto endpoint, endpoint_of(direct_listeners_.front(), direct_listen, parts_.settings.server_id));
    policy_.endpoints.push_back(std::move(endpoint));
  }
  keys_.emplace(context_,
                KeyKeeperParts{parts_.sealer, parts_.seals, parts_.key_source, parts_.folder_keys,
                               [this](std::uint8_t current) { return use_alias_keys(this, current); },
                               parts_.settings.keys.alias_age, parts_.settings.device_lifetime},
                tasks_);
  CPNS_TRY(auto endpoint, operator_endpoint());
  if (parts_.settings.ims.enabled()) {
    CPNS_TRY(ims_, ImsListener::open(context_, parts_.settings, tasks_, *operator_links_, endpoint));
  }
  CPNS_CHECK(open_admin(std::move(endpoint)));
  start();
  return {};
}

Result<ids::Endpoint> Server::operator_endpoint() const {
  const auto& settings = parts_.settings.operator_link;
  if (settings.endpoint) return *settings.endpoint;
  return endpoint_of(*operator_listener_, settings.listen, parts_.settings.server_id);
}

Result<void> Server::open_admin(ids::Endpoint operator_endpoint) {
  admin::View view{context_,
                   parts_.settings,
                   *direct_links_,
                   *operator_links_,
                   *keys_,
                   parts_.tokens,
                   std::move(operator_endpoint),
                   {{"operator", operator_listener_->address()},
                    {"direct", direct_listeners_.front().address()},
                    {"admin", parts_.admin_socket.string()}},
                   runtime::now(),
                   ims_.get()};
  if (ims_) view.listeners.emplace_back("ims", ims_->address());
  const auto& settings = parts_.settings.admin;
  if (!settings.shared_socket.empty()) {
    CPNS_TRY(shared_admin_, admin::Listener::open(settings.shared_socket, admin::Admission::WithToken, view, tasks_));
  }
  const auto admission = settings.require_token ? admin::Admission::OwnUserWithToken : admin::Admission::OwnUser;
  CPNS_TRY(admin_, admin::Listener::open(parts_.admin_socket, admission, std::move(view), tasks_));
  return {};
}

void Server::start() {
  const auto on_gateway = [this](asio::ip::tcp::socket socket, const asio::ip::tcp::endpoint& peer) {
    if (operator_rate_.admit(peer, "operator") && has_room(0)) operator_links_->take(std::move(socket));
  };
  asio::co_spawn(tasks_.executor(), operator_listener_->run("operator", parts_.log, on_gateway), runtime::unattended);
  for (std::size_t loop = 0; loop < direct_listeners_.size(); ++loop) accept_devices(loop);
  hold_log_lines();
  admin_->start();
  if (shared_admin_) shared_admin_->start();
  keys_->start();
  loader_.emplace(identities_, parts_.devices, parts_.log);
  tasks_.spawn(watch_clock(this));
  // After the lines of the listeners, which the loop writes next.
  asio::post(tasks_.executor(), [this] {
    parts_.log.event(Code::server_ready, {{"server_id", parts_.settings.server_id}});
  });
}

void Server::accept_devices(std::size_t loop) {
  auto& links = direct_links_->at(loop);
  const auto on_device = [this, loop, &links](asio::ip::tcp::socket socket, const asio::ip::tcp::endpoint& peer) {
    if (!direct_rate_.admit(peer, "direct")) return;
    // Where others wait for their turn, who has had it is not pushed out for one more.
    const bool full = tasks_.everywhere()->load(std::memory_order_relaxed) >= max_files_;
    if (full && links.arrivals().waiting() > 0) return links.arrivals().turn_away(std::move(socket), peer);
    if (has_room(loop)) links.take(std::move(socket), peer);
  };
  asio::co_spawn(links.executor(), direct_listeners_[loop].run("direct", parts_.log, on_device), runtime::unattended);
}

// In a crowd of connections their lines are written together.
void Server::hold_log_lines() {
  auto& log = parts_.log;
  const auto timer = std::make_shared<asio::steady_timer>(tasks_.executor());
  log.hold([&log, timer] {
    asio::post(timer->get_executor(), [&log, timer] {
      timer->expires_after(runtime::Log::kPause);
      timer->async_wait([&log, timer](const boost::system::error_code&) { log.flush(); });
    });
  });
}

Task<void> Server::watch_clock(Server* self) {
  const auto monotonic = [] { return std::chrono::milliseconds(runtime::monotonic_ms()); };
  ClockWatch watch(runtime::now(), monotonic());
  const std::chrono::milliseconds pause = std::chrono::seconds(1);
  while (!co_await self->stop_clock_.wait_for(pause)) {
    const auto set_by = watch.look(runtime::now(), monotonic());
    if (set_by) self->parts_.log.event(Code::clock_jumped, {{"seconds", set_by->count()}});
  }
}

bool Server::has_room(std::size_t loop) {
  const auto connections = tasks_.everywhere()->load(std::memory_order_relaxed);
  if (connections < max_files_) return true;
  const auto refused_before = refused_++;
  if (refused_before % 1000 == 0) {
    parts_.log.event(Code::connection_limit_reached, {{"connections", connections}, {"count", refused_before + 1}});
  }
  return direct_links_->at(loop).drop_half_open() || (loop == 0 && operator_links_->drop_half_open());
}

Task<Result<void>> Server::use_alias_keys(Server* self, std::uint8_t current) {
  for (std::size_t loop = 0; loop < self->direct_links_->count(); ++loop) {
    CPNS_CO_TRY(auto keys, self->parts_.folder_keys.alias_keys());
    auto made = alias_keys_of(std::move(keys), current);
    if (loop == 0) {
      self->parts_.alias_keys = std::move(made);
    } else {
      co_await self->direct_links_->set_alias_keys(loop, std::move(made));
    }
  }
  co_return Result<void>{};
}

Task<void> Server::stop() {
  loader_.reset();
  parts_.log.event(Code::server_stopping);
  if (operator_listener_) operator_listener_->stop();
  for (std::size_t loop = 0; loop < direct_listeners_.size(); ++loop) {
    asio::dispatch(direct_links_->at(loop).executor(),
                   [listener = direct_listeners_[loop]]() mutable { listener.stop(); });
  }
  if (admin_) admin_->stop();
  if (shared_admin_) shared_admin_->stop();
  if (keys_) keys_->stop();
  stop_clock_.raise();
  if (ims_) ims_->close_all();
  if (operator_links_) operator_links_->close_all();
  const auto until = std::chrono::steady_clock::now() + kStopLimit;
  if (direct_links_) co_await direct_links_->stop(until);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  (void)co_await tasks_.wait_until_idle(std::max(left, std::chrono::milliseconds(1)));
  if (audit_) audit_->flush();
}

}  // namespace cpns::server
