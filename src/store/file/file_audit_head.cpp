#include "store/file/file_audit_head.hpp"

#include "store/file/private_file.hpp"

namespace cpns::store::file {

Result<std::optional<audit::Head>> read_audit_head_file(const std::filesystem::path& file, const audit::Chain& chain) {
  CPNS_TRY(const auto content, read_private_file(file, 4096));
  if (!content) return std::optional<audit::Head>();
  auto head = chain.open_head(content->view());
  if (!head) {
    head.error().got = file.string() + ": " + head.error().got;
    return std::move(head).error();
  }
  return std::optional(*head);
}

Result<void> write_audit_head_file(const std::filesystem::path& file, const audit::Chain& chain,
                                   const audit::Head& head) {
  return replace_private_file(file, chain.seal(head));
}

Result<void> check_audit_head(const std::optional<audit::Head>& kept, AuditStore& log) {
  CPNS_TRY(const auto newest, log.head());
  const auto differs = [](std::string got, std::string expected) {
    return Error{Code::audit_head_differs, std::move(got), std::move(expected)};
  };
  if (!kept) {
    if (newest.sequence == 0) return {};
    return differs("no head file beside " + std::to_string(newest.sequence) + " records", "a head file");
  }
  if (kept->sequence == 0) return {};
  const auto expected = "record " + std::to_string(kept->sequence) + " of this server";
  if (newest.sequence < kept->sequence)
    return differs("a log that ends at " + std::to_string(newest.sequence), expected);
  CPNS_TRY(const auto page, log.read(kept->sequence - 1, 1));
  if (page.empty() || page.front().sequence != kept->sequence || page.front().link != kept->link) {
    return differs("another record " + std::to_string(kept->sequence), expected);
  }
  return {};
}

FileAuditHead::FileAuditHead(std::filesystem::path file, const audit::Chain& chain, OnFailure on_failure)
    : file_(std::move(file)), chain_(chain), on_failure_(std::move(on_failure)), thread_([this] { run(); }) {}

FileAuditHead::~FileAuditHead() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

Result<void> FileAuditHead::start(AuditStore& log) {
  CPNS_TRY(const auto newest, log.head());
  CPNS_CHECK(write_audit_head_file(file_, chain_, newest));
  {
    const std::scoped_lock lock(mutex_);
    started_ = true;
  }
  changed_.notify_one();
  return {};
}

void FileAuditHead::advanced(const audit::Head& head) {
  {
    const std::scoped_lock lock(mutex_);
    fresh_ = head;
  }
  changed_.notify_one();
}

void FileAuditHead::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || (started_ && fresh_); });
    if (!started_ || !fresh_) return;
    const auto head = *std::exchange(fresh_, std::nullopt);
    lock.unlock();
    if (const auto written = write_audit_head_file(file_, chain_, head); !written) on_failure_(written.error());
    lock.lock();
    changed_.wait_for(lock, kPause, [this] { return stopping_; });
  }
}

}  // namespace cpns::store::file
