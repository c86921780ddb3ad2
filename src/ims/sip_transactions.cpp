#include <sofia-sip/msg_addr.h>

#include <optional>

#include "core/base/encoding.hpp"
#include "ims/sip_log.hpp"
#include "ims/sip_sofia.hpp"
#include "ims/sofia_message.hpp"
// After sip_sofia.hpp, which says what sofia's types are.
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/su_strlst.h>

namespace cpns::ims {

namespace asio = runtime::asio;

namespace {

/// Requests that wait for an answer of the loop at once; more get 503. The loop answers at once: so many wait only
/// where somebody sends faster than it can say no.
constexpr std::size_t kMostUnanswered = 1024;

void run_job(SipThread* /*root*/, su_msg_r message, su_msg_arg_t* content) {
  static_cast<void>(message);
  const std::unique_ptr<SipJob> job(*static_cast<SipJob**>(content));
  (*job)();
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

std::string source_of(const msg_t* message) {
  char address[SU_ADDRSIZE] = "";
  const auto* from = msg_addr(const_cast<msg_t*>(message));
  return su_inet_ntop(from->su_family, SU_ADDR(from), address, sizeof address) == nullptr ? "" : address;
}

std::vector<std::string> peer_names_of(SipThread& thread, nta_incoming_t* incoming, msg_t* message) {
  std::vector<std::string> names;
  auto* transport = nta_incoming_transport(thread.agent, incoming, message);
  if (transport == nullptr) return names;
  const auto* subjects = tport_has_tls(transport) != 0 && tport_is_verified(transport) != 0
                             ? tport_delivered_from_subjects(transport, message)
                             : nullptr;
  for (unsigned i = 0; subjects != nullptr && i < su_strlst_len(subjects); ++i) {
    names.emplace_back(su_strlst_item(subjects, i));
  }
  tport_unref(transport);
  return names;
}

/// Why the transaction has ended here, where that was because of a certificate.
std::string refusal_of(nta_outgoing_t* outgoing) {
  auto* transport = nta_outgoing_transport(outgoing);
  if (transport == nullptr) return {};
  const bool unproven = tport_has_tls(transport) != 0 && tport_is_verified(transport) == 0;
  tport_unref(transport);
  return unproven ? refused_certificate() : "";
}

void drop_ended(SipThread& thread) {
  for (auto* one : thread.ended) tport_unref(one);
  thread.ended.clear();
}

void on_connection_end(nta_agent_t* /*agent*/, SipThread* thread, tport_t* connection, msg_t* /*none*/, int /*error*/) {
  const auto found = thread->watched.find(connection);
  if (found == thread->watched.end()) return;
  tport_release(connection, found->second, nullptr, nullptr, thread, 0);
  thread->watched.erase(found);
  thread->ended.push_back(connection);
  const auto* name = tport_name(connection);
  asio::post(thread->executor, [receiver = thread->receiver, address = std::string(name->tpn_host)] {
    const auto there = receiver.lock();
    if (there && there->on_connection_lost) there->on_connection_lost(address);
  });
}

/// The connection that a reply came over.
void watch_connection(SipThread& thread, nta_outgoing_t* outgoing) {
  drop_ended(thread);
  auto* connection = nta_outgoing_transport(outgoing);
  if (connection == nullptr) return;
  if (tport_is_secondary(connection) != 0 && tport_is_closed(connection) == 0 && !thread.watched.contains(connection)) {
    if (const auto number = tport_pend(connection, nullptr, on_connection_end, &thread); number > 0) {
      thread.watched.emplace(connection, number);
      return;
    }
  }
  tport_unref(connection);
}

int on_final(SipSent* sent, nta_outgoing_t* outgoing, const sip_t* sip) {
  const auto status = nta_outgoing_status(outgoing);
  if (status < 200) return 0;
  SipReply reply{status, "", {}, {}};
  if (sip != nullptr && sip->sip_status != nullptr) {
    if (sip->sip_status->st_phrase != nullptr) reply.phrase = sip->sip_status->st_phrase;
    if (auto* message = nta_outgoing_getresponse(outgoing); message != nullptr) {
      reply.headers = headers_of(message);
      reply.source = source_of(message);
      msg_destroy(message);
    }
    reply.body = body_of(sip);
  }
  // One that was made here has come from nowhere.
  if (reply.source.empty()) {
    reply.refused = refusal_of(outgoing);
  } else {
    watch_connection(sent->thread, outgoing);
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

}  // namespace

void post_sip_job(su_root_t* root, SipJob job) {
  su_msg_r message = SU_MSG_R_INIT;
  const su_task_r nobody = SU_TASK_R_INIT;
  auto held = std::make_unique<SipJob>(std::move(job));
  if (su_msg_create(message, su_root_task(root), nobody, run_job, sizeof(SipJob*)) != 0) throw std::bad_alloc();
  *static_cast<SipJob**>(su_msg_data(message)) = held.release();
  if (su_msg_send(message) != 0) throw std::bad_alloc();
}

void forget_sip_connections(SipThread& thread) {
  drop_ended(thread);
  for (const auto& [connection, number] : thread.watched) {
    tport_release(connection, number, nullptr, nullptr, &thread, 0);
    tport_unref(connection);
  }
  thread.watched.clear();
}

int on_sip_incoming(SipThread* thread, nta_leg_t* /*leg*/, nta_incoming_t* incoming, const sip_t* sip) {
  const auto method = sip->sip_request->rq_method;
  // Ends the transaction, which 0 would leave with us for good: an ACK gets no answer, a CANCEL has found nothing.
  if (method == sip_method_ack) return 200;
  if (method == sip_method_cancel) return 481;
  if (sip->sip_payload != nullptr && sip->sip_payload->pl_len > kMostSipBodyBytes) return 413;
  if (thread->unanswered.size() >= kMostUnanswered) return 503;
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
  request.source = source_of(message);
  request.peer_names = peer_names_of(*thread, incoming, message);
  msg_destroy(message);
  const auto id = ++thread->last_id;
  thread->unanswered.emplace(id, incoming);
  asio::post(thread->executor, [thread, id, receiver = thread->receiver, root = thread->root,
                                executor = thread->executor, request = std::move(request)]() mutable {
    const auto there = receiver.lock();
    if (!there) return;  // and the thread with it
    SipStack::Answer answer = [=](int status, SipHeaders headers) {
      if (receiver.expired()) return;
      post_sip_job(root, [thread, id, status, headers] { reply_to(*thread, id, status, headers); });
    };
    if (there->on_request) {
      there->on_request(std::move(request), std::move(answer));
    } else {
      answer(503, {});
    }
  });
  return 0;  // answered later
}

void send_sip_now(SipThread& thread, const SipRequest& request, SipStack::OnReply on_reply) {
  forget_refused_certificate();
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

}  // namespace cpns::ims
