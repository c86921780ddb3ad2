#pragma once
// What the two halves of the SIP stack share on sofia's side: sip_stack.cpp opens and closes, sip_transactions.cpp
// answers and sends. Nobody else includes this.

#include <map>
#include <memory>

#include "ims/sip_stack.hpp"

// Before sofia's headers: the types of what it hands back to us.
namespace cpns::ims {
struct SipThread;
struct SipSent;
}  // namespace cpns::ims
#define NTA_AGENT_MAGIC_T cpns::ims::SipThread
#define NTA_LEG_MAGIC_T cpns::ims::SipThread
#define NTA_OUTGOING_MAGIC_T cpns::ims::SipSent
#define SU_ROOT_MAGIC_T cpns::ims::SipThread
#define TP_STACK_T struct nta_agent_s
#define TP_CLIENT_T cpns::ims::SipThread
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport.h>

namespace cpns::ims {

/// What the loop's side keeps; gone, and nothing is called any more.
struct SipReceiver {
  SipStack::OnRequest on_request;
  SipStack::OnConnectionLost on_connection_lost;
};

/// All that sofia touches. Made, used and ended on its thread.
struct SipThread {
  runtime::asio::any_io_executor executor;
  std::weak_ptr<SipReceiver> receiver;
  su_root_t* root = nullptr;
  nta_agent_t* agent = nullptr;
  nta_leg_t* leg = nullptr;
  std::string contact;
  std::map<std::uint64_t, nta_incoming_t*> unanswered;
  std::map<nta_outgoing_t*, std::unique_ptr<SipSent>> sent;
  std::uint64_t last_id = 0;
  std::map<tport_t*, int> watched;  ///< connections whose end is waited for, held; and under which number
  std::vector<tport_t*> ended;      ///< held still: sofia is using them while it says that they have ended
};

struct SipSent {
  SipThread& thread;
  SipStack::OnReply on_reply;
};

using SipJob = std::function<void()>;

/// Runs `job` on the thread of `root`. From any thread.
void post_sip_job(su_root_t* root, SipJob job);
/// A request that came in; sofia's callback.
int on_sip_incoming(SipThread* thread, nta_leg_t* leg, nta_incoming_t* incoming, const sip_t* sip);
/// Lets go of all that is watched.
void forget_sip_connections(SipThread& thread);
void send_sip_now(SipThread& thread, const SipRequest& request, SipStack::OnReply on_reply);

}  // namespace cpns::ims
