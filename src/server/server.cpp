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
      context_{parts_.settings.server_id,
               parts_.devices,
               parts_.gateways,
               parts_.sealer,
               parts_.alias_keys,
               policy_,
               parts_.random,
               parts_.log,
               identities_},
      tasks_(std::move(executor)),
      max_files_(files_for_connections()),
      stop_clock_(tasks_.executor()),
      direct_rate_(rate_of(parts_.settings.limits), parts_.random, parts_.log),
      operator_rate_(rate_of(parts_.settings.limits), parts_.random, parts_.log) {}

Server::~Server() { parts_.log.hold({}); }

Result<void> Server::open() {
  CPNS_TRY(const auto erased, parts_.devices.erase_all_pending());
  if (erased > 0) parts_.log.event(Code::pending_erased, {{"count", erased}});
  identities_.begin_load();
  CPNS_TRY(prover_, tls::ServerProver::make(parts_.proof, parts_.settings.server_id));
  context_.prover = &*prover_;
  if (parts_.audit != nullptr) context_.audit = &audit_.emplace(*parts_.audit, parts_.log);
  CPNS_TRY(direct_links_, DirectListener::make(context_, parts_.settings, tasks_));
  CPNS_TRY(operator_links_, OperatorListener::make(context_, parts_.settings, tasks_, *direct_links_,
                                                   std::move(parts_.certificate), std::move(parts_.ca)));
  const auto& operator_listen = parts_.settings.operator_link.listen;
  const auto& direct_listen = parts_.settings.direct_link.listen;
  CPNS_TRY(operator_listener_, runtime::Listener::open(tasks_.executor(), operator_listen.host, operator_listen.port));
  CPNS_TRY(direct_listener_, runtime::Listener::open(tasks_.executor(), direct_listen.host, direct_listen.port));
  if (policy_.endpoints.empty()) {
    CPNS_TRY(auto endpoint, endpoint_of(*direct_listener_, direct_listen, parts_.settings.server_id));
    policy_.endpoints.push_back(std::move(endpoint));
  }
  keys_.emplace(context_,
                KeyKeeperParts{parts_.sealer, parts_.seals, parts_.key_source, parts_.folder_keys, parts_.alias_keys,
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
                    {"direct", direct_listener_->address()},
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
    if (!operator_rate_.admit(peer, "operator")) return;
    if (has_room() || make_room()) operator_links_->take(std::move(socket));
  };
  const auto on_device = [this](asio::ip::tcp::socket socket, const asio::ip::tcp::endpoint& peer) {
    if (!direct_rate_.admit(peer, "direct")) return;
    if (has_room()) return direct_links_->take(std::move(socket), peer);
    // Where others wait for their turn, who has had it is not pushed out for one more.
    auto& arrivals = direct_links_->arrivals();
    if (arrivals.waiting() > 0 || !make_room()) return arrivals.turn_away(std::move(socket), peer);
    direct_links_->take(std::move(socket), peer);
  };
  asio::co_spawn(tasks_.executor(), operator_listener_->run("operator", parts_.log, on_gateway), runtime::unattended);
  asio::co_spawn(tasks_.executor(), direct_listener_->run("direct", parts_.log, on_device), runtime::unattended);
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

bool Server::has_room() {
  // One that may yet have a request under way needs two: its own and the service's.
  const auto waiting = direct_links_->arrivals().waiting();
  if (tasks_.running() + waiting + direct_links_->may_need_more() < max_files_) return true;
  const auto refused_before = refused_++;
  if (refused_before % 1000 == 0) {
    parts_.log.event(Code::connection_limit_reached,
                     {{"connections", tasks_.running() + waiting}, {"count", refused_}});
  }
  return false;
}

bool Server::make_room() { return direct_links_->drop_half_open() || operator_links_->drop_half_open(); }

Task<void> Server::stop() {
  loader_.reset();
  parts_.log.event(Code::server_stopping);
  if (operator_listener_) operator_listener_->stop();
  if (direct_listener_) direct_listener_->stop();
  if (admin_) admin_->stop();
  if (shared_admin_) shared_admin_->stop();
  if (keys_) keys_->stop();
  stop_clock_.raise();
  if (ims_) ims_->close_all();
  if (operator_links_) operator_links_->close_all();
  if (direct_links_) direct_links_->close_all();
  (void)co_await tasks_.wait_until_idle(kStopLimit);
  if (audit_) audit_->flush();
}

}  // namespace cpns::server
