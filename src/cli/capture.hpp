#pragma once
// What a listener on one link sees: bytes in both directions, cut into TLS records (RFC 8446 section 5.1) as far as
// they are ones. Thread-safe: the relay's thread writes, the demo reads.

#include <array>
#include <cstdint>
#include <map>
#include <mutex>

#include "core/base/bytes.hpp"

namespace cpns::cli {

/// Seen from the side that opened the connection.
enum class Direction : std::uint8_t { Forth, Back };

/// Microseconds of CLOCK_MONOTONIC, as `mono_us` in log lines.
[[nodiscard]] std::int64_t monotonic_us();

class Capture {
 public:
  static constexpr std::size_t kHeadSize = 16;        ///< bytes kept of each record, its header first
  static constexpr std::size_t kKeptSize = 1 << 18U;  ///< bytes kept of each direction of a connection, to search in

  /// What passed in one direction within a time.
  struct Seen {
    std::size_t records = 0;
    std::size_t bytes = 0;      ///< of these records, headers included
    std::size_t last_size = 0;  ///< of the last record
    std::array<std::uint8_t, kHeadSize> last_head{};
    std::size_t last_head_size = 0;
    bool tls = true;  ///< false where the last bytes are no TLS record
  };

  void add(unsigned connection, Direction direction, ByteView bytes, std::int64_t now_us);
  /// Number of records so far, in both directions: a place for `seen` to begin at.
  [[nodiscard]] std::size_t place() const;
  /// Records from place `from` on that were complete by `until_us`; moves `from` behind them. Where `last_type` is not
  /// 0, only up to the first record of that type.
  [[nodiscard]] Seen seen(Direction direction, std::size_t& from, std::int64_t until_us,
                          std::uint8_t last_type = 0) const;
  [[nodiscard]] std::uint64_t total(Direction direction) const;
  /// What was kept of each connection, in the order in which they were opened.
  [[nodiscard]] std::vector<Bytes> streams(Direction direction) const;
  /// True where `needle` stands in what was kept of any connection.
  [[nodiscard]] bool contains(ByteView needle) const;

 private:
  struct Record {
    std::int64_t at_us;
    Direction direction;
    std::size_t size;
    std::array<std::uint8_t, kHeadSize> head;
    std::size_t head_size;
    bool tls;
  };
  struct Stream {
    Bytes kept;
    std::array<std::uint8_t, kHeadSize> head{};
    std::size_t head_size = 0;  // bytes of the record under way
    std::size_t left = 0;       // bytes that it still lacks; 0 while its header is not whole
    bool tls = true;
  };
  static std::size_t take(Stream& stream, ByteView bytes);

  mutable std::mutex mutex_;
  std::map<std::pair<unsigned, Direction>, Stream> streams_;
  std::vector<Record> records_;
  std::array<std::uint64_t, 2> totals_{};
};

}  // namespace cpns::cli
