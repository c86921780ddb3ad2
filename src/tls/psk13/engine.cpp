#include "tls/psk13/engine.hpp"

#include <openssl/rand.h>

#include "tls/psk13/client_connection.hpp"
#include "tls/psk13/server_connection.hpp"
#include "tls/thread_random.hpp"

namespace cpns::tls::psk13 {
namespace {

/// For what everybody sees, and for what nobody may: of two generators, so that the first tells nothing of the second.
crypto::Random& library_random() {
  static ThreadRandom<RAND_bytes> random;
  return random;
}
crypto::Random& library_private_random() {
  static ThreadRandom<RAND_priv_bytes> random;
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
