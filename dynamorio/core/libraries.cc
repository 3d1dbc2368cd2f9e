#include "core/libraries.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <string_view>

#include "core/room.h"

namespace weft::dynamorio {
namespace {

Range range_of(const dl_phdr_info& info) {
  Range range{~Address{0}, 0};
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info.dlpi_phdr[i];
    if (header.p_type != PT_LOAD) continue;
    range.start = std::min<Address>(range.start, info.dlpi_addr + header.p_vaddr);
    range.end = std::max<Address>(range.end, info.dlpi_addr + header.p_vaddr + header.p_memsz);
  }
  return range.start < range.end ? range : Range{};
}

struct Search {
  Address base = 0;
  Range found{};
};

int compare(dl_phdr_info* info, size_t, void* argument) {
  auto& search = *static_cast<Search*>(argument);
  if (info->dlpi_addr != search.base) return 0;
  search.found = range_of(*info);
  return 1;
}

/// weft itself has these loaded for all.
bool is_of_the_system(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  constexpr std::string_view kShared[] = {
      "libdynamorio.so", "libc.so",   "libm.so",  "libstdc++.so",       "libgcc_s.so",
      "libpthread.so",   "libdl.so",  "librt.so", "ld-linux-x86-64.so", "libfmt.so",
      "libZydis.so",     "libelf.so", "libdw.so", "linux-vdso.so"};
  return std::any_of(std::begin(kShared), std::end(kShared),
                     [&](std::string_view each) { return name.starts_with(each); });
}

}  // namespace

Range library_range(void* handle) {
  link_map* map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0) return {};
  Search search{map->l_addr, {}};
  dl_iterate_phdr(compare, &search);
  return search.found;
}

bool is_in_client(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return false;
  for (const Client& client : Room::get().clients()) {
    if (info.dli_fbase == client.base) return true;
  }
  // The executable is weft's.
  const std::string_view path = info.dli_fname;
  return path.find(".so") != std::string_view::npos && !is_of_the_system(path);
}

}  // namespace weft::dynamorio
