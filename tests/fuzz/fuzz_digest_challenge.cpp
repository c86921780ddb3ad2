// The challenge in a 401, from whoever answers a REGISTER.

#include "fuzz/fuzz.hpp"
#include "ims/digest_answer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns;
  const auto challenge = ims::parse_digest_challenge(as_text({data, size}));
  if (!challenge) return 0;
  const secret::AkaResponse res(std::array<std::uint8_t, 8>{}, secret::SecretAccess{});
  const auto answer = ims::answer_digest(*challenge, {"user", "REGISTER", "sip:a", "b", 1}, res);
  fuzz::require(answer.ok(), "what was read can be answered");
  fuzz::require(answer->find_first_of("\r\n\\") == std::string::npos, "an answer is one line without escapes");
  // The answer has the form of a challenge: the same realm and nonce are read back from it.
  const auto again = ims::parse_digest_challenge(*answer);
  if (answer->size() <= ims::kMostChallengeBytes) {
    fuzz::require(again.ok() && again->realm == challenge->realm && again->nonce == challenge->nonce &&
                      again->rand == challenge->rand && again->autn == challenge->autn,
                  "realm and nonce go back as they came");
  }
  fuzz::accept();
  return 0;
}
