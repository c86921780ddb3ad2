#include "store/keys/pkcs11_token.hpp"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <array>
#include <vector>

namespace cpns::store::keys {
namespace {

constexpr std::size_t kKeySize = 32;

std::string name_of(CK_RV code) {
  switch (code) {
    case CKR_PIN_INCORRECT:
      return "CKR_PIN_INCORRECT";
    case CKR_PIN_LOCKED:
      return "CKR_PIN_LOCKED";
    case CKR_USER_PIN_NOT_INITIALIZED:
      return "CKR_USER_PIN_NOT_INITIALIZED";
    case CKR_MECHANISM_INVALID:
      return "CKR_MECHANISM_INVALID";
    case CKR_ENCRYPTED_DATA_INVALID:
      return "CKR_ENCRYPTED_DATA_INVALID";
    case CKR_TOKEN_NOT_PRESENT:
      return "CKR_TOKEN_NOT_PRESENT";
    case CKR_DEVICE_REMOVED:
      return "CKR_DEVICE_REMOVED";
    default:
      return "code " + std::to_string(code);
  }
}

}  // namespace

struct Pkcs11Token::Session {
  Place place;
  void* library = nullptr;
  CK_FUNCTION_LIST* functions = nullptr;
  bool initialized = false;
  CK_SESSION_HANDLE handle = 0;

  explicit Session(Place at) : place(std::move(at)) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (handle != 0) functions->C_CloseSession(handle);
    if (initialized) functions->C_Finalize(nullptr);
    if (library != nullptr) ::dlclose(library);
  }

  [[nodiscard]] Error failed(const std::string& what) const {
    return {Code::key_source_unusable, "PKCS#11 token " + place.token + " of " + place.module.string() + ": " + what,
            "a token that holds the key"};
  }
  [[nodiscard]] Result<void> check(const char* call, CK_RV code) const {
    if (code == CKR_OK) return {};
    return failed(std::string(call) + ": " + name_of(code));
  }

  Result<void> load() {
    library = ::dlopen(place.module.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return failed("the module can not be loaded");
    const auto get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
    if (get == nullptr) return failed("it is no PKCS#11 module");
    CPNS_CHECK(check("C_GetFunctionList", get(&functions)));
    CK_C_INITIALIZE_ARGS arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    CPNS_CHECK(check("C_Initialize", functions->C_Initialize(&arguments)));
    initialized = true;
    return {};
  }

  Result<CK_SLOT_ID> find_slot() {
    CK_ULONG count = 0;
    CPNS_CHECK(check("C_GetSlotList", functions->C_GetSlotList(CK_TRUE, nullptr, &count)));
    std::vector<CK_SLOT_ID> slots(count);
    CPNS_CHECK(check("C_GetSlotList", functions->C_GetSlotList(CK_TRUE, slots.data(), &count)));
    slots.resize(count);
    for (const auto slot : slots) {
      CK_TOKEN_INFO info{};
      if (functions->C_GetTokenInfo(slot, &info) != CKR_OK) continue;
      std::string label(reinterpret_cast<const char*>(info.label), sizeof info.label);
      label.erase(label.find_last_not_of(std::string_view(" \0", 2)) + 1);
      if (label == place.token) return slot;
    }
    return failed("no token of that label is present");
  }

  Result<void> log_in(ByteView pin) {
    CPNS_TRY(const auto slot, find_slot());
    const CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    CPNS_CHECK(check("C_OpenSession", functions->C_OpenSession(slot, flags, nullptr, nullptr, &handle)));
    // The interface takes it without const and does not write to it.
    auto* text = const_cast<CK_UTF8CHAR*>(pin.data());
    return check("C_Login", functions->C_Login(handle, CKU_USER, text, pin.size()));
  }

  /// 0 where there is none.
  Result<CK_OBJECT_HANDLE> find_key() {
    CK_OBJECT_CLASS kind = CKO_SECRET_KEY;
    std::array<CK_ATTRIBUTE, 2> wanted{
        {{CKA_CLASS, &kind, sizeof kind}, {CKA_LABEL, place.label.data(), place.label.size()}}};
    CPNS_CHECK(check("C_FindObjectsInit", functions->C_FindObjectsInit(handle, wanted.data(), wanted.size())));
    std::array<CK_OBJECT_HANDLE, 2> found{};
    CK_ULONG count = 0;
    const auto searched = check("C_FindObjects", functions->C_FindObjects(handle, found.data(), found.size(), &count));
    functions->C_FindObjectsFinal(handle);
    CPNS_CHECK(searched);
    if (count > 1) return failed("two keys are called " + place.label);
    return count == 0 ? CK_OBJECT_HANDLE{0} : found[0];
  }

  Result<CK_OBJECT_HANDLE> key() {
    CPNS_TRY(const auto found, find_key());
    if (found == 0) return failed("no key is called " + place.label);
    return found;
  }
};

namespace {

/// The parameters point into their arguments.
struct Gcm {
  Gcm(ByteView nonce, ByteView bound_to)
      : parameters{const_cast<CK_BYTE*>(nonce.data()),    nonce.size(),    nonce.size() * 8,
                   const_cast<CK_BYTE*>(bound_to.data()), bound_to.size(), crypto::kGcmTagSize * 8},
        mechanism{CKM_AES_GCM, &parameters, sizeof parameters} {}
  CK_GCM_PARAMS parameters;
  CK_MECHANISM mechanism;
};

}  // namespace

Pkcs11Token::Pkcs11Token(std::unique_ptr<Session> session) : session_(std::move(session)) {}
Pkcs11Token::~Pkcs11Token() = default;

Result<std::unique_ptr<Pkcs11Token>> Pkcs11Token::open(const Place& place, ByteView pin) {
  auto session = std::make_unique<Session>(place);
  CPNS_CHECK(session->load());
  CPNS_CHECK(session->log_in(pin));
  return std::unique_ptr<Pkcs11Token>(new Pkcs11Token(std::move(session)));
}

Result<void> Pkcs11Token::ensure_key() {
  CPNS_TRY(const auto found, session_->find_key());
  if (found != 0) return {};
  CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  CK_ULONG size = kKeySize;
  auto& label = session_->place.label;
  std::array<CK_ATTRIBUTE, 9> wanted{{{CKA_TOKEN, &yes, sizeof yes},
                                      {CKA_PRIVATE, &yes, sizeof yes},
                                      {CKA_SENSITIVE, &yes, sizeof yes},
                                      {CKA_EXTRACTABLE, &no, sizeof no},
                                      {CKA_MODIFIABLE, &no, sizeof no},
                                      {CKA_ENCRYPT, &yes, sizeof yes},
                                      {CKA_DECRYPT, &yes, sizeof yes},
                                      {CKA_LABEL, label.data(), label.size()},
                                      {CKA_VALUE_LEN, &size, sizeof size}}};
  CK_MECHANISM generate{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE made = 0;
  return session_->check("C_GenerateKey", session_->functions->C_GenerateKey(session_->handle, &generate, wanted.data(),
                                                                             wanted.size(), &made));
}

Result<Bytes> Pkcs11Token::wrap(ByteView secret, ByteView bound_to, crypto::Random& random) {
  CPNS_TRY(const auto key, session_->key());
  const auto nonce = random.bytes<crypto::kGcmNonceSize>();
  Gcm gcm(nonce, bound_to);
  const auto* functions = session_->functions;
  CPNS_CHECK(session_->check("C_EncryptInit", functions->C_EncryptInit(session_->handle, &gcm.mechanism, key)));
  Bytes wrapped(nonce.size() + secret.size() + crypto::kGcmTagSize);
  std::ranges::copy(nonce, wrapped.begin());
  CK_ULONG size = wrapped.size() - nonce.size();
  CPNS_CHECK(session_->check("C_Encrypt", functions->C_Encrypt(session_->handle, const_cast<CK_BYTE*>(secret.data()),
                                                               secret.size(), wrapped.data() + nonce.size(), &size)));
  wrapped.resize(nonce.size() + size);
  return wrapped;
}

Result<secret::SecretBuffer> Pkcs11Token::unwrap(ByteView wrapped, ByteView bound_to) {
  if (wrapped.size() <= crypto::kGcmNonceSize + crypto::kGcmTagSize) return session_->failed("a wrapped key is cut");
  CPNS_TRY(const auto key, session_->key());
  Gcm gcm(wrapped.first(crypto::kGcmNonceSize), bound_to);
  const auto sealed = wrapped.subspan(crypto::kGcmNonceSize);
  const auto* functions = session_->functions;
  CPNS_CHECK(session_->check("C_DecryptInit", functions->C_DecryptInit(session_->handle, &gcm.mechanism, key)));
  // Some tokens want room for the tag too.
  secret::SecretBuffer opened(sealed.size());
  CK_ULONG size = opened.size();
  CPNS_CHECK(session_->check("C_Decrypt", functions->C_Decrypt(session_->handle, const_cast<CK_BYTE*>(sealed.data()),
                                                               sealed.size(), opened.writable().data(), &size)));
  opened.shrink(size);
  return opened;
}

}  // namespace cpns::store::keys
