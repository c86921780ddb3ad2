#pragma once
// An ImsUser on the test core that this process runs in (`core run -- ...`), with a USIM of subscribers.json.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/encoding.hpp"
#include "ims/ims_user.hpp"
#include "ims/software_usim.hpp"
#include "runtime/system_random.hpp"
#include "store/keys/local_seal.hpp"
#include "support/soft_token.hpp"
#include "tls/x509.hpp"

namespace cpns::ims {

class UserOnCore : public ::testing::Test {
 protected:
  static std::filesystem::path run_folder() {
    const char* folder = std::getenv("CPNS_IMS_RUN");
    return folder == nullptr ? "" : folder;
  }
  void SetUp() override {
    if (run_folder().empty()) GTEST_SKIP() << "SKIPPED: not inside a test core (tests/ims/core run -- ...)";
  }
  /// `core VERB ARGUMENTS...` for this core.
  static bool core(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"-B", CPNS_IMS_TESTS "/core"});
    auto tool = cli::ChildProcess::start({test::in_path("python3"), arguments, {}, {}, false});
    return tool.ok() && tool->wait(std::chrono::seconds(20)).value_or(cli::ExitStatus{1, 0}).clean();
  }
  static SubscriberKeys keys_of(const std::string& user) {
    const auto all = nlohmann::json::parse(std::ifstream(CPNS_IMS_TESTS "/subscribers.json"));
    for (const auto& one : all["subscribers"]) {
      if (one["impi"] != user + "@ims.cpns.test") continue;
      const auto k = *from_hex(one["k"].get<std::string>());
      const auto op = *from_hex(one["op"].get<std::string>());
      secret::UsimK key(ByteView(k).first<16>(), secret::SecretAccess{});
      auto opc = derive_opc(key, ByteView(op).first<16>());
      return {std::move(key), std::move(opc)};
    }
    throw std::runtime_error("no subscriber " + user);
  }
  /// Makes user_, registers it and waits for that.
  void come_up(const std::string& user, const std::string& pcscf, const SipStack::Settings& listen) {
    start(user, pcscf, listen);
    ASSERT_TRUE(run_until([&] { return user_->registered(); })) << to_text(user_->state()) << log_text();
  }
  virtual std::unique_ptr<Usim> make_usim(const std::string& user) {
    EXPECT_TRUE(SoftwareUsim::install(file_, keys_of(user), seal_).ok());
    auto usim = SoftwareUsim::open(file_, seal_);
    EXPECT_TRUE(usim.ok());
    return usim ? std::move(*usim) : nullptr;
  }
  void start(const std::string& user, const std::string& pcscf, const SipStack::Settings& listen) {
    usim_ = make_usim(user);
    ASSERT_TRUE(usim_);
    auto stack = SipStack::start(loop_.get_executor(), listen);
    ASSERT_TRUE(stack.ok()) << to_text(stack.error());
    stack_ = std::move(*stack);
    ImsUser::Settings settings{user + "@ims.cpns.test",  "sip:" + user + "@ims.cpns.test",
                               "ims.cpns.test",          pcscf,
                               "sip:cpns@ims.cpns.test", expires_};
    ImsUser::Handler handler{[this](ByteView body) { heard_.emplace_back(body.begin(), body.end()); },
                             [this](bool registered) { changes_.push_back(registered); }};
    auto made = ImsUser::make(loop_.get_executor(), *stack_, settings, *usim_, random_, log_, handler);
    ASSERT_TRUE(made.ok()) << to_text(made.error());
    user_ = std::move(*made);
    user_->start();
  }
  /// A folder for TLS: this phone's own certificate, which nobody asks for, and whom it believes.
  std::string tls_folder(const std::filesystem::path& trust) {
    const auto made_at = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto own = tls::make_ca("phone", 2, made_at);
    const auto folder = dir_ / "tls";
    std::filesystem::create_directory(folder);
    std::ofstream(folder / "agent.pem") << as_text(own->certificate_pem) << as_text(own->private_key_pem.view());
    std::filesystem::copy_file(trust, folder / "cafile.pem");
    return folder;
  }
  /// `body` from a node at `from` to `uri` by way of `next_hop`; the final status.
  int message(const std::string& from, const std::string& uri, const std::string& next_hop, Bytes body) {
    auto node = SipStack::start(loop_.get_executor(), {"sip:" + from + ";transport=tcp", "", false});
    EXPECT_TRUE(node.ok()) << to_text(node.error());
    int status = 0;
    (*node)->send({"MESSAGE",
                   uri,
                   next_hop,
                   {{"From", "<sip:cpns@ims.cpns.test>;tag=1"},
                    {"To", "<" + uri + ">"},
                    {"Call-ID", to_hex(random_.bytes<8>())},
                    {"CSeq", "1 MESSAGE"},
                    {"P-Asserted-Identity", "<sip:cpns@ims.cpns.test>"},
                    {"Content-Type", std::string(kCpnsContentType)}},
                   std::move(body),
                   ""},
                  [&](const SipReply& reply) { status = reply.status; });
    EXPECT_TRUE(run_until([&] { return status != 0; }));
    return status;
  }
  template <class Condition>
  bool run_until(Condition condition, std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds(5));
    }
    return condition();
  }
  [[nodiscard]] std::string log_text() const {
    std::ifstream file(log_file_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// How many messages that begin with `start` the capture has at the P-CSCF, each hop counted.
  static int captured(std::string start) {
    start.resize(start.size() - start.size() % 3);  // so that its base64 is the beginning of the whole message's
    const auto begins = to_base64url(as_bytes(start));
    std::ifstream file(run_folder() / "capture.jsonl");
    int count = 0;
    for (std::string line; std::getline(file, line);) {
      const auto one = nlohmann::json::parse(line, nullptr, false);
      if (!one.is_discarded() && one["at"] == "P-CSCF" && one["sip"].get<std::string>().starts_with(begins)) ++count;
    }
    return count;
  }

  test::TempDir dir_;
  std::filesystem::path file_ = std::filesystem::path(dir_.path()) / "usim";
  std::string log_file_ = std::string(dir_.path()) + "/log";
  runtime::SystemRandom random_;
  runtime::Log log_{{"test", runtime::LogFormat::Json, Level::Debug, log_file_}};
  store::keys::LocalSeal seal_{{.folder = dir_.path(), .kind = store::keys::SealKind::File}, random_};
  std::vector<Bytes> heard_;
  std::vector<bool> changes_;
  std::chrono::seconds expires_{600};
  runtime::asio::io_context loop_{1};
  std::unique_ptr<Usim> usim_;
  std::unique_ptr<SipStack> stack_;
  std::unique_ptr<ImsUser> user_;
};

}  // namespace cpns::ims
