#include "known_secrets.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <fstream>

#include "core/assign/key_schedule.hpp"
#include "pngw/pairing_code.hpp"
#include "pngw/sealed_file.hpp"
#include "runtime/system_random.hpp"
#include "server/folder_keys.hpp"
#include "store/file/file_credential_store.hpp"
#include "store/keys/local_seal.hpp"
#include "store/sqlite/server_database.hpp"

namespace cpns::test {
namespace {

using secret::SecretAccess;
using Party = assign::Party;

Bytes content(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

template <class Key>
Result<Key> key_in(const std::filesystem::path& file) {
  const auto bytes = content(file);
  if (bytes.size() != Key::kSize) return Error{Code::named_file_unreadable, file.string(), "a key file"};
  return Key(std::span<const std::uint8_t, Key::kSize>(bytes), SecretAccess{});
}

template <class Key>
void add(SecretScanner& scanner, const std::string& name, const Key& key) {
  scanner.add(name, key.reveal(SecretAccess{}));
}

// The private number of an EC key, as it is written and as a big number lies in memory.
Result<void> add_private_key(SecretScanner& scanner, const std::string& name, ByteView pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  BIGNUM* number = nullptr;
  const bool found = key != nullptr && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1;
  std::array<std::uint8_t, 32> bytes{};
  const bool fits = found && BN_bn2binpad(number, bytes.data(), bytes.size()) == static_cast<int>(bytes.size());
  BN_clear_free(number);
  EVP_PKEY_free(key);
  BIO_free(bio);
  if (!fits) return Error{Code::named_file_unreadable, name, "an EC P-256 key"};
  scanner.add(name, bytes);
  std::ranges::reverse(bytes);
  scanner.add(name + " (reversed)", bytes);
  return {};
}

}  // namespace

Result<void> add_server_secrets(SecretScanner& scanner, const std::filesystem::path& server,
                                const ids::ServerId& server_id, const std::string& cm_device_id) {
  CPNS_TRY(auto master_key, key_in<secret::MasterKey>(server / "keys" / "master.key"));
  add(scanner, "server's master key", master_key);
  store::Sealer sealer(std::move(master_key));
  runtime::SystemRandom random;
  server::FolderKeys keys(server::Folder{server}, sealer, random);
  CPNS_TRY(const auto alias_keys, keys.alias_keys());
  for (const auto& one : alias_keys) add(scanner, "alias key", one.key);
  CPNS_TRY(const auto journal_key, keys.journal_key());
  add(scanner, "journal key", journal_key);
  CPNS_TRY(const auto ca, keys.ca());
  CPNS_CHECK(add_private_key(scanner, "CA's private key", ca.private_key_pem.view()));
  CPNS_TRY(const auto certificate, keys.certificate());
  CPNS_CHECK(add_private_key(scanner, "server's private key", certificate.private_key_pem.view()));
  CPNS_TRY(const auto database, store::sqlite::ServerDatabase::open(server / "store" / "cpns.sqlite", sealer, random));
  CPNS_TRY(const auto id, ids::CmDeviceId::parse(cm_device_id));
  CPNS_TRY(const auto device, database->devices().find(id));
  if (!device) return Error{Code::named_file_unreadable, cm_device_id, "a device of the store"};

  const auto& pn_gw_id = device->info.pn_gw_id;
  add(scanner, "Key Seed", device->key_seed);
  const auto prk = assign::derive_prk(device->key_seed);
  add(scanner, "PRK", prk);
  const auto key = assign::derive_cm_device_key(prk, id);
  add(scanner, "CM Device Key", key);
  add(scanner, "confirm key, Server", assign::derive_server_confirm_key(key, server_id, pn_gw_id));
  add(scanner, "confirm key, PN GW", assign::derive_gateway_confirm_key(key, server_id, pn_gw_id));
  add(scanner, "confirm key, complete", assign::derive_complete_confirm_key(key, server_id, pn_gw_id));
  add(scanner, "TLS external PSK", assign::derive_tls_psk(key, server_id));
  return {};
}

namespace {

Result<void> add_pairing(SecretScanner& scanner, const cli::World& world, const std::string& pairing_code) {
  CPNS_TRY(const auto code, pngw::parse_pairing_code(pairing_code));
  add(scanner, "pairing secret", code.secret);
  add(scanner, "PSK of the first PAN link", assign::derive_pan_psk(code.secret, code.pairing_id.bytes()));
  runtime::SystemRandom random;
  const auto folder = world.folder_of(Party::CmDevice);
  const store::keys::SealChoice choice{.folder = folder, .kind = std::nullopt, .tcti = {}};
  store::file::FileCredentialStore file(folder / "device.record",
                                        std::make_unique<store::keys::LocalSeal>(choice, random));
  CPNS_TRY(const auto record, file.load());
  if (!record.gateway || !record.gateway->pan_psk) {
    return Error{Code::named_file_unreadable, "device.record", "a paired device"};
  }
  add(scanner, "PSK of later PAN links", *record.gateway->pan_psk);
  CPNS_TRY(const auto device_seal, key_in<secret::LocalSealKey>(folder / "seal.key"));
  add(scanner, "device's sealing key", device_seal);
  const auto gateway = world.folder_of(Party::PnGw);
  CPNS_TRY(const auto gateway_seal, key_in<secret::LocalSealKey>(gateway / "seal.key"));
  add(scanner, "PN GW's sealing key", gateway_seal);
  store::keys::LocalSeal seal({.folder = gateway, .kind = std::nullopt, .tcti = {}}, random);
  CPNS_TRY(const auto master_key, pngw::read_sealed_master_key(gateway / "master.key", seal));
  add(scanner, "PN GW's master key", master_key);
  return {};
}

}  // namespace

Result<void> add_known_secrets(SecretScanner& scanner, const cli::World& world, const std::string& cm_device_id,
                               const std::string& pairing_code) {
  CPNS_TRY(const auto server_id, ids::ServerId::parse(world.options().server_id));
  CPNS_CHECK(add_server_secrets(scanner, world.folder_of(Party::Server), server_id, cm_device_id));
  CPNS_CHECK(add_pairing(scanner, world, pairing_code));
  const auto gateway = world.folder_of(Party::PnGw);
  runtime::SystemRandom random;
  store::keys::LocalSeal seal({.folder = gateway, .kind = std::nullopt, .tcti = {}}, random);
  CPNS_TRY(const auto pem, pngw::read_sealed_file(gateway / "gateway.key.pem", seal, pngw::kPrivateKeyName, 65'536));
  return add_private_key(scanner, "PN GW's private key", pem.view());
}

std::vector<std::string> files_with_secrets(const cli::World& world) {
  return {"server/keys/master.key", "gateway/seal.key", world.options().device_name + "/seal.key"};
}

}  // namespace cpns::test
