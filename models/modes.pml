/* Switching between PNE mode and PNE+PN GW mode while data flows: links come and go, are lost with what they carry, and
   the user changes the wish.

   Checked: no deadlock; every change of state is a row of kTransitions; a planned switch never closes a way before the
   other carries (make before break); what is sent arrives once and in order, and all of it where a link is up at the end.

   -DFAULT_BREAK, -DFAULT_RESUME: planted, must be found. -DREACH: the good end must be reached. */

#include "generated/tables.pml"

#ifndef CHANGES
#define CHANGES 10
#endif
#define BYTES 4
#define NO_WAY 0
#define GATEWAY 1
#define DIRECT 2

byte state = ST_Assigned;
bool up[3];        /* what the device believes of its links */
bool works[3];     /* what the network does */
bool alive[3];     /* the connection: once it was cut, bytes of it are gone, and only a new one helps */
byte carries;      /* the way that data goes over */
byte wanted = DIRECT;
byte changes;
chan wire[3] = [2] of { byte };
byte sent; byte received; /* bytes; `sent` is where the sender stands */
hidden byte b;

inline go(on, to) { assert(LEGAL(state, on, to)); state = to }
inline clear_wire(way) { do :: nempty(wire[way]) -> wire[way]?b :: empty(wire[way]) -> break od; b = 0 }
/* SessionOpen and SessionAccept: both sides say where they stand, and the sender goes on from there [X1, X6]. */
inline resume(way) {
  carries = way;
#ifndef FAULT_RESUME
  clear_wire(GATEWAY); clear_wire(DIRECT); sent = received
#endif
}
inline lose(way) { works[way] = false; alive[way] = false; clear_wire(way) }

active proctype Activation() {
end_activation:
  do
  /* A link comes up. */
  :: atomic { works[GATEWAY] && !up[GATEWAY] && (state == ST_Assigned || state == ST_Degraded) ->
       up[GATEWAY] = true; alive[GATEWAY] = true; go(ON_GatewayUp, ST_PNE_mode); resume(GATEWAY) }
  :: atomic { works[DIRECT] && !up[DIRECT] && (state == ST_Assigned || state == ST_Degraded) ->
       up[DIRECT] = true; alive[DIRECT] = true; go(ON_DirectUp, ST_PNE_PN_GW_mode); resume(DIRECT) }
  :: atomic { works[DIRECT] && !up[DIRECT] && state == ST_PNE_mode && wanted == DIRECT ->
       up[DIRECT] = true; alive[DIRECT] = true; go(ON_DirectUp, ST_Switching); resume(DIRECT) }
  :: atomic { works[GATEWAY] && !up[GATEWAY] && state == ST_PNE_PN_GW_mode && wanted == GATEWAY ->
       up[GATEWAY] = true; alive[GATEWAY] = true; go(ON_GatewayUp, ST_Switching); resume(GATEWAY) }
  /* A wish, with the other link standing by. */
  :: atomic { state == ST_PNE_mode && wanted == DIRECT && up[DIRECT] && alive[DIRECT] ->
       go(ON_WishChanged, ST_Switching); resume(DIRECT) }
  :: atomic { state == ST_PNE_PN_GW_mode && wanted == GATEWAY && up[GATEWAY] && alive[GATEWAY] ->
       go(ON_WishChanged, ST_Switching); resume(GATEWAY) }
#ifdef FAULT_BREAK
  :: atomic { state == ST_PNE_mode && wanted == DIRECT && !up[DIRECT] -> up[GATEWAY] = false; carries = NO_WAY;
       assert(up[DIRECT] || up[GATEWAY]) }
#endif
  /* The switch is done: the old way may be closed, for the new one carries. */
  :: atomic { state == ST_Switching && carries == DIRECT && alive[DIRECT] ->
       go(ON_Settled, ST_PNE_PN_GW_mode); assert(up[DIRECT]);
       if :: up[GATEWAY] = false; clear_wire(GATEWAY) :: skip fi }
  :: atomic { state == ST_Switching && carries == GATEWAY && alive[GATEWAY] ->
       go(ON_Settled, ST_PNE_mode); assert(up[GATEWAY]);
       if :: up[DIRECT] = false; clear_wire(DIRECT) :: skip fi }
  /* A link is seen to be lost. */
  :: atomic { up[GATEWAY] && !alive[GATEWAY] -> up[GATEWAY] = false;
       if
       :: state == ST_PNE_mode && up[DIRECT] -> go(ON_GatewayDown, ST_PNE_PN_GW_mode); resume(DIRECT)
       :: state == ST_PNE_mode && !up[DIRECT] -> go(ON_GatewayDown, ST_Degraded); carries = NO_WAY
       :: state == ST_Switching && up[DIRECT] -> go(ON_GatewayDown, ST_PNE_PN_GW_mode); resume(DIRECT)
       :: state == ST_Switching && !up[DIRECT] -> go(ON_GatewayDown, ST_Degraded); carries = NO_WAY
       :: else
       fi }
  :: atomic { up[DIRECT] && !alive[DIRECT] -> up[DIRECT] = false;
       if
       :: state == ST_PNE_PN_GW_mode && up[GATEWAY] -> go(ON_DirectDown, ST_PNE_mode); resume(GATEWAY)
       :: state == ST_PNE_PN_GW_mode && !up[GATEWAY] -> go(ON_DirectDown, ST_Degraded); carries = NO_WAY
       :: state == ST_Switching && up[GATEWAY] -> go(ON_DirectDown, ST_PNE_mode); resume(GATEWAY)
       :: state == ST_Switching && !up[GATEWAY] -> go(ON_DirectDown, ST_Degraded); carries = NO_WAY
       :: else
       fi }
  od
}

active proctype Sender() {
end_sender:
  do
  :: atomic { carries != NO_WAY && alive[carries] && sent < BYTES && nfull(wire[carries]) -> wire[carries]!sent; sent++ }
  od
}

active proctype Receiver() {
end_receiver:
  do
  :: atomic { nempty(wire[GATEWAY]) -> wire[GATEWAY]?b;
       assert(b <= received); /* no gap */
       if :: b == received -> received++ :: else fi; b = 0 }
  :: atomic { nempty(wire[DIRECT]) -> wire[DIRECT]?b;
       assert(b <= received);
       if :: b == received -> received++ :: else fi; b = 0 }
  od
}

active proctype Network() {
end_network:
  do
  :: atomic { changes < CHANGES -> changes++;
       if
       :: !works[GATEWAY] -> works[GATEWAY] = true
       :: !works[DIRECT] -> works[DIRECT] = true
       :: works[GATEWAY] -> lose(GATEWAY)
       :: works[DIRECT] -> lose(DIRECT)
       :: wanted = GATEWAY
       :: wanted = DIRECT
       fi }
  /* Nothing moves any more: where a link works, everything has arrived. */
  :: atomic { timeout && (works[GATEWAY] || works[DIRECT]) && received < BYTES -> assert(changes < CHANGES) }
#ifdef REACH
  :: atomic { received == BYTES && changes >= 3 -> assert(false) }
#endif
  od
}
