#include "ims/sip_stack.hpp"

#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "core/base/encoding.hpp"
#include "ims/sip_gate.hpp"
#include "ims/sofia_message.hpp"

// Before sofia's headers: the types of what it hands back to us.
namespace cpns::ims {
struct SipThread;
struct SipSent;
}  // namespace cpns::ims
#define NTA_AGENT_MAGIC_T cpns::ims::SipThread
#define NTA_LEG_MAGIC_T cpns::ims::SipThread
#define NTA_OUTGOING_MAGIC_T cpns::ims::SipSent
#define SU_ROOT_MAGIC_T cpns::ims::SipThread
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/su_strlst.h>
#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport_tag.h>

namespace cpns::ims {

namespace asio = runtime::asio;

/// What the loop's side keeps; gone, and nothing is called any more.
struct SipReceiver {
  SipStack::OnRequest on_request;
};

/// All that sofia touches. Made, used and ended on its thread.
struct SipThread {
  asio::any_io_executor executor;
  std::weak_ptr<SipReceiver> receiver;
  su_root_t* root = nullptr;
  nta_agent_t* agent = nullptr;
  nta_leg_t* leg = nullptr;
  std::string contact;
  std::map<std::uint64_t, nta_incoming_t*> unanswered;
  std::map<nta_outgoing_t*, std::unique_ptr<SipSent>> sent;
  std::uint64_t last_id = 0;
};

struct SipSent {
  SipThread& thread;
  SipStack::OnReply on_reply;
};

namespace {

using Job = std::function<void()>;

void run_job(SipThread* /*root*/, su_msg_r message, su_msg_arg_t* content) {
  static_cast<void>(message);
  const std::unique_ptr<Job> job(*static_cast<Job**>(content));
  (*job)();
}

// From any thread.
void post_job(su_root_t* root, Job job) {
  su_msg_r message = SU_MSG_R_INIT;
  const su_task_r nobody = SU_TASK_R_INIT;
  auto held = std::make_unique<Job>(std::move(job));
  if (su_msg_create(message, su_root_task(root), nobody, run_job, sizeof(Job*)) != 0) throw std::bad_alloc();
  *static_cast<Job**>(su_msg_data(message)) = held.release();
  if (su_msg_send(message) != 0) throw std::bad_alloc();
}

/// Nothing where a value would end its line.
std::optional<std::string> lines_of(const SipHeaders& headers) {
  std::string lines;
  for (const auto& header : headers) {
    if (has_control_character(header.name) || has_control_character(header.value)) return std::nullopt;
    lines += header.name + ": " + header.value + "\r\n";
  }
  return lines;
}

void reply_to(SipThread& thread, std::uint64_t id, int status, const SipHeaders& headers) {
  const auto found = thread.unanswered.find(id);
  if (found == thread.unanswered.end()) return;
  auto* request = found->second;
  thread.unanswered.erase(found);
  const auto lines = lines_of(headers);
  if (!lines) status = 500;
  nta_incoming_treply(request, status, sip_status_phrase(status),
                      TAG_IF(lines && !lines->empty(), SIPTAG_HEADER_STR(lines->c_str())), TAG_END());
  nta_incoming_destroy(request);
}

int on_incoming(SipThread* thread, nta_leg_t* /*leg*/, nta_incoming_t* incoming, const sip_t* sip) {
  const auto method = sip->sip_request->rq_method;
  // Ends the transaction, which 0 would leave with us for good: an ACK gets no answer, a CANCEL has found nothing.
  if (method == sip_method_ack) return 200;
  if (method == sip_method_cancel) return 481;
  auto* message = nta_incoming_getrequest(incoming);
  su_home_t home[1] = {SU_HOME_INIT(home)};
  su_home_init(home);
  SipRequest request;
  request.method = sip->sip_request->rq_method_name;
  const auto* uri = url_as_string(home, sip->sip_request->rq_url);
  if (uri != nullptr) request.uri = uri;
  su_home_deinit(home);
  request.headers = headers_of(message);
  request.body = body_of(sip);
  char address[SU_ADDRSIZE] = "";
  if (const auto* from = msg_addr(message); su_inet_ntop(from->su_family, SU_ADDR(from), address, sizeof address)) {
    request.source = address;
  }
  msg_destroy(message);
  const auto id = ++thread->last_id;
  thread->unanswered.emplace(id, incoming);
  asio::post(thread->executor, [thread, id, receiver = thread->receiver, root = thread->root,
                                executor = thread->executor, request = std::move(request)]() mutable {
    const auto there = receiver.lock();
    if (!there) return;  // and the thread with it
    SipStack::Answer answer = [=](int status, SipHeaders headers) {
      if (receiver.expired()) return;
      post_job(root, [thread, id, status, headers] { reply_to(*thread, id, status, headers); });
    };
    if (there->on_request) {
      there->on_request(std::move(request), std::move(answer));
    } else {
      answer(503, {});
    }
  });
  return 0;  // answered later
}

int on_final(SipSent* sent, nta_outgoing_t* outgoing, const sip_t* sip) {
  const auto status = nta_outgoing_status(outgoing);
  if (status < 200) return 0;
  SipReply reply{status, "", {}, {}};
  if (sip != nullptr && sip->sip_status != nullptr) {
    if (sip->sip_status->st_phrase != nullptr) reply.phrase = sip->sip_status->st_phrase;
    if (auto* message = nta_outgoing_getresponse(outgoing); message != nullptr) {
      reply.headers = headers_of(message);
      msg_destroy(message);
    }
    reply.body = body_of(sip);
  }
  auto& thread = sent->thread;
  asio::post(thread.executor,
             [receiver = thread.receiver, tell = std::move(sent->on_reply), reply = std::move(reply)]() mutable {
               if (!receiver.expired()) tell(std::move(reply));
             });
  thread.sent.erase(outgoing);
  nta_outgoing_destroy(outgoing);
  return 0;
}

void send_now(SipThread& thread, const SipRequest& request, SipStack::OnReply on_reply) {
  auto sent = std::make_unique<SipSent>(SipSent{thread, std::move(on_reply)});
  const auto lines = lines_of(request.headers);
  su_home_t home[1] = {SU_HOME_INIT(home)};
  su_home_init(home);
  auto* payload = request.body.empty()
                      ? nullptr
                      : sip_payload_create(home, request.body.data(), static_cast<isize_t>(request.body.size()));
  nta_outgoing_t* outgoing = nullptr;
  if (lines)
    outgoing = nta_outgoing_tcreate(thread.leg, on_final, sent.get(),
                                    URL_STRING_MAKE(request.next_hop.empty() ? nullptr : request.next_hop.c_str()),
                                    sip_method_code(request.method.c_str()), request.method.c_str(),
                                    URL_STRING_MAKE(request.uri.c_str()), SIPTAG_HEADER_STR(lines->c_str()),
                                    TAG_IF(payload != nullptr, SIPTAG_PAYLOAD(payload)), TAG_END());
  su_home_deinit(home);
  if (outgoing != nullptr) {
    thread.sent.emplace(outgoing, std::move(sent));
    return;
  }
  asio::post(thread.executor, [receiver = thread.receiver, tell = std::move(sent->on_reply)] {
    if (!receiver.expired()) tell(SipReply{503, "not sent", {}, {}});
  });
}

// What sofia prints has no code and may hold a peer's bytes; what we need of it comes as a status.
void print_nothing(void* /*stream*/, const char* /*format*/, va_list /*values*/) {}

bool open_agent(SipThread& thread, const SipStack::Settings& settings) {
  thread.root = su_root_create(&thread);
  if (thread.root == nullptr) return false;
  su_home_t names_home[1] = {SU_HOME_INIT(names_home)};
  su_home_init(names_home);
  auto* names = su_strlst_create(names_home);
  for (const auto& name : settings.caller_names) su_strlst_dup_append(names, name.c_str());
  int verify = TPTLS_VERIFY_SUBJECTS_OUT;
  if (settings.verify_callers) verify |= settings.caller_names.empty() ? TPTLS_VERIFY_IN : TPTLS_VERIFY_SUBJECTS_IN;
  thread.agent =
      nta_agent_create(thread.root, URL_STRING_MAKE(settings.listen.c_str()), nullptr, nullptr, NTATAG_UA(0),
                       NTATAG_UDP_MTU(1300), TPTAG_TLS_VERIFY_POLICY(verify), TPTAG_TLS_VERIFY_SUBJECTS(names),
                       TAG_IF(!settings.tls_folder.empty(), TPTAG_CERTIFICATE(settings.tls_folder.c_str())), TAG_END());
  su_home_deinit(names_home);
  if (thread.agent == nullptr) return false;
  thread.leg = nta_leg_tcreate(thread.agent, on_incoming, &thread, NTATAG_NO_DIALOG(1), TAG_END());
  if (thread.leg == nullptr) return false;
  su_home_t home[1] = {SU_HOME_INIT(home)};
  su_home_init(home);
  const auto* contact = nta_agent_contact(thread.agent);
  const auto* text = contact == nullptr ? nullptr : url_as_string(home, contact->m_url);
  if (text != nullptr) thread.contact = text;
  const auto port = contact == nullptr ? 0 : std::strtoul(url_port(contact->m_url), nullptr, 10);
  su_home_deinit(home);
  return text != nullptr && (settings.callers.empty() || hear_only(settings.callers, static_cast<std::uint16_t>(port)));
}

void close_agent(SipThread& thread) {
  for (const auto& [id, request] : thread.unanswered) nta_incoming_destroy(request);
  for (const auto& [outgoing, sent] : thread.sent) nta_outgoing_destroy(outgoing);
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
  auto impl = std::make_unique<Impl>();
  impl->sofia.executor = std::move(executor);
  impl->sofia.receiver = impl->receiver;
  std::promise<bool> opened;
  auto open = opened.get_future();
  impl->runs = std::thread([&sofia = impl->sofia, settings, opened = std::move(opened)]() mutable {
    static std::once_flag silent;
    su_init();
    std::call_once(silent, [] { su_log_redirect(su_log_default, print_nothing, nullptr); });
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
  post_job(impl_->sofia.root, [root = impl_->sofia.root] { su_root_break(root); });
  impl_->runs.join();
}

void SipStack::on_request(OnRequest handler) { impl_->receiver->on_request = std::move(handler); }

void SipStack::send(SipRequest request, OnReply on_reply) {
  post_job(impl_->sofia.root, [&sofia = impl_->sofia, request = std::move(request), on_reply = std::move(on_reply)] {
    send_now(sofia, request, on_reply);
  });
}

const std::string& SipStack::contact() const noexcept { return impl_->sofia.contact; }

}  // namespace cpns::ims
