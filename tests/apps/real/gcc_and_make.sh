# needs: gcc g++ make
# A small project of three files compiled and linked by make -j2; its program runs; its objects are the same bytes.
cat > a.c <<'C'
#include <stdio.h>
int b(int); int c(int);
int main(void) { printf("%d\n", b(5) + c(6)); return 3; }
C
echo 'int b(int x) { int s = 0; for (int i = 0; i < x * 10; ++i) s += i * x; return s; }' > b.c
echo '#include <math.h>
int c(int x) { return (int)sqrt(x * 1000.0); }' > c.c
printf 'OBJS = a.o b.o c.o\nprog: $(OBJS)\n\t@gcc -o $@ $(OBJS) -lm\n%%.o: %%.c\n\t@gcc -O2 -Wall -c $< -o $@\n' > Makefile
make -s -j2; sha256sum a.o b.o c.o; ./prog; echo $?; make -s; echo $?; echo 'int broken(' > a.c; make -s 2>&1 | head -3; echo 'template<class T> T f(T x) { return x + x; } int main() { return f(21) - 42; }' > t.cc; g++ -O2 t.cc -o t && ./t; echo $?
