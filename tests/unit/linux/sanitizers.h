// AddressSanitizer and ThreadSanitizer use the ranges of the window for themselves.
#pragma once

namespace weft::linux {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WEFT_SANITIZER_OWNS_WINDOW 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEFT_SANITIZER_OWNS_WINDOW 1
#endif

#ifdef WEFT_SANITIZER_OWNS_WINDOW
inline constexpr bool kSanitizerOwnsWindow = true;
#else
inline constexpr bool kSanitizerOwnsWindow = false;
#endif

}  // namespace weft::linux
