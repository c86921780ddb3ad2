#pragma once
// The protocol's table of contents: the sixteen steps of Device ID/Key Assignment (protocol.md section 3) and every
// complete legal run, as data. Sessions, tests, `cpns demo` and docs/walk.md read these tables; none has its own.

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

namespace cpns::assign {

/// Step numbers are hashed into transcripts: never renumber.
enum class Step : std::uint8_t {
  KeySeedRequest = 0,
  GenerateKeySeed = 1,
  KeySeedGrant = 2,
  DeriveIdAndKey = 3,
  CmDeviceIdReport = 4,
  VerifyCmDeviceId = 5,
  ServerConfirm = 6,
  VerifyServerConfirm = 7,
  GatewayConfirm = 8,
  VerifyGatewayConfirm = 9,
  AssignmentComplete = 10,
  CredentialTransfer = 11,
  ClientHello = 12,
  FindKey = 13,
  ServerFinished = 14,
  ClientFinished = 15,
  LinkHello = 16,
};

enum class Party : std::uint8_t { CmDevice, PnGw, Server };
enum class LinkKind : std::uint8_t { None, Pan, Operator, Direct };

/// The messages of cpns.proto that belong to runs, in the order of its oneof. `Tls` stands for bytes of a handshake.
enum class MessageKind : std::uint8_t {
  None,
  Tls,
  ActivationInvite,
  ActivationRequest,
  KeySeedRequest,
  KeySeedGrant,
  CmDeviceIdReport,
  ServerConfirm,
  GatewayConfirm,
  AssignmentComplete,
  CredentialTransfer,
  CredentialReceipt,
  LinkHello,
  RenewalRequest,
  ServerProof,
};

struct StepInfo {
  Step step;
  Party from;  ///< who acts
  Party to;    ///< who receives; the same as `from` where the step stays inside
  LinkKind link;
  MessageKind message;
  bool in_transcript;
  std::uint16_t max_size;           ///< bytes of the encoded message, 0 where there is none
  std::chrono::seconds time_limit;  ///< how long the receiver waits for it; 0 where it does not wait
  Party reported_by;                ///< whose log says that the step is done
  std::string_view title;
  std::string_view rules;   ///< rule numbers of protocol.md
  std::string_view source;  ///< file in src/core/assign
};

using std::chrono::seconds;

/// Sizes: the largest message this version can make, rounded up. Times: [S6] gives the Server's 300 s; the PN GW and
/// the device give up sooner, so that a person is told.
inline constexpr std::array<StepInfo, 17> kSteps = {{
    {Step::KeySeedRequest, Party::PnGw, Party::Server, LinkKind::Operator, MessageKind::KeySeedRequest, true, 1400,
     seconds{300}, Party::Server, "asks for PN GW activation", "M1 M2 K3", "step00_key_seed_request.cpp"},
    {Step::GenerateKeySeed, Party::Server, Party::Server, LinkKind::None, MessageKind::None, false, 0, seconds{0},
     Party::Server, "generates the Key Seed, stores it sealed", "S1 S6 S7 V2", "step01_generate_key_seed.cpp"},
    {Step::KeySeedGrant, Party::Server, Party::PnGw, LinkKind::Operator, MessageKind::KeySeedGrant, true, 256,
     seconds{30}, Party::PnGw, "hands out the Key Seed, sealed to the PN GW", "S1 S9", "step02_key_seed_grant.cpp"},
    {Step::DeriveIdAndKey, Party::PnGw, Party::PnGw, LinkKind::None, MessageKind::None, false, 0, seconds{0},
     Party::PnGw, "derives CM Device ID and CM Device Key", "K1 K2", "step03_derive_id_and_key.cpp"},
    {Step::CmDeviceIdReport, Party::PnGw, Party::Server, LinkKind::Operator, MessageKind::CmDeviceIdReport, true, 64,
     seconds{300}, Party::Server, "reports the CM Device ID", "S8 S10", "step04_cm_device_id_report.cpp"},
    {Step::VerifyCmDeviceId, Party::Server, Party::Server, LinkKind::None, MessageKind::None, false, 0, seconds{0},
     Party::Server, "recomputes the ID, derives the CM Device Key", "S2 K3", "step05_verify_cm_device_id.cpp"},
    {Step::ServerConfirm, Party::Server, Party::PnGw, LinkKind::Operator, MessageKind::ServerConfirm, true, 96,
     seconds{30}, Party::PnGw, "confirms its key", "K3", "step06_server_confirm.cpp"},
    {Step::VerifyServerConfirm, Party::PnGw, Party::PnGw, LinkKind::None, MessageKind::None, false, 0, seconds{0},
     Party::PnGw, "verifies the Server's code", "G1 K2", "step07_verify_server_confirm.cpp"},
    {Step::GatewayConfirm, Party::PnGw, Party::Server, LinkKind::Operator, MessageKind::GatewayConfirm, true, 96,
     seconds{300}, Party::Server, "confirms its key", "S5 S8", "step08_gateway_confirm.cpp"},
    {Step::VerifyGatewayConfirm, Party::Server, Party::Server, LinkKind::None, MessageKind::None, false, 0, seconds{0},
     Party::Server, "verifies the PN GW's code, stores active", "S3 S4 S12 K2", "step09_verify_gateway_confirm.cpp"},
    {Step::AssignmentComplete, Party::Server, Party::PnGw, LinkKind::Operator, MessageKind::AssignmentComplete, true,
     2600, seconds{30}, Party::PnGw, "says that the assignment is active", "S4 S5 S11",
     "step10_assignment_complete.cpp"},
    {Step::CredentialTransfer, Party::PnGw, Party::CmDevice, LinkKind::Pan, MessageKind::CredentialTransfer, false,
     3100, seconds{120}, Party::CmDevice, "hands ID and key to the device", "G2 G3", "step11_credential_transfer.cpp"},
    {Step::ClientHello, Party::CmDevice, Party::Server, LinkKind::Direct, MessageKind::Tls, false, 0, seconds{10},
     Party::Server, "ClientHello: identity, and a binder made with the key", "T1 T5", "step12_client_hello.cpp"},
    {Step::FindKey, Party::Server, Party::Server, LinkKind::None, MessageKind::None, false, 0, seconds{0},
     Party::Server, "finds the Key Seed, derives the PSK", "T2", "step13_find_key.cpp"},
    {Step::ServerFinished, Party::Server, Party::CmDevice, LinkKind::Direct, MessageKind::Tls, false, 0, seconds{10},
     Party::CmDevice, "ServerHello to Finished: the Server has the key", "T1 T3", "step14_server_finished.cpp"},
    {Step::ClientFinished, Party::CmDevice, Party::Server, LinkKind::Direct, MessageKind::Tls, false, 0, seconds{10},
     Party::Server, "Finished: now the device is authenticated", "T7", "step15_client_finished.cpp"},
    {Step::LinkHello, Party::CmDevice, Party::Server, LinkKind::Direct, MessageKind::LinkHello, false, 320, seconds{10},
     Party::Server, "LinkHello both ways: the link carries services", "T6 T3", "step16_link_hello.cpp"},
}};

[[nodiscard]] constexpr const StepInfo& step_info(Step step) { return kSteps[static_cast<std::size_t>(step)]; }
[[nodiscard]] constexpr int number(Step step) { return static_cast<int>(step); }

/// Which step a message belongs to, and who sends it.
struct MessageRow {
  MessageKind kind;
  Step step;
  Party from;
  Party to;
  std::string_view name;  ///< as in cpns.proto
};

inline constexpr std::array kMessages = {
    MessageRow{MessageKind::ActivationInvite, Step::KeySeedRequest, Party::Server, Party::PnGw, "ActivationInvite"},
    MessageRow{MessageKind::ActivationRequest, Step::KeySeedRequest, Party::CmDevice, Party::PnGw, "ActivationRequest"},
    MessageRow{MessageKind::KeySeedRequest, Step::KeySeedRequest, Party::PnGw, Party::Server, "KeySeedRequest"},
    MessageRow{MessageKind::KeySeedGrant, Step::KeySeedGrant, Party::Server, Party::PnGw, "KeySeedGrant"},
    MessageRow{MessageKind::CmDeviceIdReport, Step::CmDeviceIdReport, Party::PnGw, Party::Server, "CmDeviceIdReport"},
    MessageRow{MessageKind::ServerConfirm, Step::ServerConfirm, Party::Server, Party::PnGw, "ServerConfirm"},
    MessageRow{MessageKind::GatewayConfirm, Step::GatewayConfirm, Party::PnGw, Party::Server, "GatewayConfirm"},
    MessageRow{MessageKind::AssignmentComplete, Step::AssignmentComplete, Party::Server, Party::PnGw,
               "AssignmentComplete"},
    MessageRow{MessageKind::CredentialTransfer, Step::CredentialTransfer, Party::PnGw, Party::CmDevice,
               "CredentialTransfer"},
    MessageRow{MessageKind::CredentialReceipt, Step::CredentialTransfer, Party::CmDevice, Party::PnGw,
               "CredentialReceipt"},
    // In a renewal the PN GW is the device's own PN GW module, inside the direct link [R1].
    MessageRow{MessageKind::RenewalRequest, Step::KeySeedRequest, Party::PnGw, Party::Server, "RenewalRequest"},
    MessageRow{MessageKind::ServerProof, Step::KeySeedRequest, Party::Server, Party::PnGw, "ServerProof"},
};

/// One complete legal run of messages as one side sees it [M2]. LinkHello has a run of its own: it goes both ways.
/// Any run may also end early with one Alert.
struct LegalRun {
  std::string_view name;
  Party seen_by;
  std::span<const MessageKind> messages;
};

namespace runs {
using enum MessageKind;
inline constexpr std::array kServer = {KeySeedRequest, KeySeedGrant,   CmDeviceIdReport,
                                       ServerConfirm,  GatewayConfirm, AssignmentComplete};
inline constexpr std::array kServerInvited = {ActivationInvite, KeySeedRequest, KeySeedGrant,      CmDeviceIdReport,
                                              ServerConfirm,    GatewayConfirm, AssignmentComplete};
inline constexpr std::array kServerConfirmRepeated = {GatewayConfirm, AssignmentComplete};
inline constexpr std::array kPnGw = {ActivationRequest,  KeySeedRequest,     KeySeedGrant,
                                     CmDeviceIdReport,   ServerConfirm,      GatewayConfirm,
                                     AssignmentComplete, CredentialTransfer, CredentialReceipt};
inline constexpr std::array kPnGwInvited = {ActivationInvite,   ActivationRequest, KeySeedRequest, KeySeedGrant,
                                            CmDeviceIdReport,   ServerConfirm,     GatewayConfirm, AssignmentComplete,
                                            CredentialTransfer, CredentialReceipt};
inline constexpr std::array kPnGwConfirmRepeated = {
    ActivationRequest, KeySeedRequest, KeySeedGrant,       CmDeviceIdReport,   ServerConfirm,
    GatewayConfirm,    GatewayConfirm, AssignmentComplete, CredentialTransfer, CredentialReceipt};
inline constexpr std::array kPnGwDeliveredAgain = {ActivationRequest, CredentialTransfer, CredentialReceipt};
inline constexpr std::array kRenewal = {RenewalRequest,   ServerProof,   KeySeedRequest, KeySeedGrant,
                                        CmDeviceIdReport, ServerConfirm, GatewayConfirm, AssignmentComplete};
inline constexpr std::array kDevice = {ActivationRequest, CredentialTransfer, CredentialReceipt};
}  // namespace runs

inline constexpr std::array kRuns = {
    LegalRun{"assignment", Party::Server, runs::kServer},
    LegalRun{"assignment after an invitation", Party::Server, runs::kServerInvited},
    LegalRun{"step 8 repeated [S5, S12]", Party::Server, runs::kServerConfirmRepeated},
    LegalRun{"assignment", Party::PnGw, runs::kPnGw},
    LegalRun{"assignment after an invitation", Party::PnGw, runs::kPnGwInvited},
    LegalRun{"step 8 repeated over a new operator link [S5]", Party::PnGw, runs::kPnGwConfirmRepeated},
    LegalRun{"credential delivered again [G2]", Party::PnGw, runs::kPnGwDeliveredAgain},
    LegalRun{"renewal [R1]", Party::Server, runs::kRenewal},
    LegalRun{"renewal [R1]", Party::PnGw, runs::kRenewal},
    LegalRun{"assignment", Party::CmDevice, runs::kDevice},
};

[[nodiscard]] constexpr const MessageRow* message_row(MessageKind kind) {
  for (const auto& info : kMessages) {
    if (info.kind == kind) return &info;
  }
  return nullptr;
}

[[nodiscard]] constexpr std::string_view to_text(Party party) {
  switch (party) {
    case Party::CmDevice:
      return "CM Device";
    case Party::PnGw:
      return "External PN GW";
    case Party::Server:
      return "CPNS Server";
  }
  return "";
}

namespace detail {
constexpr bool steps_are_in_order() {
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    if (static_cast<std::size_t>(kSteps[i].step) != i) return false;
    if ((kSteps[i].from == kSteps[i].to) != (kSteps[i].link == LinkKind::None)) return false;
    if (kSteps[i].in_transcript && i > 10) return false;
  }
  return true;
}
// By index, not by pointer: under -fsanitize=undefined g++ takes no comparison of pointers for a constant.
constexpr std::size_t row_of(MessageKind kind) {
  std::size_t i = 0;
  while (i < kMessages.size() && kMessages[i].kind != kind) ++i;
  return i;
}
constexpr bool every_run_message_is_known_to_its_side() {
  for (const auto& run : kRuns) {
    for (const auto kind : run.messages) {
      const auto row = row_of(kind);
      if (row == kMessages.size()) return false;
      if (kMessages[row].from != run.seen_by && kMessages[row].to != run.seen_by) return false;
    }
  }
  return true;
}
constexpr bool steps_never_go_back() {
  for (const auto& run : kRuns) {
    int last = 0;
    for (const auto kind : run.messages) {
      const int step = number(kMessages[row_of(kind)].step);
      if (step < last) return false;
      last = step;
    }
  }
  return true;
}
static_assert(steps_are_in_order(), "kSteps[n] is step n, inner steps have no link, only steps 0-10 are hashed");
static_assert(every_run_message_is_known_to_its_side(), "each message of a run is sent or received by that side");
static_assert(steps_never_go_back(), "no legal run goes back");
}  // namespace detail

}  // namespace cpns::assign
