// Disks that are full, that fail, or that have kept something else than what was written.

#include <cerrno>

#include "faults/cases.hpp"
#include "faults/small_disk.hpp"

namespace cpns::faults {
namespace {

namespace fs = std::filesystem;
using Party = Scene::Party;

constexpr std::size_t kDiskSize = std::size_t{32} << 20U;
constexpr std::size_t kPage = 4096;
constexpr int kWorkUnderFault = 3;
constexpr int kMostWork = 12;  ///< where no call of the kind has come yet

void note_losses(CaseResult& result, Scene& scene, const std::string& when) {
  for (const auto& one : scene.what_is_lost()) result.lost.push_back(when + ": " + one);
}

}  // namespace

Result<CaseResult> disk_full(const CaseOptions& options) {
  CaseResult result{.fault = "disk full", .note = "server's and PN GW's in turn; goes on without a restart"};
  if (const auto allowed = take_own_mounts(); !allowed) {
    result.skipped = to_text(allowed.error());
    return result;
  }
  CPNS_TRY(const auto scene, Scene::make(options));
  std::vector<SmallDisk> disks;
  for (const auto party : {Party::Server, Party::PnGw}) {
    CPNS_CHECK(scene->world().stop(party));
    CPNS_TRY(auto disk, SmallDisk::mount(scene->world().folder_of(party), kDiskSize));
    disks.push_back(std::move(disk));
    CPNS_CHECK(scene->world().start(party));
  }
  std::size_t answered = 0, refused = 0;
  for (; result.times < options.times; ++result.times) {
    auto& disk = disks[scene->below(2)];
    disk.fill(scene->below(12) * kPage);
    for (int i = 0; i < kWorkUnderFault; ++i) ++(scene->work() ? answered : refused);
    // Now and then it is full when the program starts, too.
    if (scene->below(4) == 0) {
      scene->world().kill(Party::Server);
      (void)scene->world().start(Party::Server);
    }
    disk.make_room();
    CPNS_CHECK(scene->start_missing());
    note_losses(result, *scene, "disk full");
  }
  result.note += "; under it " + std::to_string(answered) + " answered well, " + std::to_string(refused) + " not";
  return result;
}

Result<CaseResult> failing_disk(const CaseOptions& options) {
  CaseResult result{.fault = "failing fsync, write, truncate, rename"};
  CPNS_TRY(const auto scene, Scene::make(options));
  constexpr std::array<std::uint32_t, 4> kKinds = {kSync, kWrite, kTruncate | kRename,
                                                   kEveryCall & ~std::uint32_t{kSend}};
  std::size_t hit = 0, closed = 0;
  for (; result.times < options.times; ++result.times) {
    const auto victim = std::array{Party::Server, Party::Server, Party::PnGw}[scene->below(3)];
    const bool server = victim == Party::Server;
    auto& page = scene->faults().control(server ? "cpns-server" : "cpns-gateway", "run");
    const auto* path =
        server ? std::array{"/server/store/", "/server/revocations/", "/server/"}[scene->below(3)] : "/gateway/";
    std::snprintf(page.fail_path, sizeof page.fail_path, "%s", path);
    scene->forget();
    page.failed = 0;
    page.fail_error = std::array{EIO, EIO, ENOSPC, EDQUOT}[scene->below(4)];
    page.fail_after = static_cast<std::int64_t>(scene->below(8));
    page.fail_times = std::array<std::int64_t, 3>{1, 3, -1}[scene->below(3)];
    page.fail_calls = kKinds[scene->below(kKinds.size())];
    for (int i = 0; i < kWorkUnderFault || (page.failed == 0 && i < kMostWork); ++i) (void)scene->work();
    scene->faults().calm();
    hit += page.failed > 0 ? 1 : 0;
    // A store that has closed itself opens with the program only.
    if (scene->said("S389")) ++closed;
    CPNS_CHECK(scene->start_again(victim));
    note_losses(result, *scene, "a failing disk");
  }
  result.note =
      "hit " + std::to_string(hit) + " times; a store closed itself to writes " + std::to_string(closed) + " times";
  return result;
}

}  // namespace cpns::faults
