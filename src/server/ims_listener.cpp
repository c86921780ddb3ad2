#include "server/ims_listener.hpp"

#include <algorithm>

#include "ims/asserted_identity.hpp"
#include "ims/ims_user.hpp"
#include "ims/sip_uri.hpp"
#include "server/committed.hpp"
#include "store/rules.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using ims::SipRequest;
using runtime::Task;

namespace {

/// How much longer than the S-CSCF said: its next REGISTER may be late, and its own word ends it sooner.
constexpr std::chrono::seconds kGrace{30};
/// The longest that is believed (TS 24.229: 600,000 s are usual).
constexpr std::uint32_t kLongest = 10'000'000;
/// Messages to one user that the core has not answered yet. Runs need one each; somebody who asks and never answers is
/// to hold no more here, for each is a transaction of up to 32 s.
constexpr std::size_t kMostUnderWay = 64;

std::optional<std::chrono::seconds> expires_of(const SipRequest& request) {
  const auto value = ims::decimal(ims::find_header(request.headers, "Expires"));
  if (!value) return std::nullopt;
  return std::chrono::seconds(std::min(*value, kLongest));
}

}  // namespace

Result<std::unique_ptr<ImsListener>> ImsListener::open(Context& context, const Settings& settings, Tasks& tasks,
                                                       OperatorListener& operators, ids::Endpoint bearer_endpoint) {
  CPNS_TRY(auto service, ims::public_identity(settings.ims.public_service_identity));
  const auto folder = settings.ims.tls_folder.string();
  CPNS_TRY(auto stack, ims::SipStack::start(tasks.executor(), {settings.ims.listen, folder, !folder.empty(),
                                                               settings.ims.s_cscf, settings.ims.s_cscf_names}));
  std::unique_ptr<ImsListener> made(new ImsListener(context, settings, tasks, operators, std::move(bearer_endpoint),
                                                    std::move(service), std::move(stack)));
  made->stack_->on_request(
      [self = made.get()](const SipRequest& request, const Answer& answer) { self->take(request, answer); });
  tasks.spawn(watch_ends(made.get()));
  context.log.event(Code::ims_server_ready, {{"address", made->address()}, {"service", made->service_}});
  return made;
}

ImsListener::ImsListener(Context& context, const Settings& settings, Tasks& tasks, OperatorListener& operators,
                         ids::Endpoint bearer_endpoint, ids::PnGwId service, std::unique_ptr<ims::SipStack> stack)
    : context_(context),
      settings_(settings),
      tasks_(tasks),
      operators_(operators),
      bearer_endpoint_(std::move(bearer_endpoint)),
      service_(std::move(service)),
      stack_(std::move(stack)),
      users_(settings.ims.max_users),
      assigning_(context, settings.limits.assignments_per_minute, settings.exchange_way(), tasks.executor()),
      message_rates_(
          {settings.operator_link.limits.messages_per_second, 2 * settings.operator_link.limits.messages_per_second},
          context.random),
      stop_(tasks.executor()) {}

ImsListener::~ImsListener() = default;

void ImsListener::take(const SipRequest& request, const Answer& answer) {
  // What came later would begin what nobody ends.
  if (stop_.raised()) return answer(503, {});
  const auto& trusted = settings_.ims.s_cscf;
  std::optional<Refusal> refusal;
  if (std::find(trusted.begin(), trusted.end(), request.source) == trusted.end()) {
    refusal = Refusal{403, {Code::sip_peer_not_trusted, request.method + " from " + request.source, "the S-CSCF"}};
  } else if (request.method == "REGISTER") {
    refusal = take_register(request);
  } else if (request.method == "MESSAGE") {
    refusal = take_message(request);
  } else {
    return answer(405, {{"Allow", "REGISTER, MESSAGE"}});
  }
  if (!refusal) return answer(200, {});
  context_.log.error(refusal->error, {{"link", "ims"}, {"peer", request.source}});
  context_.audit_stranger(refusal->error);
  answer(refusal->status, {});
}

std::optional<ImsListener::Refusal> ImsListener::take_register(const SipRequest& request) {
  // To names whose registration it is; the S-CSCF has written it.
  auto user = ims::public_identity(ims::header_uri(ims::find_header(request.headers, "To")));
  if (!user) return Refusal{400, std::move(user).error()};
  const auto expires = expires_of(request);
  if (!expires) return Refusal{400, {Code::sip_malformed, "REGISTER without Expires", "seconds"}};
  if (expires->count() == 0) {
    end_user(*user);
    return std::nullopt;
  }
  switch (users_.registered(*user, runtime::now() + *expires + kGrace)) {
    case ImsUsers::Change::Full:
      return Refusal{503, {Code::sip_users_full, user->text(), std::to_string(settings_.ims.max_users) + " at most"}};
    case ImsUsers::Change::Came:
      context_.log.event(Code::sip_user_registered, {{"pn_gw_id", *user}, {"seconds", expires->count()}});
      break;
    case ImsUsers::Change::None:
      break;
  }
  return std::nullopt;
}

std::optional<ImsListener::Refusal> ImsListener::take_message(const SipRequest& request) {
  const auto to = ims::public_identity(request.uri);
  if (!to || *to != service_) {
    return Refusal{404, {Code::sip_service_unknown, request.uri.substr(0, 255), service_.text()}};
  }
  auto user = ims::asserted_identity(request.headers);
  if (!user) return Refusal{403, std::move(user).error()};
  if (!users_.is_registered(*user, runtime::now())) {
    return Refusal{403, {Code::sip_user_not_registered, user->text(), "a third-party REGISTER before"}};
  }
  const auto type = ims::find_header(request.headers, "Content-Type");
  if (type != ims::kCpnsContentType || request.body.empty() || request.body.size() > assign::kMaxMessageSize) {
    Error error{Code::sip_body_refused, std::string(type) + ", " + std::to_string(request.body.size()) + " bytes",
                std::string(ims::kCpnsContentType) + ", 1-65536 bytes"};
    return Refusal{type == ims::kCpnsContentType ? 413 : 415, std::move(error)};
  }
  // Of the user, not of his link: that ends with what it refuses, and the next message would have a fresh one.
  if (!message_rates_.admit(rate_key_of(as_bytes(user->text())), runtime::monotonic_ms())) {
    const auto limit = std::to_string(static_cast<int>(settings_.operator_link.limits.messages_per_second));
    return Refusal{503, {Code::message_rate_exceeded, "a burst of " + user->text(), limit + " a second"}};
  }
  auto found = inbox_of(*user);
  if (found.refusal) return std::move(found.refusal);
  if (found.inbox->put(request.body)) return std::nullopt;
  return Refusal{503, {Code::ims_link_full, user->text(), std::to_string(ImsInbox::kMostWaiting) + " at most"}};
}

ImsListener::Found ImsListener::inbox_of(const ids::PnGwId& user) {
  const auto open = inboxes_.find(user);
  if (open != inboxes_.end() && !open->second->closed()) return {open->second, {}};
  if (inboxes_.size() >= settings_.operator_link.max_links) {
    return {nullptr, Refusal{503, {Code::connection_limit_reached, std::to_string(inboxes_.size()), "fewer"}}};
  }
  const auto gateway = context_.gateways.find(user);
  if (!gateway) return {nullptr, Refusal{500, gateway.error()}};
  const auto& row = gateway.value();
  std::optional<store::rules::FoundGateway> found;
  if (row) found = {row->state, row->binding()};
  if (auto may = store::rules::check_binding(found, store::Binding::Ims, user); !may) {
    return {nullptr, Refusal{403, std::move(may).error()}};
  }
  auto inbox = std::make_shared<ImsInbox>(tasks_.executor());
  inboxes_.insert_or_assign(user, inbox);
  tasks_.spawn(serve(this, user, inbox, row.has_value()));
  return {inbox, {}};
}

Task<void> ImsListener::serve(ImsListener* self, ids::PnGwId user, std::shared_ptr<ImsInbox> inbox, bool known) {
  auto& context = self->context_;
  store::Quota quota{self->settings_.quota.pending, self->settings_.quota.devices};
  Result<void> admitted;
  if (!known) {
    auto& gateways = context.gateways;
    auto begin = [&gateways, user, devices = quota.devices](store::Done done) {
      gateways.admit(user, devices, runtime::now(), std::move(done));
    };
    auto saved = co_await committed(std::move(begin));
    if (!saved) admitted = std::move(saved).error();
  }
  if (admitted) {
    context.log.event(Code::operator_link_open, {{"pn_gw_id", user}, {"peer", "ims"}});
    auto send = [self](const ids::PnGwId& to, ByteView body, std::function<void(Result<void>)> on_sent) {
      self->send(to, body, std::move(on_sent));
    };
    auto channel = std::make_unique<ImsChannel>(inbox, user, std::move(send), context.log);
    const OperatorLink::Bearers bearers{self->operators_.bearers(), self->bearer_endpoint_};
    const auto link = std::make_shared<OperatorLink>(context, self->assigning_, self->settings_.operator_link.limits,
                                                     quota, std::move(channel), user, bearers);
    co_await link->serve();
    context.log.event(Code::operator_link_closed, {{"pn_gw_id", user}, {"peer", "ims"}});
  } else {
    context.log.error(admitted.error(), {{"pn_gw_id", user}});
  }
  inbox->close();
  // A newer link may have taken its place.
  const auto found = self->inboxes_.find(user);
  if (found != self->inboxes_.end() && found->second == inbox) self->inboxes_.erase(found);
}

void ImsListener::send(const ids::PnGwId& user, ByteView body, std::function<void(Result<void>)> on_sent) {
  auto& under_way = under_way_[user];
  if (under_way >= kMostUnderWay) {
    return on_sent(Error{Code::ims_link_full, user.text() + " answers nothing",
                         std::to_string(kMostUnderWay) + " messages under way at most"});
  }
  ++under_way;
  const auto& from = service_.text();
  SipRequest request{"MESSAGE",
                     user.text(),
                     settings_.ims.next_hop,
                     {{"From", "<" + from + ">;tag=" + to_hex(context_.random.bytes<8>())},
                      {"To", "<" + user.text() + ">"},
                      {"Call-ID", to_hex(context_.random.bytes<16>())},
                      {"CSeq", "1 MESSAGE"},
                      {"P-Asserted-Identity", "<" + from + ">"},
                      {"Content-Type", std::string(ims::kCpnsContentType)}},
                     Bytes(body.begin(), body.end()),
                     {}};
  stack_->send(std::move(request), [this, user, on_sent = std::move(on_sent)](const ims::SipReply& reply) {
    if (const auto sent = under_way_.find(user); --sent->second == 0) under_way_.erase(sent);
    if (reply.status < 300) return on_sent({});
    // The core knows nobody of that name any more, whatever it has told so far.
    if (reply.status == 404 || reply.status == 480) end_user(user);
    on_sent(Error{Code::sip_not_sent, std::to_string(reply.status) + " " + reply.phrase, "200"});
  });
}

Task<Result<void>> ImsListener::invite(ids::PnGwId user, ids::DeviceName device_name) {
  struct Wait {
    explicit Wait(const asio::any_io_executor& executor) : done(executor) {}
    Signal done;
    Result<void> outcome;
  };
  // It becomes the URI of a request.
  CPNS_CO_TRY(const auto canonical, ims::public_identity(user.text()));
  const auto wait = std::make_shared<Wait>(tasks_.executor());
  const ids::CorrelationId run(context_.random.bytes<ids::CorrelationId::kSize>());
  const Bytes message = assign::encode_public(run, assign::ActivationInvite{std::move(device_name)});
  send(canonical, message, [wait](Result<void> outcome) {
    wait->outcome = std::move(outcome);
    wait->done.raise();
  });
  co_await wait->done.wait();
  if (wait->outcome) co_return Result<void>{};
  co_return Error{Code::ims_invite_refused, user.text() + ": " + wait->outcome.error().got, "200"};
}

void ImsListener::end_user(const ids::PnGwId& user) {
  if (!users_.gone(user)) return;
  tasks_.spawn(close_and_say(this, user));
}

Task<void> ImsListener::close_and_say(ImsListener* self, ids::PnGwId user) {
  const auto closed = co_await self->close_links(user);
  self->context_.log.event(Code::sip_user_gone, {{"pn_gw_id", user}, {"closed_links", closed}});
}

Task<std::size_t> ImsListener::close_links(ids::PnGwId user) {
  const auto found = inboxes_.find(user);
  const std::size_t own = found != inboxes_.end() && !found->second->closed() ? 1 : 0;
  if (own != 0) found->second->close();
  co_return own + co_await operators_.close_bearers(user);
}

Task<void> ImsListener::watch_ends(ImsListener* self) {
  const std::chrono::milliseconds pause = std::chrono::seconds(1);
  while (!co_await self->stop_.wait_for(pause)) {
    const auto now = runtime::now();
    for (const auto& user : self->users_.take_ended(now)) {
      const auto closed = co_await self->close_links(user);
      self->context_.log.event(Code::sip_user_gone, {{"pn_gw_id", user}, {"closed_links", closed}});
    }
    for (const auto& user : self->operators_.bearers().sweep(now)) {
      if (co_await self->operators_.close_carried(user) == 0) continue;
      self->context_.log.event(Code::bearer_link_ended, {{"pn_gw_id", user}});
    }
  }
}

void ImsListener::close_all() {
  stop_.raise();
  for (const auto& [user, inbox] : inboxes_) inbox->close();
}

}  // namespace cpns::server
