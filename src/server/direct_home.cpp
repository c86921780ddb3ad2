// From the loop that has taken a connection to the one that its device is at home on, and to the one that has its
// session (docs/adr/0034-a-loop-per-core.md).

#include "runtime/other_loop.hpp"
#include "server/direct_connection.hpp"
#include "server/direct_links.hpp"

namespace cpns::server {

namespace asio = runtime::asio;
using runtime::Task;

Task<bool> DirectListener::move_to(DirectListener* home, ConnectionPtr connection) {
  auto link = connection->link->move_to(home->executor());
  if (!link) co_return false;
  Arrival arrival{std::move(link), connection->peer, std::move(connection->lookup)};
  if (connection->carried) {
    auto serving = serve_arrival(home, std::move(arrival));
    co_await runtime::on_loop(home->executor(), std::move(serving));
  } else {
    asio::co_spawn(home->executor(), serve_arrival(home, std::move(arrival)), runtime::unattended);
  }
  co_return true;
}

Task<void> DirectListener::serve_arrival(DirectListener* self, Arrival arrival) {
  const auto connection = std::make_shared<Connection>(*self, std::move(arrival));
  if (self->closed_) co_return connection->link->abort();
  co_await self->serve_device(connection);
}

Task<DirectListener::Visited> DirectListener::visit(std::shared_ptr<runtime::ByteStream> link, Caller caller,
                                                    ids::CorrelationId run, stream::SessionOpen open) {
  const auto loop = Sessions::loop_of(*open.resume_token);
  if (loop >= all_.count()) co_return std::nullopt;
  auto* there = &all_.at(loop);
  auto carried = std::make_shared<runtime::OtherLoopStream>(std::move(link), there->executor());
  auto visiting = take_visitor(there, std::move(carried), std::move(caller), run, std::move(open));
  co_return co_await runtime::on_loop(there->executor(), std::move(visiting));
}

Task<DirectListener::Visited> DirectListener::take_visitor(DirectListener* self,
                                                           std::shared_ptr<runtime::ByteStream> link, Caller caller,
                                                           ids::CorrelationId run, stream::SessionOpen open) {
  const auto device = device_of(caller);
  if (!device || !self->sessions_.has(*open.resume_token, caller)) co_return std::nullopt;
  const auto added = self->visitors_.add(*device, link->remote(), [weak = std::weak_ptr(link)] {
    if (const auto carried = weak.lock()) carried->abort();
  });
  // As for a link of this loop: whatever is revoked from here on finds it.
  if (!self->is_good_now(*device)) {
    link->abort();
    co_return Error{Code::device_identity_revoked, device->text(), "a device that is not revoked"};
  }
  co_return co_await self->sessions_.serve(std::move(link), std::move(caller), run, std::move(open));
}

void DirectListener::close_everywhere(const ids::CmDeviceId& id) {
  all_.tell_all([id](DirectListener& one) { (void)one.close_links(id); });
}

}  // namespace cpns::server
