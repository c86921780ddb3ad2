/* One side's place in its runs, as RunCursor of the code holds it [M2]. */

typedef Cursor { short possible; byte taken };
hidden short still_possible;
hidden byte run_number;

inline begin_run(c, runs_of_side) { c.possible = runs_of_side; c.taken = 0 }

/* A message that is next in no legal run of its side is an error of the model, or of the table. */
inline take(c, kind) {
  d_step {
    still_possible = 0;
    run_number = 0;
    do
    :: run_number < RUNS ->
       if
       :: (c.possible & (1 << run_number)) && c.taken < run_length[run_number] &&
          run_message[run_number * LONGEST + c.taken] == kind -> still_possible = still_possible | (1 << run_number)
       :: else
       fi;
       run_number++
    :: else -> break
    od;
    assert(still_possible != 0);
    c.possible = still_possible;
    c.taken++;
    still_possible = 0;
    run_number = 0
  }
}
