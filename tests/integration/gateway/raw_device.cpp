#include "integration/gateway/raw_device.hpp"

#include <cstring>

#include "core/assign/key_schedule.hpp"

namespace cpns::test {

namespace asio = runtime::asio;
using pngw::PanIdentityKind;
using runtime::Task;

namespace {

template <class T>
struct Outcome {
  std::optional<T> value;
};

struct Opened {
  std::shared_ptr<runtime::SecureLink> link;
  std::optional<Error> error;
};

Task<void> open(ids::Endpoint endpoint, tls::PskOffer offer, std::shared_ptr<Outcome<Opened>> outcome) {
  auto socket = co_await runtime::connect(endpoint.host(), endpoint.port(), std::chrono::seconds(5));
  if (!socket) {
    outcome->value = Opened{nullptr, socket.error()};
    co_return;
  }
  auto engine = *tls::make_psk_client(std::move(offer));
  const auto link = std::make_shared<runtime::SecureLink>(std::move(*socket), std::move(engine));
  runtime::SecureLink::KeyLookup none;
  auto shaken = co_await link->handshake(std::chrono::seconds(10), std::move(none));
  outcome->value = shaken ? Opened{link, {}} : Opened{nullptr, shaken.error()};
}

Task<void> send_message(std::shared_ptr<runtime::SecureLink> link, secret::SecretBuffer message,
                        std::shared_ptr<Outcome<bool>> outcome) {
  runtime::MessageLink messages(link);
  const auto sent = co_await messages.send(std::move(message));
  outcome->value = sent.ok();
}

Task<void> receive_message(std::shared_ptr<runtime::SecureLink> link, std::chrono::milliseconds limit,
                           std::shared_ptr<Outcome<secret::SecretBuffer>> outcome) {
  runtime::MessageLink messages(link);
  const std::optional<std::chrono::milliseconds> idle = limit;
  auto raw = co_await messages.receive(idle);
  outcome->value = raw ? std::move(*raw) : secret::SecretBuffer();
}

}  // namespace

RawDevice::~RawDevice() { drop(); }

void RawDevice::drop() {
  if (link_) link_->abort();
  link_.reset();
}

Result<void> RawDevice::connect(PanIdentityKind kind, store::PairingId id, secret::TlsPsk key) {
  tls::PskOffer offer{pngw::to_text({kind, id}), std::move(key), {std::string(pngw::kPanAlpn)}};
  const auto outcome = std::make_shared<Outcome<Opened>>();
  asio::co_spawn(world_.loop, open(world_.pan_endpoints().front(), std::move(offer), outcome), asio::detached);
  if (!world_.until([&] { return outcome->value.has_value(); })) return Error{Code::handshake_timed_out};
  if (outcome->value->error) return *outcome->value->error;
  link_ = outcome->value->link;
  pairing_id_ = id;
  if (kind == PanIdentityKind::Pair) {
    CPNS_TRY(const auto exported, link_->engine().exporter(pngw::kPanKeyLabel, secret::TlsPsk::kSize));
    pan_psk_ =
        secret::TlsPsk::make([&](auto to) { std::memcpy(to.data(), exported.view().data(), secret::TlsPsk::kSize); });
  }
  return {};
}

Result<void> RawDevice::connect_by_code(const pngw::PairingCode& code) {
  return connect(PanIdentityKind::Pair, code.pairing_id, assign::derive_pan_psk(code.secret, code.pairing_id.bytes()));
}

Result<void> RawDevice::connect_again() {
  new_run();
  return connect(PanIdentityKind::Pan, *pairing_id_, pan_psk_->duplicate());
}

void RawDevice::send(assign::Body body) {
  const auto outcome = std::make_shared<Outcome<bool>>();
  auto message = assign::encode({run_, std::move(body)});
  asio::co_spawn(world_.loop, send_message(link_, std::move(message), outcome), asio::detached);
  EXPECT_TRUE(world_.until([&] { return outcome->value.has_value(); }));
}

void RawDevice::send_raw(Bytes bytes) {
  const auto outcome = std::make_shared<Outcome<bool>>();
  asio::co_spawn(world_.loop, send_message(link_, secret::SecretBuffer::copy_of(bytes), outcome), asio::detached);
  EXPECT_TRUE(world_.until([&] { return outcome->value.has_value(); }));
}

std::optional<assign::Message> RawDevice::receive(std::chrono::milliseconds limit) {
  if (!link_) return std::nullopt;
  const auto outcome = std::make_shared<Outcome<secret::SecretBuffer>>();
  asio::co_spawn(world_.loop, receive_message(link_, limit, outcome), asio::detached);
  EXPECT_TRUE(world_.until([&] { return outcome->value.has_value(); }, limit + std::chrono::seconds(5)));
  if (!outcome->value || outcome->value->empty()) return std::nullopt;
  auto message = assign::parse(outcome->value->view());
  EXPECT_TRUE(message.ok());
  if (!message) return std::nullopt;
  return std::move(*message);
}

}  // namespace cpns::test
