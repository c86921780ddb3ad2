#include "modes/modes.hpp"

#include <cstdlib>
#include <fstream>

#include "cli/demo/file_content.hpp"

namespace cpns::test {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr auto kProxy = "http://127.0.0.1:3128";

std::string digest_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  cli::StreamDigest digest;
  Bytes piece(std::size_t{1} << 20U);
  while (in.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size())), in.gcount() > 0) {
    digest.add(ByteView(piece).first(static_cast<std::size_t>(in.gcount())));
  }
  return digest.finish();
}

}  // namespace

void ModesTest::TearDown() {
  if (!world_) return;
  EXPECT_EQ(world_->stop_all(), "");
  if (HasFailure()) std::cout << world_->last_words();
  world_.reset();
}

void ModesTest::prepare(const std::string& more_settings, const std::string& gateway_settings) {
  world_.emplace(HostWorld::Options{CPNS_PROGRAMS, more_settings, gateway_settings});
  world_->prepare();
}

void ModesTest::run_device(const std::string& mode, const std::string& more_config) {
  // A test has no time for the patience that spares a real network.
  world_->write("device.toml", Party::CmDevice,
                "[policy]\nmode = \"" + mode + "\"\nhold_seconds = 0\nswitches_per_minute = 60\n" +
                    "[proxy]\nlisten = \"127.0.0.1:3128\"\n" + more_config);
  world_->start(Party::CmDevice);
  const auto ready = eventually(
      [&] {
        try {
          return curl({"http://hello/hello"}).find("vouched for you") != std::string::npos;
        } catch (const std::runtime_error&) {
          return false;
        }
      },
      seconds(20));
  ASSERT_TRUE(ready) << "the proxy gives no service";
}

void ModesTest::switch_to(const std::string& mode) { ASSERT_TRUE(world_->switch_to(mode)) << status(); }

cli::ChildProcess ModesTest::start_curl(Words words, const std::string& output) {
  words.insert(words.begin(), {"http_proxy=" + std::string(kProxy), "/usr/bin/curl", "--silent", "--show-error",
                               "--fail", "--max-time", "300"});
  return world_->launch(Party::CmDevice, "/usr/bin/env", std::move(words), output);
}

std::string ModesTest::curl(Words words) {
  words.insert(words.begin(),
               {"http_proxy=" + std::string(kProxy), "curl", "--silent", "--show-error", "--fail", "--max-time", "20"});
  return world_->run(Party::CmDevice, "env", std::move(words));
}

std::uint64_t ModesTest::Download::arrived() const {
  std::error_code none_yet;
  const auto bytes = fs::file_size(file, none_yet);
  return none_yet ? 0 : bytes;
}

ModesTest::Download ModesTest::start_download(std::uint64_t size, const std::string& name) {
  const auto file = world_->file(name);
  return {size, file, start_curl({"--no-buffer", "http://hello/file/" + std::to_string(size)}, file.string())};
}

bool ModesTest::await_bytes(Download& download, std::uint64_t bytes, milliseconds limit) {
  return eventually([&] { return download.arrived() >= bytes || download.process.poll(); }, limit) &&
         download.arrived() >= bytes;
}

void ModesTest::expect_whole(Download& download, milliseconds limit) {
  const auto ended = download.process.wait(limit);
  ASSERT_TRUE(ended) << "stands at " << download.arrived() << " of " << download.size << " bytes\n" << status();
  EXPECT_TRUE(ended->clean()) << "curl: " << ended->text();
  ASSERT_EQ(download.arrived(), download.size);
  EXPECT_EQ(digest_of(download.file), cli::file_content_digest(download.size, [] { return false; }));
}

std::uint64_t ModesTest::size_or(std::uint64_t mib) {
  const char* asked = std::getenv("CPNS_MODES_MIB");
  return (asked == nullptr ? mib : std::strtoull(asked, nullptr, 10)) << 20U;
}

}  // namespace cpns::test
