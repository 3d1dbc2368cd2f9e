/* How fragments are published, linked, deleted and reclaimed while a thread runs them: the protocol of
 * src/cache/lifecycle_*.cc, links.cc and limbo.cc, with one builder of blocks, one builder of traces, two
 * deleters, a runner and a reclaimer.
 *
 * Tag 0 is a block's. Tag 1 is the head of a trace that contains block 0, too, and that offers an entry
 * for tag 0 if the tag has no block. A slot is a fragment's record and its code at once. Every store that
 * the runner may see without a lock is a step of its own; memory is sequentially consistent.
 *
 * Each MUTATE_ macro takes one precaution away; run.sh checks that the claims fail without it. */

#define TAGS 2
#define SLOTS 3
#define NONE 7
#define ROOT SLOTS /* the exit of a fragment that is never deleted */

#define BUILDER 0
#define TRACER 1
#define DELETER 2 /* and 3 */
#define RUNNER 4
#define THREADS 5

#ifndef OTHER_TAG
#define OTHER_TAG 0 /* what the second deleter deletes; run.sh tries both */
#endif
#define HOPS 1 /* links that the runner follows in a stay */

mtype = { FREE, BUILDING, LIVE, DEAD };

mtype state[SLOTS] = FREE;
bool contains[6];           /* slot * TAGS + tag */
byte built[6];              /* the version of the tag's bytes that the slot's code was made from */
byte head[SLOTS];
bool retired[SLOTS];        /* it is in limbo */
byte waits_for[SLOTS];      /* the threads that were inside when it came there: bits */

byte target[4];             /* of each exit; an exit has its slot's number, or ROOT */
byte site[4] = NONE;        /* where the exit goes; NONE: to its stub */
bool attached[4];           /* it is in its target's list, linked or waiting */

byte block[TAGS] = NONE;
byte traced[TAGS] = NONE;
byte direct[TAGS] = NONE;   /* what the dispatcher finds */
byte shadow[TAGS] = NONE;   /* where indirect branches go */
bool changed[4];            /* reader * TAGS + tag: the generation is not what the builder has read */
bool member[6];             /* tag * SLOTS + slot: the slot contains the tag, not as its head */
bool locked[TAGS];
bool holding[THREADS];

byte version[TAGS];         /* of the program's bytes; every deletion comes from a change */
byte promised[TAGS];        /* code of an older version is not entered any more */

byte inside;                /* threads that have announced an epoch: bits; see epochs.pml */

byte at = NONE;             /* the slot that the runner is in */
byte finished;

/* A grace period is over when every thread that was inside at its start has left. Nothing that is freed
 * at once would be safer if it were freed later. */
#ifdef MUTATE_NO_EPOCHS
#define FREEABLE(slot) (retired[slot])
#else
#define FREEABLE(slot) (retired[slot] && waits_for[slot] == 0)
#endif

inline reclaim(slot) {
  if
  :: FREEABLE(slot) ->
    assert(at != slot); /* the runner's code is not taken from under it */
    assert(block[0] != slot && block[1] != slot && traced[0] != slot && traced[1] != slot);
    assert(!member[slot] && !member[SLOTS + slot]);
    assert(!attached[slot]);
    state[slot] = FREE;
    retired[slot] = false;
    waits_for[slot] = 0;
    contains[slot * TAGS] = false;
    contains[slot * TAGS + 1] = false;
    built[slot * TAGS] = 0;
    built[slot * TAGS + 1] = 0;
    head[slot] = 0;
    target[slot] = 0;
    site[slot] = NONE
  :: else
  fi
}

inline announce() { inside = inside | (1 << me) }

inline withdraw() {
  inside = inside & ~(1 << me);
  waits_for[0] = waits_for[0] & ~(1 << me);
  waits_for[1] = waits_for[1] & ~(1 << me);
  waits_for[2] = waits_for[2] & ~(1 << me);
  reclaim(0);
  reclaim(1);
  reclaim(2)
}

inline bump_generation(tag) {
  changed[BUILDER * TAGS + tag] = true;
  changed[TRACER * TAGS + tag] = true
}

inline lock(tag) {
  !locked[tag];
  locked[tag] = true;
  assert(!holding[me]); /* nobody ever holds two tag locks */
  holding[me] = true
}

inline unlock(tag) { locked[tag] = false; holding[me] = false }

/* The runner has just read that `slot` is the way to go. */
inline check_entry(slot) {
  if
  :: slot != NONE ->
    assert(state[slot] == LIVE || state[slot] == DEAD);
    assert(!contains[slot * TAGS] || built[slot * TAGS] >= promised[0]);
    assert(!contains[slot * TAGS + 1] || built[slot * TAGS + 1] >= promised[1])
  :: else
  fi
}

#define ENTRY(tag) (traced[tag] != NONE -> traced[tag] : block[tag])
#define STALE(x, tag) (attached[x] && target[x] == tag && site[x] != direct[tag])
#define ANY_STALE(tag) (STALE(0, tag) || STALE(1, tag) || STALE(2, tag) || STALE(ROOT, tag))

/* Everything that leads to the tag follows its block and trace. */
inline refresh(tag) {
  direct[tag] = ENTRY(tag);
#ifdef MUTATE_NO_RETRACT
  if :: direct[tag] != NONE -> shadow[tag] = direct[tag] :: else fi;
#else
  shadow[tag] = direct[tag];
#endif
  do
#ifdef MUTATE_NO_UNLINK
  :: direct[tag] != NONE && ANY_STALE(tag) -> patch_one(tag)
#else
  :: ANY_STALE(tag) -> patch_one(tag)
#endif
  :: else -> break
  od
}

inline patch_one(tag) {
  if
  :: STALE(0, tag) -> site[0] = direct[tag]
  :: else ->
    if
    :: STALE(1, tag) -> site[1] = direct[tag]
    :: else ->
      if :: STALE(2, tag) -> site[2] = direct[tag] :: else -> site[ROOT] = direct[tag] fi
    fi
  fi
}

inline attach_exit(slot) {
  atomic {
#ifdef MUTATE_TWO_LOCKS
    lock(head[slot]);
#endif
    lock(target[slot]);
    if
#ifdef MUTATE_ATTACH_UNCHECKED
    :: true ->
#else
    :: state[slot] == LIVE ->
#endif
#ifdef MUTATE_NO_WAITING
      attached[slot] = direct[target[slot]] != NONE;
#else
      attached[slot] = true;
#endif
      site[slot] = direct[target[slot]]
    :: else
    fi;
    unlock(target[slot])
  }
}

inline detach_exit(slot) {
  atomic {
    lock(target[slot]);
    if
    :: attached[slot] -> site[slot] = NONE; attached[slot] = false
    :: else
    fi;
    unlock(target[slot])
  }
}

/* A trace is a member of the one tag that is not its head. */
inline unregister(slot) {
  atomic {
    if
    :: contains[slot * TAGS + 1 - head[slot]] ->
      lock(1 - head[slot]);
      member[(1 - head[slot]) * SLOTS + slot] = false;
      unlock(1 - head[slot])
    :: else
    fi
  }
}

inline retire(slot) {
  atomic {
    assert(!retired[slot] && state[slot] == DEAD); /* a fragment dies once */
    retired[slot] = true;
    waits_for[slot] = inside;
    reclaim(slot)
  }
}

inline close_entry(slot, tag) {
  atomic {
    if
    :: contains[slot * TAGS + tag] ->
      lock(tag);
      if
      :: block[tag] == slot || traced[tag] == slot ->
        if :: block[tag] == slot -> block[tag] = NONE :: else fi;
        if :: traced[tag] == slot -> traced[tag] = NONE :: else fi;
        bump_generation(tag);
        refresh(tag)
      :: else
      fi;
      unlock(tag)
    :: else
    fi
  }
}

inline kill(slot) {
#ifdef MUTATE_KILL_WITHOUT_CAS
  how = state[slot];
  state[slot] = DEAD;
#else
  atomic {
    how = state[slot];
    state[slot] = DEAD;
    assert(how != FREE)
  }
#endif
  if
  :: how == BUILDING -> skip /* its builder gives it up */
  :: how == LIVE ->
#ifdef MUTATE_RETIRE_EARLY
    retire(slot);
#endif
    close_entry(slot, 0);
    close_entry(slot, 1);
    /* One step: what is retired later waits for more threads, not fewer. */
    atomic {
      unregister(slot);
#ifndef MUTATE_NO_DETACH
      detach_exit(slot);
#endif
#ifndef MUTATE_RETIRE_EARLY
      retire(slot)
#endif
    }
  :: how == DEAD ->
#ifndef MUTATE_NO_HELP
    close_entry(slot, 0);
    close_entry(slot, 1)
#else
    skip
#endif
  fi
}

inline next_victim() {
  do
  :: s < SLOTS && !victim[s] -> s++
  :: else -> break
  od
}

inline find_victims(tag) {
  lock(tag);
#ifndef MUTATE_NO_GENERATION_BUMP
  bump_generation(tag);
#endif
  if :: block[tag] != NONE -> victim[block[tag]] = true :: else fi;
  if :: traced[tag] != NONE -> victim[traced[tag]] = true :: else fi;
  s = 0;
  do
  :: s < SLOTS ->
    if
    :: member[tag * SLOTS + s] ->
      victim[s] = true;
#ifdef MUTATE_MEMBERS_TAKEN
      member[tag * SLOTS + s] = false
#endif
    :: else
    fi;
    s++
  :: else -> break
  od;
  s = 0;
  unlock(tag);
  next_victim()
}

proctype Deleter(byte me) {
  byte tag, mine, s;
  bool victim[SLOTS];
  mtype how = FREE;

  atomic {
    tag = (me == DELETER -> 0 : OTHER_TAG);
    /* Two that do the same need not be tried in both orders. */
    me == DELETER || OTHER_TAG != 0 || version[0] != 0;
    version[tag]++;
    mine = version[tag];
    announce();
    find_victims(tag)
  }
  do
  :: s < SLOTS ->
    kill(s);
    atomic { victim[s] = false; how = FREE; next_victim() }
  :: else -> break
  od;
  /* The promise: on return nobody enters what was made from bytes before the change. */
  atomic {
    if :: mine > promised[tag] -> promised[tag] = mine :: else fi;
    s = 0;
    withdraw();
    finished++
  }
}

inline register(mine) {
#ifndef MUTATE_NO_REGISTER
  atomic {
    lock(1 - mine);
    member[(1 - mine) * SLOTS + s] = true;
#ifndef MUTATE_NO_GENERATION_CHECK
    fresh = fresh && !changed[me * TAGS + 1 - mine];
#endif
    unlock(1 - mine)
  }
#else
  skip
#endif
}

inline go_live(mine, is_trace) {
#ifdef MUTATE_LIVE_WITHOUT_CAS
  atomic { fresh = fresh && state[s] == BUILDING }
#endif
  atomic {
    lock(mine);
#ifndef MUTATE_NO_HEAD_CHECK
    fresh = fresh && !changed[me * TAGS + mine];
#endif
    fresh = fresh && (is_trace -> traced[mine] : block[mine]) == NONE;
#ifndef MUTATE_LIVE_WITHOUT_CAS
    fresh = fresh && state[s] == BUILDING;
#endif
    if
    :: fresh ->
      state[s] = LIVE;
      if :: is_trace -> traced[mine] = s :: else -> block[mine] = s fi;
      refresh(mine)
    :: else
    fi;
    unlock(mine)
  }
}

inline open_entry(tag) {
  atomic {
    lock(tag);
    if
#ifdef MUTATE_OPEN_UNCHECKED
    :: block[tag] == NONE && !changed[me * TAGS + tag] ->
#else
    :: state[s] == LIVE && block[tag] == NONE && !changed[me * TAGS + tag] ->
#endif
      block[tag] = s;
      refresh(tag)
    :: else
    fi;
    unlock(tag)
  }
}

/* Makes a fragment with head `mine`; a trace contains the other tag, too. */
/* (Generations are read before the bytes; a deletion in between only makes them stale for nothing.) */
inline build(mine, is_trace) {
  atomic {
    announce();
    changed[me * TAGS] = false;
    changed[me * TAGS + 1] = false;
    if
    :: state[0] == FREE -> s = 0
    :: state[0] != FREE && state[1] == FREE -> s = 1
    :: state[0] != FREE && state[1] != FREE && state[2] == FREE -> s = 2
    :: else -> s = NONE
    fi;
    if
    :: s != NONE ->
      state[s] = BUILDING;
      head[s] = mine;
      target[s] = 1 - mine;
      site[s] = NONE;
      contains[s * TAGS + mine] = true;
      contains[s * TAGS + 1 - mine] = is_trace;
      built[s * TAGS] = version[0];
      built[s * TAGS + 1] = version[1];
      fresh = true
    :: else
    fi
  }
#ifdef MUTATE_BYTES_FIRST
  atomic {
    changed[me * TAGS] = false;
    changed[me * TAGS + 1] = false
  }
#endif
  if
  :: s != NONE ->
#ifndef MUTATE_REGISTER_LATE
    if :: is_trace -> register(mine) :: else fi;
#endif
    go_live(mine, is_trace);
#ifdef MUTATE_REGISTER_LATE
    if :: is_trace && fresh -> register(mine) :: else fi;
#endif
    if
    :: fresh ->
      if :: is_trace -> open_entry(1 - mine) :: else fi;
      attach_exit(s)
    :: else ->
      atomic {
        if :: state[s] == BUILDING -> state[s] = DEAD :: else fi;
        unregister(s);
        retire(s)
      }
    fi
  :: else
  fi;
  atomic {
    withdraw();
    fresh = false;
    s = 0;
    finished++
  }
}

proctype Builder(byte me) {
  byte s;
  bool fresh;
  build(0, false)
}

proctype Tracer(byte me) {
  byte s;
  bool fresh;
  build(1, true)
}

proctype Runner(byte me) {
  byte hops;
  atomic {
#ifndef MUTATE_ANNOUNCE_LATE
    announce();
#endif
    if
    :: at = direct[0]
    :: at = direct[1]
    :: at = shadow[0]
    :: at = shadow[1]
    :: at = site[ROOT]
    fi;
    check_entry(at)
  }
#ifdef MUTATE_ANNOUNCE_LATE
  atomic { announce() }
#endif
  do
  :: atomic { at != NONE && hops < HOPS -> hops++; at = site[at]; check_entry(at) }
  :: atomic { at == NONE || hops == HOPS -> break }
  od;
  atomic {
    at = NONE;
    hops = 0;
#ifndef MUTATE_NEVER_QUIESCENT
    withdraw();
#endif
    finished++
  }
}

inline expect_agreement(tag) {
  assert(direct[tag] == ENTRY(tag));
  assert(shadow[tag] == direct[tag]);
  assert(direct[tag] == NONE || state[direct[tag]] == LIVE)
}

/* No lost link: every exit of a live fragment goes where its target is. */
inline expect_link(x) {
  if
  :: x == ROOT || state[x] == LIVE -> assert(attached[x] && site[x] == direct[target[x]])
  :: else -> assert(!attached[x])
  fi
}

/* When everybody is done. */
proctype Judge() {
  atomic {
    finished == THREADS;
    expect_agreement(0);
    expect_agreement(1);
    expect_link(0);
    expect_link(1);
    expect_link(2);
    expect_link(ROOT);
    /* Nothing is stuck on its way. */
    assert(state[0] == FREE || state[0] == LIVE);
    assert(state[1] == FREE || state[1] == LIVE);
    assert(state[2] == FREE || state[2] == LIVE)
  }
}

init {
  atomic {
    /* Block 0 is there, linked from the root. */
    state[0] = LIVE;
    head[0] = 0;
    contains[0] = true;
    target[0] = 1;
    attached[0] = true;
    block[0] = 0;
    direct[0] = 0;
    shadow[0] = 0;
    target[ROOT] = 0;
    attached[ROOT] = true;
    site[ROOT] = 0;
    run Builder(BUILDER);
    run Tracer(TRACER);
    run Deleter(DELETER);
    run Deleter(DELETER + 1);
    run Runner(RUNNER);
    run Judge()
  }
}
