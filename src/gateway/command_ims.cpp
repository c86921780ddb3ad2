// `cpns-gateway ims`: makes the folder of a PN GW that is an IMS user.

#include <ostream>

#include "gateway/new_folder.hpp"
#include "gateway/program.hpp"
#include "gateway/usim_keys.hpp"
#include "ims/asserted_identity.hpp"
#include "ims/software_usim.hpp"
#include "pngw/standard_input.hpp"
#include "runtime/clock.hpp"
#include "runtime/files.hpp"
#include "runtime/system_random.hpp"
#include "tls/x509.hpp"

namespace cpns::gateway {
namespace {

constexpr std::size_t kMaxKeys = 4096;
constexpr std::size_t kMaxPem = std::size_t{256} * 1024;
constexpr int kOwnCertificateDays = 3650;

struct Options {
  std::string dir;
  std::string user;
  std::string private_identity;
  std::string realm;
  std::string pcscf;
  std::string transport = "tls";
  std::string ca_file;
  std::string service;
  std::string server_id;
  std::string local = "*";
  std::string pcscf_address;
  std::string usim_file = "-";
  bool card = false;
  std::string reader;
  std::string pin_file;
  std::string pan_listen{kDefaultPanListen};
  pngw::SealWish secrets;
};

Error unusable(std::string_view what, const std::string& got, std::string expected) {
  return {Code::ims_user_unreadable, std::string(what) + " " + got, std::move(expected)};
}

Result<GatewayConfig::OperatorLink> operator_link(const Options& options) {
  auto user = ims::public_identity(options.user);
  if (!user) return unusable("--user", options.user, "such as sip:alice@ims.example.net");
  if (!ims::public_identity(options.service)) {
    return unusable("--service", options.service, "such as sip:cpns@ims.example.net");
  }
  auto pcscf = ids::Endpoint::parse(options.pcscf);
  if (!pcscf) return unusable("--pcscf", options.pcscf, "host:port");
  CPNS_TRY(auto server_id, ids::ServerId::parse(options.server_id));
  const bool tel = user->text().starts_with("tel:");
  if (tel && (options.private_identity.empty() || options.realm.empty())) {
    return unusable("--user", options.user, "--private-identity and --realm beside a tel URI");
  }
  const auto address = user->text().substr(user->text().find(':') + 1);  // user@domain
  auto private_identity = options.private_identity.empty() ? address : options.private_identity;
  auto realm = options.realm.empty() ? address.substr(address.find('@') + 1) : options.realm;
  for (const std::string_view text :
       {private_identity, realm, options.local, options.pcscf_address, options.reader, options.pin_file}) {
    if (has_control_character(text)) return unusable("an option", "with a control character", "text");
  }
  return GatewayConfig::OperatorLink{
      std::move(server_id), ImsSettings{std::move(*user), std::move(private_identity), std::move(realm),
                                        std::move(*pcscf), options.transport == "tls", options.service, options.local,
                                        options.pcscf_address, options.card, options.reader, options.pin_file}};
}

// From a file or standard input, never from the argument list, which others can see.
Result<ims::SubscriberKeys> read_keys(const std::string& file) {
  if (file == "-") {
    CPNS_TRY(auto typed, pngw::read_standard_input(kMaxKeys));
    auto keys = parse_usim_keys(as_text(typed));
    secret::wipe(typed);
    return keys;
  }
  CPNS_TRY(const auto content, runtime::read_secret_file(file, kMaxKeys));
  return parse_usim_keys(as_text(content.view()));
}

// sofia-sip wants a certificate of its own beside the authorities that it believes. Nobody trusts it, so its key is
// worth nothing; the P-CSCF knows this end by its USIM.
Result<void> write_sip_tls(const GatewayFolder& folder, const std::string& ca_file) {
  CPNS_TRY(const auto authorities, runtime::read_file(ca_file, kMaxPem));
  CPNS_TRY(const auto own, tls::make_ca("cpns-gateway", kOwnCertificateDays, runtime::now()));
  Bytes agent = own.certificate_pem;
  const auto key = own.private_key_pem.view();
  agent.insert(agent.end(), key.begin(), key.end());
  CPNS_CHECK(runtime::make_private_directory(folder.sip_tls()));
  CPNS_CHECK(runtime::write_file_atomically(folder.sip_tls() / "agent.pem", agent, 0600));
  return runtime::write_file_atomically(folder.sip_tls() / "cafile.pem", authorities, 0600);
}

Result<ids::PnGwId> make_folder(const Options& options, Console& console) {
  CPNS_TRY(const auto link, operator_link(options));
  const auto& settings = std::get<ImsSettings>(link.kind);
  if (settings.tls && options.ca_file.empty()) {
    return unusable("--transport tls", "without --ca-file", "the authority of the P-CSCF's certificate");
  }
  std::optional<ims::SubscriberKeys> keys;
  if (!options.card) {
    CPNS_TRY(keys, read_keys(options.usim_file));
  }
  runtime::SystemRandom random;
  CPNS_TRY(auto fresh, NewFolder::make({options.dir}, random));
  const auto& folder = fresh.folder();
  const auto seal = console.parts.open_seal(folder.folder, options.secrets);
  secret::SecretBuffer master_key(secret::MasterKey::kSize);
  random.fill(master_key.writable());
  CPNS_CHECK(pngw::write_sealed_file(folder.master_key(), *seal, pngw::kMasterKeyName, master_key.view()));
  if (keys) CPNS_CHECK(ims::SoftwareUsim::install(folder.usim(), *keys, *seal));
  if (settings.tls) CPNS_CHECK(write_sip_tls(folder, options.ca_file));
  const auto text = config_text(link, settings.user, options.pan_listen, options.secrets);
  CPNS_CHECK(runtime::write_file_atomically(folder.config(), as_bytes(text), 0600));
  CPNS_CHECK(fresh.keep());
  return settings.user;
}

void ims_command(const Options& options, Console& console) {
  const auto user = make_folder(options, console);
  if (!user) return console.fail(user.error());
  console.out << "Ready as " << user->text() << ", an IMS user with "
              << (options.card ? "the USIM in a card reader" : "a software USIM in " + options.dir) << ".\n"
              << "Next: cpns-gateway run --dir " << options.dir << "\n";
}

}  // namespace

void add_ims(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("ims", "Make this gateway an IMS user, whom the operator's core vouches for");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder to make; it must be missing or empty")->required();
  command->add_option("--user", options->user, "IMS public user identity: a sip or tel URI")->required();
  command->add_option("--private-identity", options->private_identity, "IMPI; of a sip URI: its user@domain");
  command->add_option("--realm", options->realm, "Home network; of a sip URI: its domain");
  command->add_option("--pcscf", options->pcscf, "host:port of the operator's P-CSCF")->required();
  command->add_option("--transport", options->transport, "How the P-CSCF is spoken to")
      ->check(CLI::IsMember({"tls", "tcp"}))
      ->capture_default_str();
  command->add_option("--ca-file", options->ca_file, "PEM of the authority of the P-CSCF's certificate; for tls");
  command->add_option("--service", options->service, "Public service identity of the CPNS Server")->required();
  command->add_option("--server-id", options->server_id, "The CPNS Server's name, which goes into every key")
      ->required();
  command->add_option("--local", options->local, "Address of this machine for SIP; * takes any")->capture_default_str();
  command->add_option("--pcscf-address", options->pcscf_address, "Its numeric address, where no DNS knows its name");
  command->add_flag("--card", options->card, "The USIM is on a card in a PC/SC reader");
  command->add_option("--reader", options->reader, "Which reader; the first that holds a card, if none is named");
  command->add_option("--pin-file", options->pin_file, "Private file with the card's PIN, where it asks for one");
  command->add_option("--usim-file", options->usim_file, "Lines `k HEX` and `opc HEX` or `op HEX`; - is standard input")
      ->capture_default_str();
  command->add_option("--pan-listen", options->pan_listen, "host:port on which devices connect; goes into gateway.toml")
      ->capture_default_str();
  command->add_option("--seal", options->secrets.kind, "What seals the keys; goes into gateway.toml")
      ->check(CLI::IsMember({"auto", "keyring", "tpm", "file"}))
      ->capture_default_str();
  command->add_option("--tpm", options->secrets.tpm, "How the TPM is reached (a TCTI), if not by /dev/tpmrm0");
  command->footer(
      "Example, with the keys of the subscription in a file that only its owner can read:\n"
      "  cpns-gateway ims --dir /var/lib/cpns-gateway --user sip:alice@ims.example.net --pcscf pcscf.example.net:5061 "
      "\\\n"
      "    --ca-file operator-ca.pem --service sip:cpns@ims.example.net --server-id cpns.example.net --usim-file "
      "usim.txt");
  command->callback([options, &console] { ims_command(*options, console); });
}

}  // namespace cpns::gateway
