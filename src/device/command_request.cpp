// `cpns-device request`.

#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

#include "device/body_source.hpp"
#include "device/program.hpp"
#include "device/renewal.hpp"
#include "device/reply_output.hpp"
#include "runtime/clock.hpp"
#include "runtime/system_random.hpp"

namespace cpns::device {
namespace {

namespace asio = runtime::asio;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string dir;
  HttpRequest request;
  std::string data;
  std::string output;
  bool with_head = false;
  bool progress = false;
  bool json = false;
};

double seconds_since(Clock::time_point begin) {
  return std::max(std::chrono::duration<double>(Clock::now() - begin).count(), 1e-6);
}

std::string mebibytes(double bytes) {
  char text[32] = {};
  const auto size = std::snprintf(text, sizeof text, "%.1f", bytes / (1024.0 * 1024.0));
  return {text, static_cast<std::size_t>(size)};
}

std::string progress_text(const Traffic& traffic, Clock::time_point begin) {
  const auto speed = static_cast<double>(traffic.sent + traffic.received) / seconds_since(begin);
  return mebibytes(static_cast<double>(traffic.received)) + " MiB received, " +
         mebibytes(static_cast<double>(traffic.sent)) + " MiB sent, " + mebibytes(speed) + " MiB/s";
}

/// What the coroutines of one request share.
struct Work {
  const Context* context;
  const Options* options;
  BodySource* source;
  ReplySink* sink;
  asio::steady_timer* ticker;
  Traffic traffic{};
  std::optional<Result<void>> result{};
};

runtime::Task<void> send_and_receive(Work* work) {
  const RequestLimits limits;
  work->result.emplace(
      co_await send_request(*work->context, &work->options->request, work->source, work->sink, &work->traffic, limits));
  work->ticker->cancel();
}

runtime::Task<void> show_progress(Work* work, std::ostream* err, Clock::time_point begin) {
  boost::system::error_code cancelled;
  while (!work->result) {
    work->ticker->expires_after(std::chrono::milliseconds(250));
    co_await work->ticker->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    *err << "\r\x1b[K" << progress_text(work->traffic, begin) << std::flush;
  }
  *err << "\n";
}

Json summary(const ReplyOutput& output, const Traffic& traffic, double seconds) {
  Json fields = Json::array();
  for (const auto& [name, value] : output.head().fields) fields.push_back(Json::array({name, value}));
  return Json{{"status", output.head().status},
              {"reason", output.head().reason},
              {"fields", std::move(fields)},
              {"body_bytes", output.body_size()},
              {"sent_bytes", traffic.sent},
              {"seconds", seconds},
              {"bytes_per_second", static_cast<double>(output.body_size() + traffic.sent) / seconds}};
}

runtime::Task<void> renew_quietly(const Context* context, const tls::ProofAnchors* anchors) {
  RenewalLimits limits;
  limits.answer = std::chrono::seconds(10);
  auto renewed = co_await renew(*context, anchors, limits);
  if (!renewed) co_return context->log.error(renewed.error());
  auto used = co_await use_new_key(*context, limits);
  if (!used) context->log.error(used.error());
}

// The reply is here: what becomes of the key is no fault of the request. Where `run` holds the folder, it renews.
void renew_where_due(const Context& context, asio::io_context& loop) {
  const auto lock = FolderLock::take(context.folder, std::chrono::milliseconds(0));
  if (!lock) return;
  const auto record = context.store.load();
  if (!record || !renewal_is_due(*record, runtime::now())) return;
  const auto config = load_config(context.folder);
  const auto anchors = config ? load_anchors(config->trust) : Result<tls::ProofAnchors>(config.error());
  if (!anchors) return context.log.error(anchors.error());
  loop.restart();
  asio::co_spawn(loop, renew_quietly(&context, &*anchors), runtime::unattended);
  loop.run();
}

Result<void> request_command(const Options& options, Console& console) {
  asio::io_context loop(1);
  std::unique_ptr<BodySource> source;
  if (!options.data.empty()) {
    CPNS_TRY(source, open_body(options.data, loop.get_executor()));
  }
  // What can be refused is refused before a link is opened.
  CPNS_CHECK(encode_request_head(options.request, source ? source->body() : HttpBody{}));
  const DeviceFolder folder{options.dir};
  const auto store = console.open_store(folder);
  runtime::Log log(console.log_options(console.log_file.empty() ? Level::Warning : Level::Info));
  runtime::SystemRandom random;
  const Context context{folder, *store, random, log,
                        [&console](const std::string& what) { console.err << what << "\n"; }};
  ReplyOutput output(options.output, options.with_head);
  asio::steady_timer ticker(loop);
  Work work{&context, &options, source.get(), &output, &ticker};
  const auto begin = Clock::now();
  asio::co_spawn(loop, send_and_receive(&work), runtime::unattended);
  const bool live = options.progress || (::isatty(STDERR_FILENO) != 0 && !options.output.empty());
  if (live) asio::co_spawn(loop, show_progress(&work, &console.err, begin), runtime::unattended);
  loop.run();
  if (!*work.result) {
    warn_of_impersonation(context, work.result->error());
    return work.result->error();
  }
  CPNS_CHECK(output.finish());
  renew_where_due(context, loop);
  if (options.json) {
    console.out
        << summary(output, work.traffic, seconds_since(begin)).dump(-1, ' ', false, Json::error_handler_t::replace)
        << "\n";
  }
  if (output.head().status >= 400) {
    return Error{Code::reply_is_error, std::to_string(output.head().status) + " " + output.head().reason,
                 "a status below 400"};
  }
  return {};
}

}  // namespace

void add_request(CLI::App& app, Console& console) {
  auto* command = app.add_subcommand("request", "Send one HTTP request to a service of the CPNS Server");
  auto options = std::make_shared<Options>();
  command->add_option("SERVICE", options->request.service, "Name of the service, as in [service.NAME] of the Server")
      ->required();
  command->add_option("PATH", options->request.path, "Path, beginning with /")->required();
  command->add_option("--dir", options->dir, "Folder of this device")->required();
  command->add_option("-X,--method", options->request.method, "Method; GET, or POST where there is a body");
  command->add_option("-d,--data", options->data, "Body: @FILE, or - for standard input");
  command->add_option("-H,--header", options->request.headers, "A header field, 'Name: value'; may be repeated")
      ->expected(1)
      ->take_all();
  auto* output = command->add_option("-o,--output", options->output, "Write the reply's body to this file");
  command->add_flag("-i,--include", options->with_head, "Show status and header fields before the body");
  command->add_flag("--progress", options->progress, "Show progress on standard error, also where it is no terminal");
  command->add_flag("--json", options->json, "Print one JSON object about the reply")->needs(output);
  add_log_options(*command, console);
  command->footer(
      "The exit status is 1 where the service answers with 400 or more.\n"
      "Examples:\n  cpns-device request hello / --dir ~/.cpns\n"
      "  cpns-device request files /big.iso --dir ~/.cpns -o big.iso --progress");
  command->callback([options, &console] {
    if (auto done = request_command(*options, console); !done) console.fail(done.error());
  });
}

}  // namespace cpns::device
