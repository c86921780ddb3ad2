#include "tls/psk13/server_connection.hpp"

#include <algorithm>

#include "tls/psk_extension.hpp"

namespace cpns::tls::psk13 {
namespace {

std::optional<Group> group_of(const ClientHello& hello, bool allow_p256) {
  // A share that is there saves a round trip; X25519 comes first of what would cost one.
  if (!hello.shares.x25519.empty()) return Group::X25519;
  if (allow_p256 && !hello.shares.p256.empty()) return Group::P256;
  if (hello.lists_x25519) return Group::X25519;
  if (allow_p256 && hello.lists_p256) return Group::P256;
  return std::nullopt;
}

Bytes copy_of(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

ServerConnection::ServerConnection(std::shared_ptr<const PskServerProfile> profile, crypto::Random& random,
                                   crypto::Random& keys)
    : Connection(Side::Server), profile_(std::move(profile)), random_(random), keys_(keys) {}

Connection::Verdict ServerConnection::on_message(MessageType type, ByteView message, bool last) {
  const bool hello_due = step_ == Step::Hello || step_ == Step::SecondHello;
  if (hello_due && type == MessageType::ClientHello) return on_client_hello(message, last);
  if (step_ == Step::Finished && type == MessageType::Finished) return on_finished(message, last);
  return out_of_order("message " + std::to_string(static_cast<unsigned>(type)),
                      hello_due ? "ClientHello" : "the client's Finished");
}

void ServerConnection::forget() noexcept {
  early_.reset();
  client_handshake_.reset();
  client_application_.reset();
  server_application_.reset();
}

// Everything that needs no key is refused before the key is asked for, so that a stranger's nonsense costs no look-up.
Connection::Verdict ServerConnection::on_client_hello(ByteView message, bool last) {
  // Section 5.1: a message before a change of keys MUST end its record.
  if (!last) return out_of_order("bytes behind ClientHello in its record", "none");
  auto parsed = parse_client_hello(message);
  if (auto* refused = std::get_if<Refusal>(&parsed)) return std::move(*refused);
  auto& hello = std::get<ClientHello>(parsed);
  allow_ccs();
  skip_early_data(hello.early_data);
  if (step_ == Step::SecondHello) {
    if (auto refused = check_second(hello)) return refused;
  }
  if (auto refused = select_protocol(hello.alpn)) return refused;
  const auto group = group_of(hello, profile_->allow_p256);
  if (!group) {
    return Refusal{{Code::tls_no_common_group, "other groups", profile_->allow_p256 ? "X25519 or P-256" : "X25519"},
                   Alert::HandshakeFailure};
  }
  if (step_ == Step::Hello) {
    suite_ = hello.suite;
    identity_ = hello.identity;
    alpn_offer_ = copy_of(hello.alpn.value_or(ByteView()));
    if (hello.shares.of(*group).empty()) {
      ask_again(message, hello, *group);
      return std::nullopt;
    }
    group_ = *group;
  }
  keep(message, hello);
  step_ = Step::Key;
  wait_for_key();
  return std::nullopt;
}

// Section 4.1.2: the second ClientHello is the first but for what the HelloRetryRequest asked for. Whoever let the
// first one through on the strength of its protocols must not be fooled by the second.
Connection::Verdict ServerConnection::check_second(const ClientHello& hello) const {
  const auto changed = [](Code code, const char* what) {
    return Refusal{{code, std::string("another ") + what + " after HelloRetryRequest", "the same one"},
                   Alert::IllegalParameter};
  };
  if (hello.identity != identity_) return changed(Code::tls_psk_identity_changed, "identity");
  if (copy_of(hello.alpn.value_or(ByteView())) != alpn_offer_)
    return changed(Code::tls_alpn_refused, "list of protocols");
  if (hello.suite != suite_) return changed(Code::tls_handshake_malformed, "cipher suite");
  if (hello.has_cookie) return changed(Code::tls_handshake_malformed, "cookie");
  // Section 4.2.10: a client MUST NOT offer early data again.
  if (hello.early_data) return changed(Code::tls_handshake_malformed, "early data");
  if (copy_of(hello.session_id) != session_id_) return changed(Code::tls_handshake_malformed, "session ID");
  const bool only = group_ == Group::X25519 ? hello.shares.p256.empty() : hello.shares.x25519.empty();
  if (hello.shares.of(group_).empty() || !only) return changed(Code::tls_handshake_malformed, "group's share");
  return std::nullopt;
}

// The server's order decides (RFC 7301 section 3.2).
Connection::Verdict ServerConnection::select_protocol(const std::optional<ByteView>& offered) {
  const auto first = profile_->alpn.empty() ? std::string("none") : profile_->alpn.front();
  if (!offered) {
    if (profile_->allow_client_without_alpn) return std::nullopt;
    return Refusal{{Code::tls_alpn_refused, "no ALPN", first}, Alert::NoApplicationProtocol};
  }
  for (const auto& name : profile_->alpn) {
    if (!offers_protocol(*offered, name)) continue;
    alpn_ = name;
    return std::nullopt;
  }
  return Refusal{{Code::tls_alpn_refused, "protocols that are not accepted here", first}, Alert::NoApplicationProtocol};
}

void ServerConnection::ask_again(ByteView message, const ClientHello& hello, Group group) {
  group_ = group;
  session_id_ = copy_of(hello.session_id);
  transcript_.add(message);
  transcript_.replace_by_hash();
  const auto retry = encode_server_hello({}, session_id_, suite_, group, {});
  transcript_.add(retry);
  send_messages(retry);
  if (!session_id_.empty()) send_compatibility_ccs();
  asked_again_ = true;
  step_ = Step::SecondHello;
}

void ServerConnection::keep(ByteView message, const ClientHello& hello) {
  session_id_ = copy_of(hello.session_id);
  share_ = copy_of(hello.shares.of(group_));
  std::ranges::copy(hello.binder, binder_.begin());
  selected_ = hello.selected;
  imported_ = copy_of(hello.imported);
  binder_hash_ = transcript_.hash_with(message.first(hello.truncated));
  transcript_.add(message);
}

Result<void> ServerConnection::provide_key(std::optional<secret::TlsPsk> psk) {
  if (error()) return *error();
  if (state() != EngineState::WaitingForKey) return Error{Code::tls_misused, "a key that was not asked for"};
  go_on();
  auto refused =
      psk ? on_key(*psk) : Refusal{{Code::tls_psk_missing, "no key for the identity", "one"}, Alert::DecryptError};
  if (refused) return fail(std::move(*refused));
  return advance();
}

x25519::Share ServerConnection::exchange_request() const {
  x25519::Share share{};
  if (state() == EngineState::WaitingForExchange) std::ranges::copy(share_, share.begin());
  return share;
}

Result<void> ServerConnection::provide_exchange(x25519::Exchanged exchanged) {
  if (error()) return *error();
  if (state() != EngineState::WaitingForExchange) return Error{Code::tls_misused, "an exchange that was not asked for"};
  go_on();
  if (auto refused = on_exchanged(exchanged)) return fail(std::move(*refused));
  return advance();
}

// Section 4.2.11: a binder that does not validate MUST end the handshake, before the PSK is used for anything else.
// A stranger's ClientHello costs no exchange.
Connection::Verdict ServerConnection::on_key(const secret::TlsPsk& psk) {
  const auto kind = imported_.empty() ? PskKind::External : PskKind::Imported;
  early_ = imported_.empty() ? early_secret(psk) : early_secret(import_psk(psk, imported_));
  if (!crypto::equal_ct(binder(binder_key(*early_, kind), binder_hash_), binder_)) {
    early_.reset();
    return Refusal{{Code::tls_psk_refused, "a binder of another key", "the key that belongs to the identity"},
                   Alert::DecryptError};
  }
  step_ = Step::Exchange;
  if (group_ == Group::P256) {
    const KeyExchange mine(group_);
    const auto shared = mine.agree(share_);
    if (!shared) return Refusal{shared.error(), Alert::IllegalParameter};
    return answer(mine.share(), *shared);
  }
  if (profile_->exchange_later) {
    wait_for_exchange();
    return std::nullopt;
  }
  x25519::Share theirs;
  std::ranges::copy(share_, theirs.begin());
  x25519::Exchanged exchanged;
  x25519::exchange({&theirs, 1}, {&exchanged, 1}, keys_, x25519::best_way());
  return on_exchanged(exchanged);
}

// Section 7.4.2: a shared secret of zeros MUST be refused.
Connection::Verdict ServerConnection::on_exchanged(const x25519::Exchanged& exchanged) {
  if (!exchanged.secret) {
    early_.reset();
    return Refusal{{Code::tls_handshake_malformed, "a key share that gives no secret", "a point of the curve"},
                   Alert::IllegalParameter};
  }
  return answer(exchanged.mine, *exchanged.secret);
}

Connection::Verdict ServerConnection::answer(ByteView share, const SharedSecret& shared) {
  const auto random = random_.bytes<kRandomSize>();
  const auto hello = encode_server_hello(random, session_id_, suite_, group_, share, selected_);
  transcript_.add(hello);
  send_messages(hello);
  if (!session_id_.empty() && !asked_again_) send_compatibility_ccs();

  const auto secret_of_handshake = handshake_secret(*early_, shared);
  early_.reset();
  const Ready handshake(secret_of_handshake);
  const auto hello_hash = transcript_.hash();
  client_handshake_ = handshake_traffic(handshake, Side::Client, hello_hash);
  const auto server_secret = handshake_traffic(handshake, Side::Server, hello_hash);
  const Ready server_handshake(server_secret);
  read_with(*client_handshake_);
  write_with(server_handshake);

  auto flight = encode_encrypted_extensions(alpn_);
  transcript_.add(flight);
  const auto finish = encode_finished(finished(server_handshake, transcript_.hash()));
  transcript_.add(finish);
  flight.insert(flight.end(), finish.begin(), finish.end());
  send_messages(flight);

  const auto secret_of_all = master_secret(handshake);
  const Ready master(secret_of_all);
  const auto hash = transcript_.hash();
  client_application_ = application_traffic(master, Side::Client, hash);
  server_application_ = application_traffic(master, Side::Server, hash);
  exporter_ = exporter_secret(master, hash);
  write_with(*server_application_);
  step_ = Step::Finished;
  return std::nullopt;
}

// Section 4.4.4: a Finished that does not verify MUST end the connection with decrypt_error. Only now is the client
// authenticated [T7].
Connection::Verdict ServerConnection::on_finished(ByteView message, bool last) {
  const auto body = message.subspan(kMessageHeader);
  if (!last) return out_of_order("bytes behind Finished in its record", "none");
  if (!crypto::equal_ct(finished(*client_handshake_, transcript_.hash()), body)) {
    return Refusal{{Code::tls_handshake_malformed, "a Finished that does not verify", "one that does"},
                   Alert::DecryptError};
  }
  client_handshake_.reset();
  open(std::move(*client_application_), std::move(*server_application_));
  client_application_.reset();
  server_application_.reset();
  for (auto* kept : {&session_id_, &share_, &alpn_offer_, &imported_}) Bytes().swap(*kept);
  return std::nullopt;
}

}  // namespace cpns::tls::psk13
