#include "runtime/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <mutex>

#include "runtime/clock.hpp"
#include "runtime/log_format.hpp"

namespace cpns::runtime {
namespace {

constexpr std::size_t kMostWaiting = std::size_t{32} * 1024;

// spdlog only writes finished lines, from any thread, each whole.
std::unique_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink) {
  auto logger = std::make_unique<spdlog::logger>("cpns", std::move(sink));
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

spdlog::sink_ptr file_sink(const std::string& file) {
  try {
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
  } catch (const spdlog::spdlog_ex&) {
    return nullptr;
  }
}

}  // namespace

struct Log::Impl {
  LogOptions options;
  std::unique_ptr<spdlog::logger> logger;

  void write(const MessageInfo& info, const Error* error, std::initializer_list<Field> fields) {
    if (info.level < options.level) return;
    const LogLine line{{realtime_us(), monotonic_us()}, options.program, info, error};
    const auto text = options.format == LogFormat::Json ? format_json(line, fields) : format_text(line, fields);
    if (append(text, line.time.mono_us, info.level)) write_out();
  }

  // True where it is to be written at once, with all that waits.
  bool append(const std::string& text, std::int64_t mono_us, Level level) {
    const std::scoped_lock lock(mutex);
    if (!waiting.empty()) waiting.push_back('\n');
    const bool first = waiting.empty();
    waiting += text;
    if (mono_us - window_us >= std::chrono::microseconds(kPause).count()) {
      window_us = mono_us;
      in_window = 0;
    }
    const bool few = ++in_window <= kAtOnce;
    if (!later || level >= Level::Warning || (first && few) || waiting.size() > kMostWaiting) return true;
    if (first) later();
    return false;
  }

  // Whoever appends meanwhile does not wait for the disk; whoever has to write waits until it is his turn.
  void write_out() {
    const std::scoped_lock turn(writing);
    {
      const std::scoped_lock lock(mutex);
      lines.swap(waiting);
    }
    if (!lines.empty()) logger->log(spdlog::level::info, spdlog::string_view_t(lines.data(), lines.size()));
    lines.clear();
  }

  std::mutex writing;  // taken before the other one
  std::string lines;   // being written
  std::mutex mutex;
  std::function<void()> later;
  std::string waiting;         // lines, without the end of the last
  std::int64_t window_us = 0;  // when the pause began in which lines are counted
  std::size_t in_window = 0;
};

Log::Log(LogOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  const auto& file = impl_->options.file;
  auto sink = file.empty() ? nullptr : file_sink(file);
  const bool unusable = !file.empty() && !sink;
  if (!sink) sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  impl_->logger = make_logger(std::move(sink));
  if (unusable) event(Code::log_file_unusable, {{"file", file}});
}
Log::~Log() { flush(); }

void Log::hold(std::function<void()> later) {
  impl_->write_out();
  const std::scoped_lock lock(impl_->mutex);
  impl_->later = std::move(later);
}

void Log::flush() { impl_->write_out(); }

void Log::event(Code code, std::initializer_list<Field> fields) { impl_->write(message_info(code), nullptr, fields); }

void Log::error(const Error& error, std::initializer_list<Field> fields) { impl_->write(error.info(), &error, fields); }

}  // namespace cpns::runtime
