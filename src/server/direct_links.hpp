#pragma once
// The direct links of a server over all its loops (docs/adr/0034-a-loop-per-core.md). Each loop has a DirectListener of
// its own and shares nothing of it. Every device has a home: the loop that keeps its links, whichever loop has taken
// the connection. Whoever means all loops, asks them here and waits for their answers.
// What is const here may be called from every loop's thread.

#include <boost/asio/dispatch.hpp>

#include "server/direct_listener.hpp"

namespace cpns::server {

/// What all loops have together.
struct DirectCounts {
  std::size_t http_links = 0;
  std::size_t cpns_links = 0;
  std::size_t sessions = 0;
  std::size_t streams = 0;
  std::size_t half_open = 0;
  std::uint64_t half_open_dropped = 0;
  std::uint64_t identity_store_reads = 0;
  std::uint64_t identity_filtered = 0;
  AcceptQueue::Status arrivals{};
};

class DirectLinks {
 public:
  /// Alias keys for one more loop: each has its own, for they are replaced while others read theirs.
  using MakeAliasKeys = std::function<Result<assign::AliasKeys>()>;

  /// `context` and `tasks` are of the loop that calls this, the first; `others` are not running yet. All that is
  /// referred to must outlive this object. Fails with a tls error, or as `make_alias_keys` does.
  [[nodiscard]] static Result<std::unique_ptr<DirectLinks>> make(
      Context& context, const Settings& settings, Tasks& tasks,
      const std::vector<runtime::asio::any_io_executor>& others, const MakeAliasKeys& make_alias_keys);

  [[nodiscard]] std::size_t count() const noexcept { return loops_.size(); }
  [[nodiscard]] DirectListener& at(std::size_t loop) const { return *loops_.at(loop).listener; }
  /// Of the first loop: for what comes in there, such as connections that PN GWs carry.
  [[nodiscard]] DirectListener& first() const { return at(0); }
  /// Under a secret of this process: nobody can choose devices that all have one home.
  [[nodiscard]] DirectListener& home_of(const ids::CmDeviceId& id) const {
    return at(loops_.size() == 1 ? 0 : home_(id.bytes()) % loops_.size());
  }

  /// Calls `ask(DirectListener&)` on the thread of each loop, and gives what they returned, in the order of the loops.
  template <class Ask>
  [[nodiscard]] auto ask_all(Ask ask) const -> runtime::Task<std::vector<std::invoke_result_t<Ask&, DirectListener&>>> {
    using Answer = std::invoke_result_t<Ask&, DirectListener&>;
    struct Wait {
      Wait(const runtime::asio::any_io_executor& executor, std::size_t count) : answers(count), done(executor) {}
      std::vector<Answer> answers;
      std::size_t answered = 0;
      Signal done;
    };
    const auto executor = co_await runtime::asio::this_coro::executor;
    const auto wait = std::make_shared<Wait>(executor, count());
    for (std::size_t i = 0; i < count(); ++i) {
      runtime::asio::dispatch(at(i).executor(), [ask, wait, executor, i, &listener = at(i)]() mutable {
        auto take = [wait = std::move(wait), i, answer = ask(listener)]() mutable {
          wait->answers[i] = std::move(answer);
          if (++wait->answered == wait->answers.size()) wait->done.raise();
        };
        runtime::asio::dispatch(executor, std::move(take));
      });
    }
    co_await wait->done.wait();
    co_return std::move(wait->answers);
  }
  /// The same, where nobody waits for it: on this thread's loop at once, on others soon.
  template <class Do>
  void tell_all(Do what) const {
    for (std::size_t i = 0; i < count(); ++i) {
      runtime::asio::dispatch(at(i).executor(), [what, &listener = at(i)]() mutable { what(listener); });
    }
  }

  /// Ends every open link of a device [V1]; says how many there were.
  [[nodiscard]] runtime::Task<std::size_t> close_links(ids::CmDeviceId id) const;
  /// The same for several; where the store could not say which, for all that may no longer connect.
  [[nodiscard]] runtime::Task<std::size_t> close_links(Result<std::vector<ids::CmDeviceId>> ids) const;
  /// Ends the open links of every device that may no longer connect: after a revocation of many [V1]. Asks for the row
  /// of each one that has a link, a few in each turn of its loop: other work goes on.
  [[nodiscard]] runtime::Task<std::size_t> close_ended() const;
  /// Ends what a PN GW's PNEs have open here.
  [[nodiscard]] runtime::Task<std::size_t> close_pnes_of(ids::PnGwId id) const;
  /// Where the open links of a device come from.
  [[nodiscard]] runtime::Task<std::vector<std::string>> peers(ids::CmDeviceId id) const;
  [[nodiscard]] runtime::Task<DirectCounts> counts() const;
  /// Other alias keys for one loop that is not the first, in use when this returns.
  [[nodiscard]] runtime::Task<void> set_alias_keys(std::size_t loop, assign::AliasKeys keys);

  /// Closes all, and waits until everything of the loops but the first has ended, or it is `until`.
  [[nodiscard]] runtime::Task<void> stop(std::chrono::steady_clock::time_point until);

 private:
  /// What a loop has of its own beside its listener; the first has the server's.
  struct Own {
    Own(const Context& first, assign::AliasKeys keys, runtime::asio::any_io_executor executor,
        std::shared_ptr<Tasks::Everywhere> everywhere);
    assign::AliasKeys alias_keys;
    Context context;
    Tasks tasks;
  };
  struct Loop {
    std::unique_ptr<Own> own;
    std::unique_ptr<DirectListener> listener;
  };

  explicit DirectLinks(crypto::Random& random) : home_(random) {}

  KeyedHash home_;
  std::vector<Loop> loops_;
};

}  // namespace cpns::server
