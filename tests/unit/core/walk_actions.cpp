// What each party does when its session says so.

#include <memory>

#include "walk.hpp"

namespace cpns::test {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

void World::apply(ServerSession::Result result) {
  if (result.over()) server_.reset();
  if (result.refusal) refusals.push_back(std::move(*result.refusal));
  for (auto& action : result.actions) {
    std::visit(Overloaded{
                   [&](ServerSession::Send& a) { send(Party::Server, Party::PnGw, a.message); },
                   [&](ServerSession::SavePending& a) {
                     auto p = std::make_shared<PendingAssignment>(std::move(a.pending));
                     save(Party::Server, [this, p] {
                       disks.server.emplace(p->assignment_id,
                                            Disks::ServerRow{std::move(p->key_seed), p->pn_gw_id, std::nullopt});
                     });
                   },
                   [&](ServerSession::SaveActivation& a) {
                     save(Party::Server, [this, activation = a.activation] {
                       disks.server.at(activation.assignment_id).activation = activation;
                     });
                   },
                   [&](ServerSession::ErasePending& a) {
                     // In order behind what was asked before, and never an active one: as DeviceStore promises.
                     saves_.push_back({Party::Server,
                                       [this, id = a.assignment_id] {
                                         const auto row = disks.server.find(id);
                                         if (row != disks.server.end() && !row->second.activation)
                                           disks.server.erase(row);
                                       },
                                       false});
                   },
                   [&](ServerSession::Prove&) {},  // of a renewal, which has a world of its own
                   [&](StepDone& a) { steps.push_back(a.step); },
               },
               action);
  }
}

void World::apply(GatewaySession::Result result) {
  if (result.over()) gateway_.reset();
  if (result.refusal) refusals.push_back(std::move(*result.refusal));
  for (auto& action : result.actions) {
    std::visit(Overloaded{
                   [&](GatewaySession::SendToServer& a) { send(Party::PnGw, Party::Server, a.message); },
                   [&](GatewaySession::SendToDevice& a) { send(Party::PnGw, Party::CmDevice, a.message.view()); },
                   [&](GatewaySession::SaveCredential& a) {
                     auto c = std::make_shared<Credential>(std::move(a.credential));
                     save(Party::PnGw, [this, c] { disks.gateway = std::move(*c); });
                   },
                   [&](GatewaySession::EraseCredential&) { disks.gateway.reset(); },
                   [&](StepDone& a) { steps.push_back(a.step); },
               },
               action);
  }
}

void World::apply(DeviceSession::Result result) {
  if (result.over()) device_.reset();
  if (result.refusal) refusals.push_back(std::move(*result.refusal));
  for (auto& action : result.actions) {
    std::visit(Overloaded{
                   [&](DeviceSession::SendToGateway& a) { send(Party::CmDevice, Party::PnGw, a.message); },
                   [&](DeviceSession::SaveCredential& a) {
                     auto c = std::make_shared<Credential>(std::move(a.credential));
                     save(Party::CmDevice, [this, c] { disks.device = std::move(*c); });
                   },
                   [&](StepDone& a) { steps.push_back(a.step); },
               },
               action);
  }
}

}  // namespace cpns::test
