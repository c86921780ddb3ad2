#pragma once
// SIP over sofia-sip, whose headers nobody outside src/ims sees. Its loop runs on a thread of its own: it has no
// descriptor that Asio could wait for, and to poll it would wake an idle gateway hundreds of times a second. Jobs go
// over by message, answers come back by asio::post. So all of this interface is on the thread of the executor, and no
// callback comes before the call that asked for it has returned, or after the stack has been destroyed.

#include <functional>
#include <memory>

#include "core/base/result.hpp"
#include "ims/sip_message.hpp"
#include "runtime/asio.hpp"

namespace cpns::ims {

class SipStack {
 public:
  struct Settings {
    /// Where to listen: `sip:HOST:PORT;transport=tcp`, `sips:HOST:PORT`; port `*` is any free one. Without transport
    /// UDP too; what has more than 1,300 bytes goes over TCP then (RFC 3261 section 18.1.1).
    std::string listen;
    /// With TLS: a folder with cafile.pem, whom to believe, and agent.pem, who this is (certificate and key); both are
    /// needed. The other end's certificate is verified and has to have the DNS name that was asked for: an address
    /// never passes. So a proxy over TLS is a URI with a name; `maddr` in it says the address where no DNS does, as in
    /// `sip:pcscf.example:5061;transport=tls;maddr=192.0.2.1`. Where the certificate is refused, the request gets 503
    /// at once, and SipReply::refused says why.
    std::string tls_folder;
    /// Also who connects here needs a certificate of cafile.pem. Without `caller_names` anybody's of that authority
    /// does.
    bool verify_callers = false;
    /// Numeric addresses that may send to what listens here, at most 64; the kernel drops what others send. Empty: all.
    /// Whom this end connects to need not be among them, so look at `source` of a request all the same.
    std::vector<std::string> callers{};
    /// With verify_callers: one of these DNS or URI names has to stand in the certificate of who connects here.
    std::vector<std::string> caller_names{};
  };
  using Answer = std::function<void(int status, SipHeaders headers)>;
  using OnRequest = std::function<void(SipRequest request, Answer answer)>;
  using OnReply = std::function<void(SipReply reply)>;
  using OnConnectionLost = std::function<void(std::string address)>;

  /// Fails with `sip_stack_failed` where it can't listen there, or a file for TLS is missing. What comes in before
  /// `on_request` is set gets 503.
  [[nodiscard]] static Result<std::unique_ptr<SipStack>> start(runtime::asio::any_io_executor executor,
                                                               const Settings& settings);
  /// Ends the thread; requests under way are dropped.
  ~SipStack();
  SipStack(const SipStack&) = delete;
  SipStack& operator=(const SipStack&) = delete;

  /// Each request is to be answered once, soon: 1,024 may wait, more are refused before they are seen, as are
  /// bodies of more than 65,536 bytes [M1]. A second answer is passed over.
  void on_request(OnRequest handler);
  /// Called where a connection has ended that this end opened and that a reply had come over; `address` is the other
  /// end's, as in SipReply::source. Requests that waited there have their 503 already.
  void on_connection_lost(OnConnectionLost handler);
  /// Sends and repeats it as RFC 3261 section 17 says; `on_reply` gets the one final reply.
  void send(SipRequest request, OnReply on_reply);
  /// The URI that this end is reached at, for Contact.
  [[nodiscard]] const std::string& contact() const noexcept;

 private:
  struct Impl;
  explicit SipStack(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cpns::ims
