/* Epochs as src/cache/epochs.cc and limbo.cc have them: two readers, two threads that take something out
 * and retire it, a reclaimer that looks at the readers one at a time. Memory is sequentially
 * consistent. Each MUTATE_ macro takes one precaution away. */

#define THINGS 2
#define READERS 2
#define NOTHING 7

byte epoch = 1;
byte announced[READERS];    /* 0: quiescent */
bool reachable[THINGS] = true;
byte retired[THINGS];       /* the epoch; 0: not yet */
bool freed[THINGS];
byte reading[READERS] = NOTHING;
byte finished;

proctype Reader(byte me) {
  byte seen, stays;
  do
  :: stays < 2 ->
#ifndef MUTATE_ANNOUNCE_AFTER_READ
    seen = epoch;
    announced[me] = seen; /* it may have passed by now */
#endif
    atomic {
      if
      :: reachable[0] -> reading[me] = 0
      :: reachable[1] -> reading[me] = 1
      :: else
      fi
    }
#ifdef MUTATE_ANNOUNCE_AFTER_READ
    seen = epoch;
    announced[me] = seen;
#endif
    assert(reading[me] == NOTHING || !freed[reading[me]]);
    assert(reading[me] == NOTHING || !freed[reading[me]]);
    atomic { reading[me] = NOTHING; announced[me] = 0; seen = 0; stays++ }
  :: else -> break
  od;
  finished++
}

proctype Retirer(byte thing) {
  byte mine;
#ifdef MUTATE_ADVANCE_BEFORE_UNLINK
  atomic { epoch++; mine = epoch }
  reachable[thing] = false;
#else
  reachable[thing] = false;
  atomic { epoch++; mine = epoch }
#endif
  retired[thing] = mine;
  finished++
}

inline consider(thing) {
  if
  :: retired[thing] != 0 && retired[thing] <= oldest && !freed[thing] ->
    assert(reading[0] != thing && reading[1] != thing);
    freed[thing] = true
  :: else
  fi
}

inline look_at(reader) {
  atomic {
    if
    :: announced[reader] != 0 && announced[reader] < oldest -> oldest = announced[reader]
    :: else
    fi
  }
}

proctype Reclaimer() {
  byte oldest, passes;
  do
  :: passes < 2 ->
    if
    :: passes == 1 -> finished == READERS + THINGS /* the last pass */
    :: else
    fi;
#ifdef MUTATE_NO_LIMIT
    oldest = 255;
#else
    oldest = epoch;
#endif
#ifndef MUTATE_NO_SCAN
    look_at(0);
    look_at(1);
#endif
    atomic { consider(0); consider(1); oldest = 0; passes++ }
  :: else -> break
  od;
  assert(freed[0] && freed[1]) /* nothing is stuck */
}

init {
  atomic {
    run Reader(0);
    run Reader(1);
    run Retirer(0);
    run Retirer(1);
    run Reclaimer()
  }
}
