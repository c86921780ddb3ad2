#pragma once
// All three parties of an assignment in one process on a virtual clock, with links and stores that fail on demand.

#include <deque>
#include <functional>
#include <map>
#include <set>

#include "core/assign/device_session.hpp"
#include "core/assign/direct_link.hpp"
#include "core/assign/gateway_session.hpp"
#include "core/assign/server_session.hpp"
#include "store/commit_proof.hpp"

namespace cpns::test {

using namespace cpns::assign;  // NOLINT(google-build-using-namespace)

/// What goes wrong, once, with the first message of a kind (or the first save of a party).
enum class Fault { None, Lost, Repeated, Reordered, Truncated, BitFlipped, Silent, CrashBeforeSave, CrashAfterSave };

struct Plan {
  Fault fault = Fault::None;
  MessageKind message = MessageKind::None;  ///< for faults of links
  int save = -1;                            ///< for crashes: the n-th save of the run, in the order they happen
  std::size_t bit = 0;                      ///< for BitFlipped
};

/// Random bytes that are counted, not random: runs repeat exactly.
class CountingRandom final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::uint64_t count_ = 0;
};

/// What each party has on disk; survives crashes.
struct Disks {
  struct ServerRow {
    secret::KeySeed key_seed;
    ids::PnGwId pn_gw_id;
    std::optional<Activation> activation;
  };
  std::map<ids::AssignmentId, ServerRow> server;
  std::optional<Credential> gateway;
  std::optional<Credential> device;
};

/// One world: make it, run() as often as wanted (each call is one attempt of the device), look at disks and refusals.
class World {
 public:
  explicit World(Plan plan);

  /// One attempt from the device's request to the end of every session. True where the device got its credential.
  bool run();

  Disks disks;
  std::vector<Error> refusals;          ///< of all parties, in order
  std::vector<Step> steps;              ///< done, in order, of the last run
  std::vector<Bytes> operator_traffic;  ///< every message that crossed the operator link
  int saves = 0;                        ///< attempted so far
  bool fault_happened = false;

  ids::ServerId server_id;
  ids::PnGwId pn_gw_id;
  AliasKeys alias_keys;
  crypto::KeyExchange* key_exchange = &portable_;  ///< the Server's

 private:
  struct Frame {
    Party from;
    Party to;
    secret::SecretBuffer bytes;
  };
  struct PendingSave {
    Party who;
    std::function<void()> write;
    bool awaited = true;  ///< the session is told, and it counts as a place to crash
  };

  void send(Party from, Party to, ByteView bytes);
  void deliver(Frame frame);
  void save(Party who, std::function<void()> write);
  void settle_save(PendingSave pending);
  void crash(Party who);
  void lose_links_of(Party who);
  void advance_to_next_deadline();
  void apply(ServerSession::Result result);
  void apply(GatewaySession::Result result);
  void apply(DeviceSession::Result result);
  void to_server(Message message, ByteView raw);
  [[nodiscard]] bool anyone_lives() const;
  [[nodiscard]] Now now() const;

  Plan plan_;
  CountingRandom random_;
  crypto::PortableKeyExchange portable_;
  ServerPolicy policy_;
  std::chrono::milliseconds steady_{0};
  std::optional<ServerSession> server_;
  std::optional<GatewaySession> gateway_;
  std::optional<DeviceSession> device_;
  std::deque<Frame> frames_;
  std::deque<PendingSave> saves_;
  std::optional<Frame> held_;  ///< a reordered message: comes when everybody has given up waiting for it
  std::set<Party> silent_;
};

}  // namespace cpns::test
