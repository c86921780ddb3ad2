// A revocation journal as somebody may have left it: what opens holds entries in order, and opens again the same.

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "store/file/file_revocation_journal.hpp"

namespace {

/// In memory where the machine has such a place, and gone at the end.
struct Place {
  Place() {
    char name[] = "/tmp/cpns-fuzz-journal.XXXXXX";
    const auto* made = ::mkdtemp(name);
    cpns::fuzz::require(made != nullptr, "a folder for the journal");
    folder = made;
  }
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::filesystem::path folder;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns::store;
  static const Place place;
  const auto file = place.folder / "journal";
  {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  }
  ::chmod(file.c_str(), 0600);
  const auto open = [&] {
    return file::FileRevocationJournal::open(file, cpns::fuzz::sample_secret<cpns::secret::JournalKey>(),
                                             cpns::ids::UnixTime(std::chrono::seconds(0)));
  };
  const auto first = open();
  if (!first) return 0;
  std::uint64_t last = 0;
  for (const auto& one : (*first)->after(0)) {
    cpns::fuzz::require(one.sequence > last, "numbers rise");
    last = one.sequence;
  }
  const auto second = open();
  cpns::fuzz::require(second.ok() && (*second)->last() == (*first)->last() && (*second)->after(0) == (*first)->after(0),
                      "what opened opens again the same");
  if (last > 0) cpns::fuzz::accept();
  return 0;
}
