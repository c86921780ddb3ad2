// `cpns-gateway enroll`.

#include <ostream>

#include "gateway/enroll.hpp"
#include "gateway/program.hpp"
#include "pngw/standard_input.hpp"
#include "pngw/wiped.hpp"
#include "runtime/files.hpp"

namespace cpns::gateway {
namespace {

constexpr std::size_t kMaxToken = 4096;

struct Options {
  std::string dir;
  std::string token_file = "-";
  std::string pan_listen{kDefaultPanListen};
  pngw::SealWish secrets;
};

// From a file or standard input, never from the argument list, which others can see.
Result<pngw::EnrollToken> read_token(const std::string& file) {
  auto content = file == "-" ? pngw::read_standard_input(kMaxToken) : runtime::read_file(file, kMaxToken);
  if (!content) return Error{Code::token_unreadable, content.error().got};
  const pngw::Wiped<Bytes> text(std::move(*content));
  if (text->empty()) return Error{Code::token_unreadable, "nothing", "one line with a token"};
  return pngw::parse_enroll_token(as_text(*text));
}

runtime::Task<void> enroll_into(pngw::EnrollToken token, EnrollOptions options,
                                std::optional<Result<Enrolled>>& result) {
  result.emplace(co_await enroll(std::move(token), std::move(options)));
}

void enroll_command(const Options& options, Console& console) {
  auto token = read_token(options.token_file);
  if (!token) return console.fail(token.error());
  EnrollOptions wanted;
  wanted.folder.folder = options.dir;
  wanted.pan_listen = options.pan_listen;
  wanted.secrets = options.secrets;
  wanted.open_seal = console.parts.open_seal;
  std::optional<Result<Enrolled>> result;
  runtime::asio::io_context loop(1);
  runtime::asio::co_spawn(loop, enroll_into(std::move(*token), std::move(wanted), result), runtime::unattended);
  loop.run();
  if (!*result) return console.fail(result->error());
  const auto& enrolled = **result;
  console.out << "Enrolled as " << enrolled.pn_gw_id.text() << " at " << enrolled.server_id.text()
              << "; the certificate is good for " << enrolled.days_left << " days.\n"
              << "Next: cpns-gateway run --dir " << options.dir << "\n";
}

}  // namespace

void add_enroll(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("enroll", "Get this gateway a certificate, with a one-time token");
  auto options = std::make_shared<Options>();
  command->add_option("--dir", options->dir, "Folder to make; it must be missing or empty")->required();
  command->add_option("--token-file", options->token_file, "File with the token; - is standard input")
      ->capture_default_str();
  command->add_option("--pan-listen", options->pan_listen, "host:port on which devices connect; goes into gateway.toml")
      ->capture_default_str();
  command->add_option("--seal", options->secrets.kind, "What seals the keys made here; goes into gateway.toml")
      ->check(CLI::IsMember({"auto", "keyring", "tpm", "file"}))
      ->capture_default_str();
  command->add_option("--tpm", options->secrets.tpm, "How the TPM is reached (a TCTI), if not by /dev/tpmrm0");
  command->footer(
      "Example, with a token that the Server's operator made with `cpns gateway add`:\n"
      "  cpns-gateway enroll --dir /var/lib/cpns-gateway --token-file token.txt");
  command->callback([options, &console] { enroll_command(*options, console); });
}

}  // namespace cpns::gateway
