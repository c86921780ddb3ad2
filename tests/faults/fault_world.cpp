#include "faults/fault_world.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>

#include "cli/admin_client.hpp"

namespace cpns::faults {
namespace {

namespace fs = std::filesystem;

// The pages that exist are the ones that are used: a program without one runs as ever.
constexpr std::array kPages = {std::pair("cpns-server", "run"),     std::pair("cpns-gateway", "run"),
                               std::pair("cpns-gateway", "pair"),   std::pair("cpns-device", "run"),
                               std::pair("cpns-device", "request"), std::pair("cpns-device", "renew"),
                               std::pair("cpns-device", "pair")};

/// A program of the same name that is the real one, with the library before the C library.
Result<void> wrap(const fs::path& file, const fs::path& pages, const Places& places) {
  const auto name = file.filename().string();
  {
    std::ofstream out(file);
    out << "#!/bin/sh\nCPNS_FAULTS='" << (pages / name).string() << "'.\"$1\" LD_PRELOAD='" << places.library.string()
        << "' exec '" << (places.programs / name).string() << "' \"$@\"\n";
    if (!out.flush()) return Error{Code::named_file_unreadable, file.string(), "a writable file"};
  }
  std::error_code failed;
  fs::permissions(file, fs::perms::owner_all, failed);
  if (failed) return Error{Code::named_file_unreadable, file.string(), "a file of this user"};
  return {};
}

}  // namespace

Result<std::unique_ptr<FaultWorld>> FaultWorld::make(const fs::path& folder, const Places& places,
                                                     const std::string& first_device) {
  std::error_code failed;
  fs::create_directories(folder / "bin", failed);
  fs::create_directories(folder / "pages", failed);
  fs::permissions(folder, fs::perms::owner_all, failed);
  for (const auto* name : {"cpns-server", "cpns-gateway", "cpns-device"}) {
    CPNS_CHECK(wrap(folder / "bin" / name, folder / "pages", places));
  }
  fs::create_symlink(places.programs / "cpns", folder / "bin" / "cpns", failed);
  World::Options options{.folder = folder, .programs = folder / "bin", .device_name = first_device};
  std::unique_ptr<FaultWorld> made(new FaultWorld(folder, std::move(options)));
  for (const auto& [program, verb] : kPages) {
    const auto name = std::string(program) + "." + verb;
    auto* page = made->map_page(name);
    if (page == nullptr) return Error{Code::named_file_unreadable, (folder / "pages" / name).string(), "a new file"};
    made->pages_.emplace(name, page);
  }
  return made;
}

FaultWorld::~FaultWorld() {
  world_.reset();
  for (const auto& [name, page] : pages_) ::munmap(page, sizeof(Control));
}

Control* FaultWorld::map_page(const std::string& name) {
  const auto file = folder_ / "pages" / name;
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return nullptr;
  void* page = MAP_FAILED;
  if (::ftruncate(descriptor, sizeof(Control)) == 0) {
    page = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  }
  ::close(descriptor);
  return page == MAP_FAILED ? nullptr : static_cast<Control*>(page);
}

Control& FaultWorld::control(const std::string& program, const std::string& verb) {
  return *pages_.at(program + "." + verb);
}

void FaultWorld::calm() {
  for (const auto& [name, page] : pages_) {
    page->kill_calls = 0;
    page->kill_in = 0;
    page->fail_calls = 0;
    page->fail_times = 0;
    page->clock_shift_s = 0;
  }
}

Result<void> FaultWorld::set_quota(std::size_t devices) {
  const auto token = folder_ / "quota.token";
  CPNS_CHECK(
      world_->run("cpns", {"gateway", "add", world_->options().pn_gw_id, "--device-quota", std::to_string(devices),
                           "--server", world_->folder_of(Party::Server).string(), "--token-file", token.string()}));
  std::error_code ignored;
  fs::remove(token, ignored);
  return {};
}

Result<std::string> FaultWorld::post(const std::string& target, const std::string& body) {
  return cli::AdminClient(world_->folder_of(Party::Server) / "run" / "admin.sock").post(target, body);
}

Result<std::vector<nlohmann::json>> FaultWorld::devices() {
  const cli::AdminClient admin(world_->folder_of(Party::Server) / "run" / "admin.sock");
  std::vector<nlohmann::json> found;
  for (std::string after;;) {
    CPNS_TRY(const std::string text, admin.get("/v1/devices?limit=1000" + after));
    auto page = nlohmann::json::parse(text, nullptr, false);
    if (!page.is_object() || !page.contains("devices")) return Error{Code::admin_reply_malformed, text, "devices"};
    for (auto& device : page["devices"]) found.push_back(std::move(device));
    if (!page["next"].is_string()) return found;
    after = "&after=" + page["next"].get<std::string>();
  }
}

Result<void> FaultWorld::restart(Party party) {
  world_->kill(party);
  if (party == Party::CmDevice) return {};
  return world_->start(party);
}

}  // namespace cpns::faults
