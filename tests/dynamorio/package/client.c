#include "dr_api.h"
#include "hashtable.h"

static hashtable_t seen;

DR_EXPORT void dr_client_main(client_id_t id, int argc, const char *argv[]) {
  (void)id;
  (void)argc;
  (void)argv;
  hashtable_init(&seen, 8, HASH_INTPTR, false);
}
