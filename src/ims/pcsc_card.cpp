#include "ims/pcsc_card.hpp"

#include <winscard.h>

#include <optional>
#include <vector>

#include "ims/apdu.hpp"

namespace cpns::ims {
namespace {

constexpr DWORD kProtocols = SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1;
constexpr std::size_t kMostReply = 256 + 2;  // of a short command

Error unavailable(const std::string& what, LONG failed) {
  return Error{Code::pcsc_unavailable, what + ": " + pcsc_stringify_error(failed), "a reader with a card"};
}

/// The names that pcscd lists: each ends with a zero, and the list with an empty one.
Result<std::vector<std::string>> readers_of(SCARDCONTEXT context) {
  DWORD size = 0;
  auto done = SCardListReaders(context, nullptr, nullptr, &size);
  std::string list(size, '\0');
  if (done == SCARD_S_SUCCESS) done = SCardListReaders(context, nullptr, list.data(), &size);
  if (done != SCARD_S_SUCCESS) return unavailable("list of readers", done);
  std::vector<std::string> names;
  for (std::size_t at = 0; at < list.size() && list[at] != '\0'; at += names.back().size() + 1) {
    names.emplace_back(list.c_str() + at);
  }
  return names;
}

}  // namespace

struct PcscCard::Impl {
  std::string wanted;
  std::string reader{};
  SCARDCONTEXT context = 0;
  bool has_context = false;
  SCARDHANDLE handle = 0;
  bool has_handle = false;
  DWORD protocol = 0;

  [[nodiscard]] Result<void> connect();
  void drop() noexcept;
};

Result<void> PcscCard::Impl::connect() {
  drop();
  auto done = SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context);
  if (done != SCARD_S_SUCCESS) return unavailable("pcscd", done);
  has_context = true;
  std::vector<std::string> names{wanted};
  if (wanted.empty()) {
    CPNS_TRY(names, readers_of(context));
  }
  done = SCARD_E_NO_READERS_AVAILABLE;
  for (auto& name : names) {
    done = SCardConnect(context, name.c_str(), SCARD_SHARE_SHARED, kProtocols, &handle, &protocol);
    if (done != SCARD_S_SUCCESS) continue;
    has_handle = true;
    reader = std::move(name);
    return {};
  }
  return unavailable(wanted.empty() ? "any reader" : wanted, done);
}

void PcscCard::Impl::drop() noexcept {
  if (has_handle) SCardDisconnect(handle, SCARD_LEAVE_CARD);
  if (has_context) SCardReleaseContext(context);
  has_handle = false;
  has_context = false;
}

PcscCard::PcscCard(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

PcscCard::~PcscCard() { impl_->drop(); }

Result<std::unique_ptr<PcscCard>> PcscCard::open(std::string reader) {
  std::unique_ptr<PcscCard> made(new PcscCard(std::make_unique<Impl>(Impl{.wanted = std::move(reader)})));
  CPNS_CHECK(made->impl_->connect());
  return made;
}

Result<void> PcscCard::begin() {
  auto& card = *impl_;
  if (!card.has_handle) {
    CPNS_CHECK(card.connect());
  }
  auto done = SCardBeginTransaction(card.handle);
  if (done == SCARD_W_RESET_CARD) {
    done = SCardReconnect(card.handle, SCARD_SHARE_SHARED, kProtocols, SCARD_LEAVE_CARD, &card.protocol);
    if (done == SCARD_S_SUCCESS) done = SCardBeginTransaction(card.handle);
  }
  if (done != SCARD_S_SUCCESS) {
    // Taken out and put back, another reader, or pcscd was restarted: once from the beginning.
    CPNS_CHECK(card.connect());
    done = SCardBeginTransaction(card.handle);
  }
  if (done == SCARD_S_SUCCESS) return {};
  card.drop();
  return unavailable(card.reader, done);
}

void PcscCard::end() noexcept {
  if (impl_->has_handle) SCardEndTransaction(impl_->handle, SCARD_LEAVE_CARD);
}

Result<secret::SecretBuffer> PcscCard::transmit(ByteView command) {
  auto& card = *impl_;
  const bool t0 = card.protocol == SCARD_PROTOCOL_T0;
  const auto sent = t0 ? without_le(command) : command;
  secret::SecretBuffer reply(kMostReply);
  DWORD size = kMostReply;
  const auto done = SCardTransmit(card.handle, t0 ? SCARD_PCI_T0 : SCARD_PCI_T1, sent.data(), sent.size(), nullptr,
                                  reply.writable().data(), &size);
  if (done != SCARD_S_SUCCESS) return unavailable(card.reader, done);
  reply.shrink(size);
  return reply;
}

const std::string& PcscCard::reader() const noexcept { return impl_->reader; }

}  // namespace cpns::ims
