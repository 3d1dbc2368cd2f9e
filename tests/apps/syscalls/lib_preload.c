// A preloaded library that replaces getppid.
int getppid(void) { return 12321; }
