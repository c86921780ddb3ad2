// First bytes of TLS connections, names in certificates, heads of HTTP.

#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "fuzz/seeds.hpp"
#include "tls/certificate_uri.hpp"
#include "tls/engine.hpp"
#include "tls/x509.hpp"

namespace cpns::fuzz {
namespace {

Bytes output_of(tls::Engine& engine) {
  Bytes all;
  std::array<std::uint8_t, 4096> part;
  while (const auto n = engine.take_output(part))
    all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(n));
  return all;
}

Bytes with_piece(std::uint8_t piece, ByteView bytes) {
  Bytes made = {piece};
  made.insert(made.end(), bytes.begin(), bytes.end());
  return made;
}

std::unique_ptr<tls::Engine> client(std::vector<std::string> alpn) {
  auto made = tls::make_psk_client({sample_alias().text(), sample_secret<secret::TlsPsk>(), std::move(alpn)}).value();
  require(made->start().ok(), "a client starts");
  return made;
}

void add_tls_seeds(Corpus& corpus) {
  const auto hello = output_of(*client({"cpns/1"}));
  corpus.good("client_hello_view", "psk", hello);
  const auto factory = tls::make_psk_server_factory({{"cpns/1"}, false, false}).value();
  const auto server = factory->make().value();
  require(server->feed(hello).ok() && server->provide_key(sample_secret<secret::TlsPsk>()).ok(), "a handshake goes on");
  const auto flight = output_of(*server);
  for (const std::string engine : {"tls", "psk13"}) {
    corpus.good(engine + "_server", "client_hello", with_piece(255, hello));
    corpus.good(engine + "_server", "client_hello_in_pieces", with_piece(1, hello));
    corpus.good(engine + "_server", "client_hello_http", with_piece(255, output_of(*client({"http/1.1"}))));
    corpus.add(engine + "_server", "plain_http", with_piece(255, as_bytes("GET / HTTP/1.1\r\nHost: hello\r\n\r\n")));
    corpus.add(engine + "_client", "server_flight_of_another", with_piece(255, flight));
  }

  // The pre_shared_key extension is the last one of a ClientHello (RFC 8446 section 4.2.11).
  const std::size_t size = 2 + 2 + 62 + 4 + 2 + 33;
  corpus.good("psk_extension", "alias", ByteView(hello).last(size));
  corpus.add("psk_extension", "modes", Bytes{1, 1});
  corpus.add("psk_extension", "versions", Bytes{2, 3, 4});
  corpus.add("psk_extension", "alpn",
             std::string_view("\0\x10\x06"
                              "cpns/1\x08"
                              "http/1.1",
                              18));
}

/// One count, shares of peers, private keys.
void add_x25519_seeds(Corpus& corpus) {
  const auto seed = [](unsigned count, Bytes share) {
    share.resize(32);
    Bytes made = {static_cast<std::uint8_t>(count - 1)};
    CountedRandom random;
    for (unsigned i = 0; i < 2 * count; ++i) {
      const auto other = random.bytes<32>();
      if (i == count / 2) {
        made.insert(made.end(), share.begin(), share.end());
      } else {
        made.insert(made.end(), other.begin(), other.end());
      }
    }
    return made;
  };
  const Bytes base{9}, one{1};
  Bytes p(32, 0xff);
  p.front() = 0xed;
  for (const unsigned count : {1U, 4U, 5U, 8U}) {
    const auto name = "_of_" + std::to_string(count);
    corpus.good("x25519", "base" + name, seed(count, base));
    corpus.good("x25519", "greatest" + name, seed(count, Bytes(32, 0xff)));
    corpus.add("x25519", "order_4" + name, seed(count, one));
    corpus.add("x25519", "p" + name, seed(count, p));
  }
}

void add_certificate_seeds(Corpus& corpus) {
  const auto request = tls::make_key_and_csr(sample_pn_gw_id()).value().request_der;
  corpus.good("certificate_request", "ec", request);
  const auto ca = tls::make_ca("CPNS", 10, sample_time()).value();
  const auto issued = tls::issue_gateway_certificate(ca, request, sample_pn_gw_id(), 1, sample_time()).value();
  corpus.good("certificate", "gateway.pem", issued);
  corpus.good("certificate", "gateway.der", tls::certificate_der(issued).value());
  corpus.good("certificate", "ca.der", tls::certificate_der(ca.certificate_pem).value());
}

void add_admin_seeds(Corpus& corpus) {
  corpus.good("admin_request", "add_gateway", std::string_view(R"({"pn_gw_id":"sip:a@b.example","device_quota":100})"));
  corpus.add("admin_request", "twice", std::string_view(R"({"pn_gw_id":"a","pn_gw_id":"b"})"));
  corpus.add("admin_request", "deep", std::string(200, '[') + std::string(200, ']'));
  corpus.good("pan_identity", "pair", std::string_view("pair-0102030405060708"));
  corpus.good("pan_identity", "pan", std::string_view("pan-0102030405060708"));
}

}  // namespace

void add_link_seeds(Corpus& corpus) {
  add_tls_seeds(corpus);
  add_x25519_seeds(corpus);
  add_certificate_seeds(corpus);
  add_admin_seeds(corpus);
  corpus.good("certificate_uri", "sip", tls::percent_encode(sample_pn_gw_id().text()));
  corpus.good("certificate_uri", "utf8", tls::percent_encode("sip:t\xc3\xa9l\xc3\xa9@ims.example.net"));
  corpus.add("certificate_uri", "lower_case", std::string_view("sip:%c3%a9"));

  const auto request = [&](const std::string& name, std::string_view text) {
    corpus.add("http_request", name, with_piece(7, as_bytes(text)));
  };
  request("get.ok", "GET /file?a=1 HTTP/1.1\r\nHost: hello\r\nAccept: */*\r\n\r\n");
  request("post.ok", "POST /x HTTP/1.1\r\nHost: hello.cpns.example.net:443\r\nContent-Length: 5\r\n\r\nhello");
  request("chunked.ok",
          "PUT / HTTP/1.1\r\nHost: hello\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n");
  request("both", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  request("forged_identity.ok", "GET / HTTP/1.1\r\nHost: hello\r\nCPNS-Device-ID: x\r\ncpns_pn_gw_id: y\r\n\r\n");
  request("connection_lists_host.ok",
          "GET / HTTP/1.1\r\nHost: hello\r\nConnection: close, Host, CPNS-Device-ID\r\n\r\n");
  request("websocket.ok", "GET / HTTP/1.1\r\nHost: hello\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  request("absolute.ok", "GET http://hello/x HTTP/1.0\r\nHost: hello\r\n\r\n");
  request("folded", "GET / HTTP/1.1\r\nHost: hello\r\nX: a\r\n b\r\n\r\n");

  const auto reply = [&](const std::string& name, std::string_view text) {
    corpus.add("http_reply", name, with_piece(2, as_bytes(text)));
  };
  reply("length.ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  reply("chunked.ok", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
  reply("until_close.ok", "HTTP/1.0 200 OK\r\nServer: x\r\n\r\nsome");
  reply("no_content.ok", "HTTP/1.1 204 No Content\r\n\r\n");
  reply("interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  corpus.good("service_reply", "length", with_piece(2, as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")));
  corpus.good("service_reply", "chunked",
              with_piece(9, as_bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     "2\r\nok\r\n0\r\n\r\n")));
  corpus.good("service_reply", "interim",
              with_piece(80, as_bytes("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\n\r\n")));
  corpus.good("proxy_request", "get", with_piece(7, as_bytes("GET http://hello.cpns/a HTTP/1.1\r\nTE: x\r\n\r\n")));
  corpus.good(
      "proxy_request", "chunked",
      with_piece(3, as_bytes("PUT http://a/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n")));
  corpus.good("proxy_request", "connect", with_piece(1, as_bytes("CONNECT ssh:22 HTTP/1.0\r\n\r\n")));
  corpus.add("proxy_request", "foreign", with_piece(1, as_bytes("GET http://example.net/ HTTP/1.1\r\n\r\n")));
  corpus.good("service_request", "get", std::string_view("files\n/big.iso?x=1\nGET\nAccept: */*"));
  corpus.add("service_request", "smuggled", std::string_view("files\n/ HTTP/1.1\r\nX: y\nPUT\nA: b\r\nHost: c"));
  corpus.good("http_reply", "head", with_piece(3, as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")));
}

}  // namespace cpns::fuzz
