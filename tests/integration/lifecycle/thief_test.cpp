// A resume token is of no use without the key of the device that it was given to [X6]: a real server, real links, and a
// thief who is another paired device of the same server.
#include "carrier/carrier.hpp"
#include "cli/demo/file_content.hpp"
#include "device/link_hello.hpp"
#include "runtime/system_random.hpp"
#include "store/file/file_credential_store.hpp"
#include "store/keys/local_seal.hpp"
#include "support/lifecycle.hpp"

namespace cpns::test {
namespace {

namespace asio = runtime::asio;
using carrier::CarriedStream;
using carrier::Carrier;
using runtime::Task;
using std::chrono::seconds;

constexpr std::uint64_t kFileSize = 8 << 20U;

/// A device's own session, in this process: its key is that of a paired folder, its token may be any.
class Client {
 public:
  Client(asio::io_context& loop, const std::filesystem::path& folder, std::optional<stream::ResumeToken> token)
      : loop_(loop),
        folder_{folder},
        store_(folder_.record(), seal_of(folder_, random_)),
        context_{folder_, store_, random_, log_} {
    Carrier::Hooks hooks;
    hooks.on_ready = [this](stream::LinkNumber, bool resumed) {
      ++ready;
      was_resumed = resumed;
    };
    session = std::make_shared<Carrier>(loop.get_executor(), stream::Side::Device, stream::Limits{}, token,
                                        ids::CorrelationId{{7}}, std::move(hooks), log_);
  }
  ~Client() { session->abort(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void connect() { asio::co_spawn(loop_, run_link(this, ++links), asio::detached); }

  std::shared_ptr<Carrier> session;
  int ready = 0;
  bool was_resumed = false;
  stream::LinkNumber links = 0;

 private:
  static Task<void> run_link(Client* self, stream::LinkNumber number) {
    auto direct = co_await device::open_direct_link(self->context_, device::kSignallingAlpn);
    if (!direct) co_return;
    const auto link = direct->link;
    const std::chrono::milliseconds limit = seconds(10);
    auto hello = co_await device::exchange_link_hello(self->context_, std::move(*direct), limit);
    if (!hello) co_return;
    const std::shared_ptr<runtime::ByteStream> bytes = std::make_shared<runtime::LinkStream>(link);
    const carrier::LinkTimes times;
    const auto session = self->session;
    (void)co_await session->run_link(bytes, number, times, true);
    link->abort();
  }

  asio::io_context& loop_;
  device::DeviceFolder folder_;
  static std::unique_ptr<store::FileSeal> seal_of(const device::DeviceFolder& folder, crypto::Random& random) {
    const store::keys::SealChoice choice{.folder = folder.folder, .kind = std::nullopt, .tcti = {}};
    return std::make_unique<store::keys::LocalSeal>(choice, random);
  }
  runtime::SystemRandom random_;
  store::file::FileCredentialStore store_;
  runtime::Log log_{runtime::LogOptions{.program = "test", .level = Level::Error, .file = {}}};
  device::Context context_;
};

/// What a stream has brought; reads on until told to stop.
struct Reading {
  std::string bytes;
  std::size_t up_to = 0;
  bool failed = false;
};

Task<void> read_on(std::shared_ptr<CarriedStream> stream, Reading* reading) {
  Bytes buffer(1 << 16U);
  const std::chrono::milliseconds limit = seconds(30);
  while (reading->bytes.size() < reading->up_to) {
    const auto room = std::span<std::uint8_t>(buffer);
    const auto got = co_await stream->read_some(room, limit);
    if (!got || *got == 0) {
      reading->failed = true;
      co_return;
    }
    reading->bytes += as_text(ByteView(buffer).first(*got));
  }
}

Task<void> ask_for(std::shared_ptr<CarriedStream> stream, std::string request) {
  (void)co_await stream->write(as_bytes(request));
}

class ThiefTest : public LifecycleTest {
 protected:
  void SetUp() override {
    prepare();
    for (const auto* name : {"owner", "thief"}) {
      world_.use_device(name);
      const auto code = world_.make_pairing_code();
      ASSERT_TRUE(code.ok());
      pair_until_done(*code);
    }
  }
  [[nodiscard]] bool until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + seconds(30);
    while (!done() && std::chrono::steady_clock::now() < end) {
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return done();
  }
  [[nodiscard]] bool read_up_to(std::shared_ptr<CarriedStream> stream, Reading& reading, std::size_t size) {
    reading.up_to = size;
    asio::co_spawn(loop_, read_on(std::move(stream), &reading), asio::detached);
    return until([&] { return reading.failed || reading.bytes.size() >= size; }) && !reading.failed;
  }

  asio::io_context loop_{1};
};

TEST_F(ThiefTest, when_a_token_is_stolen_without_the_key_then_the_thief_gets_nothing_and_the_owner_goes_on_X6) {
  Client owner(loop_, dir_ / "owner", std::nullopt);
  owner.connect();
  ASSERT_TRUE(until([&] { return owner.ready == 1; }));
  const auto opened = owner.session->open(stream::ServiceTarget{"files", stream::ServiceTarget::Protocol::Raw});
  ASSERT_TRUE(opened.ok());
  asio::co_spawn(loop_, ask_for(*opened, "GET /file/" + std::to_string(kFileSize) + " HTTP/1.1\r\nHost: x\r\n\r\n"),
                 asio::detached);
  Reading reading;
  ASSERT_TRUE(read_up_to(*opened, reading, kFileSize / 4));
  const auto token = owner.session->token();
  ASSERT_TRUE(token.has_value());

  Client thief(loop_, dir_ / "thief", token);
  thief.connect();
  ASSERT_TRUE(until([&] { return thief.ready == 1; })) << "the server does not even say that the token is wrong";
  EXPECT_FALSE(thief.was_resumed);
  EXPECT_NE(thief.session->token(), token) << "a session of its own";
  EXPECT_EQ(thief.session->streams(), 0U);

  // The owner's session has not been touched: it goes on, on its link and on another one.
  ASSERT_TRUE(read_up_to(*opened, reading, kFileSize / 2));
  owner.session->abort_link(owner.links);
  owner.connect();
  ASSERT_TRUE(until([&] { return owner.ready == 2; }));
  EXPECT_TRUE(owner.was_resumed);
  EXPECT_EQ(owner.session->token(), token);
  const auto head = reading.bytes.find("\r\n\r\n") + 4;
  ASSERT_TRUE(read_up_to(*opened, reading, head + kFileSize));
  cli::StreamDigest digest;
  digest.add(as_bytes(std::string_view(reading.bytes).substr(head)));
  EXPECT_EQ(digest.finish(), *cli::file_content_digest(kFileSize, [] { return false; }));
}

}  // namespace
}  // namespace cpns::test
