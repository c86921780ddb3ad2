// Step 4, G -> S: CmDeviceIdReport.

#include "core/assign/refuse.hpp"
#include "core/assign/step_functions.hpp"

namespace cpns::assign {

Sent<gateway::AwaitServerConfirm> send_cm_device_id_report(gateway::KeysDerived&& state) {
  auto message = encode_public(state.ends.correlation_id, CmDeviceIdReport{state.assignment_id, state.cm_device_id});
  state.transcript.absorb(Step::CmDeviceIdReport, message);
  return {gateway::AwaitServerConfirm{std::move(state)}, std::move(message)};
}

Result<server::CmDeviceIdReported> receive_cm_device_id_report(server::AwaitCmDeviceIdReport&& state,
                                                               const CmDeviceIdReport& report, ByteView raw) {
  CPNS_CHECK(same_assignment(report.assignment_id, state.assignment_id));  // [S8]
  state.transcript.absorb(Step::CmDeviceIdReport, raw);
  return server::CmDeviceIdReported{std::move(state.ends), state.transcript, std::move(state.key_seed), report};
}

}  // namespace cpns::assign
