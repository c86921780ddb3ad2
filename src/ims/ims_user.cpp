#include "ims/ims_user.hpp"

#include <algorithm>
#include <bit>

#include "core/base/encoding.hpp"
#include "ims/asserted_identity.hpp"
#include "ims/reg_subscription.hpp"
#include "ims/sip_uri.hpp"

namespace cpns::ims {

namespace asio = runtime::asio;

namespace {

Registration::Moment now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

struct ImsUser::Impl : std::enable_shared_from_this<Impl> {
  Impl(const asio::any_io_executor& executor, SipStack& sip, Settings given, crypto::Random& source,
       runtime::Log& writes, Handler tells, Registration made, ids::PnGwId service_identity)
      : stack(sip),
        settings(std::move(given)),
        service(std::move(service_identity)),
        random(source),
        log(writes),
        handler(std::move(tells)),
        registration(std::move(made)),
        watch({settings.impu, settings.pcscf, sip.contact(), settings.expires}, source),
        timer(executor),
        watch_timer(executor) {}

  void perform(Registration::Outcome outcome);
  void perform_watch(RegSubscription::Outcome outcome);
  void follow(bool now);
  void obey(const RegVerdict& verdict);
  [[nodiscard]] bool is_from_pcscf(const SipRequest& request) const;
  void refuse_stranger(const std::string& who, const std::string& expected);
  void on_connection_lost(const std::string& address);
  void take(SipRequest request, const SipStack::Answer& answer);

  SipStack& stack;
  Settings settings;
  ids::PnGwId service;
  crypto::Random& random;
  runtime::Log& log;
  Handler handler;
  Registration registration;
  RegSubscription watch;
  asio::steady_timer timer;
  asio::steady_timer watch_timer;
  std::string pcscf_address;     ///< that the 200 to REGISTER came from
  std::uint64_t strangers = 0;   ///< requests that came from elsewhere
  std::uint64_t registers = 0;   ///< that were sent: the reply to an older one says nothing
  std::uint64_t subscribes = 0;  ///< the same
  bool was_registered = false;
  std::uint32_t sequence = 0;
};

void ImsUser::Impl::perform(Registration::Outcome outcome) {
  const std::initializer_list<runtime::Field> who{{"impu", settings.impu}, {"pcscf", settings.pcscf}};
  if (outcome.error) log.error(*outcome.error, who);
  if (outcome.event) log.event(*outcome.event, who);
  if (outcome.wake_after) {
    timer.expires_after(*outcome.wake_after);
    timer.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
      if (const auto self = weak.lock(); self && !cancelled) self->perform(self->registration.on_time(now()));
    });
  }
  if (outcome.send) {
    stack.send(std::move(*outcome.send), [weak = weak_from_this(), which = ++registers](const SipReply& reply) {
      const auto self = weak.lock();
      if (!self || which != self->registers) return;
      if (reply.status == 200) self->pcscf_address = reply.source;
      self->perform(self->registration.on_reply(reply, now()));
    });
  }
  if (const bool now = registration.registered(); now != was_registered) {
    was_registered = now;
    follow(now);
    if (handler.on_change) handler.on_change(now);
  }
}

void ImsUser::Impl::follow(bool now) {
  if (now) return perform_watch(watch.begin(registration.service_route()));
  watch_timer.cancel();
  watch.end();
}

void ImsUser::Impl::perform_watch(RegSubscription::Outcome outcome) {
  if (outcome.error) log.error(*outcome.error, {{"impu", settings.impu}, {"pcscf", settings.pcscf}});
  if (outcome.wake_after) {
    watch_timer.expires_after(*outcome.wake_after);
    watch_timer.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
      if (const auto self = weak.lock(); self && !cancelled) self->perform_watch(self->watch.on_time());
    });
  }
  if (outcome.send) {
    stack.send(std::move(*outcome.send), [weak = weak_from_this(), which = ++subscribes](const SipReply& reply) {
      const auto self = weak.lock();
      if (self && which == self->subscribes) self->perform_watch(self->watch.on_reply(reply));
    });
  }
}

void ImsUser::Impl::obey(const RegVerdict& verdict) {
  using Kind = RegVerdict::Kind;
  if (verdict.kind == Kind::Stands) return;
  const auto after =
      verdict.kind == Kind::AgainLater ? Registration::Seconds(verdict.retry_after) : std::chrono::seconds(0);
  auto outcome = registration.on_network_ended(verdict.kind != Kind::Stop, after, now());
  if (outcome.event == Code::ims_deregistered) {
    log.event(Code::ims_deregistered, {{"impu", settings.impu}, {"event", to_text(verdict.event)}});
    outcome.event.reset();
  }
  perform(std::move(outcome));
}

void ImsUser::Impl::on_connection_lost(const std::string& address) {
  // The P-CSCF reaches this user over that connection alone.
  if (address == pcscf_address) perform(registration.on_connection_lost(now()));
}

bool ImsUser::Impl::is_from_pcscf(const SipRequest& request) const {
  if (pcscf_address.empty() || request.source != pcscf_address) return false;
  if (!is_tls_uri(settings.pcscf)) return true;
  // An address is easily taken by a neighbour; the certificate says who is at the other end.
  const auto host = uri_host(settings.pcscf);
  return std::ranges::any_of(request.peer_names, [&](std::string_view name) {
    // A SIP domain may stand there as a URI (RFC 5922 section 7.1), without user.
    const bool is_domain = name.find(':') != std::string_view::npos && name.find('@') == std::string_view::npos;
    return same_word(is_domain ? uri_host(name) : name, host);
  });
}

// Whoever reaches this port can do it again and again: logged at 1, 2, 4, 8...
void ImsUser::Impl::refuse_stranger(const std::string& who, const std::string& expected) {
  if (!std::has_single_bit(++strangers)) return;
  log.error(Error{Code::sip_peer_not_trusted, who, expected}, {{"count", strangers}});
}

void ImsUser::Impl::take(SipRequest request, const SipStack::Answer& answer) {
  if (!is_from_pcscf(request)) {
    refuse_stranger(request.source, pcscf_address);
    return answer(403, {});
  }
  if (request.method == "NOTIFY") {
    auto notified = watch.on_notify(request);
    answer(notified.status, std::move(notified.headers));
    perform_watch(std::move(notified.outcome));
    return obey(notified.verdict);
  }
  if (request.method != "MESSAGE") return answer(405, {{"Allow", "MESSAGE, NOTIFY"}});
  if (!registration.registered()) return answer(480, {});
  // Any user of the network may write to this one: who it is stands in what the network asserts.
  const auto sender = asserted_identity(request.headers);
  if (!sender || *sender != service) {
    refuse_stranger(sender ? sender->text() : to_text(sender.error()), service.text());
    return answer(403, {});
  }
  const auto type = find_header(request.headers, "Content-Type");
  if (type != kCpnsContentType || request.body.empty() || request.body.size() > kMostBodyBytes) {
    log.error(Error{Code::sip_body_refused, std::string(type) + ", " + std::to_string(request.body.size()) + " bytes",
                    std::string(kCpnsContentType) + ", 1-65536 bytes"});
    return answer(415, {{"Accept", std::string(kCpnsContentType)}});
  }
  answer(200, {});
  if (handler.on_message) handler.on_message(request.body);
}

Result<std::unique_ptr<ImsUser>> ImsUser::make(asio::any_io_executor executor, SipStack& stack, Settings settings,
                                               Usim& usim, crypto::Random& random, runtime::Log& log, Handler handler) {
  auto service = public_identity(settings.service);
  if (uri_host(settings.pcscf).empty() || !service) {
    return Error{Code::ims_user_unreadable, settings.pcscf + ", " + settings.service, "two SIP URIs"};
  }
  if (is_tls_uri(settings.pcscf) && !is_tls_uri(stack.contact())) {
    return Error{Code::ims_user_unreadable, settings.pcscf + " from " + stack.contact(), "TLS at both, or at neither"};
  }
  CPNS_TRY(auto registration, Registration::make({settings.impi, settings.impu, settings.realm, settings.pcscf,
                                                  stack.contact(), settings.expires},
                                                 usim, random));
  auto impl = std::make_shared<Impl>(executor, stack, std::move(settings), random, log, std::move(handler),
                                     std::move(registration), std::move(*service));
  stack.on_request([weak = std::weak_ptr<Impl>(impl)](SipRequest request, const SipStack::Answer& answer) {
    if (const auto self = weak.lock()) return self->take(std::move(request), answer);
    answer(503, {});
  });
  stack.on_connection_lost([weak = std::weak_ptr<Impl>(impl)](const std::string& address) {
    if (const auto self = weak.lock()) self->on_connection_lost(address);
  });
  return std::unique_ptr<ImsUser>(new ImsUser(std::move(impl)));
}

ImsUser::~ImsUser() {
  impl_->timer.cancel();
  impl_->watch_timer.cancel();
}

void ImsUser::start() { impl_->perform(impl_->registration.begin(now())); }

void ImsUser::leave() {
  impl_->timer.cancel();
  impl_->watch_timer.cancel();
  if (auto last = impl_->watch.leave()) impl_->stack.send(std::move(*last), [](const SipReply&) {});
  impl_->perform(impl_->registration.leave(now()));
}

RegistrationState ImsUser::state() const noexcept { return impl_->registration.state(); }

bool ImsUser::registered() const noexcept { return impl_->registration.registered(); }

void ImsUser::send(ByteView body, std::function<void(Result<void>)> on_sent) {
  auto& self = *impl_;
  if (!self.registration.registered()) return on_sent(Error{Code::ims_registration_lost, "not registered"});
  SipRequest request{"MESSAGE",
                     self.settings.service,
                     self.settings.pcscf,
                     {{"From", "<" + self.settings.impu + ">;tag=" + to_hex(self.random.bytes<8>())},
                      {"To", "<" + self.settings.service + ">"},
                      {"Call-ID", to_hex(self.random.bytes<16>())},
                      {"CSeq", std::to_string(++self.sequence) + " MESSAGE"},
                      {"Content-Type", std::string(kCpnsContentType)}},
                     Bytes(body.begin(), body.end()),
                     {}};
  const auto& route = self.registration.service_route();
  if (!route.empty()) request.headers.push_back({"Route", route});
  self.stack.send(std::move(request),
                  [weak = impl_->weak_from_this(), on_sent = std::move(on_sent)](const SipReply& reply) {
                    const auto there = weak.lock();
                    if (!there) return;
                    const auto text = std::to_string(reply.status) + " " + reply.phrase;
                    if (reply.status < 300) return on_sent({});
                    if (reply.status == 404) return on_sent(Error{Code::sip_service_unknown, text, "200"});
                    // What a P-CSCF, and an S-CSCF that was restarted, say to who is not registered.
                    if (reply.status == 403 || reply.status == 504) {
                      there->perform(there->registration.on_forgotten(now()));
                      return on_sent(Error{Code::ims_registration_lost, text, "200"});
                    }
                    on_sent(Error{Code::sip_not_sent, text, "200"});
                  });
}

}  // namespace cpns::ims
