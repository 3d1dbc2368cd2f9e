// The program's memory as a system call sees it: an address that cannot be read or written is an
// answer (EFAULT), not a fault. Stateless; any thread whose SIGSEGV is the runtime's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::linux {

/// Copies `size` bytes from the program's `address`; false if any of them cannot be read.
bool read_program(void* to, uint64_t address, size_t size);
/// Copies to the program's `address`; false if it cannot be written whole.
bool write_program(uint64_t address, const void* from, size_t size);

template <typename T>
bool read_program(T* to, uint64_t address) {
  return read_program(static_cast<void*>(to), address, sizeof(T));
}
template <typename T>
bool write_program(uint64_t address, const T& value) {
  return write_program(address, static_cast<const void*>(&value), sizeof(T));
}

/// Reads a string of at most `limit` bytes with its terminator. 0, or -EFAULT, or -ENAMETOOLONG if
/// it does not end within the limit.
int64_t read_program_string(std::string* to, uint64_t address, size_t limit);

/// Reads an array of pointers that ends with a null pointer (argv). A null `address` is an empty
/// array, as for execve. 0, -EFAULT or -E2BIG.
int64_t read_program_pointers(std::vector<uint64_t>* to, uint64_t address);

}  // namespace weft::linux
