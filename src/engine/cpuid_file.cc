#include "engine/cpuid_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"
#include "engine/image_file.h"
#include "linux/kernel/private_file.h"
#include "linux/kernel/raw_syscall.h"
#include "linux/kernel/surroundings.h"
#include "x86/cpuid.h"

namespace weft::engine {
namespace {

using linux::UniqueFd;

constexpr char kName[] = "cpuid";

/// The whole file but for the answers, which come behind.
struct Header {
  uint64_t checksum;  ///< of all that follows
  std::array<char, 8> magic;
  /// The kernel's name for the time since it started.
  std::array<char, 36> boot;
  uint32_t count;
  /// What the processor says that it is: never taken from the file.
  x86::CpuidAnswer processor;
};

constexpr std::array<char, 8> kMagic{'w', 'e', 'f', 't', 'c', 'p', 'u', '1'};

/// The kernel's name for the time since the machine started; false if it has none.
bool find_boot(std::array<char, 36>& boot) {
  linux::Surroundings& surroundings = linux::Surroundings::instance();
  const std::string& told = surroundings.told().boot;
  if (told.size() == boot.size()) {
    std::copy(told.begin(), told.end(), boot.begin());
    return true;
  }
  const int64_t opened =
      surroundings.open_proc("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (linux::failed(opened)) return false;
  const UniqueFd file(static_cast<int>(opened));
  const std::span bytes(reinterpret_cast<uint8_t*>(boot.data()), boot.size());
  if (!linux::read_at(file.get(), 0, bytes)) return false;
  surroundings.note_boot({boot.data(), boot.size()});
  return true;
}

/// False if there is no telling one start of the machine from another.
bool fill_in(Header& header) {
  header = {};
  header.magic = kMagic;
  if (!find_boot(header.boot)) return false;
  header.processor = x86::cpuid(1, 0);
  header.processor.ebx = 0;  // of the one that this thread is on
  return true;
}

using Bytes = std::vector<uint8_t>;

uint64_t checksum_of(const Bytes& file) {
  constexpr size_t kFrom = sizeof(uint64_t);
  return hash_of({reinterpret_cast<const char*>(file.data()) + kFrom, file.size() - kFrom});
}

Bytes make_file(Header header, std::span<const x86::KeptCpuid> answers) {
  header.count = static_cast<uint32_t>(answers.size());
  Bytes file(sizeof header + answers.size_bytes());
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(file.data() + sizeof header, answers.data(), answers.size_bytes());
  const uint64_t checksum = checksum_of(file);
  std::memcpy(file.data(), &checksum, sizeof checksum);
  return file;
}

}  // namespace

CpuidFile::CpuidFile(std::string directory) : directory_(std::move(directory)) {
  if (directory_.empty()) return;
  const Result<UniqueFd> at = linux::open_private_directory(directory_);
  if (!at) return;
  struct stat status {};
  const Result<UniqueFd> opened = linux::open_private_file(at.value(), kName, status);
  if (!opened || !opened.value().valid()) return;
  const auto size = static_cast<size_t>(status.st_size);
  std::array<x86::KeptCpuid, x86::kMostKeptCpuid> answers;
  if (size < sizeof(Header) || size > sizeof(Header) + sizeof answers) return;
  Bytes file(size);
  Header header;
  if (!fill_in(header) || !linux::read_at(opened.value().get(), 0, file)) return;
  const size_t count = (size - sizeof header) / sizeof answers[0];
  std::memcpy(answers.data(), file.data() + sizeof header, count * sizeof answers[0]);
  // Of this machine since it started, and whole, if it is what would be written now.
  if (file != make_file(header, std::span(answers).first(count))) return;
  for (size_t i = 0; i < count; ++i) x86::keep_cpuid(answers[i]);
  known_ = count;
}

void CpuidFile::save() {
  if (directory_.empty()) return;
  std::array<x86::KeptCpuid, x86::kMostKeptCpuid> answers;
  const size_t count = x86::kept_cpuid(answers);
  Header header;
  if (count <= known_ || !fill_in(header)) return;
  const Bytes file = make_file(header, std::span(answers).first(count));
  const Result<UniqueFd> at = linux::open_private_directory(directory_);
  if (!at) return;
  Result<linux::DraftFile> draft = linux::DraftFile::create(at.value(), kName, file.size());
  if (!draft) return;
  if (linux::write_at(draft.value().fd(), 0, file) != 0) return;
  if (draft.value().keep(0)) known_ = count;
}

}  // namespace weft::engine
