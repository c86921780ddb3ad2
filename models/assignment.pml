/* Device ID/Key Assignment, steps 0-11: a device, its PN GW and the Server, links that lose messages or break, and
   crashes of each at any point. Saving and sending are separate acts: a crash comes between them.

   Checked: no deadlock; S4 (nothing is revealed that is not stored), S5 (a repeated step 8 gets the same answer), G3
   (no key leaves for the device before a verified step 10), and that no assignment is half known: a key that the
   device has is one that the Server knows as active.

   -DFAULT_S4, -DFAULT_S5, -DFAULT_G3, -DFAULT_S1: a fault is planted, and must be found. -DREACH: the good end must be
   reached (an error is expected: it shows that the model does something). */

#include "generated/tables.pml"
#include "cursor.pml"

#ifndef RUNS_AT_MOST
#define RUNS_AT_MOST 4
#endif
#ifndef FAULTS_AT_MOST
#define FAULTS_AT_MOST 6
#endif

chan d2g = [2] of { byte, byte };       /* message, run */
chan g2d = [2] of { byte, byte };
chan g2s = [2] of { byte, byte };
chan s2g = [2] of { byte, byte, byte }; /* message, run, answer */

/* On disk. */
#define NONE 0
#define PENDING 1
#define ACTIVE 2
byte row[RUNS_AT_MOST + 1];
byte answer_stored[RUNS_AT_MOST + 1];
byte sealed;     /* run of the PN GW's sealed copy [G2] */
byte device_key; /* run of the device's key */

/* What has been told to others, for the assertions alone. */
byte answer_told[RUNS_AT_MOST + 1];
bool verified[RUNS_AT_MOST + 1];

/* In memory. */
byte sst; byte srun; Cursor sc;
byte gst; byte grun; Cursor gc; bool g_repeated;
byte dst; byte drun; Cursor dc;
byte runs_begun; byte answers; byte faults;
bool operator_lost; /* the PN GW has not noticed yet */

#define S_IDLE 0
#define S_STORE 1
#define S_STORED 2
#define S_REPORT 3
#define S_CONFIRM 4
#define S_ACTIVATE 5
#define S_ACTIVATED 6
#define S_LATE 7

#define G_IDLE 0
#define G_GRANT 1
#define G_SERVER_CONFIRM 2
#define G_COMPLETE 3
#define G_SEAL 4
#define G_SEALED 5
#define G_RECEIPT 6

#define D_IDLE 0
#define D_WAIT 1
#define D_SAVED 2
#define D_DONE 3

hidden byte k; hidden byte r; hidden byte a;

inline drain(c2) { do :: nempty(c2) -> c2?k,r :: empty(c2) -> break od }
inline drain3(c2) { do :: nempty(c2) -> c2?k,r,a :: empty(c2) -> break od }

/* The operator link is gone: what the Server had pending on it dies [S3, S6]; an activation under way is the store's. */
inline server_loses_link() {
  if
  :: sst == S_STORED || sst == S_REPORT || sst == S_CONFIRM -> row[srun] = NONE; sst = S_IDLE
  :: sst == S_STORE -> sst = S_IDLE
  :: sst == S_ACTIVATED || sst == S_LATE -> sst = S_IDLE
  :: else
  fi
}

inline tell(which, what) {
  /* S4: what the PN GW is told is stored. S5: it is always told the same. */
  assert(row[which] == ACTIVE);
  assert(answer_told[which] == 0 || answer_told[which] == what);
  answer_told[which] = what
}

proctype Server() {
end_server:
  do
  :: atomic { sst == S_IDLE && nempty(g2s) -> g2s?k,r;
       if
       :: k == KeySeedRequest -> begin_run(sc, RUNS_OF_SERVER); take(sc, KeySeedRequest); srun = r; sst = S_STORE
       :: k == GatewayConfirm && row[r] == ACTIVE ->
          begin_run(sc, RUNS_OF_SERVER); take(sc, GatewayConfirm); take(sc, AssignmentComplete);
#ifdef FAULT_S5
          answers++; answer_stored[r] = answers;
#endif
          tell(r, answer_stored[r]);
          if :: nfull(s2g) -> s2g!AssignmentComplete,r,answer_stored[r] :: full(s2g) fi
       :: else -> if :: nfull(s2g) -> s2g!Alert,r,0 :: full(s2g) fi
       fi; k = 0; r = 0 }
  :: atomic { sst == S_STORE -> row[srun] = PENDING; sst = S_STORED }
  :: atomic { sst == S_STORED && nfull(s2g) -> take(sc, KeySeedGrant); s2g!KeySeedGrant,srun,0; sst = S_REPORT }
  :: atomic { sst == S_REPORT && nempty(g2s) -> g2s?k,r;
       if
       :: k == CmDeviceIdReport && r == srun && nfull(s2g) ->
          take(sc, CmDeviceIdReport); take(sc, ServerConfirm); s2g!ServerConfirm,srun,0; sst = S_CONFIRM
       :: else -> row[srun] = NONE; sst = S_IDLE; if :: nfull(s2g) -> s2g!Alert,r,0 :: full(s2g) fi
       fi; k = 0; r = 0 }
  :: atomic { sst == S_CONFIRM && nempty(g2s) -> g2s?k,r;
       if
       :: k == GatewayConfirm && r == srun -> take(sc, GatewayConfirm); sst = S_ACTIVATE
       :: else -> row[srun] = NONE; sst = S_IDLE; if :: nfull(s2g) -> s2g!Alert,r,0 :: full(s2g) fi
       fi; k = 0; r = 0 }
#ifdef FAULT_S4
  :: atomic { sst == S_ACTIVATE && nfull(s2g) -> answers++; answer_stored[srun] = answers;
       s2g!AssignmentComplete,srun,answers; sst = S_LATE }
  :: atomic { sst == S_LATE -> row[srun] = ACTIVE; sst = S_IDLE }
#else
  :: atomic { sst == S_ACTIVATE -> answers++; answer_stored[srun] = answers; row[srun] = ACTIVE; sst = S_ACTIVATED }
  :: atomic { sst == S_ACTIVATED && nfull(s2g) -> take(sc, AssignmentComplete); tell(srun, answer_stored[srun]);
       s2g!AssignmentComplete,srun,answer_stored[srun]; sst = S_IDLE }
#endif
  /* A pending assignment ends [S6]. */
  :: atomic { timeout && (sst == S_REPORT || sst == S_CONFIRM) -> row[srun] = NONE; sst = S_IDLE }
  od
}

proctype PnGw() {
end_pngw:
  do
  :: atomic { gst == G_IDLE && nempty(d2g) -> d2g?k,r;
       if
       :: k == ActivationRequest && sealed != 0 ->
          begin_run(gc, RUNS_OF_PNGW); take(gc, ActivationRequest); grun = sealed; gst = G_SEALED
       :: k == ActivationRequest && sealed == 0 && nfull(g2s) ->
          begin_run(gc, RUNS_OF_PNGW); take(gc, ActivationRequest); take(gc, KeySeedRequest);
          operator_lost = false; g_repeated = false; grun = r; g2s!KeySeedRequest,r; gst = G_GRANT
       :: else
       fi; k = 0; r = 0 }
  :: atomic { gst != G_IDLE && nempty(s2g) -> s2g?k,r,a;
       if
       :: k == KeySeedGrant && r == grun && gst == G_GRANT && nfull(g2s) ->
          take(gc, KeySeedGrant); take(gc, CmDeviceIdReport); g2s!CmDeviceIdReport,grun; gst = G_SERVER_CONFIRM
       :: k == ServerConfirm && r == grun && gst == G_SERVER_CONFIRM && nfull(g2s) ->
          take(gc, ServerConfirm); take(gc, GatewayConfirm); g2s!GatewayConfirm,grun; gst = G_COMPLETE;
#ifdef FAULT_G3
          gst = G_SEAL
#endif
       :: k == AssignmentComplete && r == grun && gst == G_COMPLETE ->
          take(gc, AssignmentComplete); verified[grun] = true; gst = G_SEAL
       :: k == Alert && (gst == G_GRANT || gst == G_SERVER_CONFIRM || gst == G_COMPLETE) ->
          gst = G_IDLE; if :: nfull(g2d) -> g2d!Alert,r :: full(g2d) fi
       :: else
       fi; k = 0; r = 0; a = 0 }
  :: atomic { gst == G_IDLE && nempty(s2g) -> s2g?k,r,a; k = 0; r = 0; a = 0 }
  :: atomic { gst == G_SEAL -> sealed = grun; gst = G_SEALED }
  :: atomic { gst == G_SEALED && nfull(g2d) ->
#ifndef FAULT_G3
       take(gc, CredentialTransfer);
#endif
       assert(verified[grun]); /* G3 */
       g2d!CredentialTransfer,grun; gst = G_RECEIPT }
  :: atomic { gst == G_RECEIPT && nempty(d2g) -> d2g?k,r;
       if
       :: k == CredentialReceipt && r == grun -> take(gc, CredentialReceipt); sealed = 0; gst = G_IDLE
       :: else -> gst = G_IDLE
       fi; k = 0; r = 0 }
  /* The operator link broke: before step 8 the run dies; after it the same step 8 goes out once more [S5]. */
  :: atomic { operator_lost && (gst == G_GRANT || gst == G_SERVER_CONFIRM) ->
       operator_lost = false; gst = G_IDLE; if :: nfull(g2d) -> g2d!Alert,grun :: full(g2d) fi }
  :: atomic { operator_lost && gst == G_COMPLETE && !g_repeated && nfull(g2s) ->
       operator_lost = false; g_repeated = true; take(gc, GatewayConfirm); g2s!GatewayConfirm,grun }
  :: atomic { timeout && (gst == G_GRANT || gst == G_SERVER_CONFIRM || gst == G_COMPLETE || gst == G_RECEIPT) ->
       gst = G_IDLE; if :: nfull(g2d) -> g2d!Alert,grun :: full(g2d) fi }
  od
}

proctype Device() {
end_device:
  do
  :: atomic { dst == D_IDLE && device_key == 0 && runs_begun < RUNS_AT_MOST && nfull(d2g) ->
       runs_begun++; drun = runs_begun; begin_run(dc, RUNS_OF_DEVICE); take(dc, ActivationRequest);
       d2g!ActivationRequest,drun; dst = D_WAIT }
  :: atomic { dst == D_WAIT && nempty(g2d) -> g2d?k,r;
       if
       :: k == CredentialTransfer ->
          take(dc, CredentialTransfer);
          assert(row[r] == ACTIVE); /* never half known */
          device_key = r; dst = D_SAVED
       :: else -> dst = D_IDLE
       fi; k = 0; r = 0 }
  :: atomic { dst == D_SAVED && nfull(d2g) -> take(dc, CredentialReceipt); d2g!CredentialReceipt,device_key; dst = D_DONE }
  :: atomic { (dst == D_DONE || dst == D_IDLE) && nempty(g2d) -> g2d?k,r; k = 0; r = 0 }
  :: atomic { timeout && dst == D_WAIT -> dst = D_IDLE }
#ifdef REACH
  :: atomic { dst == D_DONE && sealed == 0 && row[device_key] == ACTIVE -> assert(false) }
#endif
  od
}

/* Everything that can go wrong, a bounded number of times. */
proctype World() {
end_world:
  do
  :: atomic { faults < FAULTS_AT_MOST -> faults++;
       if
       :: true -> /* the Server crashes; at its start pending ones are erased */
          if :: sst == S_STORE -> skip :: sst != S_STORE && sst != S_IDLE && row[srun] == PENDING -> row[srun] = NONE :: else fi;
          sst = S_IDLE; drain(g2s); drain3(s2g); operator_lost = true
       :: true -> /* the PN GW crashes */
          gst = G_IDLE; drain(g2s); drain3(s2g); drain(d2g); drain(g2d); server_loses_link()
       :: true -> /* the device crashes */
          if :: device_key != 0 -> dst = D_DONE :: else -> dst = D_IDLE fi;
          drain(d2g); drain(g2d);
          if :: gst == G_RECEIPT -> gst = G_IDLE :: else fi
       :: true -> /* the operator link breaks */
          drain(g2s); drain3(s2g); server_loses_link(); operator_lost = true
       :: nempty(g2s) -> g2s?k,r
       :: nempty(s2g) -> s2g?k,r,a
       :: nempty(d2g) -> d2g?k,r
       :: nempty(g2d) -> g2d?k,r
       fi; k = 0; r = 0; a = 0 }
  od
}

init {
  atomic { fill_runs(); run Server(); run PnGw(); run Device(); run World() }
}
