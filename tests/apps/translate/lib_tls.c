// Thread-local variables of a library: the general-dynamic model.
__thread int tls_in_library = 40;
static __thread int tls_local[1000] = {2};
int tls_sum(void) { return tls_in_library + tls_local[0]++; }
int* tls_address(void) { return &tls_in_library; }
