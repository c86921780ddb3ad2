// PN GWs that assign identities and keys at a running server, steps 0-10, many at once.
//     bench_assign PORT COUNT AT_ONCE PID... < TOKENS
// TOKENS are enrolment tokens, one a line, of as many PN GWs: each enrols and opens its operator link; then COUNT
// assignments are made over all links, AT_ONCE on each. One JSON object: wall and CPU time of the processes PID.

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <map>

#include "core/assign/gateway_session.hpp"
#include "core/assign/link_session.hpp"
#include "machine.hpp"
#include "pngw/enroll_token.hpp"
#include "pngw/standalone_link.hpp"
#include "runtime/clock.hpp"
#include "runtime/link.hpp"
#include "runtime/system_random.hpp"
#include "tls/engine.hpp"
#include "tls/x509.hpp"

namespace cpns::bench {
namespace {

using runtime::MessageLink;
using runtime::SecureLink;
using runtime::Task;
namespace asio = runtime::asio;

constexpr std::chrono::seconds kLimit{60};

[[noreturn]] void give_up(const Error& error) { throw std::runtime_error(to_text(error)); }

template <class T>
T or_give_up(Result<T> result) {
  if (!result) give_up(result.error());
  return std::move(result).value();
}

assign::Now now() { return {runtime::now(), std::chrono::milliseconds(runtime::monotonic_ms())}; }

Task<std::shared_ptr<MessageLink>> connect(std::uint16_t port, std::unique_ptr<tls::Engine> engine) {
  asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
  const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port);
  co_await socket.async_connect(server, asio::use_awaitable);
  socket.set_option(asio::ip::tcp::no_delay(true));
  const auto link = std::make_shared<SecureLink>(std::move(socket), std::move(engine));
  SecureLink::KeyLookup none;
  const auto done = co_await link->handshake(kLimit, std::move(none));
  if (!done) give_up(done.error());
  co_return std::make_shared<MessageLink>(link);
}

/// What is left to do, of all PN GWs.
struct Work {
  std::size_t to_begin;
  std::size_t to_finish;
  crypto::Random& random;
};

class Gateway {
 public:
  Gateway(std::string token, std::uint16_t port, Work& work)
      : token_(or_give_up(pngw::parse_enroll_token(token))), port_(port), work_(work) {}

  static Task<void> enrol(Gateway* self) {
    const auto& token = self->token_;
    tls::PskOffer offer{"enroll-" + token.token_id.hex(),
                        assign::derive_enroll_psk(token.secret, token.token_id.bytes()),
                        {"cpns-enroll/1"}};
    auto engine = or_give_up(tls::make_psk_client(std::move(offer)));
    const auto link = co_await connect(self->port_, std::move(engine));
    auto made = or_give_up(tls::make_key_and_csr(token.pn_gw_id));
    const Bytes request = assign::encode_public(ids::CorrelationId(self->work_.random.bytes<8>()),
                                                assign::EnrollRequest{std::move(made.request_der)});
    const auto sent = co_await link->send(ByteView(request));
    if (!sent) give_up(sent.error());
    auto answer = co_await link->receive(kLimit);
    const auto message = or_give_up(assign::parse(or_give_up(std::move(answer)).view()));
    const auto& reply = std::get<assign::EnrollReply>(message.body);
    tls::CertificateProfile profile{or_give_up(tls::certificate_pem(reply.certificate_chain.at(0))),
                                    std::move(made.private_key_pem),
                                    or_give_up(tls::certificate_pem(reply.certificate_chain.at(1))),
                                    {std::string(pngw::kOperatorAlpn)},
                                    token.server_id.text()};
    const auto factory = or_give_up(tls::make_certificate_client_factory(std::move(profile)));
    auto client = or_give_up(factory->make());
    self->link_ = co_await connect(self->port_, std::move(client));
  }

  /// `at_once` runs, each followed by another one, until nothing is left to begin.
  static Task<void> assign(Gateway* self, std::size_t at_once) {
    for (std::size_t i = 0; i < at_once; ++i) co_await self->begin();
    while (!self->runs_.empty()) {
      auto received = co_await self->link_->receive(kLimit);
      const auto raw = or_give_up(std::move(received));
      auto message = or_give_up(assign::parse(raw.view()));
      const auto run = self->runs_.find(message.correlation_id);
      if (run == self->runs_.end()) throw std::runtime_error("an answer to no run");
      auto outcome = run->second.on_server_message(std::move(message), raw.view(), now());
      co_await self->perform(run->first, std::move(outcome));
    }
  }

 private:
  Task<void> begin() {
    if (work_.to_begin == 0) co_return;
    --work_.to_begin;
    const ids::CorrelationId id(work_.random.bytes<8>());
    const auto run =
        runs_.try_emplace(id, assign::Ends{token_.server_id, token_.pn_gw_id, id}, work_.random, now()).first;
    assign::Message request{id, assign::ActivationRequest{or_give_up(ids::DeviceName::parse("one of many")), {}}};
    auto outcome = run->second.on_device_message(std::move(request), now());
    co_await perform(id, std::move(outcome));
  }
  Task<void> perform(ids::CorrelationId id, assign::GatewaySession::Result outcome) {
    if (outcome.refusal) give_up(*outcome.refusal);
    for (auto& action : outcome.actions) {
      if (auto* message = std::get_if<assign::GatewaySession::SendToServer>(&action)) {
        const auto sent = co_await link_->send(ByteView(message->message));
        if (!sent) give_up(sent.error());
      } else if (std::holds_alternative<assign::GatewaySession::SaveCredential>(action)) {
        runs_.erase(id);
        --work_.to_finish;
        co_await begin();
        co_return;
      }
    }
  }

  pngw::EnrollToken token_;
  std::uint16_t port_;
  Work& work_;
  std::shared_ptr<MessageLink> link_;
  std::map<ids::CorrelationId, assign::GatewaySession> runs_;
};

void run_all(asio::io_context& loop) {
  loop.restart();
  loop.run();
}

int measure(std::uint16_t port, std::size_t count, std::size_t at_once, const std::vector<int>& pids) {
  runtime::SystemRandom random;
  asio::io_context loop(1);
  Work work{count, count, random};
  std::vector<std::unique_ptr<Gateway>> gateways;
  for (std::string token; std::getline(std::cin, token);) {
    gateways.push_back(std::make_unique<Gateway>(token, port, work));
  }
  const auto unhandled = [](const std::exception_ptr& failed) {
    if (failed) std::rethrow_exception(failed);
  };
  for (const auto& one : gateways) {
    asio::co_spawn(loop, Gateway::enrol(one.get()), unhandled);
    run_all(loop);
  }
  std::vector<Process> servers;
  for (const int pid : pids) servers.emplace_back(pid);
  const auto cpu = [&] {
    double all = 0;
    for (const auto& server : servers) all += server.cpu();
    return all;
  };
  const double cpu_before = cpu(), own_before = cpu_of(CLOCK_PROCESS_CPUTIME_ID);
  const auto begun = std::chrono::steady_clock::now();
  for (const auto& one : gateways) asio::co_spawn(loop, Gateway::assign(one.get(), at_once), unhandled);
  run_all(loop);
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
  if (work.to_finish != 0) throw std::runtime_error(std::to_string(work.to_finish) + " assignments did not end");
  std::printf(R"({"assignments":%zu,"in_flight":%zu,"seconds":%.6f,"cpu":%.6f,"client_cpu":%.6f})"
              "\n",
              count, gateways.size() * at_once, passed.count(), cpu() - cpu_before,
              cpu_of(CLOCK_PROCESS_CPUTIME_ID) - own_before);
  return 0;
}

}  // namespace
}  // namespace cpns::bench

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: bench_assign PORT COUNT AT_ONCE PID... < TOKENS\n");
    return 2;
  }
  std::vector<int> pids;
  for (int i = 4; i < argc; ++i) pids.push_back(std::atoi(argv[i]));
  try {
    return cpns::bench::measure(static_cast<std::uint16_t>(std::atoi(argv[1])), std::strtoull(argv[2], nullptr, 10),
                                std::strtoull(argv[3], nullptr, 10), pids);
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "bench_assign: %s\n", failed.what());
    return 1;
  }
}
