// One session over one link between two processes, one thread each, with nothing else of ours around it: beside
// `bench_peer tls-...` it shows what frames, windows and the loop cost on top of OpenSSL.
//
//   bench_carrier source ADDRESS PORT          answers each stream with as many bytes as its service's name says
//   bench_carrier sink ADDRESS PORT bytes N    opens a stream; seconds from there to the last byte, as JSON
#include <sys/resource.h>

#include <cinttypes>
#include <cstdio>
#include <string>

#include "carrier/carrier.hpp"
#include "runtime/link.hpp"
#include "runtime/listener.hpp"

namespace cpns::bench {
namespace {

namespace asio = runtime::asio;
using carrier::CarriedStream;
using carrier::Carrier;
using runtime::Task;

constexpr std::chrono::seconds kLimit{60};
const ids::CorrelationId kRun{{1}};

secret::TlsPsk fixed_psk() {
  return secret::TlsPsk::make([](std::span<std::uint8_t, 32> to) { std::fill(to.begin(), to.end(), 0x42); });
}

[[noreturn]] void fail(const Error& error) {
  std::fprintf(stderr, "bench_carrier: %s\n", to_text(error).c_str());
  std::exit(1);
}
template <class T>
T must(Result<T> result) {
  if (!result) fail(result.error());
  return std::move(*result);
}

struct Program {
  asio::io_context loop{1};
  runtime::Log log{runtime::LogOptions{.program = "bench", .level = Level::Error, .file = {}}};
  std::unique_ptr<tls::EngineFactory> factory;
  std::shared_ptr<Carrier> session;
};

Task<std::optional<secret::TlsPsk>> find_key(std::string) { co_return fixed_psk(); }

Task<void> answer(std::shared_ptr<CarriedStream> stream, std::uint64_t count) {
  stream->accept();
  const Bytes piece(std::size_t{256} << 10U, 'x');
  while (count > 0) {
    const auto part = ByteView(piece).first(std::min<std::uint64_t>(count, piece.size()));
    if (!co_await stream->write(part)) co_return;
    count -= part.size();
  }
  stream->finish_writing();
}

Task<Result<void>> read_all(std::shared_ptr<runtime::ByteStream> link, std::span<std::uint8_t> into) {
  while (!into.empty()) {
    CPNS_CO_TRY(const auto size, co_await link->read_some(into, kLimit));
    if (size == 0) co_return Error{Code::connection_lost};
    into = into.subspan(size);
  }
  co_return Result<void>{};
}

Task<void> serve(Program* program, asio::ip::tcp::socket socket) {
  auto engine = must(program->factory->make());
  const auto secure = std::make_shared<runtime::SecureLink>(std::move(socket), std::move(engine));
  const runtime::SecureLink::KeyLookup lookup = find_key;
  if (auto done = co_await secure->handshake(kLimit, lookup); !done) fail(done.error());
  const std::shared_ptr<runtime::ByteStream> link = std::make_shared<runtime::LinkStream>(secure);
  Bytes head(4);
  const auto head_room = std::span<std::uint8_t>(head);
  if (!co_await read_all(link, head_room)) co_return;
  Bytes message(std::size_t{head[2]} << 8U | head[3]);
  const auto room = std::span<std::uint8_t>(message);
  if (!co_await read_all(link, room)) co_return;
  const auto frame = must(stream::parse_frame(message));
  const std::optional<stream::SessionOpen> open = std::get<stream::SessionOpen>(frame);
  Carrier::Hooks hooks;
  hooks.on_stream = [program](std::shared_ptr<CarriedStream> stream, stream::StreamTarget target) {
    const auto count = std::stoull(std::get<stream::ServiceTarget>(target).name);
    asio::co_spawn(program->loop, answer(std::move(stream), count), asio::detached);
  };
  const auto session = std::make_shared<Carrier>(program->loop.get_executor(), stream::Side::Server, stream::Limits{},
                                                 stream::ResumeToken{{1}}, kRun, std::move(hooks), program->log);
  const carrier::LinkTimes times;
  (void)co_await session->run_link(link, 1, times, false, open, false);
  session->abort();
  secure->abort();
}

void report(std::uint64_t bytes, std::chrono::steady_clock::time_point begun) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::printf("{\"bytes\":%" PRIu64 ",\"seconds\":%.6f,\"sink_cpu\":%.6f}\n", bytes, took.count(),
              seconds(used.ru_utime) + seconds(used.ru_stime));
}

Task<void> take(Program* program, std::uint64_t count) {
  const auto begun = std::chrono::steady_clock::now();
  const stream::StreamTarget target =
      stream::ServiceTarget{std::to_string(count), stream::ServiceTarget::Protocol::Raw};
  const auto stream = must(program->session->open(target));
  Bytes buffer(std::size_t{256} << 10U);
  const auto room = std::span<std::uint8_t>(buffer);
  for (std::uint64_t got = 0; got < count;) {
    auto size = co_await stream->read_some(room, kLimit);
    if (!size) fail(size.error());
    if (*size == 0) fail(Error{Code::connection_lost});
    got += *size;
  }
  report(count, begun);
  std::fflush(stdout);
  std::_Exit(0);  // nothing is left to end in order
}

Task<void> call(Program* program, std::string address, std::uint16_t port, std::uint64_t count) {
  auto connected = co_await runtime::connect(address, port, kLimit);
  auto socket = must(std::move(connected));
  auto engine = must(tls::make_psk_client({"bench", fixed_psk(), {"cpns/1"}}));
  const auto secure = std::make_shared<runtime::SecureLink>(std::move(socket), std::move(engine));
  const runtime::SecureLink::KeyLookup no_lookup;
  if (auto done = co_await secure->handshake(kLimit, no_lookup); !done) fail(done.error());
  const std::shared_ptr<runtime::ByteStream> link = std::make_shared<runtime::LinkStream>(secure);
  Carrier::Hooks hooks;
  hooks.on_ready = [program, count](stream::LinkNumber, bool) {
    asio::co_spawn(program->loop, take(program, count), asio::detached);
  };
  program->session = std::make_shared<Carrier>(program->loop.get_executor(), stream::Side::Device, stream::Limits{},
                                               std::nullopt, kRun, std::move(hooks), program->log);
  const carrier::LinkTimes times;
  auto ended = co_await program->session->run_link(link, 1, times, true);
  if (!ended) fail(ended.error());
}

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  using namespace cpns;
  using namespace cpns::bench;
  Program program;
  const std::string role = argc > 3 ? argv[1] : "";
  if (role == "source") {
    program.factory = must(tls::make_psk_server_factory({.alpn = {"cpns/1"}}));
    auto listener = must(
        runtime::Listener::open(program.loop.get_executor(), argv[2], static_cast<std::uint16_t>(std::atoi(argv[3]))));
    const auto take_one = [&](asio::ip::tcp::socket socket) {
      asio::co_spawn(program.loop, serve(&program, std::move(socket)), asio::detached);
    };
    asio::co_spawn(program.loop, listener.run("bench", program.log, take_one), asio::detached);
    std::puts("ready");
    std::fflush(stdout);
    program.loop.run();
    return 0;
  }
  if (role == "sink" && argc > 5) {
    asio::co_spawn(program.loop,
                   call(&program, argv[2], static_cast<std::uint16_t>(std::atoi(argv[3])), std::stoull(argv[5])),
                   asio::detached);
    program.loop.run();
    return 1;
  }
  std::fputs("usage: see the top of bench/carrier_peer.cpp\n", stderr);
  return 2;
}
