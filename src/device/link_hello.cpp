#include "device/link_hello.hpp"

namespace cpns::device {

using assign::LinkSession;
using runtime::Task;

Task<Result<LinkSession>> exchange_link_hello(const Context& context, DirectLink direct,
                                              std::chrono::milliseconds limit) {
  runtime::MessageLink messages(direct.link);
  LinkSession session(assign::Role::CmDevice, direct.server_id, direct.cm_device_id, direct.run);
  auto result = session.start();
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    for (auto& action : result.actions) {
      if (auto* send = std::get_if<LinkSession::Send>(&action)) {
        auto sent = co_await messages.send(ByteView(send->message));
        if (!sent) co_return std::move(sent).error();
      } else if (auto* done = std::get_if<assign::StepDone>(&action)) {
        context.log.event(Code::step_done,
                          {{"run", direct.run}, {"step", assign::number(done->step)}, {"party", "device"}});
      }
    }
    if (result.refusal) co_return std::move(*result.refusal);
    if (session.open()) co_return session;
    const std::optional<std::chrono::milliseconds> left =
        std::max(std::chrono::milliseconds(1),
                 std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()));
    auto raw = co_await messages.receive(left);
    if (!raw) co_return std::move(raw).error();
    if (raw->empty()) co_return Error{Code::connection_lost, "the Server closed the link", "its LinkHello"};
    auto message = assign::parse(raw->view());
    if (!message) {
      const auto alert = assign::alert(direct.run);
      (void)co_await messages.send(ByteView(alert));
      co_return std::move(message).error();
    }
    result = session.on_message(*message);
  }
}

std::vector<Bytes> on_signalling(const Context& context, LinkSession& session, const DirectLink& direct,
                                 const assign::Message& message) {
  std::vector<Bytes> answers;
  auto result = session.on_message(message);
  for (auto& action : result.actions) {
    if (auto* send = std::get_if<LinkSession::Send>(&action)) {
      answers.push_back(std::move(send->message));
    } else if (auto* save = std::get_if<LinkSession::SaveAlias>(&action)) {
      auto saved = save_alias(context.store, direct.cm_device_id, std::move(save->identity_alias));
      if (!saved) context.log.error(saved.error(), {{"run", direct.run}});
      if (saved) context.log.event(Code::identity_alias_stored, {{"run", direct.run}});
    }
  }
  if (result.refusal) context.log.error(*result.refusal, {{"run", direct.run}});
  return answers;
}

}  // namespace cpns::device
