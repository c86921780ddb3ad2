#include "ims/registration.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"
#include "ims/digest_answer.hpp"
#include "ims/sip_uri.hpp"

namespace cpns::ims {
namespace {

using State = RegistrationState;
using Seconds = Registration::Seconds;

bool fits_in_header(std::string_view text) {
  return !text.empty() && !has_control_character(text) && text.find_first_of("\"\\<> ,") == std::string_view::npos;
}

/// How long the registrar took it for: of our contact, or of the whole reply (RFC 3261 section 10.2.4). Other contacts
/// are of this user's other devices; a border element may have written another address in ours.
std::optional<Seconds> granted(const SipReply& reply, std::string_view contact) {
  const std::string* found = nullptr;
  for (const auto& header : reply.headers) {
    if (!same_word(header.name, "Contact")) continue;
    const bool ours = same_place(header_uri(header.value), contact);
    if (ours || found == nullptr) found = &header.value;
    if (ours) break;
  }
  const auto own = found == nullptr ? std::nullopt : header_parameter(*found, "expires");
  const auto text = own.value_or(find_header(reply.headers, "Expires"));
  const auto seconds = decimal(trimmed(text));
  return seconds ? std::optional(Seconds(*seconds)) : std::nullopt;
}

// TS 24.229 section 5.1.1.4.1: 600 s before the end, or at half of the time where that is short.
Seconds renew_after(Seconds granted) { return granted > Seconds(1200) ? granted - Seconds(600) : granted / 2; }

Seconds grown(Seconds pause, const Registration::Settings& settings) {
  return pause.count() == 0 ? settings.first_pause : std::min(pause * 2, settings.longest_pause);
}

}  // namespace

std::string_view to_text(RegistrationState state) noexcept {
  constexpr std::array<std::string_view, 10> kNames{"idle",     "asking",  "answering", "resyncing", "registered",
                                                    "renewing", "pausing", "refused",   "leaving",   "gone"};
  return kNames[static_cast<std::size_t>(state)];
}

Registration::Registration(Settings settings, Usim& usim, crypto::Random& random)
    : settings_(std::move(settings)), usim_(&usim), random_(&random), call_id_(to_hex(random.bytes<16>())) {}

Result<Registration> Registration::make(Settings settings, Usim& usim, crypto::Random& random) {
  for (const auto* text : {&settings.impi, &settings.impu, &settings.realm, &settings.contact, &settings.pcscf}) {
    if (!fits_in_header(*text)) {
      return Error{Code::ims_user_unreadable, *text, "no blank, comma, quote, bracket or control character"};
    }
  }
  return Registration(std::move(settings), usim, random);
}

SipRequest Registration::request(std::string authorization) {
  const auto user = "<" + settings_.impu + ">";
  const bool leaving = state_ == State::Leaving;
  const auto expires = std::to_string(leaving ? 0 : settings_.expires.count());
  return {"REGISTER",
          "sip:" + settings_.realm,
          settings_.pcscf,
          {{"From", user + ";tag=" + to_hex(random_->bytes<8>())},
           {"To", user},
           {"Call-ID", call_id_},
           {"CSeq", std::to_string(++sequence_) + " REGISTER"},
           {"Contact", "<" + settings_.contact + ">;expires=" + expires},
           {"Expires", expires},
           {"Supported", "path"},
           {"Authorization", std::move(authorization)}},
          {},
          {}};
}

Registration::Outcome Registration::ask(State next, Moment now) {
  state_ = next;
  resynchronised_ = false;
  // An empty answer names the user to the network (TS 24.229 section 5.1.1.2.2).
  Outcome outcome{request("Digest username=\"" + settings_.impi + "\", realm=\"" + settings_.realm +
                          "\", uri=\"sip:" + settings_.realm + R"(", nonce="", response="")")};
  if (registered_) outcome.wake_after = std::max(until_ - now, Seconds(0));
  return outcome;
}

Registration::Outcome Registration::begin(Moment now) { return ask(State::Asking, now); }

Registration::Outcome Registration::on_reply(const SipReply& reply, Moment now) {
  switch (state_) {
    case State::Asking:
    case State::Answering:
    case State::Resyncing:
    case State::Renewing:
    case State::Leaving:
      break;
    default:
      return {};  // of a request that was given up
  }
  const auto text = std::to_string(reply.status) + " " + reply.phrase;
  if (reply.status == 401) return on_challenge(reply, now);
  if (reply.status == 200) return on_registered(reply, now);
  if (state_ == State::Leaving) return gone({});
  if (!reply.refused.empty()) {
    return pause(Error{Code::sip_tls_refused, reply.refused, "a valid certificate with the name of the proxy"}, now);
  }
  if (reply.status == 403 || reply.status == 404) {
    const auto code = state_ == State::Answering ? Code::ims_usim_answer_refused : Code::ims_registration_refused;
    return refuse(Error{code, text, "200"}, now);
  }
  return pause(Error{Code::ims_registration_lost, text, "200 or 401"}, now, Seconds(retry_after(reply.headers)));
}

Registration::Outcome Registration::on_challenge(const SipReply& reply, Moment now) {
  // After an answer a second challenge says that it was not taken.
  if (state_ == State::Answering) return refuse(Error{Code::ims_usim_answer_refused, "another challenge", "200"}, now);
  const auto* header = only_header(reply.headers, "WWW-Authenticate");
  if (header == nullptr) return pause(Error{Code::sip_malformed, "401 without one challenge", "WWW-Authenticate"}, now);
  auto challenge = parse_digest_challenge(*header);
  if (!challenge) return pause(std::move(challenge).error(), now);
  auto asked = usim_->authenticate(challenge->rand, challenge->autn);
  if (!asked) return refuse(std::move(asked).error(), now);
  const auto uri = "sip:" + settings_.realm;
  const auto cnonce = to_hex(random_->bytes<8>());
  const DigestRequest what{settings_.impi, "REGISTER", uri, cnonce, 1};
  const auto* resync = std::get_if<AkaResync>(&*asked);
  if (resync != nullptr && resynchronised_) {
    return refuse(Error{Code::usim_out_of_step, "a number that is old after AUTS too", "the USIM's own"}, now);
  }
  auto answer = resync != nullptr ? answer_digest_resync(*challenge, what, resync->auts)
                                  : answer_digest(*challenge, what, std::get<AkaAnswer>(*asked).res);
  if (!answer) return refuse(std::move(answer).error(), now);
  Outcome outcome;
  if (resync != nullptr) {
    resynchronised_ = true;
    outcome.event = Code::usim_out_of_step;
  } else if (resynchronised_) {
    outcome.event = Code::ims_resynchronised;
  }
  if (state_ != State::Leaving) state_ = resync != nullptr ? State::Resyncing : State::Answering;
  outcome.send = request(std::move(*answer));
  return outcome;
}

Registration::Outcome Registration::on_registered(const SipReply& reply, Moment now) {
  if (state_ == State::Leaving) return gone({});
  // Only the network that has proven itself to the USIM may say so [L1].
  if (state_ != State::Answering) {
    return refuse(Error{Code::usim_network_not_proven, "200 without a challenge", "a challenge with AUTN"}, now);
  }
  const auto time = granted(reply, settings_.contact);
  if (!time || time->count() == 0) {
    return pause(Error{Code::sip_malformed, "200 without a time", "Contact with expires, or Expires"}, now);
  }
  const bool again = std::exchange(registered_, true);
  state_ = State::Registered;
  until_ = now + *time;
  const auto renew = std::max(renew_after(*time), Seconds(1));
  settled_ = now + std::min(settings_.longest_pause, renew);
  service_route_.clear();
  for (const auto& header : reply.headers) {
    if (find_header({header}, "Service-Route").empty()) continue;
    service_route_ += (service_route_.empty() ? "" : ", ") + header.value;
  }
  return {{}, renew, {}, again ? Code::ims_reregistered : Code::ims_registered};
}

Registration::Outcome Registration::on_time(Moment now) {
  Outcome ended;
  if (registered_ && now >= until_) {
    registered_ = false;
    ended.error = Error{Code::ims_registration_lost, "its time is over and no renewal was answered", "a renewal"};
  }
  if (state_ == State::Registered) return ask(State::Renewing, now);
  if (state_ != State::Pausing && state_ != State::Refused) return ended;
  if (now < next_try_) {
    ended.wake_after = next_try_ - now;
    return ended;
  }
  auto outcome = begin(now);
  outcome.error = std::move(ended.error);
  return outcome;
}

Registration::Outcome Registration::on_network_ended(bool again, Seconds after, Moment now) {
  if (!registered_ || state_ == State::Leaving) return {};
  auto outcome = again ? lose(after, now) : refuse(Error{Code::ims_deregistered}, now);
  outcome.event = Code::ims_deregistered;
  outcome.error.reset();
  return outcome;
}

Registration::Outcome Registration::on_forgotten(Moment now) {
  if (!registered_ || state_ == State::Leaving) return {};
  // The reply to the request that is under way decides.
  if (state_ != State::Registered && state_ != State::Pausing) {
    registered_ = false;
    return {};
  }
  auto outcome = lose(Seconds(0), now);
  outcome.error = Error{Code::ims_registration_lost, "the network no longer knows this user", "registered"};
  return outcome;
}

Registration::Outcome Registration::on_connection_lost(Moment now) {
  if (state_ != State::Registered) return {};  // what is under way makes a connection, or ends with it
  forgive(now);
  const auto delay = pause_;
  pause_ = grown(pause_, settings_);
  if (delay.count() == 0) return ask(State::Renewing, now);
  state_ = State::Pausing;
  return wait(delay, now);
}

Registration::Outcome Registration::leave(Moment now) {
  // An answer under way may still make a registration.
  if (registered_ || state_ == State::Answering) return ask(State::Leaving, now);
  state_ = State::Gone;
  return {};
}

void Registration::forgive(Moment now) noexcept {
  if (settled_ && now >= *settled_) pause_ = Seconds(0);
  settled_.reset();
}

Registration::Outcome Registration::wait(Seconds pause, Moment now) {
  next_try_ = now + pause;
  // Whichever comes first: to try again, or the end of a registration that still stands.
  return {{}, registered_ ? std::clamp(until_ - now, Seconds(0), pause) : pause, {}, {}};
}

Registration::Outcome Registration::gone(std::optional<Error> error) {
  state_ = State::Gone;
  registered_ = false;
  return {{}, {}, std::move(error), {}};
}

Registration::Outcome Registration::refuse(Error error, Moment now) {
  // Who has left is not brought back by what the network answers.
  if (state_ == State::Leaving) return gone(std::move(error));
  state_ = State::Refused;
  registered_ = false;
  auto outcome = wait(settings_.refused_pause, now);
  outcome.error = std::move(error);
  return outcome;
}

Registration::Outcome Registration::pause(Error error, Moment now, Seconds least) {
  if (state_ == State::Leaving) return gone(std::move(error));
  forgive(now);
  state_ = State::Pausing;
  pause_ = grown(pause_, settings_);
  auto outcome = wait(std::max(pause_, least), now);
  outcome.error = std::move(error);
  return outcome;
}

Registration::Outcome Registration::lose(Seconds after, Moment now) {
  forgive(now);
  registered_ = false;
  const auto delay = std::max(after, pause_);
  pause_ = grown(pause_, settings_);
  if (delay.count() == 0) return begin(now);
  state_ = State::Pausing;
  return wait(delay, now);
}

}  // namespace cpns::ims
