#include "talk.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "core/assign/link_session.hpp"
#include "core/base/encoding.hpp"

namespace cpns::bench {
namespace {

const std::string kServerId = "bench.example.net";
constexpr std::size_t kLengthSize = 4;  // of a message [M1]

template <class Value>
Value must(Result<Value> result) {
  if (!result) throw std::runtime_error(to_text(result.error()));
  return std::move(*result);
}

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

class CpnsTalk final : public Talk {
 public:
  explicit CpnsTalk(const Caller& caller)
      : session_(assign::Role::CmDevice, must(ids::ServerId::parse(kServerId)),
                 must(ids::CmDeviceId::parse(caller.cm_device_id)),
                 ids::CorrelationId(std::array<std::uint8_t, 8>{1})) {}
  Bytes request() override {
    const auto started = session_.start();
    const auto& hello = std::get<assign::LinkSession::Send>(started.actions.front()).message;
    Bytes framed{0, 0, static_cast<std::uint8_t>(hello.size() >> 8U), static_cast<std::uint8_t>(hello.size())};
    framed.insert(framed.end(), hello.begin(), hello.end());
    return framed;
  }
  bool answered(ByteView received) override {
    while (received.size() >= taken_ + kLengthSize) {
      const auto head = received.subspan(taken_);
      const std::size_t size = head[2] * 256U + head[3];
      if (head.size() < kLengthSize + size) return false;
      taken_ += kLengthSize + size;
      const auto result = session_.on_message(must(assign::parse(head.subspan(kLengthSize, size))));
      if (result.refusal) throw std::runtime_error(to_text(*result.refusal));
      for (const auto& action : result.actions) {
        if (std::holds_alternative<assign::LinkSession::SaveAlias>(action)) return true;
      }
    }
    return false;
  }

 private:
  assign::LinkSession session_;
  std::size_t taken_ = 0;
};

class MqttTalk final : public Talk {
 public:
  explicit MqttTalk(const Caller& caller) : client_(caller.identity) {}
  // MQTT 3.1.1: clean session, 60 s keep alive, and a client's name.
  Bytes request() override {
    Bytes packet{0x10, static_cast<std::uint8_t>(12 + client_.size()), 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60,
                 0,    static_cast<std::uint8_t>(client_.size())};
    packet.insert(packet.end(), client_.begin(), client_.end());
    return packet;
  }
  bool answered(ByteView received) override {
    if (received.size() < 4) return false;
    if (received[0] != 0x20 || received[3] != 0) throw std::runtime_error("no CONNACK that accepts");
    return true;
  }
  Bytes farewell() override { return {0xe0, 0}; }

 private:
  std::string client_;
};

class HttpTalk final : public Talk {
 public:
  Bytes request() override { return bytes_of("GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"); }
  bool answered(ByteView received) override {
    const std::string_view text(reinterpret_cast<const char*>(received.data()), received.size());
    if (text.size() >= 12 && !text.starts_with("HTTP/1.1 200"))
      throw std::runtime_error(std::string(text.substr(0, 60)));
    return text.ends_with("\r\n\r\nhello\n");
  }
};

}  // namespace

std::unique_ptr<Talk> make_talk(const std::string& kind, const Caller& caller) {
  if (kind == "cpns") return std::make_unique<CpnsTalk>(caller);
  if (kind == "mqtt") return std::make_unique<MqttTalk>(caller);
  if (kind == "http") return std::make_unique<HttpTalk>();
  throw std::runtime_error("no such kind: " + kind);
}

std::string alpn_of(const std::string& kind) {
  return kind == "cpns" ? "\x06"
                          "cpns/1"
                        : "";
}

std::vector<Caller> read_callers(const std::string& file) {
  std::vector<Caller> callers;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key;
    Caller caller;
    words >> caller.identity >> key >> caller.cm_device_id;
    caller.psk = must(from_hex(key));
    callers.push_back(std::move(caller));
  }
  if (callers.empty()) throw std::runtime_error("no callers in " + file);
  return callers;
}

}  // namespace cpns::bench
