#include "faults/device_probe.hpp"

#include "device/link_hello.hpp"
#include "runtime/system_random.hpp"
#include "store/file/file_credential_store.hpp"
#include "store/keys/local_seal.hpp"
#include "support/deadline.hpp"

namespace cpns::faults {
namespace {

namespace asio = runtime::asio;
using runtime::Task;

Task<void> open_once(const device::Context* context, const assign::Credential* credential,
                     std::optional<Result<void>>* outcome) {
  auto direct = co_await device::open_direct_link_with(*context, credential, device::kSignallingAlpn);
  if (!direct) {
    outcome->emplace(std::move(direct).error());
    co_return;
  }
  const auto link = direct->link;
  const std::chrono::milliseconds limit = std::chrono::seconds(10);
  auto hello = co_await device::exchange_link_hello(*context, std::move(*direct), limit);
  outcome->emplace(hello ? Result<void>{} : Result<void>(std::move(hello).error()));
  co_await link->shutdown();
}

std::unique_ptr<store::FileSeal> seal_of(const std::filesystem::path& folder, crypto::Random& random) {
  const store::keys::SealChoice choice{.folder = folder, .kind = std::nullopt, .tcti = {}};
  return std::make_unique<store::keys::LocalSeal>(choice, random);
}

}  // namespace

Result<std::optional<Probe>> load_probe(const std::filesystem::path& folder) {
  const device::DeviceFolder place{folder};
  runtime::SystemRandom random;
  store::file::FileCredentialStore store(place.record(), seal_of(folder, random));
  CPNS_TRY(auto record, store.load());
  if (!record.credential) return std::optional<Probe>();
  return std::optional<Probe>(Probe{folder, std::move(*record.credential)});
}

Answer ask_server(const Probe& probe) {
  const device::DeviceFolder place{probe.folder};
  runtime::SystemRandom random;
  store::file::FileCredentialStore store(place.record(), seal_of(probe.folder, random));
  runtime::Log log(runtime::LogOptions{.program = "faults", .level = Level::Error, .file = "/dev/null"});
  const device::Context context{place, store, random, log};
  auto answer = Answer::Unreachable;
  (void)test::eventually(
      [&] {
        asio::io_context loop(1);
        std::optional<Result<void>> outcome;
        asio::co_spawn(loop, open_once(&context, &probe.credential, &outcome), asio::detached);
        loop.run();
        if (outcome && *outcome) answer = Answer::Accepted;
        if (outcome && !*outcome && outcome->error().code == Code::direct_link_refused) answer = Answer::Refused;
        return answer != Answer::Unreachable;
      },
      std::chrono::seconds(15));
  return answer;
}

std::string to_text(Answer answer) {
  switch (answer) {
    case Answer::Accepted:
      return "accepted";
    case Answer::Refused:
      return "refused";
    case Answer::Unreachable:
      return "not answered";
  }
  return {};
}

}  // namespace cpns::faults
