#include "gateway/usim_keys.hpp"

#include <gtest/gtest.h>

namespace cpns::gateway {
namespace {

const std::string kK = "465b5ce8b199b49faa5f0a2ee238a6bc";
const std::string kOp = "cdc202d5123e20f62b6d676ac72cb318";
const std::string kOpc = "cd63cb71954a9f4e48a5994e37a02baf";  // of both, TS 35.208 test set 1

TEST(UsimKeys, when_op_is_given_then_opc_is_derived_from_it_TS_35_208) {
  const auto by_op = parse_usim_keys("# of the operator\n\nk " + kK + "\r\nop " + kOp + "\n");
  const auto by_opc = parse_usim_keys("opc " + kOpc + "\nk " + kK);
  ASSERT_TRUE(by_op.ok() && by_opc.ok());
  EXPECT_TRUE(by_op->opc.equals(by_opc->opc));
  EXPECT_TRUE(by_op->k.equals(by_opc->k));
}

TEST(UsimKeys, when_the_text_is_another_then_it_is_refused_and_not_repeated) {
  for (const auto& text :
       {std::string(), "k " + kK, "op " + kOp, "k " + kK + "\nop " + kOp + "\nopc " + kOpc,
        "k " + kK + "\nk " + kK + "\nop " + kOp, "k " + kK + "00\nop " + kOp, "k" + kK + "\nop " + kOp,
        "k " + kK.substr(1) + "x\nop " + kOp, "key " + kK + "\nop " + kOp}) {
    const auto keys = parse_usim_keys(text);
    ASSERT_FALSE(keys.ok()) << text;
    EXPECT_EQ(keys.error().code, Code::usim_key_malformed);
    EXPECT_EQ(to_text(keys.error()).find(kK.substr(0, 8)), std::string::npos);
  }
}

}  // namespace
}  // namespace cpns::gateway
