#include "tls/psk13/key_schedule.hpp"

#include <gtest/gtest.h>

#include "trace.hpp"

namespace cpns::tls::psk13 {
namespace {

using trace::hash_of;
using trace::hex_of;
using trace::secret_of;

secret::TlsPsk no_psk() { return secret_of<secret::TlsPsk>(std::string(64, '0')); }
HandshakeSecret traced_handshake() {
  return handshake_secret(early_secret(no_psk()), secret_of<SharedSecret>(trace::kShared));
}

TEST(KeySchedule, when_the_trace_of_section_3_is_replayed_then_each_secret_is_the_published_one) {
  EXPECT_EQ(hex_of(early_secret(no_psk())), "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
  const auto handshake = traced_handshake();
  EXPECT_EQ(hex_of(handshake), "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac");
  const auto hello = hash_of(trace::kHelloHash);
  EXPECT_EQ(hex_of(handshake_traffic(handshake, Side::Client, hello)), trace::kClientHandshake);
  EXPECT_EQ(hex_of(handshake_traffic(handshake, Side::Server, hello)), trace::kServerHandshake);
  const auto master = master_secret(handshake);
  EXPECT_EQ(hex_of(master), "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919");
  const auto all = hash_of(trace::kServerFinishedHash);
  EXPECT_EQ(hex_of(application_traffic(master, Side::Client, all)), trace::kClientApplication);
  EXPECT_EQ(hex_of(application_traffic(master, Side::Server, all)), trace::kServerApplication);
  EXPECT_EQ(hex_of(exporter_secret(master, all)), "fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50");
}

TEST(KeySchedule, when_the_trace_of_section_3_is_replayed_then_both_finished_are_the_published_ones) {
  const auto server = secret_of<TrafficSecret>(trace::kServerHandshake);
  const auto client = secret_of<TrafficSecret>(trace::kClientHandshake);
  EXPECT_EQ(to_hex(finished(server, hash_of("edb7725fa7a3473b031ec8ef65a2485493900138a2b91291407d7951a06110ed"))),
            "9b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718");
  EXPECT_EQ(to_hex(finished(client, hash_of(trace::kServerFinishedHash))),
            "a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61");
}

TEST(KeySchedule, when_the_psk_of_section_4_is_replayed_then_early_secret_and_binder_are_the_published_ones) {
  const auto early =
      early_secret(secret_of<secret::TlsPsk>("4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3"));
  EXPECT_EQ(hex_of(early), "9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c");
  // The trace is of a resumption; its label is made here, because this profile never uses it.
  const auto key = BinderKey::make([&](std::span<std::uint8_t, 32> to) {
    expand_label(early.reveal(secret::SecretAccess{}), "res binder", crypto::sha256({}), to);
  });
  EXPECT_EQ(hex_of(key), "69fe131a3bbad5d63c64eebcc30e395b9d8107726a13d074e389dbc8a4e47256");
  EXPECT_EQ(to_hex(binder(key, hash_of("63224b2e4573f2d3454ca84b9d009a04f6be9e05711a8396473aefa01e924a14"))),
            "3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d");
}

/// HKDF-Expand-Label over libcrypto's own HKDF: nothing of the code under test but the struct, written out by hand.
Bytes expanded_by_library(ByteView secret, std::string_view label, ByteView context, std::size_t size) {
  Bytes info = {static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size),
                static_cast<std::uint8_t>(6 + label.size())};
  for (const char c : "tls13 " + std::string(label)) info.push_back(static_cast<std::uint8_t>(c));
  info.push_back(static_cast<std::uint8_t>(context.size()));
  info.insert(info.end(), context.begin(), context.end());
  Bytes out(size);
  crypto::hkdf_expand(secret, info, out);
  return out;
}

TEST(KeySchedule, when_a_label_is_expanded_to_any_size_then_libcrypto_gives_the_same) {
  const Bytes secret(32, 0x5a);
  for (const std::size_t size : {1, 12, 31, 32, 33, 64, 65, 255, 8160}) {
    for (const std::size_t label : {1, 12, 249}) {
      for (const std::size_t context : {0, 32, 255}) {
        const Bytes with(context, 0xc3);
        Bytes out(size);
        expand_label(secret, std::string(label, 'l'), with, out);
        EXPECT_EQ(out, expanded_by_library(secret, std::string(label, 'l'), with, size)) << size << " " << label;
      }
    }
  }
}

TEST(KeySchedule, when_a_label_is_too_long_then_the_program_ends_and_nothing_is_cut) {
  const Bytes secret(32, 1);
  Bytes out(32);
  EXPECT_DEATH(expand_label(secret, std::string(250, 'l'), {}, out), "");
  EXPECT_DEATH(expand_label(secret, "l", Bytes(256), out), "");
  Bytes large(8161);
  EXPECT_DEATH(expand_label(secret, "l", {}, large), "");
}

TEST(KeySchedule, when_a_psk_is_imported_then_its_binder_key_is_not_the_external_one) {
  const auto psk = secret_of<secret::TlsPsk>(std::string(64, '7'));
  const auto early = early_secret(psk);
  const auto raw = early.reveal(secret::SecretAccess{});
  EXPECT_EQ(hex_of(binder_key(early, PskKind::External)),
            to_hex(expanded_by_library(raw, "ext binder", crypto::sha256({}), 32)));
  EXPECT_EQ(hex_of(binder_key(early, PskKind::Imported)),
            to_hex(expanded_by_library(raw, "imp binder", crypto::sha256({}), 32)));
}

TEST(KeySchedule, when_keys_are_updated_then_the_next_secret_is_that_of_section_7_2) {
  const auto current = secret_of<TrafficSecret>(trace::kClientApplication);
  EXPECT_EQ(hex_of(next_traffic(current)),
            to_hex(expanded_by_library(current.reveal(secret::SecretAccess{}), "traffic upd", {}, 32)));
}

TEST(KeySchedule, when_a_key_is_exported_then_it_is_that_of_section_7_5) {
  const auto exporter = secret_of<ExporterSecret>("fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50");
  const auto inner = expanded_by_library(exporter.reveal(secret::SecretAccess{}), "EXPORTER-x", crypto::sha256({}), 32);
  const auto made = export_key(exporter, "EXPORTER-x", 48);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(to_hex(made->view()), to_hex(expanded_by_library(inner, "exporter", crypto::sha256({}), 48)));
  EXPECT_EQ(export_key(exporter, std::string(250, 'l'), 32).error().code, Code::tls_misused);
  EXPECT_EQ(export_key(exporter, "l", 8161).error().code, Code::tls_misused);
}

}  // namespace
}  // namespace cpns::tls::psk13
