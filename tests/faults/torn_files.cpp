// A database, a log or a journal that has kept something else than what was written to it.

#include <algorithm>
#include <fstream>

#include "faults/cases.hpp"
#include "support/deadline.hpp"

namespace cpns::faults {
namespace {

namespace fs = std::filesystem;
using Party = Scene::Party;

struct Tear {
  std::string what;
  std::string file;  ///< in the server's folder
};

/// Cuts the file, or overwrites some of its pages with anything. False where it is not there or empty.
bool tear(Scene& scene, const fs::path& file, std::string& what) {
  std::error_code failed;
  const auto size = fs::file_size(file, failed);
  if (failed || size == 0) return false;
  if (scene.below(2) == 0) {
    const auto left = scene.below(size);
    fs::resize_file(file, left, failed);
    what = "cut from " + std::to_string(size) + " to " + std::to_string(left) + " bytes";
    return !failed;
  }
  std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
  const auto pages = 1 + scene.below(3);
  for (std::size_t i = 0; i < pages; ++i) {
    const auto at = scene.below(size);
    bytes.seekp(static_cast<std::streamoff>(at));
    for (std::size_t n = 0; n < std::min<std::size_t>(4096, size - at); ++n) {
      bytes.put(static_cast<char>(scene.random()() & 0xffU));
    }
  }
  what = std::to_string(pages) + " pages overwritten";
  return static_cast<bool>(bytes.flush());
}

/// The head of the audit log follows the log by up to a second; what it does not know yet it can't miss.
bool head_has_caught_up(Scene& scene) {
  const auto folder = scene.world().folder_of(Party::Server);
  return test::eventually(
      [&] {
        const auto text =
            scene.world().run("cpns", {"audit", "show", "--last", "1", "--json", "--server", folder.string()});
        const auto newest = nlohmann::json::parse(text ? *text : std::string(), nullptr, false);
        std::ifstream in(folder / "keys" / "audit.head", std::ios::binary);
        std::array<unsigned char, 16> head{};
        in.read(reinterpret_cast<char*>(head.data()), head.size());
        std::uint64_t sequence = 0;
        for (std::size_t i = 8; i < head.size(); ++i) sequence = sequence << 8U | head[i];
        return newest.is_object() && newest.value("sequence", std::uint64_t{0}) == sequence;
      },
      std::chrono::seconds(10));
}

}  // namespace

Result<CaseResult> torn_files(const CaseOptions& options) {
  CaseResult result{.fault = "torn database, log or journal"};
  CPNS_TRY(const auto scene, Scene::make(options));
  auto& world = scene->world();
  const auto folder = world.folder_of(Party::Server);
  std::size_t refused = 0, said = 0, unharmed = 0;
  for (; result.times < options.times; ++result.times) {
    (void)scene->work();
    const auto known = scene->mark();
    const auto backup = (options.folder / ("backup-" + std::to_string(result.times))).string();
    CPNS_CHECK(world.run("cpns-server", {"backup", folder.string(), "--to", backup}));
    // Not in the backup: it is the journal's to keep.
    (void)scene->revoke();
    if (!head_has_caught_up(*scene)) result.lost.emplace_back("the head of the audit log stays behind");
    world.kill(Party::Server);
    const auto file = folder / std::array{"store/cpns.sqlite", "store/cpns.sqlite-wal"}[scene->below(2)];
    std::string what;
    if (!tear(*scene, file, what)) (void)tear(*scene, folder / "store/cpns.sqlite", what);
    what = file.filename().string() + " " + what;

    scene->forget();
    if (!world.start(Party::Server)) {
      ++refused;
    } else {
      const auto lost = scene->what_is_lost();
      const auto told_of = [&] {
        return std::ranges::any_of(std::array{"S109", "S367", "S370", "S374", "S385"},
                                   [&](const char* code) { return scene->said(code); });
      };
      // The check of the whole file runs beside the work.
      const bool told = lost.empty() ? told_of() : test::eventually(told_of, std::chrono::seconds(10));
      for (const auto& one : lost) {
        const bool alive = one.find("revoked") != std::string::npos;
        if (alive || !told) result.lost.push_back(what + ": " + one + (told ? "" : ", and nobody said a word"));
      }
      ++(lost.empty() ? unharmed : said);
    }
    // What a person does then.
    world.kill(Party::Server);
    CPNS_CHECK(world.run("cpns-server", {"restore", folder.string(), "--from", backup, "--yes"}));
    CPNS_CHECK(world.run("cpns", {"audit", "accept", "--server", folder.string(), "--yes"}));
    CPNS_CHECK(world.start(Party::Server));
    scene->forget_since(known);
    for (const auto& one : scene->what_is_lost()) result.lost.push_back(what + ", restored: " + one);
  }
  result.note = "the Server refused to start " + std::to_string(refused) + " times, said what it missed " +
                std::to_string(said) + " times, had lost nothing " + std::to_string(unharmed) +
                " times; restored from a backup each time";
  return result;
}

}  // namespace cpns::faults
