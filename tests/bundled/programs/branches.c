// Some lines run and some do not, whatever the compiler makes of them. Built with --coverage.
// flags: -O0 -g --coverage
#include <stdio.h>
#include <string.h>

static int never_called(int value) {
  value *= 3;
  return value + 1;
}

static int classify(int value) {
  if (value < 0) {
    puts("negative");
    return -1;
  }
  switch (value % 4) {
    case 0:
      return 10;
    case 1:
      return 11;
    case 7:
      puts("cannot be");
      return 12;
    default:
      break;
  }
  return value > 1000000 ? never_called(value) : 13;
}

static int repeated(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += classify(i);
    if (sum < 0) {
      sum = 0;
    }
  }
  return sum;
}

int main(int argc, char** argv) {
  int sum = repeated(100);
  if (argc > 5) {
    sum = never_called(sum);
    printf("%s\n", argv[1]);
  } else if (argc > 1 && strcmp(argv[1], "minus") == 0) {
    sum = classify(-1);
  }
  printf("%d\n", sum);
  return 0;
}
