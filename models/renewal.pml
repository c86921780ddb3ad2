/* Renewal (protocol.md section 5): IDs at the Server, the one credential of the device, crashes of either at any point,
   and, with -DTHIEF, somebody who knows the first key.

   Checked: no deadlock; R3 (without a thief, the ID that the device has always works at the Server), R2 (once a new ID
   has been used, the old one is gone and stays so), a bounded number of unused successors, and R5 (a device whose key
   was used up by a thief is refused, and knows).

   -DFAULT_R2, -DFAULT_R3, -DFAULT_ORDER: planted, must be found. -DREACH: the good end must be reached. */

#include "generated/tables.pml"
#include "cursor.pml"

#ifndef IDS
#define IDS 6
#endif
#ifndef FAULTS_AT_MOST
#define FAULTS_AT_MOST 6
#endif

#define NONE 0
#define PENDING 1
#define ACTIVE 2
#define IN_USE 3
#define RENEWING 4
#define GONE 5

/* On the Server's disk. */
byte state[IDS];
byte renews[IDS]; /* the predecessor, while it has one; IDS: none */
byte next_id = 1;
/* On the device's disk. */
byte device_id = 0;
#define USABLE(id) (state[id] == ACTIVE || state[id] == IN_USE || state[id] == RENEWING)

/* One direct link, by whoever opened it. */
#define NOBODY 0
#define DEVICE_IS_ON 1
#define THIEF_IS_ON 2
byte on_link; byte link_id;

/* A renewal on it, at the Server and at the other end. */
byte sst; byte snew; Cursor sc;
byte cst; Cursor cc;
#define IDLE 0
#define ASKED 1      /* RenewalRequest is out */
#define PROVED 2
#define STORED 3     /* pending is on disk */
#define GRANTED 4
#define CONFIRMED 5
#define ACTIVATED 6  /* active is on disk, step 10 is not out */
#define TOLD 7
byte faults; byte thief_id = 0; bool thief_used; bool device_refused; bool thief_knows;
hidden byte i;

inline cut() { on_link = NOBODY; cst = IDLE; if :: sst == STORED || sst == GRANTED || sst == CONFIRMED -> state[snew] = NONE :: else fi; sst = IDLE }

/* First use of an ID: it is in use; the one that it renews, and that one's other successors, are gone for good [R2]. */
inline use(id) {
  if
  :: state[id] == ACTIVE ->
     state[id] = IN_USE;
#ifndef FAULT_R2
     i = 0;
     do
     :: i < IDS && renews[id] != IDS ->
        if :: i != id && (i == renews[id] || renews[i] == renews[id]) && state[i] != NONE -> state[i] = GONE :: else fi; i++
     :: else -> break
     od;
     i = 0;
#endif
     renews[id] = IDS
  :: else
  fi
}

inline open_link(who, id) { on_link = who; link_id = id; sst = IDLE; cst = IDLE; use(id) }

proctype Server() {
end_server:
  do
  :: atomic { on_link != NOBODY && cst == ASKED && sst == IDLE ->
       begin_run(sc, RUNS_OF_SERVER); take(sc, RenewalRequest); take(sc, ServerProof); sst = PROVED }
  :: atomic { sst == PROVED && cst == PROVED && next_id < IDS && USABLE(link_id) ->
       take(sc, KeySeedRequest); snew = next_id; next_id++; state[snew] = PENDING; renews[snew] = link_id; sst = STORED }
  :: atomic { sst == STORED -> take(sc, KeySeedGrant); sst = GRANTED }
  :: atomic { sst == GRANTED && cst == CONFIRMED ->
       take(sc, CmDeviceIdReport); take(sc, ServerConfirm); take(sc, GatewayConfirm); sst = CONFIRMED }
#ifdef FAULT_ORDER
  :: atomic { sst == CONFIRMED -> take(sc, AssignmentComplete); cst = TOLD; sst = ACTIVATED }
  :: atomic { sst == ACTIVATED -> state[snew] = ACTIVE; sst = TOLD }
#else
  :: atomic { sst == CONFIRMED && USABLE(link_id) -> state[snew] = ACTIVE; state[link_id] = RENEWING;
#ifdef FAULT_R3
       state[link_id] = GONE;
#endif
       sst = ACTIVATED }
  :: atomic { sst == ACTIVATED -> take(sc, AssignmentComplete); sst = TOLD }
#endif
  od
}

proctype Device() {
end_device:
  do
  :: atomic { on_link == NOBODY && !device_refused && USABLE(device_id) -> open_link(DEVICE_IS_ON, device_id) }
  :: atomic { on_link == NOBODY && !device_refused && !USABLE(device_id) ->
       /* R5: it is refused, and says so loudly. Without a thief this never happens (R3). */
       device_refused = true; assert(thief_used) }
  :: atomic { on_link == DEVICE_IS_ON && cst == IDLE && next_id < IDS ->
       begin_run(cc, RUNS_OF_PNGW); take(cc, RenewalRequest); cst = ASKED }
  :: atomic { on_link == DEVICE_IS_ON && cst == ASKED && sst == PROVED ->
       take(cc, ServerProof); take(cc, KeySeedRequest); cst = PROVED }
  :: atomic { on_link == DEVICE_IS_ON && cst == PROVED && sst == GRANTED ->
       take(cc, KeySeedGrant); take(cc, CmDeviceIdReport); take(cc, ServerConfirm); take(cc, GatewayConfirm); cst = CONFIRMED }
#ifdef FAULT_ORDER
  :: atomic { on_link == DEVICE_IS_ON && cst == TOLD -> device_id = snew; cut() }
#else
  :: atomic { on_link == DEVICE_IS_ON && cst == CONFIRMED && sst == TOLD ->
       take(cc, AssignmentComplete); device_id = snew; on_link = NOBODY; cst = IDLE; sst = IDLE }
#endif
#ifdef REACH
  :: atomic { device_id != 0 && state[device_id] == IN_USE && state[0] == GONE -> assert(false) }
#endif
  od
}

#ifdef THIEF
/* Knows the first key, as the PN GW that carried it does. */
proctype Thief() {
end_thief:
  do
  :: atomic { on_link == NOBODY && !thief_used && USABLE(thief_id) -> open_link(THIEF_IS_ON, thief_id);
       if :: thief_id != 0 && state[thief_id] == IN_USE -> thief_used = true :: else fi }
  :: atomic { on_link == THIEF_IS_ON && cst == IDLE && next_id < IDS && thief_id == 0 ->
       begin_run(cc, RUNS_OF_PNGW); take(cc, RenewalRequest); cst = ASKED }
  :: atomic { on_link == THIEF_IS_ON && cst == ASKED && sst == PROVED -> take(cc, ServerProof); take(cc, KeySeedRequest); cst = PROVED }
  :: atomic { on_link == THIEF_IS_ON && cst == PROVED && sst == GRANTED ->
       take(cc, KeySeedGrant); take(cc, CmDeviceIdReport); take(cc, ServerConfirm); take(cc, GatewayConfirm); cst = CONFIRMED }
  :: atomic { on_link == THIEF_IS_ON && cst == CONFIRMED && sst == TOLD ->
       take(cc, AssignmentComplete); thief_id = snew; on_link = NOBODY; cst = IDLE; sst = IDLE }
  :: atomic { on_link == THIEF_IS_ON && cst == IDLE -> on_link = NOBODY }
  od
}
#endif

/* What must hold whenever anybody looks. */
proctype Watch() {
end_watch:
  do
#ifndef THIEF
  :: atomic { !USABLE(device_id) -> assert(false) } /* R3 */
#else
  /* R1: once the device has used a key of its own, the first key opens nothing: the thief is out. */
  :: atomic { device_id != 0 && state[device_id] == IN_USE && USABLE(0) -> assert(false) }
#endif
  /* R2: what was renewed and used never works beside its successor. */
  :: atomic { state[1] == IN_USE && renews[1] == IDS && state[0] != GONE -> assert(false) }
  od
}

proctype World() {
end_world:
  do
  :: atomic { on_link == DEVICE_IS_ON && cst == IDLE -> cut() }           /* the link is closed */
  :: atomic { faults < FAULTS_AT_MOST && on_link != NOBODY -> faults++; cut() } /* either end crashes, or the link breaks */
  :: atomic { timeout && on_link != NOBODY -> cut() }                     /* nobody waits for ever */
  od
}

init {
  atomic {
    fill_runs();
    do :: i < IDS -> renews[i] = IDS; i++ :: else -> break od;
    i = 0;
    state[0] = IN_USE;
    run Server(); run Device(); run Watch(); run World()
#ifdef THIEF
    ; run Thief()
#endif
  }
}
