// Differential: a whole session of the engine with libssl as the other end, while the bytes between them are cut,
// lost, altered, repeated and put in another order; then the same script with libssl at both ends. Whatever opens and
// arrives must be the same in both, and never more than what the profile allows [T1, T7].
// Input: two bytes of settings, then operations (see `step`).

#include <algorithm>

#include "fuzz/fuzz.hpp"
#include "fuzz/tls_ends.hpp"

#ifndef CPNS_FUZZ_ENGINE  // fuzz_psk13_*.cpp name the other one
#define CPNS_FUZZ_ENGINE cpns::tls::EngineKind::OpenSsl
#endif

namespace cpns::fuzz {
namespace {

/// The settings of one session. The engine is end 0, libssl is end 1.
struct Session {
  explicit Session(Taker& input) {
    const auto first = input.byte();
    const auto second = input.byte();
    engine.kind = CPNS_FUZZ_ENGINE;
    engine.server = (first & 1U) == 0;
    other.server = !engine.server;
    other.right_key = (first & 2U) == 0;
    engine.p256 = (first & 4U) != 0;
    other.tickets = other.server && (first & 8U) != 0;
    other.also_psk_ke = !other.server && (first & 16U) != 0;
    other.tls12 = (first & 32U) != 0;
    protocols = second % 5U;
    suites = (second / 5U) % 4U;
    groups = (second / 20U) % 4U;
    const std::array<std::vector<std::string>, 5> offers{
        {{"cpns/1"}, {"http/1.1"}, {"http/1.1", "cpns/1"}, {"h2"}, {}}};
    auto& client = engine.server ? other : engine;
    auto& server = engine.server ? engine : other;
    client.alpn = offers[protocols];
    server.alpn = {"cpns/1", "http/1.1"};
    const std::array<const char*, 4> all_suites{"TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256",
                                                "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256",
                                                "TLS_AES_256_GCM_SHA384"};
    other.suites = all_suites[suites];
    const std::array<const char*, 4> all_groups{"X25519:P-256", "P-256:X25519", "P-256", "X448:X25519"};
    other.groups = all_groups[groups];
    // What libssl is told where it stands in for the engine: the profile of protocol.md section 4.
    engine.groups = !engine.server || engine.p256 ? "X25519:P-256" : "X25519";
  }
  /// What the profile says of a session that nobody disturbs.
  [[nodiscard]] bool must_open() const {
    if (!other.right_key || other.tls12 || suites == 3 || protocols == 3) return false;
    return !engine.server || (protocols != 4 && (groups != 2 || engine.p256));
  }
  /// The engine asks for ALPN, where libssl as a server has no such rule.
  [[nodiscard]] bool comparable() const { return !engine.server || protocols != 4; }

  TlsEndSettings engine, other;
  unsigned protocols = 0, suites = 0, groups = 0;
};

/// Two ends, what is under way to each, and what they have said and heard.
struct Wire {
  std::array<std::unique_ptr<TlsEnd>, 2> end;
  std::array<Bytes, 2> to;    ///< ciphertext on its way to each end
  std::array<Bytes, 2> said;  ///< plaintext
  std::array<Bytes, 2> heard;
  std::array<bool, 2> opened{};
  std::array<bool, 2> closed{};
  bool disturbed = false;
  bool in_pieces = false;  ///< part of a flight of the handshake came before the rest
  int key_updates = 0;
  std::array<bool, 2> torn{};  ///< the queue may begin amid a record: ciphertext there differs from run to run

  Wire(std::unique_ptr<TlsEnd> first, std::unique_ptr<TlsEnd> second) : end{std::move(first), std::move(second)} {}

  void collect() {
    for (const std::size_t i : {0U, 1U}) {
      const auto made = end[i]->take();
      to[1 - i].insert(to[1 - i].end(), made.begin(), made.end());
    }
  }
  void deliver(std::size_t i, std::size_t size) {
    size = std::min(size, to[i].size());
    if (size == 0) return;
    in_pieces = in_pieces || (size < to[i].size() && !(opened[0] && opened[1]));
    note_cut(i, size);
    const Bytes all(to[i].begin(), to[i].begin() + static_cast<std::ptrdiff_t>(size));
    to[i].erase(to[i].begin(), to[i].begin() + static_cast<std::ptrdiff_t>(size));
    // As a link reads: psk13 holds no more than 128 kB for a peer that has not finished its handshake.
    constexpr std::size_t kRead = 16384;
    for (std::size_t at = 0; at < size; at += kRead) arrive(i, ByteView(all).subspan(at, std::min(kRead, size - at)));
  }
  void arrive(std::size_t i, ByteView piece) {
    end[i]->feed(piece);
    opened[i] = opened[i] || end[i]->open();
    const auto plain = end[i]->read();
    require(plain.empty() || opened[i], "nothing is read before the handshake is over");
    heard[i].insert(heard[i].end(), plain.begin(), plain.end());
    const auto& source = said[1 - i];
    require(heard[i].size() <= source.size() && std::equal(heard[i].begin(), heard[i].end(), source.begin()),
            "what is heard is what was said, from its beginning");
  }
  /// Length of the first record under way, with its header; all where the queue is torn.
  [[nodiscard]] std::size_t record(std::size_t i) const {
    if (torn[i] || to[i].size() < 5) return to[i].size();
    return std::min<std::size_t>(to[i].size(), 5U + to[i][3] * 256U + to[i][4]);
  }
  /// Notes, before `size` bytes leave a queue, whether they are whole records.
  void note_cut(std::size_t i, std::size_t size) {
    if (size >= to[i].size()) {
      torn[i] = false;
      return;
    }
    std::size_t at = 0;
    while (!torn[i] && at < size && at + 5 <= to[i].size()) at += 5U + to[i][at + 3] * 256U + to[i][at + 4];
    torn[i] = torn[i] || at != size;
  }

  void step(Taker& input) {
    const auto operation = input.byte();
    const std::size_t i = (operation >> 4U) & 1U;
    auto& queue = to[i];
    const bool may_speak = end[i]->open() && !closed[i];
    switch (operation & 15U) {
      case 0:
        return deliver(i, queue.size());
      case 1:
        return deliver(i, 1U + input.byte());
      case 2:
        return deliver(i, record(i));
      case 3: {  // lost
        const auto size = std::min<std::size_t>(queue.size(), 1U + input.byte());
        note_cut(i, size);
        queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(size));
        disturbed = disturbed || size > 0;
        return;
      }
      case 4: {  // altered
        const std::size_t at = input.byte() * 256U + input.byte();
        const auto with = static_cast<std::uint8_t>(input.byte() | (queue.size() % 2 == 0 ? 1U : 2U));
        if (queue.empty()) return;
        queue[at % queue.size()] ^= with;
        torn[i] = true;
        disturbed = true;
        return;
      }
      case 5:  // a record behind those that follow it
        std::rotate(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(record(i)), queue.end());
        disturbed = true;
        return;
      case 6: {  // a record twice
        // Where the record can't be told it is all of the queue, and sixty times twice is more than a machine has.
        if (queue.size() > 256 * 1024U) return;
        const Bytes again(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(record(i)));
        queue.insert(queue.begin(), again.begin(), again.end());
        disturbed = disturbed || !again.empty();
        return;
      }
      case 7: {  // a stranger's bytes in front
        const auto foreign = input.bytes(input.byte());
        queue.insert(queue.begin(), foreign.begin(), foreign.end());
        disturbed = disturbed || !foreign.empty();
        torn[i] = torn[i] || !foreign.empty();
        return;
      }
      case 8: {
        Bytes words(1U + input.byte() * 90U);  // more than one record at the most
        for (std::size_t n = 0; n < words.size(); ++n) words[n] = static_cast<std::uint8_t>((said[i].size() + n) * 7U);
        if (!may_speak) return;
        end[i]->write(words);
        said[i].insert(said[i].end(), words.begin(), words.end());
        return;
      }
      case 9:
        if (!may_speak) return;
        end[i]->close();
        closed[i] = true;
        return;
      case 10:
        // As many as psk13 takes in a row (docs/psk13.md): what it does with more is its own test's matter.
        if (end[1]->open() && !closed[1] && key_updates++ < 32) end[1]->update_keys(i == 1);
        return;
      default:
        return;
    }
  }

  void run(Taker input) {
    for (auto& e : end) e->feed({});
    collect();
    for (int steps = 0; steps < 64 && !input.empty(); ++steps) {
      step(input);
      collect();
    }
    while (!to[0].empty() || !to[1].empty()) {
      deliver(0, to[0].size());
      deliver(1, to[1].size());
      collect();
    }
  }
};

void check_alone(const Session& session, const Wire& wire) {
  const bool both = wire.opened[0] && wire.opened[1];
  require(session.must_open() || !both, "nothing opens but what the profile allows");
  require(session.other.right_key || (!wire.opened[0] && !wire.opened[1]), "a wrong key opens nothing");
  if (wire.disturbed) return;
  require(both == session.must_open(), "what the profile allows opens where nobody disturbs it");
  if (!both) return;
  require(wire.heard[0] == wire.said[1] && wire.heard[1] == wire.said[0], "everything said is heard");
  require(wire.end[0]->open() && wire.end[1]->open(), "nothing fails where nobody disturbs it");
  require(wire.end[0]->alpn() == wire.end[1]->alpn(), "both ends know the same protocol");
  require(wire.end[0]->exporter() == wire.end[1]->exporter(), "both ends have the same exporter");
  if (!wire.said[0].empty() && !wire.said[1].empty()) accept();
}

}  // namespace
}  // namespace cpns::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cpns::fuzz;
  Taker input({data, size});
  const Session session(input);
  Wire ours(make_engine_end(session.engine), make_libssl_end(session.other));
  ours.run(input);
  check_alone(session, ours);
  if (!session.comparable()) return 0;
  Wire theirs(make_libssl_end(session.engine), make_libssl_end(session.other));
  theirs.run(input);
  // Our own engine puts messages together into records where libssl does not: what is lost or altered under way is then
  // something else, and each run is judged alone.
  const bool same_records = session.engine.kind == cpns::tls::EngineKind::OpenSsl;
  if (!same_records && (ours.disturbed || theirs.disturbed)) return 0;
  require(ours.opened == theirs.opened, "the same handshakes are completed as between two of libssl");
  // The same for flights in pieces: so many bytes, or one record, are more of a shorter flight, so that an end of it
  // may speak, or close, at a step at which libssl's may not yet. That what was said is heard is checked of each alone.
  if (!same_records && (ours.in_pieces || theirs.in_pieces)) return 0;
  require(ours.said == theirs.said && ours.heard == theirs.heard, "the same words arrive as between two of libssl");
  return 0;
}
