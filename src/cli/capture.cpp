#include "cli/capture.hpp"

#include <algorithm>
#include <ctime>

namespace cpns::cli {
namespace {

constexpr std::size_t kHeaderSize = 5;
constexpr std::size_t kMaxRecords = 200'000;  // a bound for a listener that listens long

bool is_tls_header(const std::uint8_t* head) { return head[0] >= 20 && head[0] <= 24 && head[1] == 3 && head[2] <= 4; }

}  // namespace

std::int64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

// Takes bytes of one record, at most up to its end; returns how many.
std::size_t Capture::take(Stream& stream, ByteView bytes) {
  if (stream.left == 0) {  // the header is under way
    const std::size_t n = std::min(kHeaderSize - stream.head_size, bytes.size());
    std::copy_n(bytes.begin(), n, stream.head.begin() + static_cast<std::ptrdiff_t>(stream.head_size));
    stream.head_size += n;
    if (stream.head_size < kHeaderSize) return n;
    stream.tls = is_tls_header(stream.head.data());
    stream.left = stream.tls ? (std::size_t{stream.head[3]} << 8U | stream.head[4]) : 0;
    return n;
  }
  const std::size_t n = std::min(stream.left, bytes.size());
  const std::size_t shown = std::min(n, kHeadSize - stream.head_size);
  std::copy_n(bytes.begin(), shown, stream.head.begin() + static_cast<std::ptrdiff_t>(stream.head_size));
  stream.head_size += shown;
  stream.left -= n;
  return n;
}

void Capture::add(unsigned connection, Direction direction, ByteView bytes, std::int64_t now_us) {
  const std::scoped_lock lock(mutex_);
  totals_[static_cast<std::size_t>(direction)] += bytes.size();
  auto& stream = streams_[{connection, direction}];
  const std::size_t keep = std::min(bytes.size(), kKeptSize - stream.kept.size());
  stream.kept.insert(stream.kept.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(keep));
  while (!bytes.empty()) {
    bytes = bytes.subspan(take(stream, bytes));
    if (stream.head_size < kHeaderSize || stream.left > 0) continue;
    std::size_t size = kHeaderSize;
    if (stream.tls) {
      size += std::size_t{stream.head[3]} << 8U | stream.head[4];
    } else {  // no TLS: the rest of what came counts as one piece
      size += bytes.size();
      bytes = {};
    }
    if (records_.size() < kMaxRecords) {
      records_.push_back({now_us, direction, size, stream.head, stream.head_size, stream.tls});
    }
    stream.head_size = 0;
  }
}

std::size_t Capture::place() const {
  const std::scoped_lock lock(mutex_);
  return records_.size();
}

Capture::Seen Capture::seen(Direction direction, std::size_t& from, std::int64_t until_us,
                            std::uint8_t last_type) const {
  const std::scoped_lock lock(mutex_);
  Seen out;
  for (std::size_t i = from; i < records_.size() && records_[i].at_us <= until_us; ++i) {
    const auto& record = records_[i];
    if (record.direction != direction) continue;
    from = i + 1;
    ++out.records;
    out.bytes += record.size;
    out.last_size = record.size;
    out.last_head = record.head;
    out.last_head_size = record.head_size;
    out.tls = record.tls;
    if (last_type != 0 && record.head.front() == last_type) break;
  }
  return out;
}

std::uint64_t Capture::total(Direction direction) const {
  const std::scoped_lock lock(mutex_);
  return totals_[static_cast<std::size_t>(direction)];
}

std::vector<Bytes> Capture::streams(Direction direction) const {
  const std::scoped_lock lock(mutex_);
  std::vector<Bytes> out;
  for (const auto& [key, stream] : streams_) {
    if (key.second == direction) out.push_back(stream.kept);
  }
  return out;
}

bool Capture::contains(ByteView needle) const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(
      streams_, [&](const auto& entry) { return !std::ranges::search(entry.second.kept, needle).empty(); });
}

}  // namespace cpns::cli
