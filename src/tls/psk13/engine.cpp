#include "tls/psk13/engine.hpp"

#include <openssl/rand.h>

#include <cstdlib>

#include "tls/psk13/client_connection.hpp"
#include "tls/psk13/server_connection.hpp"

namespace cpns::tls::psk13 {
namespace {

/// libcrypto's generator. It holds no state of ours, and may be used from every thread.
class LibraryRandom final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
  }
};

/// Likewise, of the state that nothing public comes from.
class LibraryPrivateRandom final : public crypto::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    if (RAND_priv_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
  }
};

crypto::Random& library_random() {
  static LibraryRandom random;
  return random;
}

crypto::Random& library_private_random() {
  static LibraryPrivateRandom random;
  return random;
}

class ServerFactory final : public EngineFactory {
 public:
  explicit ServerFactory(PskServerProfile profile)
      : profile_(std::make_shared<const PskServerProfile>(std::move(profile))) {}
  Result<std::unique_ptr<Engine>> make() override {
    return std::unique_ptr<Engine>(
        std::make_unique<ServerConnection>(profile_, library_random(), library_private_random()));
  }

 private:
  std::shared_ptr<const PskServerProfile> profile_;
};

}  // namespace

std::unique_ptr<Engine> make_client(PskOffer offer, bool offer_imported) {
  return std::make_unique<ClientConnection>(std::move(offer), offer_imported, library_random());
}

std::unique_ptr<EngineFactory> make_server_factory(PskServerProfile profile) {
  return std::make_unique<ServerFactory>(std::move(profile));
}

}  // namespace cpns::tls::psk13
