#pragma once
// The backends under test, each behind one small face so that the suites do not know which one they run on.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <random>

#include "store/audit_store.hpp"
#include "store/credential_store.hpp"
#include "store/device_store.hpp"
#include "store/gateway_store.hpp"
#include "store/pairing_store.hpp"
#include "store/seal_store.hpp"
#include "store/token_store.hpp"

namespace cpns::store::testing {

/// Unpredictable enough for nonces in tests. Thread-safe.
class TestRandom final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    const std::scoped_lock lock(mutex_);
    for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_());
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_{std::random_device()()};
};

/// A sealer whose key is 32 times `byte`.
[[nodiscard]] Sealer test_sealer(std::uint8_t byte = 0x5a);

/// The chain of every server backend.
[[nodiscard]] audit::Chain test_chain();

class ServerBackend {
 public:
  virtual ~ServerBackend() = default;
  [[nodiscard]] virtual DeviceStore& devices() = 0;
  [[nodiscard]] virtual GatewayStore& gateways() = 0;
  [[nodiscard]] virtual AuditStore& audit() = 0;
  [[nodiscard]] virtual SealStore& seals() = 0;
  [[nodiscard]] virtual Sealer& sealer() = 0;
  [[nodiscard]] virtual TokenStore& tokens() = 0;
  /// Closes and opens again; false where nothing outlives the store.
  [[nodiscard]] virtual bool reopen() { return false; }
  /// Exchanges the sealed Key Seeds of the two rows there are.
  virtual void exchange_key_seeds() = 0;
  /// Copies a sealed Key Seed over the sealed secret of the one token there is.
  virtual void copy_key_seed_over_token() = 0;
};

class PairingBackend {
 public:
  virtual ~PairingBackend() = default;
  [[nodiscard]] virtual PairingStore& pairings() = 0;
  [[nodiscard]] virtual bool reopen() { return false; }
  /// Copies the sealed secret of the one open pairing over the PAN PSK of the one peer, and that over the credential.
  virtual void shift_sealed_values() = 0;
};

class CredentialBackend {
 public:
  virtual ~CredentialBackend() = default;
  [[nodiscard]] virtual CredentialStore& credentials() = 0;
  [[nodiscard]] virtual bool reopen() { return false; }
};

template <class Backend>
struct Named {
  const char* name;
  std::function<std::unique_ptr<Backend>()> make;
};

template <class Backend>
void PrintTo(const Named<Backend>& named, std::ostream* to) {
  *to << named.name;
}

[[nodiscard]] std::vector<Named<ServerBackend>> server_backends();
[[nodiscard]] std::vector<Named<PairingBackend>> pairing_backends();
[[nodiscard]] std::vector<Named<CredentialBackend>> credential_backends();

template <class Backend>
[[nodiscard]] std::string name_of(const ::testing::TestParamInfo<Named<Backend>>& info) {
  return info.param.name;
}

}  // namespace cpns::store::testing
