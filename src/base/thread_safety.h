// What clang is told of locks, so that it finds an access without the lock (-Wthread-safety, which
// tests/lint.py makes an error). Other compilers see nothing.
#pragma once

#ifdef __clang__
#define WEFT_ATTRIBUTE(x) __attribute__((x))
#else
#define WEFT_ATTRIBUTE(x)
#endif

/// A class whose objects are locks.
#define CAPABILITY(name) WEFT_ATTRIBUTE(capability(name))
/// A class whose objects hold a lock while they live.
#define SCOPED_CAPABILITY WEFT_ATTRIBUTE(scoped_lockable)
/// Data that is read and written under the lock only.
#define GUARDED_BY(lock) WEFT_ATTRIBUTE(guarded_by(lock))
/// The caller holds the lock.
#define REQUIRES(...) WEFT_ATTRIBUTE(requires_capability(__VA_ARGS__))
/// The caller does not hold the lock: the function takes it.
#define EXCLUDES(...) WEFT_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) WEFT_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) WEFT_ATTRIBUTE(release_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) WEFT_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
/// The function returns the lock itself.
#define RETURN_CAPABILITY(lock) WEFT_ATTRIBUTE(lock_returned(lock))
/// The compiler cannot follow what the function does with locks; a comment says why it is right.
#define NO_THREAD_SAFETY_ANALYSIS WEFT_ATTRIBUTE(no_thread_safety_analysis)
