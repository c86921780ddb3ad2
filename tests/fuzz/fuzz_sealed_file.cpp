// A sealed file of a device or PN GW that somebody may have altered [K2]: it opens as it was sealed, and no other bytes
// do.

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "fuzz/fuzz.hpp"
#include "store/keys/local_seal.hpp"

namespace {

using namespace cpns;

/// Of the sealing key.
struct Folder {
  Folder() { fuzz::require(::mkdtemp(name.data()) != nullptr, "a folder can be made"); }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(name, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string name = std::filesystem::temp_directory_path() / "cpns-fuzz-XXXXXX";
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using fuzz::require;
  static fuzz::CountedRandom random;
  static const Folder folder;
  static store::keys::LocalSeal seal({folder.name, store::keys::SealKind::File, {}}, random);
  const ByteView bytes(data, size);
  require(!seal.open("record", bytes).ok(), "bytes that were not sealed here do not open");
  auto sealed = seal.seal("record", bytes);
  require(sealed.ok(), "anything can be sealed");
  const auto opened = seal.open("record", *sealed);
  require(opened.ok() && std::ranges::equal(opened->view(), bytes), "open(seal(x)) == x");
  require(!seal.open("another", *sealed).ok(), "under another name it does not open");
  (*sealed)[(size == 0 ? 0U : bytes.front()) % sealed->size()] ^= 1U;
  require(!seal.open("record", *sealed).ok(), "an altered file does not open");
  if (store::is_sealed_file(bytes) && store::keys::kind_of(bytes)) fuzz::accept();
  return 0;
}
