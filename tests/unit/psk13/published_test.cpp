// A published TLS 1.3 handshake with an external PSK and X25519, replayed byte for byte.
//
// From the test data of Botan (randombit/botan, src/tests/data/tls_13_rfc8448/transcripts.vec, section
// "Externally_Provided_PSK_with_Ephemeral_Key", as of commit 4a302fbda6c5b00fb4ef304d73430b50f16177fe): randomness of
// both ends, the PSK, and every record. That server puts extensions into EncryptedExtensions that ours has no use for:
// ours makes its ServerHello byte for byte, and everything behind it is made by the key schedule and the record layer,
// from the published messages and with the published keys.

#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/encoding.hpp"
#include "hand_client.hpp"

namespace cpns::tls::psk13::test {
namespace {

Bytes bytes_of(std::string_view hex) { return from_hex(hex).value(); }

const Bytes kPsk = bytes_of("0160f2f1276a5c249f76f885aa06afeffb1efc680f81d198955b6206613d9d2e");
// The second half of each end's randomness is its private key.
const Bytes kClientKey = bytes_of("908ed5ab0eda7a2c64df7af9ddbcd07491cf28f0d498e0c7ab716fca518ed48a");
const Bytes kServerRandom = bytes_of("9c3ed8d46a080afef60af384c99ee901110e83f69b47bc80c3356b4cd39e4ac2");
const Bytes kServerKey = bytes_of("cdf25db296bcf2a469b4692efc657b30a6589e320d940b8ba88cf411259aba12");
const Bytes kClientHello = bytes_of(
    "16030100d9010000d50303d471835b8cb3e597d84a8580223cf974f0013c9d13c0f6a45f85a057a5c92830000006130113031302010000a600"
    "00000b0009000006736572766572000a00080006001d00170018003300260024001d0020f08c356379c689d2a34133f84e2ea1131faf8732cb"
    "51d8acd72a706bf15afc10002b0003020304000d00140012080508040806050106010401050306030403002d00020101001c00024001002900"
    "32000d0007726663383434380000000000212081bdd19444ede3426e03e0076f0a7fbce583e4906053b2ddaee431dc508e6691");
const Bytes kServerHello = bytes_of(
    "16030300600200005c03039c3ed8d46a080afef60af384c99ee901110e83f69b47bc80c3356b4cd39e4ac2001301000034002b000203040033"
    "0024001d0020056bd891b6cc74712b2377cabfb1274153fe47c6d03167d47a85170b97c39315002900020000");
const Bytes kServerFlight = bytes_of(
    "170303005197dee344c14a1c00bf7cb554f5c233095302fb5b9ad7c6e6a252fe8fa9efaac5aa312856abeb8d7cba1b763014cd6643ae2644af"
    "f483f6c6ceee695185d7416439b88360ffe400b4e571de911ab36c1eb0");
const Bytes kEncryptedExtensions = bytes_of("080000180016000a00080006001d00170018001c0002400100000000");
const Bytes kServerFinished = bytes_of("1400002013499b638fb299e0689a06cb868dec6861a237de032f277bf77cc64dee6765a1");
const Bytes kClientFinished = bytes_of(
    "170303003512585d4347d5bd4841d5142987f53f25a56f089959f151e4003a7b8699f10bf4c7bf209bf97d54dd3be93c7b35541d0ba7b9238b"
    "ec");
const Bytes kClientData = bytes_of(
    "17030300b3e0b96429e888dae621bfe57f21c770197b5cdbaae5a65231faa3eda366ce41f4e8e94fa218f0b1a18a5fbdf616938487f474ee45"
    "2be53fc930f3d20cb44b9a03394276e458899c45edcf2b2bab37d918d3ec960a0d2a3e74f36e4f0e14ae77683e2f518a8878d728e3dab069bd"
    "cba6f9504b1ca822c3c692b304634a8e0426947d638faf87712c897f8ca7c4e976f8ad2e2f2d6d21f1376291c6b7723c451dd191a3ea6ab061"
    "e505404b747d04efd6724f2d31");
const Bytes kServerData = bytes_of(
    "17030300b367bd43e94d4a2a56951664980d63eb7f117344b58ed941183637ad5cb6f9c389279211f540d0021a8d6d1db960b8e444a400ebf5"
    "3f7f026d033caa46809a4b3eb8db9d00fcc5b3826db796cbb435ce7eb945d32a446ad04780b2838ed91cc32473444f66441633083e42548959"
    "ecd1b856aecf7dec5584606abd3a1be27249f375a16e136c8ba374f541b4386bba15aca8e2a4f4e668704a72df74fbc5d3e66eb643b31e2adf"
    "2098c58b7ea3b8616536b70152");
const Bytes kClientClose = bytes_of("17030300132ec77d580924da2eba4c8b15a8b2cfe19deea3");
const Bytes kServerClose = bytes_of("1703030013b859f887252724451ed052efe6d4469618d539");

/// What both application records hold.
std::string data_text() {
  std::string text = "Client message with extra stuff: ";
  for (int i = 0; i < 64; ++i) text += "oO";
  return text + "\n";
}

secret::TlsPsk psk() {
  return secret::TlsPsk(std::span<const std::uint8_t, 32>(kPsk.data(), 32), secret::SecretAccess{});
}
ByteView message_in(const Bytes& record) { return ByteView(record).subspan(kRecordHeader); }

/// Gives what was written down, once.
class WrittenDown final : public crypto::Random {
 public:
  explicit WrittenDown(Bytes bytes) : bytes_(std::move(bytes)) {}
  void fill(std::span<std::uint8_t> out) override {
    ASSERT_EQ(out.size(), bytes_.size());
    std::ranges::copy(bytes_, out.begin());
    bytes_.clear();
  }

 private:
  Bytes bytes_;
};

class Published : public testing::TestWithParam<bool> {
 protected:
  /// The shared secret, from the client's private key and the server's share, or the other way round.
  static SharedSecret shared(bool of_client) {
    x25519::Share theirs{};
    const auto& hello = of_client ? kServerHello : kClientHello;
    const Bytes before{0x00, 0x1d, 0x00, 0x20};
    const auto at = std::search(hello.begin(), hello.end(), before.begin(), before.end());
    std::copy_n(at + 4, theirs.size(), theirs.begin());
    WrittenDown key(of_client ? kClientKey : kServerKey);
    x25519::Exchanged made;
    x25519::exchange({&theirs, 1}, {&made, 1}, key, x25519::best_way());
    return std::move(*made.secret);
  }
};

struct Keys {
  explicit Keys(const SharedSecret& shared) {
    transcript.add(message_in(kClientHello));
    transcript.add(message_in(kServerHello));
    const auto handshake = handshake_secret(early_secret(psk()), shared);
    client_handshake.emplace(handshake_traffic(handshake, Side::Client, transcript.hash()));
    server_handshake.emplace(handshake_traffic(handshake, Side::Server, transcript.hash()));
    transcript.add(kEncryptedExtensions);
    server_finished = encode_finished(finished(*server_handshake, transcript.hash()));
    transcript.add(server_finished);
    client_finished = encode_finished(finished(*client_handshake, transcript.hash()));
    const auto master = master_secret(handshake);
    client_application.emplace(application_traffic(master, Side::Client, transcript.hash()));
    server_application.emplace(application_traffic(master, Side::Server, transcript.hash()));
  }
  Transcript transcript;
  Bytes server_finished, client_finished;
  std::optional<TrafficSecret> client_handshake, server_handshake, client_application, server_application;
};

std::string sealed(RecordProtection& write, ContentType type, ByteView content) {
  Bytes record(content.size() + kRecordOverhead);
  record.resize(write.seal(type, content, 0, record).value());
  return to_hex(record);
}

TEST(PublishedServer, when_it_gets_the_published_hello_then_its_binder_verifies_and_its_answer_is_the_published_one) {
  WrittenDown random(kServerRandom), keys(kServerKey);
  ServerConnection server(
      std::make_shared<const PskServerProfile>(PskServerProfile{.alpn = {"cpns/1"}, .allow_client_without_alpn = true}),
      random, keys);
  ASSERT_TRUE(server.feed(kClientHello).ok());
  EXPECT_EQ(server.key_request(), "rfc8448");
  ASSERT_TRUE(server.provide_key(psk()).ok());
  EXPECT_EQ(to_hex(output_of(server)).substr(0, 2 * kServerHello.size()), to_hex(kServerHello));
}

TEST(PublishedServer, when_the_key_is_another_then_the_published_binder_fails) {
  CountedRandom random;
  ServerConnection server(
      std::make_shared<const PskServerProfile>(PskServerProfile{.alpn = {"cpns/1"}, .allow_client_without_alpn = true}),
      random, random);
  ASSERT_TRUE(server.feed(kClientHello).ok());
  EXPECT_FALSE(server.provide_key(test_psk()).ok());
}

TEST_P(Published, when_the_flights_are_made_again_then_each_record_is_the_published_one) {
  const Keys keys(shared(GetParam()));
  const auto suite = Suite::Aes128Gcm;
  EXPECT_EQ(to_hex(keys.server_finished), to_hex(kServerFinished));
  RecordProtection server(suite, *keys.server_handshake), client(suite, *keys.client_handshake);
  EXPECT_EQ(sealed(server, ContentType::Handshake, joined({kEncryptedExtensions, keys.server_finished})),
            to_hex(kServerFlight));
  EXPECT_EQ(sealed(client, ContentType::Handshake, keys.client_finished), to_hex(kClientFinished));
  server.rekey(suite, *keys.server_application);
  client.rekey(suite, *keys.client_application);
  EXPECT_EQ(sealed(client, ContentType::ApplicationData, as_bytes(data_text())), to_hex(kClientData));
  EXPECT_EQ(sealed(server, ContentType::ApplicationData, as_bytes(data_text())), to_hex(kServerData));
  const Bytes close_notify{1, 0};
  EXPECT_EQ(sealed(client, ContentType::Alert, close_notify), to_hex(kClientClose));
  EXPECT_EQ(sealed(server, ContentType::Alert, close_notify), to_hex(kServerClose));
}

TEST_P(Published, when_the_published_records_are_opened_then_they_hold_the_published_messages) {
  const Keys keys(shared(GetParam()));
  RecordProtection server(Suite::Aes128Gcm, *keys.server_handshake), client(Suite::Aes128Gcm, *keys.client_handshake);
  auto flight = kServerFlight, finish = kClientFinished, data = kClientData;
  EXPECT_EQ(to_hex(server.open(flight).value().content), to_hex(joined({kEncryptedExtensions, kServerFinished})));
  EXPECT_EQ(to_hex(client.open(finish).value().content), to_hex(keys.client_finished));
  client.rekey(Suite::Aes128Gcm, *keys.client_application);
  EXPECT_EQ(as_text(client.open(data).value().content), data_text());
}

INSTANTIATE_TEST_SUITE_P(Ends, Published, testing::Bool(),
                         [](const auto& end) { return end.param ? std::string("client") : std::string("server"); });

}  // namespace
}  // namespace cpns::tls::psk13::test
