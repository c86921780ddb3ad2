// After an assignment whose parties have all gone, no copy of a key stands anywhere in memory: neither on the heap nor
// in what functions that returned have left on a stack.

#include <gtest/gtest.h>

#include <barrier>
#include <optional>
#include <thread>

#include "support/memory_search.hpp"
#include "walk.hpp"

namespace cpns::test {
namespace {

struct Wanted {
  std::string_view name;
  Needle bytes;
  bool held;  ///< stands in memory while all parties have what they keep
};

template <class Secret>
Needle needle_of(const Secret& secret) {
  return Needle(secret.reveal(secret::SecretAccess{}));
}

std::vector<Wanted> all_keys(const World& world) {
  const auto& seed = world.disks.server.begin()->second.key_seed;
  const auto& credential = *world.disks.device;
  const auto prk = derive_prk(seed);
  const auto key = derive_cm_device_key(prk, credential.cm_device_id);
  std::vector<Wanted> keys;
  keys.push_back({"Key Seed", needle_of(seed), true});
  keys.push_back({"PRK", needle_of(prk), false});
  keys.push_back({"CM Device Key", needle_of(key), true});
  keys.push_back(
      {"confirm key of step 6", needle_of(derive_server_confirm_key(key, world.server_id, world.pn_gw_id)), false});
  keys.push_back(
      {"confirm key of step 8", needle_of(derive_gateway_confirm_key(key, world.server_id, world.pn_gw_id)), false});
  keys.push_back(
      {"confirm key of step 10", needle_of(derive_complete_confirm_key(key, world.server_id, world.pn_gw_id)), false});
  keys.push_back({"TLS PSK", needle_of(derive_tls_psk(key, world.server_id)), false});
  return keys;
}

/// Far down the stack, where whoever waits afterwards does not write.
template <class Work>
[[gnu::noinline]] void far_down(Work& work) {
  volatile char between[16'384];  // NOLINT: nothing but room
  between[0] = 0;
  between[sizeof between - 1] = 0;
  work();
}

/// Runs `work` in a thread that waits then, so that its stack stands as `work` has left it, and searches.
template <class Work>
bool is_left_by(const Needle& needle, Work work) {
  std::barrier step(2);
  std::thread worker([&] {
    far_down(work);
    step.arrive_and_wait();
    step.arrive_and_wait();
  });
  step.arrive_and_wait();
  const bool found = needle.is_somewhere();
  step.arrive_and_wait();
  worker.join();
  return found;
}

TEST(ForgottenKeys, when_a_key_was_expanded_then_its_only_copy_is_where_it_was_wanted) {
  std::array<std::uint8_t, 32> out{};
  const auto info = as_bytes("a key");
  std::thread([&] { crypto::hkdf_expand(out, info, out); }).join();
  const Needle needle(out);
  secret::wipe(out);
  EXPECT_FALSE(is_left_by(needle, [&] {
    crypto::hkdf_expand(out, info, out);
    secret::wipe(out);
  }));
}

// One derivation at a time: the next one would write over what the last one left.
TEST(ForgottenKeys, when_a_derived_key_is_gone_then_no_copy_of_it_is_left_on_the_stack) {
  World world{Plan{}};
  const std::array<std::uint8_t, 32> start{1, 2, 3, 4, 5};
  const secret::KeySeed seed(start, secret::SecretAccess{});
  const secret::X25519Secret x(start, secret::SecretAccess{});
  const Share mine{1}, other{2};
  const auto expect_forgotten = [](const auto& derive, std::string_view name) {
    std::optional<Needle> needle;  // by a thread of its own, whose stack is over
    std::thread([&] { needle.emplace(derive().reveal(secret::SecretAccess{})); }).join();
    EXPECT_FALSE(is_left_by(*needle, [&] { (void)derive(); })) << name;
    EXPECT_TRUE(is_left_by(*needle, [&, kept = derive()] {})) << "a search that finds nothing proves nothing: " << name;
  };
  expect_forgotten([&] { return derive_prk(seed); }, "PRK");
  const auto prk = derive_prk(seed);
  const auto id = derive_cm_device_id(prk, world.server_id, world.pn_gw_id);
  expect_forgotten([&] { return derive_cm_device_key(prk, id); }, "CM Device Key");
  const auto key = derive_cm_device_key(prk, id);
  expect_forgotten([&] { return derive_server_confirm_key(key, world.server_id, world.pn_gw_id); }, "step 6");
  expect_forgotten([&] { return derive_gateway_confirm_key(key, world.server_id, world.pn_gw_id); }, "step 8");
  expect_forgotten([&] { return derive_complete_confirm_key(key, world.server_id, world.pn_gw_id); }, "step 10");
  expect_forgotten([&] { return derive_tls_psk(key, world.server_id); }, "TLS PSK");
  expect_forgotten([&] { return derive_wrap_key(x, mine, other); }, "wrap key of step 2");
}

// The parties live in a thread that waits while this one searches: its stack stands as they have left it.
TEST(ForgottenKeys, when_all_parties_of_an_assignment_are_gone_then_no_key_is_in_memory) {
  std::vector<Wanted> keys;
  std::barrier step(2);
  std::thread parties([&] {
    {
      World world{Plan{}};
      EXPECT_TRUE(world.run());
      keys = all_keys(world);
      step.arrive_and_wait();
      step.arrive_and_wait();
    }
    step.arrive_and_wait();
    step.arrive_and_wait();
  });
  step.arrive_and_wait();
  for (const auto& key : keys) {
    EXPECT_EQ(key.bytes.is_somewhere(), key.held) << key.name << " while all parties keep what they need";
  }
  step.arrive_and_wait();
  step.arrive_and_wait();
  for (const auto& key : keys) EXPECT_FALSE(key.bytes.is_somewhere()) << key.name;
  step.arrive_and_wait();
  parties.join();
}

}  // namespace
}  // namespace cpns::test
