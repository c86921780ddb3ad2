// The text of an enrolment token, as a person pastes it.

#include "fuzz/fuzz.hpp"
#include "pngw/enroll_token.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using cpns::fuzz::require;
  const auto token = cpns::pngw::parse_enroll_token(cpns::as_text({data, size}));
  if (!token) return 0;
  const auto text = cpns::pngw::encode_enroll_token(*token);
  const auto again = cpns::pngw::parse_enroll_token(text);
  require(again.ok() && cpns::pngw::encode_enroll_token(*again) == text, "encode(parse(encode(x))) == encode(x)");
  require(
      again->token_id == token->token_id && again->secret.equals(token->secret) && again->pn_gw_id == token->pn_gw_id,
      "parse(encode(x)) == x");
  cpns::fuzz::accept();
  return 0;
}
