// Every message of cpns.proto once, as a peer sends it.

#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "fuzz/seeds.hpp"

namespace cpns::fuzz {

void add_message_seeds(Corpus& corpus) {
  using namespace cpns::assign;
  const auto add = [&](Body body) {
    const Message message{sample_correlation_id(), std::move(body)};
    const auto encoded = encode(message);
    corpus.good("message", std::string(message_name(message.body)), encoded.view());
  };
  CountedRandom random;
  const auto id = sample_cm_device_id();
  const auto assignment = sample_assignment_id();
  const auto result =
      encode_result({assignment, sample_alias(), sample_time(), {sample_endpoint(), sample_endpoint6()}});
  corpus.good("assignment_result", "two_endpoints", result);
  corpus.good("assignment_result", "one_endpoint",
              encode_result({assignment, sample_alias(), sample_time(), {sample_endpoint()}}));

  add(ActivationInvite{sample_device_name()});
  add(ActivationRequest{sample_device_name(), {"direct", "http/1.1"}});
  add(KeySeedRequest{random.bytes<32>(), random.bytes<32>(), sample_device_name(), {"direct"}});
  add(KeySeedGrant{assignment, random.bytes<32>(), random.bytes<32>(), random.bytes<48>(), sample_time()});
  add(CmDeviceIdReport{assignment, id});
  add(ServerConfirm{assignment, random.bytes<32>()});
  add(GatewayConfirm{assignment, random.bytes<32>()});
  add(AssignmentComplete{result, random.bytes<32>()});
  add(CredentialTransfer{sample_credential()});
  add(CredentialReceipt{id});
  add(LinkHello{Role::CmDevice, sample_server_id(), id});
  add(AliasUpdate{sample_alias()});
  add(Ping{{1, 2, 3}});
  add(Pong{{}});
  add(Alert{});
  add(RenewalRequest{});
  add(ServerProof{{Bytes(500, 0x30)}, Bytes(70, 0x31)});
  add(RenewalRefused{RenewalRefused::Reason::Done});
  add(Release{});
  add(BearerRequest{random.bytes<32>()});
  add(BearerGrant{BearerTokenId(random.bytes<16>()), random.bytes<32>(), sample_time(),
                  *ids::Endpoint::parse("cpns.example.net:7440")});
  add(EnrollRequest{Bytes(300, 0x30)});
  add(EnrollReply{{Bytes(500, 0x30), Bytes(400, 0x31)}});
}

}  // namespace cpns::fuzz
