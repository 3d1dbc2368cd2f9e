// exits: 213
// The exit status is the program's.
int main(void) { return 0x12d5; }
