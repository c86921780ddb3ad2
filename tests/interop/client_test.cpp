// Unchanged public clients with an exported PSK reach a service through a real cpns-server.

#include <gtest/gtest.h>

#include <fstream>

#include "direct_link_server.hpp"
#include "public_client.hpp"

namespace cpns::interop {
namespace {

constexpr const char* kRequest = "GET /hello.txt HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n\r\n";

class PublicClient : public testing::TestWithParam<std::string> {
 protected:
  ClientResult openssl(const ExportedPsk& psk, const std::vector<std::string>& more) {
    ClientRun run{"openssl",
                  {"s_client", "-connect", server.address(), "-psk_identity", psk.identity, "-psk", psk.psk_hex,
                   "-quiet", "-nocommands"},
                  kRequest,
                  "device="};
    run.arguments.insert(run.arguments.end(), more.begin(), more.end());
    return run_client(run);
  }
  ClientResult gnutls(const ExportedPsk& psk, const std::string& priority, const std::vector<std::string>& more = {}) {
    ClientRun run{"gnutls-cli",
                  {"--port=" + std::to_string(server.port()), "--pskusername=" + psk.identity,
                   "--pskkey=" + psk.psk_hex, "--priority=" + priority, "--alpn=http/1.1", server.host()},
                  kRequest,
                  "device="};
    run.arguments.insert(run.arguments.end(), more.begin(), more.end());
    return run_client(run);
  }
  DirectLinkServer server{GetParam()};
  test::TempDir folder;
};

constexpr const char* kGnutlsTls13 = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL:+ECDHE-PSK";

TEST_P(PublicClient, when_openssl_s_client_has_the_psk_then_it_gets_the_service) {
  const auto result = openssl(server.good, {"-alpn", "http/1.1"});
  EXPECT_TRUE(result.holds(server.expected_answer())) << result.output << server.log();
  EXPECT_EQ(result.exit_code, 0);
}

TEST_P(PublicClient, when_openssl_s_client_offers_no_alpn_then_it_is_taken_as_http) {
  const auto result = openssl(server.good_plain, {"-tls1_3", "-servername", "cpns.example.net"});
  EXPECT_TRUE(result.holds(server.expected_answer())) << result.output << server.log();
}

TEST_P(PublicClient, when_openssl_s_client_offers_chacha20_alone_then_it_works) {
  const auto result = openssl(server.good, {"-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"});
  EXPECT_TRUE(result.holds(server.expected_answer())) << result.output << server.log();
}

TEST_P(PublicClient, when_openssl_s_client_guesses_the_wrong_group_then_the_retry_works) {
  const auto result = openssl(server.good, {"-groups", "P-256:X25519"});
  EXPECT_TRUE(result.holds(server.expected_answer())) << result.output << server.log();
}

TEST_P(PublicClient, when_gnutls_cli_has_the_psk_then_it_gets_the_service) {
  const auto result = gnutls(server.good, kGnutlsTls13);
  EXPECT_TRUE(result.holds(server.expected_answer())) << result.output << server.log();
}

TEST_P(PublicClient, when_node_has_the_psk_then_it_gets_the_service) {
  // The PSK comes over standard input: arguments can be read by other users.
  const std::string program = R"(
    const tls = require('tls');
    const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));
    const socket = tls.connect({host: given.host, port: given.port, ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.3', checkServerIdentity: () => undefined,
      pskCallback: () => ({identity: given.identity, psk: Buffer.from(given.psk, 'hex')})},
      () => { console.log('protocol', socket.getProtocol(), socket.alpnProtocol);
              socket.write('GET / HTTP/1.1\r\nHost: hello\r\nConnection: close\r\n\r\n'); });
    socket.on('data', data => process.stdout.write(data));
    socket.on('error', error => { console.log(error.message); process.exit(1); });
    socket.on('end', () => socket.end());
  )";
  const auto file = folder / "client.js";
  std::ofstream(file) << program;
  const auto given = "{\"host\":\"" + server.host() + "\",\"port\":" + std::to_string(server.port()) +
                     ",\"identity\":\"" + server.good.identity + "\",\"psk\":\"" + server.good.psk_hex + "\"}";
  const auto result = run_client({"node", {file.string()}, given});
  EXPECT_TRUE(result.holds("protocol TLSv1.3 http/1.1")) << result.output << server.log();
  EXPECT_TRUE(result.holds(server.expected_answer())) << result.output;
  EXPECT_EQ(result.exit_code, 0);
}

TEST_P(PublicClient, when_stunnel_stands_before_curl_then_curl_gets_the_service) {
  const auto secrets = folder / "psk";
  std::ofstream(secrets) << server.good.identity << ":" << server.good.psk_hex << "\n";
  std::filesystem::permissions(secrets, std::filesystem::perms(0600));
  const auto configuration = folder / "stunnel.conf";
  std::ofstream(configuration) << "foreground = yes\npid =\ndebug = info\n[cpns]\nclient = yes\n"
                               << "accept = 127.0.0.1:0\nconnect = " << server.address() << "\n"
                               << "PSKidentity = " << server.good.identity << "\nPSKsecrets = " << secrets.string()
                               << "\nsslVersionMin = TLSv1.3\n";
  RunningClient stunnel({"stunnel", {configuration.string()}});
  // "Service [cpns] (FD=9) bound to 127.0.0.1:43211"
  const std::string mark = "bound to 127.0.0.1:";
  const auto said = stunnel.read_until([&](const std::string& output) {
    const auto at = output.find(mark);
    return at != std::string::npos && output.find('\n', at) != std::string::npos;
  });
  const auto begin = said.find(mark) + mark.size();
  const auto port = said.substr(begin, said.find_first_not_of("0123456789", begin) - begin);
  const auto result = run_client(
      {"curl",
       {"--silent", "--show-error", "--max-time", "15", "-H", "Host: hello", "http://127.0.0.1:" + port + "/"}});
  EXPECT_EQ(result.output, server.expected_answer()) << server.log();
  EXPECT_EQ(result.exit_code, 0);
}

// What protocol.md section 4 rules out, asked for by real clients ---------------------------------------------------

TEST_P(PublicClient, when_gnutls_cli_wants_psk_without_dhe_then_it_is_refused) {
  const auto result = gnutls(server.good, "NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL:+PSK");
  EXPECT_FALSE(result.holds("device=")) << result.output;
  EXPECT_NE(result.exit_code, 0);
  EXPECT_TRUE(server.says("tls_psk_mode_refused")) << server.log() << result.output;
}

TEST_P(PublicClient, when_a_client_wants_tls12_then_it_is_refused) {
  const auto first = openssl(server.good, {"-tls1_2", "-cipher", "PSK"});
  EXPECT_FALSE(first.holds("device=")) << first.output;
  EXPECT_TRUE(first.holds("protocol version")) << first.output;
  const auto second = gnutls(server.good, "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-PSK");
  EXPECT_FALSE(second.holds("device=")) << second.output;
  EXPECT_NE(second.exit_code, 0);
  EXPECT_TRUE(server.says("tls_version_too_old")) << server.log();
}

TEST_P(PublicClient, when_identity_or_key_is_not_good_then_every_client_sees_the_same_alert) {
  for (const auto& psk : {server.unknown, server.revoked, server.expired, server.wrong_key, server.unknown_plain,
                          server.revoked_plain, server.wrong_key_plain}) {
    const auto first = openssl(psk, {"-alpn", "http/1.1"});
    EXPECT_FALSE(first.holds("device=")) << first.output;
    // RFC 8446 section 6.2 names decrypt_error for a binder; OpenSSL 3.0 says illegal_parameter.
    const bool ours = GetParam() == "psk13";
    EXPECT_TRUE(first.holds(ours ? "alert decrypt error" : "alert illegal parameter")) << first.output;
    const auto second = gnutls(psk, kGnutlsTls13);
    EXPECT_FALSE(second.holds("device=")) << second.output;
    EXPECT_TRUE(second.holds(ours ? "Decrypt error" : "Illegal parameter")) << second.output;
  }
}

TEST_P(PublicClient, when_a_client_offers_no_psk_then_it_is_refused) {
  const auto result =
      run_client({"openssl", {"s_client", "-connect", server.address(), "-alpn", "http/1.1"}, kRequest, "device="});
  EXPECT_TRUE(result.holds("handshake failure")) << result.output;
  EXPECT_TRUE(server.says("tls_psk_missing")) << server.log();
}

INSTANTIATE_TEST_SUITE_P(Engines, PublicClient, testing::Values("openssl", "psk13"),
                         [](const auto& engine) { return engine.param; });

}  // namespace
}  // namespace cpns::interop
