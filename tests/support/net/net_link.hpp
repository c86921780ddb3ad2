#pragma once
// A path between two hosts: a TUN device in each, and a thread of this process that carries IPv4 packets between them.
// It can lose, delay and reorder packets, fall silent without a word to either end, translate ports, and keep what
// passes, as a listener would. Losses are real ones for the kernels' TCP.
//
// Where the kernel has `tc netem`, that impairs instead of the thread; impaired_by() says which. All functions may be
// called while packets pass, from one thread.

#include <memory>
#include <string>

#include "core/base/bytes.hpp"
#include "support/net/impairment.hpp"
#include "support/net/nat.hpp"
#include "support/net/netns.hpp"

namespace cpns::test {

class NetLink {
 public:
  struct End {
    const NetworkNamespace& host;
    std::string device;   ///< name of the interface there
    std::string address;  ///< with the length of its prefix
  };
  enum class Way : std::uint8_t { There, Back };  ///< from the first end to the second, and the other way
  struct Counts {
    std::uint64_t packets = 0, bytes = 0;  ///< that came in
    std::uint64_t lost = 0;                ///< by Impairment
    std::uint64_t blocked = 0;             ///< by a cut or the NAT
    std::uint64_t overtaken = 0;           ///< went on after a packet that came later
  };

  /// Veth: the kernel carries the packets by itself, as fast as it can, for figures; of the functions below only
  /// impair() works, and only where there is netem.
  enum class Medium : std::uint8_t { Tun, Veth };

  /// Up when it returns. Throws std::runtime_error.
  NetLink(End first, End second, Medium medium = Medium::Tun);
  ~NetLink();
  NetLink(const NetLink&) = delete;
  NetLink& operator=(const NetLink&) = delete;

  /// Both ways alike (with seeds of their own), for packets that come from now on.
  void impair(const Impairment& impairment);
  /// "tc netem" or "the user-space relay".
  [[nodiscard]] const std::string& impaired_by() const;

  /// Silence: packets vanish, those on their way too; neither end is told.
  void cut();
  void cut(Way way);
  void restore();

  /// Port translation, the first end inside.
  void translate();
  void rebind(Rebinding how);

  /// Keeps TCP payloads from now on, at most so many bytes each way.
  void capture(std::size_t most);
  [[nodiscard]] Bytes captured(Way way) const;
  [[nodiscard]] Counts counts(Way way) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cpns::test
