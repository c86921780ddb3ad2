#include "store/keys/tpm.hpp"

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include <array>

#include "core/base/encoding.hpp"
#include "store/file/private_file.hpp"

namespace cpns::store::keys {
namespace {

using secret::LocalSealKey;

constexpr const char* kDevice = "/dev/tpmrm0";
constexpr std::size_t kLongestObject = 4096;
constexpr auto kNoSession = ESYS_TR_NONE;

template <class Made>
struct Freed {
  Made* made = nullptr;
  Freed() = default;
  Freed(const Freed&) = delete;
  Freed& operator=(const Freed&) = delete;
  ~Freed() { Esys_Free(made); }
};

/// The usual storage primary: ECC P-256, made from the owner's seed, so that it is the same each time.
TPM2B_PUBLIC primary_template() {
  TPM2B_PUBLIC made{};
  auto& area = made.publicArea;
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT | TPMA_OBJECT_FIXEDTPM |
                          TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                          TPMA_OBJECT_NODA;
  auto& ecc = area.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_AES;
  ecc.symmetric.keyBits.aes = 128;
  ecc.symmetric.mode.aes = TPM2_ALG_CFB;
  ecc.scheme.scheme = TPM2_ALG_NULL;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return made;
}

TPM2B_PUBLIC sealed_template() {
  TPM2B_PUBLIC made{};
  auto& area = made.publicArea;
  area.type = TPM2_ALG_KEYEDHASH;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA;
  area.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
  return made;
}

/// A connection to the TPM with its primary key and a session that encrypts.
class Tpm {
 public:
  Tpm() = default;
  Tpm(const Tpm&) = delete;
  Tpm& operator=(const Tpm&) = delete;
  ~Tpm() {
    if (context_ != nullptr) {
      if (session_ != ESYS_TR_NONE) Esys_FlushContext(context_, session_);
      if (primary_ != ESYS_TR_NONE) Esys_FlushContext(context_, primary_);
      Esys_Finalize(&context_);
    }
    if (tcti_ != nullptr) Tss2_TctiLdr_Finalize(&tcti_);
  }

  Result<void> open(const std::string& tcti) {
    const std::string where = tcti.empty() ? std::string("device:") + kDevice : tcti;
    CPNS_CHECK(check("reaching " + where, Tss2_TctiLdr_Initialize(where.c_str(), &tcti_)));
    CPNS_CHECK(check("Esys_Initialize", Esys_Initialize(&context_, tcti_, nullptr)));
    // Answers "started already" where the machine's firmware or another program has done it.
    const auto started = Esys_Startup(context_, TPM2_SU_CLEAR);
    if (started != TPM2_RC_INITIALIZE) CPNS_CHECK(check("TPM2_Startup", started));
    const auto form = primary_template();
    const TPM2B_SENSITIVE_CREATE nothing{};
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_pcrs{};
    CPNS_CHECK(check("TPM2_CreatePrimary",
                     Esys_CreatePrimary(context_, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, kNoSession, kNoSession, &nothing,
                                        &form, &no_data, &no_pcrs, &primary_, nullptr, nullptr, nullptr, nullptr)));
    TPMT_SYM_DEF cipher{};
    cipher.algorithm = TPM2_ALG_AES;
    cipher.keyBits.aes = 128;
    cipher.mode.aes = TPM2_ALG_CFB;
    CPNS_CHECK(check("TPM2_StartAuthSession",
                     Esys_StartAuthSession(context_, primary_, ESYS_TR_NONE, kNoSession, kNoSession, kNoSession,
                                           nullptr, TPM2_SE_HMAC, &cipher, TPM2_ALG_SHA256, &session_)));
    const TPMA_SESSION both = TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION;
    return check("session", Esys_TRSess_SetAttributes(context_, session_, both, 0xff));
  }

  /// The sealed object: public part, private part.
  Result<Bytes> seal(ByteView secret) {
    TPM2B_SENSITIVE_CREATE inside{};
    inside.sensitive.data.size = static_cast<UINT16>(secret.size());
    std::memcpy(inside.sensitive.data.buffer, secret.data(), secret.size());
    const auto form = sealed_template();
    const TPM2B_DATA no_data{};
    const TPML_PCR_SELECTION no_pcrs{};
    Freed<TPM2B_PRIVATE> made_private;
    Freed<TPM2B_PUBLIC> made_public;
    const auto created =
        Esys_Create(context_, primary_, ESYS_TR_PASSWORD, session_, kNoSession, &inside, &form, &no_data, &no_pcrs,
                    &made_private.made, &made_public.made, nullptr, nullptr, nullptr);
    secret::wipe(std::span(inside.sensitive.data.buffer));
    CPNS_CHECK(check("TPM2_Create", created));
    Bytes out(sizeof(TPM2B_PUBLIC) + sizeof(TPM2B_PRIVATE));
    std::size_t used = 0;
    CPNS_CHECK(check("marshal", Tss2_MU_TPM2B_PUBLIC_Marshal(made_public.made, out.data(), out.size(), &used)));
    CPNS_CHECK(check("marshal", Tss2_MU_TPM2B_PRIVATE_Marshal(made_private.made, out.data(), out.size(), &used)));
    out.resize(used);
    return out;
  }

  Result<LocalSealKey> unseal(ByteView object) {
    TPM2B_PUBLIC its_public{};
    TPM2B_PRIVATE its_private{};
    std::size_t used = 0;
    CPNS_CHECK(check("a sealed object of another form",
                     Tss2_MU_TPM2B_PUBLIC_Unmarshal(object.data(), object.size(), &used, &its_public)));
    CPNS_CHECK(check("a sealed object of another form",
                     Tss2_MU_TPM2B_PRIVATE_Unmarshal(object.data(), object.size(), &used, &its_private)));
    ESYS_TR loaded = ESYS_TR_NONE;
    CPNS_CHECK(check("TPM2_Load", Esys_Load(context_, primary_, ESYS_TR_PASSWORD, kNoSession, kNoSession, &its_private,
                                            &its_public, &loaded)));
    Freed<TPM2B_SENSITIVE_DATA> inside;
    const auto unsealed = Esys_Unseal(context_, loaded, ESYS_TR_PASSWORD, session_, kNoSession, &inside.made);
    Esys_FlushContext(context_, loaded);
    CPNS_CHECK(check("TPM2_Unseal", unsealed));
    const bool fits = inside.made->size == LocalSealKey::kSize;
    auto key = LocalSealKey::make([&](auto to) {
      if (fits) std::memcpy(to.data(), inside.made->buffer, to.size());
    });
    secret::wipe(std::span(inside.made->buffer));
    if (!fits) return Error{Code::local_seal_unusable, "a TPM object of another length", "32 bytes"};
    return key;
  }

 private:
  static Result<void> check(const std::string& what, TSS2_RC code) {
    if (code == TSS2_RC_SUCCESS) return {};
    const std::array<std::uint8_t, 4> bytes{static_cast<std::uint8_t>(code >> 24U),
                                            static_cast<std::uint8_t>(code >> 16U),
                                            static_cast<std::uint8_t>(code >> 8U), static_cast<std::uint8_t>(code)};
    return Error{Code::local_seal_unusable, "TPM: " + what + ": code 0x" + to_hex(bytes), "a TPM 2.0 that answers"};
  }

  TSS2_TCTI_CONTEXT* tcti_ = nullptr;
  ESYS_CONTEXT* context_ = nullptr;
  ESYS_TR primary_ = ESYS_TR_NONE;
  ESYS_TR session_ = ESYS_TR_NONE;
};

}  // namespace

bool tpm_is_there(const std::string& tcti) {
  std::error_code failed;
  return !tcti.empty() || std::filesystem::exists(kDevice, failed);
}

Result<std::optional<LocalSealKey>> key_in_tpm(const std::string& tcti, const std::filesystem::path& file, bool make,
                                               crypto::Random& random) {
  CPNS_TRY(auto object, file::read_private_file(file, kLongestObject));
  if (!object && !make) return std::optional<LocalSealKey>();
  Tpm tpm;
  CPNS_CHECK(tpm.open(tcti));
  if (!object) {
    secret::SecretBuffer fresh(LocalSealKey::kSize);
    random.fill(fresh.writable());
    CPNS_TRY(const auto sealed, tpm.seal(fresh.view()));
    CPNS_CHECK(file::make_private_file_once(file, sealed));
    CPNS_TRY(object, file::read_private_file(file, kLongestObject));
  }
  if (!object) return std::optional<LocalSealKey>();
  CPNS_TRY(auto key, tpm.unseal(object->view()));
  return std::optional(std::move(key));
}

}  // namespace cpns::store::keys
