// Bytes per second of one thread, without sockets: OpenSSL's own record layer (write and read), and the same through
// tls::Engine, through a session (frames, windows, acknowledgements), and through both. Rounds of all in turn, so that
// whatever else the machine does falls on each.
//
//   bench_memory [ROUNDS [MIB]]      one JSON object a line:
//   {"what":...,"round":...,"bytes":...,"seconds":...,"cpu":...}
#include <openssl/err.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "openssl_pair.hpp"
#include "session_pair.hpp"
#include "tls/engine.hpp"

namespace cpns::bench {
namespace {

constexpr std::size_t kRecord = 16'000;  // as much as one frame of data carries

double thread_cpu() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Two OpenSSL connections of this thread with a BIO pair between them.
class OpenSslPair {
 public:
  OpenSslPair() {
    BIO* left = nullptr;
    BIO* right = nullptr;
    if (BIO_new_bio_pair(&left, kRecord * 8, &right, kRecord * 8) != 1) throw std::runtime_error("BIO_new_bio_pair");
    SSL_set_bio(client_.get(), left, left);
    SSL_set_bio(server_.get(), right, right);
    SSL_set_connect_state(client_.get());
    SSL_set_accept_state(server_.get());
    for (int i = 0; i < 10 && !(SSL_is_init_finished(client_.get()) && SSL_is_init_finished(server_.get())); ++i) {
      SSL_do_handshake(client_.get());
      SSL_do_handshake(server_.get());
    }
  }
  void move(ByteView record) {
    const auto size = static_cast<int>(record.size());
    if (SSL_write(server_.get(), record.data(), size) != size) throw std::runtime_error("SSL_write");
    if (SSL_read(client_.get(), buffer_.data(), size) != size) throw std::runtime_error("SSL_read");
  }

 private:
  SslContext client_context_ = make_context(false), server_context_ = make_context(true);
  Ssl client_{SSL_new(client_context_.get())}, server_{SSL_new(server_context_.get())};
  Bytes buffer_ = Bytes(kRecord);
};

template <class Value>
Value must(Result<Value> result) {
  if (!result) throw std::runtime_error(to_text(result.error()));
  return std::move(*result);
}
void must(const Result<void>& result) {
  if (!result) throw std::runtime_error(to_text(result.error()));
}

class EnginePair {
 public:
  explicit EnginePair(tls::EngineKind kind = tls::EngineKind::OpenSsl)
      : factory_(must(tls::make_psk_server_factory({.alpn = {"cpns/1"}}, kind))) {
    const auto key = [] {
      return secret::TlsPsk::make([](std::span<std::uint8_t, 32> to) { std::fill(to.begin(), to.end(), 0x42); });
    };
    client_ = must(tls::make_psk_client({"bench", key(), {"cpns/1"}}, kind));
    server_ = must(factory_->make());
    must(client_->start());
    while (client_->state() != tls::EngineState::Open || server_->state() != tls::EngineState::Open) {
      pass(*client_, *server_);
      if (server_->state() == tls::EngineState::WaitingForKey) {
        must(server_->provide_key(key()));
      }
      pass(*server_, *client_);
    }
  }
  void move(ByteView record) {
    must(server_->write(record));
    pass(*server_, *client_);
    for (std::size_t got = 0; got < record.size();) got += must(client_->read(buffer_));
  }
  /// Plaintext as it arrives at the other end.
  ByteView carry(bool from_server, ByteView bytes) {
    auto& from = from_server ? *server_ : *client_;
    auto& to = from_server ? *client_ : *server_;
    if (plain_.size() < bytes.size()) plain_.resize(bytes.size());
    must(from.write(bytes));
    pass(from, to);
    std::size_t got = 0;
    while (got < bytes.size()) got += must(to.read(std::span(plain_).subspan(got, bytes.size() - got)));
    return ByteView(plain_).first(got);
  }

 private:
  void pass(tls::Engine& from, tls::Engine& to) {
    for (std::size_t size = 0; (size = from.take_output(wire_)) > 0;) must(to.feed(ByteView(wire_).first(size)));
  }

  std::unique_ptr<tls::EngineFactory> factory_;
  std::unique_ptr<tls::Engine> client_, server_;
  Bytes buffer_ = Bytes(kRecord), wire_ = Bytes(kRecord * 2), plain_;
};

void measure(const char* what, int round, std::size_t bytes, const std::function<void(ByteView)>& move) {
  const Bytes record(kRecord, 'x');
  const auto begun = std::chrono::steady_clock::now();
  const double cpu = thread_cpu();
  std::size_t moved = 0;
  for (; moved < bytes; moved += record.size()) move(record);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  std::printf("{\"part\":\"memory\",\"what\":\"%s\",\"round\":%d,\"bytes\":%zu,\"seconds\":%.6f,\"cpu\":%.6f}\n", what,
              round, moved, seconds.count(), thread_cpu() - cpu);
  std::fflush(stdout);
}

void run(int rounds, std::size_t bytes) {
  OpenSslPair openssl;
  EnginePair engines, below_session, psk13(tls::EngineKind::Psk13);
  SessionPair sessions([](bool, ByteView wire) { return wire; });
  SessionPair both([&](bool from_server, ByteView wire) { return below_session.carry(from_server, wire); });
  for (int round = 0; round < rounds; ++round) {
    measure("OpenSSL record layer", round, bytes, [&](ByteView record) { openssl.move(record); });
    measure("tls::Engine", round, bytes, [&](ByteView record) { engines.move(record); });
    measure("psk13", round, bytes, [&](ByteView record) { psk13.move(record); });
    measure("session", round, bytes, [&](ByteView record) { sessions.move(record); });
    measure("session over tls::Engine", round, bytes, [&](ByteView record) { both.move(record); });
  }
}

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  const std::size_t mib = argc > 2 ? static_cast<std::size_t>(std::atoi(argv[2])) : 512;
  try {
    cpns::bench::run(rounds, mib << 20U);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_memory: %s\n", error.what());
    return 1;
  }
  return 0;
}
