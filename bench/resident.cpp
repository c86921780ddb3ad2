#include "resident.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <utility>

#include "core/assign/return_within.hpp"

namespace cpns::bench {
namespace {

constexpr std::size_t kLengthSize = 4;  // of a message [M1]

template <class Value>
Value must(Result<Value> result) {
  if (!result) throw std::runtime_error(to_text(result.error()));
  return std::move(*result);
}

tls::PskOffer offer_of(const Caller& caller) {
  auto psk = secret::TlsPsk::make(
      [&](std::span<std::uint8_t, 32> to) { std::memcpy(to.data(), caller.psk.data(), to.size()); });
  return {caller.identity, std::move(psk), {"cpns/1"}};
}

}  // namespace

Resident::Resident(int file, const Caller& caller)
    : file_(file),
      engine_(must(tls::make_psk_client(offer_of(caller), tls::EngineKind::Psk13))),
      session_(assign::Role::CmDevice, must(ids::ServerId::parse("bench.example.net")),
               must(ids::CmDeviceId::parse(caller.cm_device_id)), ids::CorrelationId(std::array<std::uint8_t, 8>{1})) {}

Resident::~Resident() { ::close(file_); }

std::size_t Resident::go_on() {
  if (lost()) return 0;
  if (!std::exchange(started_, true) && !engine_->start()) lose("the ClientHello");
  std::array<std::uint8_t, 4096> bytes;
  std::size_t pongs = 0;
  while (!lost()) {
    flush();
    const auto got = ::recv(file_, bytes.data(), bytes.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == ENOTCONN)) break;
    if (got <= 0) {
      lose(got == 0 ? "closed" : std::strerror(errno));
      break;
    }
    if (auto fed = engine_->feed(ByteView(bytes).first(static_cast<std::size_t>(got))); !fed)
      lose(to_text(fed.error()));
    if (lost() || engine_->state() != tls::EngineState::Open) continue;
    if (!std::exchange(greeted_, true)) {
      send(std::get<assign::LinkSession::Send>(session_.start().actions.front()).message);
    }
    Bytes plaintext = std::exchange(partial_, {});
    for (std::size_t read = 1; read > 0;) {
      auto some = engine_->read(bytes);
      read = some ? *some : 0;
      plaintext.insert(plaintext.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(read));
    }
    pongs += take_messages(plaintext);
    partial_ = Bytes(plaintext.begin(), plaintext.end());
  }
  return pongs;
}

std::size_t Resident::take_messages(Bytes& plaintext) {
  std::size_t pongs = 0, taken = 0;
  while (plaintext.size() >= taken + kLengthSize) {
    const auto head = ByteView(plaintext).subspan(taken);
    const std::size_t size = head[2] * 256U + head[3];
    if (head.size() < kLengthSize + size) break;
    taken += kLengthSize + size;
    const auto message = must(assign::parse(head.subspan(kLengthSize, size)));
    if (std::holds_alternative<assign::Pong>(message.body)) ++pongs;
    if (const auto* ping = std::get_if<assign::Ping>(&message.body)) {
      told_ = assign::return_within_of(ping->payload).value_or(told_);
    }
    const auto result = session_.on_message(message);
    if (result.refusal) lose(to_text(*result.refusal));
    for (const auto& action : result.actions) {
      if (const auto* answer = std::get_if<assign::LinkSession::Send>(&action)) send(answer->message);
    }
  }
  plaintext.erase(plaintext.begin(), plaintext.begin() + static_cast<std::ptrdiff_t>(taken));
  return pongs;
}

void Resident::ping() {
  send(session_.ping());
  flush();
}

void Resident::send(ByteView message) {
  Bytes framed{0, 0, static_cast<std::uint8_t>(message.size() >> 8U), static_cast<std::uint8_t>(message.size())};
  framed.insert(framed.end(), message.begin(), message.end());
  if (!engine_->write(framed)) lose("write");
}

// What an idle device has to say always fits into the socket's buffer.
void Resident::flush() {
  std::array<std::uint8_t, 4096> bytes;
  for (std::size_t size = 0; !lost() && (size = engine_->take_output(bytes)) > 0;) {
    if (::send(file_, bytes.data(), size, MSG_NOSIGNAL) != static_cast<ssize_t>(size)) lose(std::strerror(errno));
  }
}

void Resident::lose(std::string why) {
  if (why_lost_.empty()) why_lost_ = std::move(why);
}

}  // namespace cpns::bench
