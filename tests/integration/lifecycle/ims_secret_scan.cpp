// ims_secret_scan SERVER_FOLDER SERVER_ID CM_DEVICE_ID [--plant] FILE: looks in FILE for every secret that the server
// knows of that device, in every form in which one leaks. Status 0 where there is none, 1 with the list, 2 where it
// could not look. --plant: looks at FILE with the Key Seed behind it, to show that it would be found.

#include <fstream>
#include <iostream>

#include "known_secrets.hpp"
#include "runtime/system_random.hpp"
#include "store/sqlite/server_database.hpp"

namespace {

using namespace cpns;

Result<Bytes> key_seed(const std::filesystem::path& server, const std::string& cm_device_id) {
  std::ifstream in(server / "keys" / "master.key", std::ios::binary);
  std::array<std::uint8_t, secret::MasterKey::kSize> raw{};
  in.read(reinterpret_cast<char*>(raw.data()), static_cast<std::streamsize>(raw.size()));
  store::Sealer sealer(secret::MasterKey(raw, secret::SecretAccess{}));
  runtime::SystemRandom random;
  CPNS_TRY(const auto database, store::sqlite::ServerDatabase::open(server / "store" / "cpns.sqlite", sealer, random));
  CPNS_TRY(const auto id, ids::CmDeviceId::parse(cm_device_id));
  CPNS_TRY(const auto device, database->devices().find(id));
  if (!device) return Error{Code::named_file_unreadable, cm_device_id, "a device of the store"};
  const auto seed = device->key_seed.reveal(secret::SecretAccess{});
  return Bytes(seed.begin(), seed.end());
}

Result<int> look(const std::vector<std::string>& words) {
  const bool plant = words.size() == 5 && words[3] == "--plant";
  if (words.size() != 4 && !plant) return Error{Code::named_file_unreadable, "other arguments", "see this file's head"};
  CPNS_TRY(const auto server_id, ids::ServerId::parse(words[1]));
  test::SecretScanner scanner;
  CPNS_CHECK(test::add_server_secrets(scanner, words[0], server_id, words[2]));
  std::ifstream in(words.back(), std::ios::binary);
  Bytes content((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (content.empty()) return Error{Code::named_file_unreadable, words.back(), "a file with something in it"};
  if (plant) {
    CPNS_TRY(const auto seed, key_seed(words[0], words[2]));
    content.insert(content.end(), seed.begin(), seed.end());
  }
  const auto hits = scanner.scan(content);
  for (const auto& hit : hits) std::cout << to_text(hit) << "\n";
  return hits.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto found = look(std::vector<std::string>(argv + 1, argv + argc));
  if (!found) {
    std::cerr << to_text(found.error()) << "\n";
    return 2;
  }
  return *found;
}
