#pragma once
// One operator link of an External PN GW: several runs of Device ID/Key Assignment at once, each with its own
// ServerSession, found by correlation_id. Does exactly what the sessions say, in their order; what has to be durable is
// durable before its answer leaves [S1, S4]. On the loop's thread.

#include <map>

#include "core/assign/server_session.hpp"
#include "runtime/exchange_queue.hpp"
#include "server/bearer_tokens.hpp"
#include "server/context.hpp"
#include "server/operator_channel.hpp"
#include "server/rate_table.hpp"
#include "server/ready_exchange.hpp"
#include "server/signal.hpp"

namespace cpns::server {

struct OperatorLimits {
  std::size_t runs = 32;  ///< at once on one link
  std::chrono::milliseconds idle{600'000};
  double messages_per_second = 200;  ///< sustained; twice as many in a burst
};

/// What the links of one listener have together.
struct Assigning {
  /// `per_minute`: beginnings of each PN GW. `way`: who multiplies, in step 2.
  Assigning(const Context& context, double per_minute, tls::x25519::Way way, const runtime::asio::any_io_executor& loop)
      : rates({per_minute / 60, per_minute}, context.random), exchanges(loop, context.random, way) {}

  /// Activations that the store has not confirmed yet, by assignment: a step 8 that is repeated on a new link meanwhile
  /// waits for them [S5].
  std::map<ids::AssignmentId, std::shared_ptr<Signal>> activations;
  RateTable rates;  ///< of beginnings
  runtime::ExchangeQueue exchanges;
};

class OperatorLink : public std::enable_shared_from_this<OperatorLink> {
 public:
  /// Where bearers are given out over this link: to IMS users, who have no certificate for connections of their own.
  struct Bearers {
    BearerTokens& tokens;
    const ids::Endpoint& endpoint;
  };

  OperatorLink(Context& context, Assigning& shared, const OperatorLimits& limits, store::Quota quota,
               std::unique_ptr<OperatorChannel> channel, ids::PnGwId pn_gw_id, std::optional<Bearers> bearers = {});

  /// Until the link ends; then every session dies and its pending row is erased.
  [[nodiscard]] runtime::Task<void> serve();
  /// Asks the PN GW to begin an assignment: ActivationInvite, which is outside any run.
  [[nodiscard]] runtime::Task<Result<void>> invite(ids::DeviceName device_name);

 private:
  using Outcome = assign::ServerSession::Result;
  /// One assignment in progress.
  struct Run {
    Run(assign::Ends ends, const Context& context, const runtime::asio::any_io_executor& executor)
        : exchange(context.key_exchange),
          session(std::move(ends), context.policy, context.alias_keys, exchange, context.random, now()),
          timer(executor) {}
    ReadyExchange exchange;  ///< the session's
    assign::ServerSession session;
    runtime::asio::steady_timer timer;
  };
  using RunPtr = std::shared_ptr<Run>;

  [[nodiscard]] runtime::Task<Result<void>> take(const secret::SecretBuffer& raw);
  [[nodiscard]] runtime::Task<void> take_without_run(const assign::Message& message, ByteView raw);
  [[nodiscard]] runtime::Task<void> answer_repeated_confirm(const assign::Message& message, ByteView raw);
  /// Nothing where the link has enough runs already.
  [[nodiscard]] RunPtr begin_run(const ids::CorrelationId& correlation_id);
  [[nodiscard]] runtime::Task<void> give_bearer(const ids::CorrelationId& run, const assign::BearerRequest& request);
  [[nodiscard]] runtime::Task<void> refuse(const ids::CorrelationId& correlation_id, Error error);
  [[nodiscard]] bool within_rate();

  [[nodiscard]] runtime::Task<void> perform(RunPtr run, Outcome outcome);
  static runtime::Task<void> save_pending(std::shared_ptr<OperatorLink> self, RunPtr run,
                                          std::shared_ptr<assign::ServerSession::SavePending> save);
  static runtime::Task<void> save_activation(std::shared_ptr<OperatorLink> self, RunPtr run,
                                             std::shared_ptr<assign::Activation> activation);
  static runtime::Task<void> on_time(std::shared_ptr<OperatorLink> self, RunPtr run);
  [[nodiscard]] runtime::Task<void> on_save_ended(RunPtr run, Result<assign::Durable> saved);
  void arm_timer(const RunPtr& run);
  void erase_pending(const Run& run, const ids::AssignmentId& id);
  void end_all_runs();

  Context& context_;
  Assigning& shared_;
  const OperatorLimits& limits_;
  store::Quota quota_;
  std::unique_ptr<OperatorChannel> channel_;
  ids::PnGwId pn_gw_id_;
  std::optional<Bearers> bearers_;
  std::map<ids::CorrelationId, RunPtr> runs_;
  double rate_allowance_;
  std::chrono::steady_clock::time_point rate_seen_;
};

}  // namespace cpns::server
