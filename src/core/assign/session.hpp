#pragma once
// What the three sessions have in common. A session is a thin walker of kRuns: it parses nothing itself, asks its
// RunCursor whether a message is next, calls the step's function and says what to do. Roles do it, in order.

#include <chrono>
#include <optional>
#include <variant>
#include <vector>

#include "core/assign/run_cursor.hpp"
#include "core/assign/step_functions.hpp"

namespace cpns::assign {

/// The time, as the caller has it. `steady` never jumps and is what deadlines are made of; `wall` is what goes into
/// messages and stores.
struct Now {
  ids::UnixTime wall;
  std::chrono::milliseconds steady;
};

/// A step went well: for the log of the party that kSteps names.
struct StepDone {
  Step step;
};

/// What to do now, in order. With a `refusal` the session is over: it is to be logged, and the actions already hold
/// what the peer gets. A session that is over is dropped by its owner and takes no further event.
template <class Action>
struct Outcome {
  std::vector<Action> actions;
  std::optional<Error> refusal;
  bool finished = false;

  [[nodiscard]] bool over() const { return finished || refusal.has_value(); }
};

/// The one plain alert of a run.
[[nodiscard]] inline Bytes alert(const ids::CorrelationId& correlation_id) {
  return encode_public(correlation_id, Alert{});
}
/// The alert for what `error` refuses. Of all causes a full quota is the only one that a peer is told: it is that of
/// the PN GW that asks, says nothing of any device or key, and no further attempt helps until somebody changes it [S7].
[[nodiscard]] inline Alert alert_for(const Error& error) {
  return {error.code == Code::device_quota_reached ? Alert::Reason::DeviceQuota : Alert::Reason::None};
}
/// What the receiver of an alert from `peer` refuses its run with.
[[nodiscard]] inline Error refused_by(const Alert& alert, std::string_view peer, std::string expected) {
  const bool quota = alert.reason == Alert::Reason::DeviceQuota;
  return {quota ? Code::device_quota_reached : Code::peer_refused, "Alert from the " + std::string(peer),
          std::move(expected)};
}

/// True for Alert: it ends any run, and is never answered by another.
[[nodiscard]] inline bool is_alert(const Message& message) { return std::holds_alternative<Alert>(message.body); }

/// The kind of a message of an assignment run; None for any other.
[[nodiscard]] MessageKind kind_of(const Body& body);

}  // namespace cpns::assign
