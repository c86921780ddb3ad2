// What devices and gateways keep, and what people carry between them.

#include "core/audit/record.hpp"
#include "fuzz/fuzz.hpp"
#include "fuzz/samples.hpp"
#include "fuzz/seeds.hpp"
#include "pngw/enroll_token.hpp"
#include "pngw/pairing_code.hpp"
#include "pngw/qr_code.hpp"
#include "store/file/file_revocation_journal.hpp"
#include "store/record_codec.hpp"

namespace cpns::fuzz {
namespace {

store::PairedGateway sample_gateway(bool fresh) {
  store::PairedGateway made{
      store::PairingId({1, 2, 3, 4, 5, 6, 7, 8}), std::nullopt, std::nullopt, {sample_endpoint()}};
  if (fresh) made.secret = sample_secret<secret::PairingSecret>();
  if (!fresh) made.pan_psk = sample_secret<secret::TlsPsk>();
  return made;
}

void add_codes(Corpus& corpus) {
  const pngw::PairingCode code{store::PairingId({1, 2, 3, 4, 5, 6, 7, 8}),
                               sample_secret<secret::PairingSecret>(),
                               {ids::Endpoint::parse("192.0.2.7:7442").value()}};
  const auto text = pngw::encode_pairing_code(code);
  corpus.good("pairing_code", "plain", text);
  corpus.good("pairing_code", "grouped", pngw::group_pairing_code(text));
  auto mistyped = text;
  mistyped.back() = mistyped.back() == 'A' ? 'B' : 'A';
  corpus.add("pairing_code", "mistyped", mistyped);
  corpus.add("pairing_picture", "code.png.ok", pngw::draw_png(pngw::make_qr(text).value(), 2));
  corpus.add("pairing_picture", "other_code.png", pngw::draw_png(pngw::make_qr("HELLO").value(), 3));

  corpus.good(
      "enroll_token", "token",
      pngw::encode_enroll_token({store::TokenId({8, 7, 6, 5, 4, 3, 2, 1}), sample_secret<secret::EnrollSecret>(),
                                 sample_server_id(), sample_pn_gw_id(), sample_endpoint(), sample_time()}));
}

void add_audit(Corpus& corpus) {
  audit::Record record{1, {audit::Kind::AssignmentActive, sample_time(), "sip:a@b", "cm-a", "assignment 01"}};
  corpus.good("audit_record", "plain", audit::encode(record));
  record.sequence = 70'000;
  record.event.correlation = ids::CorrelationId({1, 2, 3, 4, 5, 6, 7, 8});
  corpus.good("audit_record", "in_a_run", audit::encode(record));
  record.event = {audit::Kind::HeadAccepted, sample_time(), {}, {}};
  corpus.good("audit_record", "without_texts", audit::encode(record));
  record.event.detail = std::string(audit::kMaxText, 'x');
  corpus.good("audit_record", "long_text", audit::encode(record));
}

}  // namespace

// As the program writes it: two entries.
void add_journal(Corpus& corpus) {
  const auto folder = std::filesystem::temp_directory_path() / "cpns-seed-journal";
  std::filesystem::remove_all(folder);
  const auto file = folder / "journal";
  {
    auto journal = store::file::FileRevocationJournal::open(file, sample_secret<secret::JournalKey>(), {}).value();
    const std::array entries{
        store::Revocation{1, store::RevocationKind::Device, sample_cm_device_id().text(), sample_time(), sample_time()},
        store::Revocation{2, store::RevocationKind::Gateway, sample_pn_gw_id().text(), sample_time(), {}}};
    (void)journal->append(entries);
  }
  std::ifstream in(file, std::ios::binary);
  const std::string content(std::istreambuf_iterator<char>(in), {});
  corpus.good("revocation_journal", "two_entries", content);
  corpus.add("revocation_journal", "cut", std::string_view(content).substr(0, content.size() - 3));
  std::filesystem::remove_all(folder);
}

void add_record_seeds(Corpus& corpus) {
  const auto record = [&](const std::string& name, store::DeviceRecord content) {
    corpus.good("device_record", name, store::encode_device_record(content).value().view());
  };
  record("empty", {});
  record("paired", {sample_gateway(true), std::nullopt});
  record("connected", {sample_gateway(false), std::nullopt});
  record("assigned", {sample_gateway(false), sample_credential()});
  record("renewed", {sample_gateway(false), sample_credential(), store::KeyLife{sample_time(), true}});
  add_journal(corpus);
  corpus.good("device_record", "credential", store::encode_credential(sample_credential()).value().view());

  CountedRandom random;
  const store::Sealer sealer(sample_secret<secret::MasterKey>());
  corpus.add("sealed_value", "blob", sealer.seal({"device", "key_seed", {}}, sample_cm_device_id().bytes(), random));
  corpus.add("sealed_value", "plain", sample_cm_device_id().bytes());
  add_codes(corpus);
  add_audit(corpus);
}

}  // namespace cpns::fuzz
