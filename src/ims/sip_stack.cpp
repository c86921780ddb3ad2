#include "ims/sip_stack.hpp"

#include <filesystem>
#include <future>
#include <thread>

#include "ims/sip_gate.hpp"
#include "ims/sip_log.hpp"
#include "ims/sip_sofia.hpp"
#include "ims/sip_uri.hpp"
// After sip_sofia.hpp, which says what sofia's types are.
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_strlst.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_tag.h>

namespace cpns::ims {

namespace asio = runtime::asio;

namespace {

bool close_to_others(SipThread& thread, const std::vector<std::string>& callers) {
  std::vector<std::uint16_t> ports;
  // Not the contact's port: that is left out where it is the usual one.
  for (const auto* one = tport_primaries(nta_agent_tports(thread.agent)); one != nullptr; one = tport_next(one)) {
    const auto* port = tport_name(one)->tpn_port;
    ports.push_back(static_cast<std::uint16_t>(port == nullptr ? 0 : std::strtoul(port, nullptr, 10)));
  }
  return hear_only(callers, ports);
}

bool open_agent(SipThread& thread, const SipStack::Settings& settings) {
  thread.root = su_root_create(&thread);
  if (thread.root == nullptr) return false;
  su_home_t names_home[1] = {SU_HOME_INIT(names_home)};
  su_home_init(names_home);
  auto* names = su_strlst_create(names_home);
  for (const auto& name : settings.caller_names) su_strlst_dup_append(names, name.c_str());
  int verify = TPTLS_VERIFY_SUBJECTS_OUT;
  if (settings.verify_callers) verify |= settings.caller_names.empty() ? TPTLS_VERIFY_IN : TPTLS_VERIFY_SUBJECTS_IN;
  thread.agent = nta_agent_create(
      thread.root, URL_STRING_MAKE(settings.listen.c_str()), nullptr, nullptr, NTATAG_UA(0), NTATAG_UDP_MTU(1300),
      TPTAG_SDWN_ERROR(1), TPTAG_TLS_VERIFY_POLICY(verify), TPTAG_TLS_VERIFY_SUBJECTS(names),
      TAG_IF(!settings.tls_folder.empty(), TPTAG_CERTIFICATE(settings.tls_folder.c_str())), TAG_END());
  su_home_deinit(names_home);
  if (thread.agent == nullptr) return false;
  thread.leg = nta_leg_tcreate(thread.agent, on_sip_incoming, &thread, NTATAG_NO_DIALOG(1), TAG_END());
  if (thread.leg == nullptr) return false;
  su_home_t home[1] = {SU_HOME_INIT(home)};
  su_home_init(home);
  const auto* contact = nta_agent_contact(thread.agent);
  const auto* text = contact == nullptr ? nullptr : url_as_string(home, contact->m_url);
  if (text != nullptr) thread.contact = text;
  su_home_deinit(home);
  return text != nullptr && (settings.callers.empty() || close_to_others(thread, settings.callers));
}

void close_agent(SipThread& thread) {
  for (const auto& [id, request] : thread.unanswered) nta_incoming_destroy(request);
  for (const auto& [outgoing, sent] : thread.sent) nta_outgoing_destroy(outgoing);
  forget_sip_connections(thread);
  if (thread.leg != nullptr) nta_leg_destroy(thread.leg);
  if (thread.agent != nullptr) nta_agent_destroy(thread.agent);
  if (thread.root != nullptr) su_root_destroy(thread.root);
}

}  // namespace

struct SipStack::Impl {
  SipThread sofia;
  std::shared_ptr<SipReceiver> receiver = std::make_shared<SipReceiver>();
  std::thread runs;
};

SipStack::SipStack(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<SipStack>> SipStack::start(asio::any_io_executor executor, const Settings& settings) {
  if (is_tls_uri(settings.listen)) {
    // Without a folder sofia would look for one in the user's home, and believe whom it names.
    for (const auto* name : {"agent.pem", "cafile.pem"}) {
      const auto file = std::filesystem::path(settings.tls_folder) / name;
      std::error_code failed;
      if (settings.tls_folder.empty() || !std::filesystem::is_regular_file(file, failed)) {
        return Error{Code::sip_stack_failed, "TLS without " + file.string(), "a folder with agent.pem and cafile.pem"};
      }
    }
  }
  auto impl = std::make_unique<Impl>();
  impl->sofia.executor = std::move(executor);
  impl->sofia.receiver = impl->receiver;
  std::promise<bool> opened;
  auto open = opened.get_future();
  impl->runs = std::thread([&sofia = impl->sofia, settings, opened = std::move(opened)]() mutable {
    su_init();
    silence_sofia();
    const bool good = open_agent(sofia, settings);
    opened.set_value(good);
    if (good) su_root_run(sofia.root);
    close_agent(sofia);
    su_deinit();
  });
  if (!open.get()) {
    impl->runs.join();
    return Error{Code::sip_stack_failed, "can not listen at " + settings.listen, "an address of this host, free"};
  }
  return std::unique_ptr<SipStack>(new SipStack(std::move(impl)));
}

SipStack::~SipStack() {
  impl_->receiver.reset();
  post_sip_job(impl_->sofia.root, [root = impl_->sofia.root] { su_root_break(root); });
  impl_->runs.join();
}

void SipStack::on_request(OnRequest handler) { impl_->receiver->on_request = std::move(handler); }

void SipStack::on_connection_lost(OnConnectionLost handler) {
  impl_->receiver->on_connection_lost = std::move(handler);
}

void SipStack::send(SipRequest request, OnReply on_reply) {
  post_sip_job(impl_->sofia.root, [&sofia = impl_->sofia, request = std::move(request),
                                   on_reply = std::move(on_reply)] { send_sip_now(sofia, request, on_reply); });
}

const std::string& SipStack::contact() const noexcept { return impl_->sofia.contact; }

}  // namespace cpns::ims
