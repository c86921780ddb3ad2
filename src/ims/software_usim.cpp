#include "ims/software_usim.hpp"

#include <algorithm>

#include "core/crypto/crypto.hpp"
#include "runtime/files.hpp"

namespace cpns::ims {
namespace {

using secret::SecretAccess;

constexpr std::string_view kSealName = "software USIM";
constexpr std::uint8_t kFileVersion = 1;
constexpr std::size_t kNumberSize = SequenceOctets().size();
constexpr std::size_t kNumbersAt = 1 + secret::UsimK::kSize + secret::UsimOpc::kSize;
constexpr std::size_t kFileSize = kNumbersAt + kSequenceIndexes * kNumberSize;
constexpr std::uint64_t kSeqEnd = std::uint64_t{1} << 43U;
constexpr mode_t kOwnerOnly = 0600;

Error unusable(const std::filesystem::path& file, std::string got, std::string expected) {
  return Error{Code::usim_unusable, file.string() + ": " + std::move(got), std::move(expected)};
}

/// The first cause, under the code that a USIM answers with.
Error unusable(const std::filesystem::path& file, const Error& cause) {
  return unusable(file, to_text(cause), "a file of a software USIM that this user may use");
}

Result<void> save(const std::filesystem::path& file, store::FileSeal& seal, const SubscriberKeys& keys,
                  const SequenceNumbers& numbers) {
  secret::SecretBuffer plain(kFileSize);
  auto to = plain.writable().begin();
  *to++ = kFileVersion;
  to = std::ranges::copy(keys.k.reveal(SecretAccess{}), to).out;
  to = std::ranges::copy(keys.opc.reveal(SecretAccess{}), to).out;
  for (const auto seq : numbers.table()) to = std::ranges::copy(sequence_octets(seq), to).out;
  const auto sealed = seal.seal(kSealName, plain.view());
  if (!sealed) return unusable(file, sealed.error());
  const auto written = runtime::write_file_atomically(file, *sealed, kOwnerOnly);
  if (!written) return unusable(file, written.error());
  return {};
}

Result<SequenceNumbers> parse_numbers(const std::filesystem::path& file, ByteView from) {
  SequenceNumbers::Table table{};
  for (auto& seq : table) {
    seq = sequence_value(from.first<kNumberSize>());
    if (seq >= kSeqEnd) return unusable(file, "a sequence number beyond 43 bits", "an intact file");
    from = from.subspan(kNumberSize);
  }
  return SequenceNumbers(table);
}

}  // namespace

Result<void> SoftwareUsim::install(const std::filesystem::path& file, const SubscriberKeys& keys,
                                   store::FileSeal& seal) {
  std::error_code failed;
  const auto found = std::filesystem::symlink_status(file, failed);
  if (found.type() != std::filesystem::file_type::not_found) {
    return unusable(file, "is there already", "no file: its sequence numbers must not be set back");
  }
  return save(file, seal, keys, SequenceNumbers());
}

Result<std::unique_ptr<SoftwareUsim>> SoftwareUsim::open(std::filesystem::path file, store::FileSeal& seal) {
  const auto sealed = runtime::read_secret_file(file, kFileSize + store::kFileSealOverhead);
  if (!sealed) return unusable(file, sealed.error());
  const auto plain = seal.open(kSealName, sealed->view());
  if (!plain) return unusable(file, plain.error());
  const auto content = plain->view();
  if (content.size() != kFileSize || content[0] != kFileVersion) {
    return unusable(file, std::to_string(content.size()) + " bytes", "version 1, " + std::to_string(kFileSize));
  }
  CPNS_TRY(const auto numbers, parse_numbers(file, content.subspan(kNumbersAt)));
  SubscriberKeys keys{
      secret::UsimK(content.subspan<1, secret::UsimK::kSize>(), SecretAccess{}),
      secret::UsimOpc(content.subspan<1 + secret::UsimK::kSize, secret::UsimOpc::kSize>(), SecretAccess{})};
  return std::unique_ptr<SoftwareUsim>(new SoftwareUsim(std::move(file), seal, std::move(keys), numbers));
}

Result<std::variant<AkaAnswer, AkaResync>> SoftwareUsim::authenticate(const AkaRand& rand, const AkaAutn& autn) {
  auto secrets = milenage_secrets(keys_, rand);
  SequenceOctets sqn;
  for (std::size_t i = 0; i < sqn.size(); ++i) sqn[i] = autn[i] ^ secrets.ak[i];
  secret::wipe(secrets.ak);
  const auto codes = milenage_codes(keys_, rand, sqn, {autn[6], autn[7]});
  const auto wipe_mask = [](AnonymityKey* mask) { secret::wipe(*mask); };
  const std::unique_ptr<AnonymityKey, decltype(wipe_mask)> wiped(&secrets.ak_for_resync, wipe_mask);
  if (!crypto::equal_ct(codes.network, ByteView(autn).last(codes.network.size()))) {
    return Error{Code::usim_network_not_proven, "AUTN with another MAC-A", "AUTN made with this USIM's K and OPc"};
  }
  const auto number = sequence_value(sqn);
  if (!numbers_.acceptable(number)) {
    // TS 33.102 section 6.3.3: MAC-S is taken over SQN_MS with an AMF of zeros.
    const auto mine = sequence_octets(numbers_.highest());
    const auto proof = milenage_codes(keys_, rand, mine, {0, 0}).resync;
    AkaResync resync;
    for (std::size_t i = 0; i < mine.size(); ++i) resync.auts[i] = mine[i] ^ secrets.ak_for_resync[i];
    std::ranges::copy(proof, resync.auts.begin() + mine.size());
    return std::variant<AkaAnswer, AkaResync>(resync);
  }
  auto numbers = numbers_;
  numbers.accept(number);
  CPNS_CHECK(save(file_, seal_, keys_, numbers));
  numbers_ = numbers;
  return std::variant<AkaAnswer, AkaResync>(
      AkaAnswer{std::move(secrets.res), std::move(secrets.ck), std::move(secrets.ik)});
}

}  // namespace cpns::ims
