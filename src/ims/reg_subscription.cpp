#include "ims/reg_subscription.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"
#include "ims/sip_uri.hpp"

namespace cpns::ims {
namespace {

using Seconds = RegSubscription::Seconds;

// As a registration is renewed: 600 s before the end, or at half of the time where that is short.
Seconds refresh_after(Seconds granted) {
  return std::max(granted > Seconds(1200) ? granted - Seconds(600) : granted / 2, Seconds(1));
}

/// What no repetition changes: the package is unknown, or the user may not have it.
bool is_refusal(int status) {
  return status >= 300 && status < 500 && status != 408 && status != 423 && status != 480 && status != 481;
}

/// CSeq of a NOTIFY.
std::optional<std::uint32_t> sequence_of(const SipRequest& request) {
  const auto text = find_header(request.headers, "CSeq");
  return decimal(text.substr(0, text.find(' ')));
}

}  // namespace

RegSubscription::RegSubscription(Settings settings, crypto::Random& random)
    : settings_(std::move(settings)), random_(&random) {}

SipRequest RegSubscription::request(Seconds expires) {
  const auto user = "<" + settings_.impu + ">";
  SipRequest made{"SUBSCRIBE",
                  remote_target_.empty() ? settings_.impu : remote_target_,
                  settings_.pcscf,
                  {{"From", user + ";tag=" + local_tag_},
                   {"To", user + (remote_tag_.empty() ? "" : ";tag=" + remote_tag_)},
                   {"Call-ID", call_id_},
                   {"CSeq", std::to_string(++sequence_) + " SUBSCRIBE"},
                   {"Contact", "<" + settings_.contact + ">"},
                   {"Event", "reg"},
                   {"Expires", std::to_string(expires.count())},
                   {"Accept", std::string(kReginfoContentType)}},
                  {},
                  {}};
  const auto& route = remote_target_.empty() ? service_route_ : route_;
  if (!route.empty()) made.headers.push_back({"Route", route});
  return made;
}

RegSubscription::Outcome RegSubscription::ask_anew() {
  end();
  call_id_ = to_hex(random_->bytes<16>());
  local_tag_ = to_hex(random_->bytes<8>());
  state_ = State::Asking;
  return {request(settings_.expires), {}, {}};
}

RegSubscription::Outcome RegSubscription::pause(Seconds least) {
  pause_ = pause_.count() == 0 ? settings_.first_pause : std::min(pause_ * 2, settings_.longest_pause);
  end();
  state_ = State::Pausing;
  return {{}, std::max(pause_, least), {}};
}

RegSubscription::Outcome RegSubscription::begin(std::string route) {
  service_route_ = std::move(route);
  if (state_ != State::Idle) return {};
  pause_ = {};
  return ask_anew();
}

RegSubscription::Outcome RegSubscription::on_reply(const SipReply& reply) {
  if (state_ != State::Asking && state_ != State::Refreshing) return {};
  const bool refreshed = state_ == State::Refreshing;
  const auto text = "SUBSCRIBE: " + std::to_string(reply.status) + " " + reply.phrase;
  if (reply.status >= 300) {
    // The dialogue is gone, as after a restart of the S-CSCF: a new one at once, and with a pause if that fails too.
    if (reply.status == 481 && refreshed) return ask_anew();
    auto outcome = pause(is_refusal(reply.status) ? settings_.refused_pause : Seconds(retry_after(reply.headers)));
    outcome.error = Error{Code::sip_not_sent, text, "200"};
    return outcome;
  }
  const auto tag = header_parameter(find_header(reply.headers, "To"), "tag");
  if (!tag || tag->empty()) {
    auto outcome = pause(Seconds(0));
    outcome.error = Error{Code::sip_malformed, text + " without tag", "To with a tag"};
    return outcome;
  }
  // A NOTIFY may have made the dialogue already; one of another branch is not ours.
  if (remote_tag_.empty() || remote_tag_ == *tag) learn_dialogue(reply.headers, *tag);
  state_ = State::Active;
  // A first 200 is no proof: a network may take it and end it again and again.
  if (refreshed) pause_ = {};
  const auto granted = decimal(find_header(reply.headers, "Expires"));
  return {{}, refresh_after(granted && *granted != 0 ? Seconds(*granted) : settings_.expires), {}};
}

void RegSubscription::learn_dialogue(const SipHeaders& headers, std::string_view remote_tag) {
  remote_tag_ = remote_tag;
  if (const auto target = header_uri(find_header(headers, "Contact")); !target.empty()) remote_target_ = target;
  if (!route_.empty()) return;
  // Of a reply to our request: in reverse (RFC 3261 section 12.1.2).
  for (const auto& header : headers) {
    if (!same_word(header.name, "Record-Route")) continue;
    route_ = header.value + (route_.empty() ? "" : ", ") + route_;
  }
}

bool RegSubscription::is_of_dialogue(const SipRequest& request) const {
  if (call_id_.empty() || find_header(request.headers, "Call-ID") != call_id_) return false;
  const auto here = header_parameter(find_header(request.headers, "To"), "tag");
  const auto there = header_parameter(find_header(request.headers, "From"), "tag");
  return here && *here == local_tag_ && there && !there->empty() && (remote_tag_.empty() || *there == remote_tag_);
}

RegSubscription::Notified RegSubscription::on_notify(const SipRequest& request) {
  if (!same_word(header_word(find_header(request.headers, "Event")), "reg")) return {489, {{"Allow-Events", "reg"}}};
  if (!is_of_dialogue(request)) return {481};
  const auto sequence = sequence_of(request);
  if (!sequence || (remote_sequence_ && *sequence <= *remote_sequence_)) return {500};
  remote_sequence_ = sequence;
  if (remote_tag_.empty()) {
    remote_tag_ = header_parameter(find_header(request.headers, "From"), "tag").value_or("");
  }
  Notified notified{200};
  const auto subscription = find_header(request.headers, "Subscription-State");
  bool behind = false;
  if (!request.body.empty()) {
    if (!same_word(header_word(find_header(request.headers, "Content-Type")), kReginfoContentType)) {
      return {415, {{"Accept", std::string(kReginfoContentType)}}};
    }
    const auto info = parse_reginfo(request.body);
    if (!info) {
      notified.status = 400;
      notified.outcome.error = info.error();
      return notified;
    }
    // RFC 3680 section 4.7: an old document is passed over; one that is not the next says that some are missing.
    if (!version_ || info->version > *version_) {
      behind = !info->full && version_ && info->version > *version_ + 1;
      version_ = info->version;
      notified.verdict = judge(*info, settings_.impu, settings_.contact);
    }
  }
  if (notified.verdict.kind != RegVerdict::Kind::Stands) {
    end();
    return notified;
  }
  if (same_word(header_word(subscription), "terminated")) {
    // RFC 6665 section 4.1.3: these reasons say that it would end again.
    const auto reason = header_parameter(subscription, "reason").value_or("");
    const bool final = same_word(reason, "rejected") || same_word(reason, "noresource");
    const auto least =
        retry_after({{"Retry-After", std::string(header_parameter(subscription, "retry-after").value_or(""))}});
    notified.outcome = pause(final ? settings_.refused_pause : Seconds(least));
  } else if (behind && state_ == State::Active) {
    // A refresh brings the whole state.
    state_ = State::Refreshing;
    notified.outcome.send = this->request(settings_.expires);
  } else if (const auto left = decimal(header_parameter(subscription, "expires").value_or(""));
             left && state_ == State::Active) {
    notified.outcome.wake_after = refresh_after(Seconds(*left));
  }
  return notified;
}

RegSubscription::Outcome RegSubscription::on_time() {
  if (state_ == State::Pausing) return ask_anew();
  if (state_ != State::Active) return {};
  state_ = State::Refreshing;
  return {request(settings_.expires), {}, {}};
}

std::optional<SipRequest> RegSubscription::leave() {
  std::optional<SipRequest> last;
  if (!remote_tag_.empty()) last = request(Seconds(0));
  end();
  return last;
}

void RegSubscription::end() noexcept {
  state_ = State::Idle;
  call_id_.clear();
  local_tag_.clear();
  remote_tag_.clear();
  remote_target_.clear();
  route_.clear();
  remote_sequence_.reset();
  version_.reset();
}

}  // namespace cpns::ims
