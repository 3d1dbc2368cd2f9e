#include "linux/call/file/proc_text.h"

#include <algorithm>
#include <array>

#include "linux/kernel/raw_syscall.h"

namespace weft::linux {

ProcText::ProcText(const ProcFiles& files, const ProgramThread& thread, ProcFile file, uint64_t fd)
    : file_(file) {
  if (!is_map(file)) {
    whole_ = files.content(thread, file, fd);
    return;
  }
  maps_.emplace(files.program_mappings());
  // Seeking in the program's own makes the kernel write all that comes before.
  source_ = ProcFiles::open_again(fd);
}

std::string_view ProcText::from(uint64_t start) {
  if (!maps_) return std::string_view(whole_).substr(std::min(start, whole_.size()));
  extend(start + kPageSize + 1);
  const std::string& text = maps_->text();
  const std::string_view left = std::string_view(text).substr(std::min(start, text.size()));
  if (left.size() <= kPageSize) return left;
  const size_t last = left.rfind('\n', kPageSize - 1);
  return left.substr(0, last == std::string_view::npos ? kPageSize : last + 1);
}

void ProcText::extend(uint64_t size) {
  std::array<char, 16384> buffer;
  while (!ended_ && maps_->text().size() < size) {
    const int64_t count = raw_syscall(__NR_read, static_cast<uint64_t>(source_.get()),
                                      word(buffer.data()), buffer.size());
    ended_ = count <= 0;
    if (ended_) {
      maps_->finish();
    } else {
      maps_->feed({buffer.data(), static_cast<size_t>(count)});
    }
  }
}

}  // namespace weft::linux
