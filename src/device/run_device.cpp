#include "device/run_device.hpp"

#include "device/renewal.hpp"
#include "runtime/clock.hpp"

namespace cpns::device {

namespace asio = runtime::asio;
using activation::Action;
using activation::On;
using activation::Path;
using runtime::Task;

namespace {

constexpr std::chrono::seconds kCountEvery{1};

activation::Millis steady_now() { return activation::Millis(runtime::monotonic_ms()); }

On up_of(Path way) { return way == Path::Direct ? On::DirectUp : On::GatewayUp; }
On down_of(Path way) { return way == Path::Direct ? On::DirectDown : On::GatewayDown; }

// The other end does not accept this device: asking again soon does not help.
bool refuses_this_device(const Error& error) {
  return error.code == Code::direct_link_refused || error.code == Code::pairing_refused ||
         error.code == Code::relay_refused;
}

// Nothing that time or another network could mend.
bool is_final(const Error& error) {
  return error.code == Code::credential_expired || error.code == Code::device_has_no_credential ||
         error.code == Code::device_not_paired;
}

}  // namespace

DeviceRunner::DeviceRunner(asio::any_io_executor executor, const Context& context, DeviceConfig config,
                           PanModule::OpenPairings pairings, RunLimits limits)
    : executor_(std::move(executor)),
      context_(context),
      config_(std::move(config)),
      open_pairings_(std::move(pairings)),
      limits_(limits),
      activation_(config_.policy),
      links_(executor_, context, limits.links,
             {[this](Way way, bool resumed) {
                context_.log.event(Code::link_of_mode_up, {{"link", activation::name_of(way)}, {"resumed", resumed}});
                take({up_of(way), way});
                // A moment later: the identity for the next link is on its way [T5].
                if (way == Way::Direct) look_at_key(true);
              },
              [this](Way way, const Error& error) { on_failed(way, error); },
              [this](Way way, const Result<void>& ended) { on_ended(way, ended); },
              [this](Way way) {
                take({On::ProbeOk, way});
              },
              [this] { maybe_renew(true); }, [this](activation::Millis within) { told_return_within(within); }}),
      ports_(executor_, links_, context.log),
      proxy_(executor_, links_, context.log),
      control_(
          executor_,
          [this](std::optional<activation::Mode> wish) {
            wished_ = wish.has_value();
            activation::Event event{On::WishChanged};
            event.wish = wish;
            take(event);
          },
          context.log),
      due_(executor_),
      count_(executor_),
      settle_(executor_),
      key_(executor_),
      ended_(executor_, asio::steady_timer::time_point::max()) {}
DeviceRunner::~DeviceRunner() = default;

void DeviceRunner::end(std::optional<Error> error) {
  if (std::exchange(stopped_, true)) return;
  error_ = std::move(error);
  ended_.cancel();
}

void DeviceRunner::stop() { end({}); }

Result<void> DeviceRunner::open_services() {
  CPNS_CHECK(control_.open(context_.folder));
  for (const auto& forward : config_.forwards) {
    CPNS_TRY(const auto address, ports_.add(forward));
    context_.tell("Service " + forward.service + " is at " + address + ".");
  }
  if (config_.proxy) {
    CPNS_TRY(const auto address, proxy_.listen(*config_.proxy));
    context_.tell("HTTP proxy is at " + address + ".");
  }
  if (config_.pan.enabled) {
    pan_.emplace(executor_, context_, config_.pan, links_);
    CPNS_CHECK(pan_->open(open_pairings_));
  }
  network_.emplace(executor_, [this] { take({On::NetworkChanged}); });
  return {};
}

Task<Result<void>> DeviceRunner::run(std::optional<ids::DeviceName> name) {
  CPNS_CO_TRY(auto record, context_.store.load());
  if (is_unfinished(record)) {
    // The name was given to `pair` and is not kept; it decides nothing.
    auto own_name = name ? std::move(*name) : *ids::DeviceName::parse("CM Device");
    auto paired = co_await pair(context_, std::move(own_name), limits_.pair);
    if (!paired && ends_pairing(paired.error())) CPNS_CO_CHECK(give_up_pairing(context_.store, {}));
    if (!paired) co_return paired;
    auto again = context_.store.load();
    if (!again) co_return std::move(again).error();
    record = std::move(*again);
  }
  // A key that is over may never be replaced while nobody says so.
  if (record.credential) CPNS_CO_CHECK(load_credential(context_.store, runtime::now()));
  CPNS_CO_CHECK(open_services());
  return_within_ = context_.folder.load_return_within();
  activation_.told_return_within(return_within_);
  const bool gateway = record.gateway && record.gateway->pan_psk;
  if (gateway) {
    activation::Event paired{On::Paired};
    paired.keyless = !record.credential;
    take(paired);
  }
  if (record.credential) {
    activation::Event assigned{On::Assigned};
    assigned.gateway = gateway;
    take(assigned);
  }
  count_streams();
  look_at_key(false);
  boost::system::error_code ignored;
  while (!stopped_) co_await ended_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  network_.reset();
  due_.cancel();
  count_.cancel();
  settle_.cancel();
  key_.cancel();
  // It uses what this object is given: it has to be over before anybody takes that away.
  if (const auto link = renewal_link_.lock()) link->abort();
  while (renewing_) {
    key_.expires_at(asio::steady_timer::time_point::max());
    co_await key_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (pan_) pan_->stop();
  ports_.stop();
  proxy_.stop();
  control_.stop();
  links_.stop();
  if (error_) co_return std::move(*error_);
  co_return Result<void>{};
}

void DeviceRunner::take(const activation::Event& event) {
  if (stopped_) return;
  const auto bytes = context_.random.bytes<2>();
  const auto random = static_cast<std::uint16_t>((bytes[0] << 8U) | bytes[1]);
  const auto actions = activation_.on(event, steady_now(), random);
  bool preferred = false;
  bool ending = false;
  for (const auto& action : actions) {
    preferred = preferred || action.kind == Action::Kind::Prefer;
    ending = ending || action.kind == Action::Kind::Finish || action.kind == Action::Kind::Abort;
    perform(action);
  }
  publish();
  arm();
  // The old link stays as a standby: new data goes over the new one, and nothing has to be waited for.
  if (preferred && !ending && activation_.state() == activation::State::Switching) {
    settle_.expires_after(std::chrono::seconds(0));
    settle_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) take({On::Settled});
    });
  }
}

void DeviceRunner::perform(const Action& action) {
  switch (action.kind) {
    case Action::Kind::Open:
      return links_.open(action.path);
    case Action::Kind::Prefer:
      return links_.prefer(action.path);
    case Action::Kind::Finish:
      return links_.finish(action.path);
    case Action::Kind::Abort:
      return links_.abort(action.path);
    case Action::Kind::Probe:
      return links_.probe(action.path);
    case Action::Kind::Report:
      cause_ = action.transition == nullptr ? "" : std::string(action.transition->when);
      context_.log.event(Code::mode_changed, {{"state", activation::name_of(activation_.state())}, {"cause", cause_}});
      context_.tell(std::string(activation::name_of(activation_.state())) + ": " + cause_ + ".");
      return;
  }
}

void DeviceRunner::on_failed(Way way, const Error& error) {
  if (is_final(error) && way == Way::Direct) return end(error);
  context_.log.event(Code::link_of_mode_failed, {{"link", activation::name_of(way)}, {"cause", to_text(error)}});
  if (way == Way::Direct) {
    context_.log.error(error);
    warn_of_impersonation(context_, error);
  }
  activation::Event event{down_of(way), way};
  event.refused = refuses_this_device(error);
  event.turned_away = error.code == Code::server_turned_away;
  take(event);
}

void DeviceRunner::on_ended(Way way, const Result<void>& ended) {
  context_.log.event(way == Way::Direct ? Code::direct_link_ended : Code::link_of_mode_ended,
                     {{"link", activation::name_of(way)}, {"cause", ended ? "in order" : to_text(ended.error())}});
  take({down_of(way), way});
}

// It is kept: after an outage of electricity the devices begin anew, all at one time.
void DeviceRunner::told_return_within(activation::Millis within) {
  activation_.told_return_within(within);
  const auto change = within > return_within_ ? within - return_within_ : return_within_ - within;
  if (change <= return_within_ / 4) return;
  return_within_ = within;
  if (auto saved = context_.folder.save_return_within(within); !saved) context_.log.error(saved.error());
}

void DeviceRunner::publish() {
  RunStatus status;
  status.state = activation_.state();
  status.mode = activation_.mode();
  status.wished = wished_;
  for (const auto way : {Way::Direct, Way::Gateway}) {
    const auto up = links_.up(way);
    if (!up) continue;
    const auto age = std::chrono::steady_clock::now() - up->since;
    status.links.push_back({way, activation_.preferred() == way,
                            runtime::now() - std::chrono::duration_cast<std::chrono::seconds>(age), up->round_trip});
  }
  status.streams = links_.streams();
  status.switches = activation_.switches();
  status.cause = cause_;
  status_ = status;
  control_.publish(std::move(status));
}

// Streams come and go without the activation hearing of it.
void DeviceRunner::count_streams() {
  count_.expires_after(kCountEvery);
  count_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || stopped_) return;
    if (status_.streams != links_.streams()) {
      status_.streams = links_.streams();
      control_.publish(status_);
    }
    count_streams();
  });
}

void DeviceRunner::arm() {
  const auto deadline = activation_.deadline();
  if (!deadline || stopped_) {
    due_.cancel();
    return;
  }
  due_.expires_after(std::max(activation::Millis(1), *deadline - steady_now()));
  due_.async_wait([this](const boost::system::error_code& moved) {
    if (!moved) take({On::TimerDue});
  });
}

}  // namespace cpns::device
