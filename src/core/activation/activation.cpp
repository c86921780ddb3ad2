#include "core/activation/activation.hpp"

#include <algorithm>

namespace cpns::activation {

namespace {

using Kind = Action::Kind;

constexpr Millis kMinute{60'000};
constexpr unsigned kMostDoublings = 6;
/// An attempt older than this at a network change began on a network that may be gone.
constexpr Millis kStale{250};

constexpr State mode_of(Path path) { return path == Path::Gateway ? State::PneMode : State::PnePnGwMode; }
constexpr On down(Path path) { return path == Path::Gateway ? On::GatewayDown : On::DirectDown; }

// Between half and all of it.
Millis varied(Millis pause, std::uint16_t random) {
  return pause / 2 + pause / 2 * static_cast<Millis::rep>(random) / 0xffff;
}

Millis doubled(Millis pause, unsigned times) { return pause * (1U << std::min(times, kMostDoublings)); }

}  // namespace

std::vector<Action> Activation::on(const Event& event, Millis now, std::uint16_t random) {
  actions_.clear();
  take_facts(event, now, random);
  choose(event.on, now);
  end_slow_links(now, random);
  open_and_close(now);
  return std::exchange(actions_, {});
}

void Activation::take_facts(const Event& event, Millis now, std::uint16_t random) {
  switch (event.on) {
    case On::Paired:
      paired_ = true;
      keyless_ = event.keyless;
      break;
    case On::Assigned:
      paired_ = true;
      has_key_ = true;
      gateway_ = event.gateway;
      link(Path::Direct).retry_at = std::max(link(Path::Direct).retry_at, now + comeback_.at_start(random));
      break;
    case On::CredentialGone:
      paired_ = has_key_ = keyless_ = false;
      break;
    case On::GatewayUp:
    case On::DirectUp:
      return went_up(event.on == On::DirectUp ? Path::Direct : Path::Gateway, now);
    case On::GatewayDown:
    case On::DirectDown:
      return went_down(event.on == On::DirectDown ? Path::Direct : Path::Gateway, event, now, random);
    case On::NetworkChanged:
      return network_changed(now, random);
    case On::WishChanged:
      wish_ = event.wish;
      for (auto& link : links_) link.retry_at = std::min(link.retry_at, now);
      break;
    case On::ProbeOk: {
      auto& asked = link(event.path);
      if (asked.status == Status::Up && asked.probed && now >= hold_end(asked)) asked.proved = true;
      asked.probed.reset();
      break;
    }
    case On::Settled:
      settled_ = true;
      break;
    case On::TimerDue:
      break;
  }
}

void Activation::went_up(Path path, Millis now) {
  auto& up = link(path);
  if (up.status != Status::Opening) return;  // it was to be ended while it opened: its Down follows
  up = Link{Status::Up, now, Millis{0}, Millis{0}, up.losses};
  if (path == Path::Direct) comeback_.arrived();
}

// An open link broke. Opened again at once the first time, later and later when it keeps breaking; the direct one
// within what the Server has said, for it may have lost all of its devices.
void Activation::lost(Path path, Millis now, std::uint16_t random) {
  auto& broken = link(path);
  broken.losses = now - broken.since >= policy_.hold * 10 ? 1 : broken.losses + 1;
  broken.pause = Millis{0};
  if (broken.losses > 1)
    broken.pause = std::min(doubled(policy_.first_pause, broken.losses - 2), policy_.longest_pause);
  if (path == Path::Direct) broken.not_before = now + comeback_.after_loss(now, random);
  broken.retry_at = std::max(now + varied(broken.pause, random), broken.not_before);
  broken.probed.reset();
}

void Activation::went_down(Path path, const Event& event, Millis now, std::uint16_t random) {
  auto& gone = link(path);
  if (gone.status == Status::Off) return;
  if (gone.status == Status::Up) {
    lost(path, now, random);
  } else if (gone.status == Status::Opening) {
    gone.failed = true;
    gone.refused = event.refused;
    gone.pause = gone.pause.count() == 0 ? policy_.first_pause : std::min(gone.pause * 2, policy_.longest_pause);
    if (event.refused) gone.pause = policy_.longest_pause;
    gone.retry_at = now + varied(gone.pause, random);
    if (event.turned_away) gone.retry_at = gone.not_before = now + comeback_.after_turned_away(random);
  }
  gone.status = Status::Off;
  gone.since = now;
  hurry_where_nothing_is_up(now, random);
}

void Activation::hurry_where_nothing_is_up(Millis now, std::uint16_t random) {
  for (const auto& one : links_) {
    if (one.status == Status::Up) return;
  }
  for (auto& one : links_) {
    const auto latest = now + varied(policy_.longest_pause_degraded, random);
    if (one.status != Status::Off || one.refused) continue;
    one.retry_at = std::max(one.not_before, std::min(one.retry_at, latest));
  }
}

// Links that seem to be up may have lost their network; attempts that failed may succeed now. A Server that turns
// devices away does so on whatever network they come by.
void Activation::network_changed(Millis now, std::uint16_t random) {
  comeback_.network_changed(now);
  for (const auto path : {Path::Gateway, Path::Direct}) {
    auto& changed = link(path);
    if (changed.status == Status::Up) probe(path, now);
    if (changed.status == Status::Opening && now - changed.since > kStale) end(path, Kind::Abort, now);
    changed.pause = Millis{0};
    if (path == Path::Direct && comeback_.turned_away() > 0) continue;
    changed.not_before = Millis{0};
    changed.retry_at = std::min(changed.retry_at, path == Path::Direct ? now + comeback_.at_start(random) : now);
  }
}

void Activation::probe(Path path, Millis now) {
  if (link(path).probed) return;
  link(path).probed = now;
  actions_.push_back({Kind::Probe, path});
}

void Activation::end(Path path, Kind how, Millis now) {
  auto& ending = link(path);
  ending.status = Status::Finishing;
  ending.since = now;
  ending.probed.reset();
  actions_.push_back({how, path});
}

void Activation::end_slow_links(Millis now, std::uint16_t random) {
  for (const auto path : {Path::Gateway, Path::Direct}) {
    auto& slow = link(path);
    if (slow.status == Status::Finishing && now >= slow.since + policy_.finish_limit) end(path, Kind::Abort, now);
    if (slow.status == Status::Up && slow.probed && now >= *slow.probed + policy_.probe_limit) {
      lost(path, now, random);
      end(path, Kind::Abort, now);
      choose(down(path), now);
    }
  }
}

bool Activation::allowed(Path path) const noexcept {
  const bool fixed_here = gateway_ || !has_key_;  // without a gateway there is no choice to be made
  if (path == Path::Direct) return has_key_ && (mode() != Mode::FixedGateway || !fixed_here);
  if (!has_key_) return keyless_;
  return gateway_ && mode() != Mode::FixedDirect;
}

Path Activation::first_choice() const noexcept {
  if (!has_key_) return Path::Gateway;
  if (!gateway_) return Path::Direct;
  return mode() == Mode::PreferDirect || mode() == Mode::FixedDirect ? Path::Direct : Path::Gateway;
}

bool Activation::wanted(Path path) const noexcept {
  if (!allowed(path)) return false;
  if (path == first_choice() || policy_.standby) return true;
  const auto& first = link(first_choice());
  return first.status != Status::Up && (first.failed || first.losses > 0 || state_ == State::Degraded);
}

Millis Activation::hold_end(const Link& link) const noexcept {
  return link.losses == 0 ? link.since : link.since + doubled(policy_.hold, link.losses - 1);
}

std::optional<Millis> Activation::switch_allowed_at() const {
  if (recent_.size() < std::max(policy_.switches_per_minute, 1U)) return std::nullopt;
  return recent_.front() + kMinute;
}

bool Activation::go(On on, State to) {
  const auto* row = transition(state_, on, to);
  if (row == nullptr) return false;
  state_ = to;
  actions_.push_back({Kind::Report, preferred_.value_or(Path::Gateway), row});
  return true;
}

void Activation::carry(On on, std::optional<Path> path) {
  if (!go(on, path ? mode_of(*path) : State::Degraded)) return;
  if (path && preferred_) ++switches_;
  preferred_ = path;
  if (path) actions_.push_back({Kind::Prefer, *path});
}

// A link that failed before has to have been up for its hold, and to answer.
bool Activation::may_switch(On on, Millis now) {
  if (fixed() || on == On::WishChanged) return true;
  auto& first = link(first_choice());
  if (first.losses > 0) {
    if (now < hold_end(first)) return false;
    if (!first.proved) {
      probe(first_choice(), now);
      return false;
    }
  }
  while (!recent_.empty() && recent_.front() + kMinute <= now) recent_.pop_front();
  return !switch_allowed_at();
}

void Activation::consider_switch(On on, Millis now) {
  const auto first = first_choice();
  if (*preferred_ == first || link(first).status != Status::Up || !may_switch(on, now)) return;
  if (!go(on, State::Switching)) return;  // TimerDue comes at once and may
  if (!fixed() && on != On::WishChanged) recent_.push_back(now);
  preferred_ = first;
  ++switches_;
  settled_ = false;
  settle_until_ = now + policy_.finish_limit;
  actions_.push_back({Kind::Prefer, first});
}

void Activation::choose(On on, Millis now) {
  if (!paired_) {
    preferred_.reset();
    (void)go(on, State::Unpaired);
    return;
  }
  if (state_ == State::Unpaired || state_ == State::Paired) {
    (void)go(on, has_key_ ? State::Assigned : State::Paired);
  }
  const auto up = [this](Path path) { return link(path).status == Status::Up; };
  if (state_ == State::Switching) {
    const auto target = *preferred_;
    const auto old = other(target);
    if (!up(target)) return carry(on, up(old) ? std::optional(old) : std::nullopt);
    if (settled_ || link(old).status == Status::Off || now >= settle_until_) (void)go(on, mode_of(target));
    return;
  }
  if (preferred_ && up(*preferred_)) return consider_switch(on, now);
  const auto first = first_choice();
  if (up(first)) return carry(on, first);
  if (up(other(first))) return carry(on, other(first));
  if (preferred_) carry(on, std::nullopt);
}

void Activation::open_and_close(Millis now) {
  for (const auto path : {Path::Gateway, Path::Direct}) {
    auto& here = link(path);
    const bool in_use = preferred_ == path;
    if (here.status == Status::Off && wanted(path) && now >= here.retry_at) {
      here.status = Status::Opening;
      here.since = now;
      actions_.push_back({Kind::Open, path});
    } else if (here.status == Status::Opening && !allowed(path)) {
      end(path, Kind::Abort, now);
    } else if (here.status == Status::Up && !in_use && (!allowed(path) || !wanted(path))) {
      end(path, Kind::Finish, now);
    }
  }
}

std::optional<Millis> Activation::deadline() const {
  std::optional<Millis> first;
  const auto consider = [&first](Millis when) { first = first ? std::min(*first, when) : when; };
  for (const auto path : {Path::Gateway, Path::Direct}) {
    const auto& here = link(path);
    if (here.status == Status::Off && wanted(path)) consider(here.retry_at);
    if (here.status == Status::Up && here.probed) consider(*here.probed + policy_.probe_limit);
    if (here.status == Status::Finishing) consider(here.since + policy_.finish_limit);
  }
  if (state_ == State::Switching) consider(settle_until_);
  const auto& choice = link(first_choice());
  if (preferred_ && *preferred_ != first_choice() && state_ != State::Switching && choice.status == Status::Up &&
      !choice.probed) {
    const auto held = fixed() ? choice.since : hold_end(choice);
    const bool asks_first = !fixed() && choice.losses > 0 && !choice.proved;
    const auto counted = fixed() || asks_first ? std::nullopt : switch_allowed_at();
    consider(counted ? std::max(held, *counted) : held);
  }
  return first;
}

}  // namespace cpns::activation
