/* Made by make_models from src/core/assign/steps.hpp and src/core/activation/transitions.hpp. */

/* Messages of runs; 0 is none. */
#define ActivationInvite 1
#define ActivationRequest 2
#define KeySeedRequest 3
#define KeySeedGrant 4
#define CmDeviceIdReport 5
#define ServerConfirm 6
#define GatewayConfirm 7
#define AssignmentComplete 8
#define CredentialTransfer 9
#define CredentialReceipt 10
#define RenewalRequest 11
#define ServerProof 12
#define Alert 13

/* Every complete legal run, as one side sees it [M2]. */
#define RUNS 10
#define LONGEST 10
#define RUNS_OF_DEVICE 512
#define RUNS_OF_PNGW 376
#define RUNS_OF_SERVER 135
hidden byte run_length[RUNS];
hidden byte run_message[100];

inline fill_runs() {
  /* SERVER: assignment */
  run_length[0] = 6;
  run_message[0] = KeySeedRequest;
  run_message[1] = KeySeedGrant;
  run_message[2] = CmDeviceIdReport;
  run_message[3] = ServerConfirm;
  run_message[4] = GatewayConfirm;
  run_message[5] = AssignmentComplete;
  /* SERVER: assignment after an invitation */
  run_length[1] = 7;
  run_message[10] = ActivationInvite;
  run_message[11] = KeySeedRequest;
  run_message[12] = KeySeedGrant;
  run_message[13] = CmDeviceIdReport;
  run_message[14] = ServerConfirm;
  run_message[15] = GatewayConfirm;
  run_message[16] = AssignmentComplete;
  /* SERVER: step 8 repeated [S5, S12] */
  run_length[2] = 2;
  run_message[20] = GatewayConfirm;
  run_message[21] = AssignmentComplete;
  /* PNGW: assignment */
  run_length[3] = 9;
  run_message[30] = ActivationRequest;
  run_message[31] = KeySeedRequest;
  run_message[32] = KeySeedGrant;
  run_message[33] = CmDeviceIdReport;
  run_message[34] = ServerConfirm;
  run_message[35] = GatewayConfirm;
  run_message[36] = AssignmentComplete;
  run_message[37] = CredentialTransfer;
  run_message[38] = CredentialReceipt;
  /* PNGW: assignment after an invitation */
  run_length[4] = 10;
  run_message[40] = ActivationInvite;
  run_message[41] = ActivationRequest;
  run_message[42] = KeySeedRequest;
  run_message[43] = KeySeedGrant;
  run_message[44] = CmDeviceIdReport;
  run_message[45] = ServerConfirm;
  run_message[46] = GatewayConfirm;
  run_message[47] = AssignmentComplete;
  run_message[48] = CredentialTransfer;
  run_message[49] = CredentialReceipt;
  /* PNGW: step 8 repeated over a new operator link [S5] */
  run_length[5] = 10;
  run_message[50] = ActivationRequest;
  run_message[51] = KeySeedRequest;
  run_message[52] = KeySeedGrant;
  run_message[53] = CmDeviceIdReport;
  run_message[54] = ServerConfirm;
  run_message[55] = GatewayConfirm;
  run_message[56] = GatewayConfirm;
  run_message[57] = AssignmentComplete;
  run_message[58] = CredentialTransfer;
  run_message[59] = CredentialReceipt;
  /* PNGW: credential delivered again [G2] */
  run_length[6] = 3;
  run_message[60] = ActivationRequest;
  run_message[61] = CredentialTransfer;
  run_message[62] = CredentialReceipt;
  /* SERVER: renewal [R1] */
  run_length[7] = 8;
  run_message[70] = RenewalRequest;
  run_message[71] = ServerProof;
  run_message[72] = KeySeedRequest;
  run_message[73] = KeySeedGrant;
  run_message[74] = CmDeviceIdReport;
  run_message[75] = ServerConfirm;
  run_message[76] = GatewayConfirm;
  run_message[77] = AssignmentComplete;
  /* PNGW: renewal [R1] */
  run_length[8] = 8;
  run_message[80] = RenewalRequest;
  run_message[81] = ServerProof;
  run_message[82] = KeySeedRequest;
  run_message[83] = KeySeedGrant;
  run_message[84] = CmDeviceIdReport;
  run_message[85] = ServerConfirm;
  run_message[86] = GatewayConfirm;
  run_message[87] = AssignmentComplete;
  /* DEVICE: assignment */
  run_length[9] = 3;
  run_message[90] = ActivationRequest;
  run_message[91] = CredentialTransfer;
  run_message[92] = CredentialReceipt;
}

/* PN GW activation: states, events, and the legal changes of kTransitions. */
#define ST_Unpaired 0
#define ST_Paired 1
#define ST_Assigned 2
#define ST_PNE_mode 3
#define ST_Switching 4
#define ST_PNE_PN_GW_mode 5
#define ST_Degraded 6
#define ON_Paired 0
#define ON_Assigned 1
#define ON_GatewayUp 3
#define ON_CredentialGone 2
#define ON_DirectUp 5
#define ON_ProbeOk 10
#define ON_TimerDue 9
#define ON_WishChanged 8
#define ON_GatewayDown 4
#define ON_Settled 11
#define ON_DirectDown 6
#define LEGAL(from, on, to) ( \
  (from == 0 && on == 0 && to == 1) || \
  (from == 0 && on == 1 && to == 2) || \
  (from == 1 && on == 1 && to == 2) || \
  (from == 1 && on == 3 && to == 3) || \
  (from == 1 && on == 2 && to == 0) || \
  (from == 2 && on == 3 && to == 3) || \
  (from == 2 && on == 5 && to == 5) || \
  (from == 2 && on == 2 && to == 0) || \
  (from == 3 && on == 5 && to == 4) || \
  (from == 3 && on == 10 && to == 4) || \
  (from == 3 && on == 9 && to == 4) || \
  (from == 3 && on == 8 && to == 4) || \
  (from == 3 && on == 4 && to == 5) || \
  (from == 3 && on == 4 && to == 6) || \
  (from == 3 && on == 2 && to == 0) || \
  (from == 4 && on == 11 && to == 3) || \
  (from == 4 && on == 11 && to == 5) || \
  (from == 4 && on == 9 && to == 3) || \
  (from == 4 && on == 9 && to == 5) || \
  (from == 4 && on == 4 && to == 5) || \
  (from == 4 && on == 4 && to == 6) || \
  (from == 4 && on == 6 && to == 3) || \
  (from == 4 && on == 6 && to == 6) || \
  (from == 4 && on == 2 && to == 0) || \
  (from == 5 && on == 3 && to == 4) || \
  (from == 5 && on == 10 && to == 4) || \
  (from == 5 && on == 9 && to == 4) || \
  (from == 5 && on == 8 && to == 4) || \
  (from == 5 && on == 6 && to == 3) || \
  (from == 5 && on == 6 && to == 6) || \
  (from == 5 && on == 2 && to == 0) || \
  (from == 6 && on == 3 && to == 3) || \
  (from == 6 && on == 5 && to == 5) || \
  (from == 6 && on == 2 && to == 0))
