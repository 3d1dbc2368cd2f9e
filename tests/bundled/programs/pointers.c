// Goes round a ring of cells, as many turns as it is told.
// flags: -O1 -g
#include <stdio.h>
#include <stdlib.h>

enum { kCells = 4096 };
struct cell {
  struct cell* next;
  long visits;
};
static struct cell cells[kCells];

int main(int argc, char** argv) {
  for (int i = 0; i < kCells; ++i) cells[i].next = &cells[(i * 5 + 1) % kCells];
  struct cell* at = cells;
  for (long turns = 30 * atol(argv[argc - 1]); turns > 0; --turns) {
    ++at->visits;
    at = at->next;
  }
  printf("%ld %ld\n", cells[0].visits, cells[kCells - 1].visits);
  return 0;
}
