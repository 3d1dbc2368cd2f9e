// Of several errors in a call of mprotect, madvise or mremap, the kernel's order says which one counts, whether the
// place is mapped, beyond the end of a mapping, free, or none at all.
#include "app.h"

#define BASE 0x10000000000ul
enum { kPage = 4096 };

static void map_anew(void) {
  munmap((void*)BASE, 64 * kPage);
  const int flags = MAP_ANONYMOUS | MAP_FIXED;
  REQUIRE(mmap((void*)BASE, 8 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | flags, -1, 0) == (void*)BASE);
  mmap((void*)(BASE + 16 * kPage), 8 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | flags, -1, 0);
}

static void say(const char* call, unsigned long at, unsigned long length, unsigned long what, long result) {
  printf("%s %lx %lx %lx: %d\n", call, at, length, what, result == -1 ? errno : 0);
}

int main(void) {
  const unsigned long places[] = {0, 1, BASE, BASE + 1, BASE + 4 * kPage, BASE + 20 * kPage, BASE + 40 * kPage, -4096ul};
  const unsigned long lengths[] = {0, 1, kPage, 4 * kPage, 6 * kPage, -1ul};
  const int protections[] = {0, PROT_READ, 8, 16, PROT_GROWSDOWN, PROT_GROWSDOWN | PROT_GROWSUP};
  const int advices[] = {MADV_DONTNEED, MADV_WILLNEED, 5, 7, 99, -1};
  const unsigned long targets[] = {BASE + 48 * kPage, BASE + 48 * kPage + 1, -4096ul};
  for (int p = 0; p < 8; ++p) {
    for (int l = 0; l < 6; ++l) {
      const unsigned long at = places[p], length = lengths[l];
      for (int i = 0; i < 6; ++i) {
        map_anew();
        // How far a page beyond user memory is looked at differs: no place for flags that are not known.
        if (at + kPage != 0 && !(i == 4 && at + length > BASE + 8 * kPage && at >= BASE))
          say("mprotect", at, length, protections[i], mprotect((void*)at, length, protections[i]));
        say("madvise", at, length, advices[i], madvise((void*)at, length, advices[i]));
      }
      for (int flags = 0; flags < 9 && length != -1ul; ++flags) {
        for (int n = 0; n < 5; ++n) {
          for (int t = 0; t < 3; ++t) {
            if (t != 0 && (flags & MREMAP_FIXED) == 0) continue;
            // A target of 0 overlaps what is asked for.
            if (at < kPage && (flags & MREMAP_DONTUNMAP) != 0) continue;
            // More than one mapping at once: newer kernels move some of these.
            if (at >= BASE && (at % (16 * kPage)) / kPage + length / kPage > 8) continue;
            map_anew();
            const unsigned long target = (flags & MREMAP_FIXED) != 0 ? targets[t] : 0;
            void* got = mremap((void*)at, length, lengths[n], flags, (void*)target);
            say("mremap", at, length, lengths[n] | (unsigned long)flags << 60 | (unsigned long)t << 56, (long)got);
            if (got != MAP_FAILED && ((unsigned long)got < BASE || (unsigned long)got >= BASE + 64 * kPage))
              munmap(got, lengths[n]);
          }
        }
      }
    }
  }
  return 0;
}
