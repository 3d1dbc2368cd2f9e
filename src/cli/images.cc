#include "cli/images.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "engine/image_file.h"
#include "linux/kernel/private_file.h"

namespace weft::cli {
namespace {

constexpr std::string_view kEnding = ".image";
constexpr double kMegabyte = 1 << 20;

/// As the XDG base directory specification has it; empty if the user has no home.
std::string cache_home() {
  const char* const given = std::getenv("XDG_CACHE_HOME");
  // A relative one is to be ignored.
  if (given != nullptr && given[0] == '/') return given;
  const char* const home = std::getenv("HOME");
  return home != nullptr && home[0] == '/' ? std::string(home) + "/.cache" : std::string();
}

constexpr char kUsage[] =
    "usage: weft cache [--persist=DIR] list         name each code image, its size and last use\n"
    "       weft cache [--persist=DIR] trim SIZE    remove those that were used least recently,\n"
    "                                               until all have no more than SIZE, e.g. 200MB\n"
    "       weft cache [--persist=DIR] clear        remove all\n"
    "The directory is weft in $XDG_CACHE_HOME or ~/.cache, unless another one is named.\n";

/// A number of bytes, or of KB, MB or GB.
std::optional<uint64_t> bytes_in(std::string_view text) {
  constexpr std::pair<std::string_view, uint32_t> kUnits[] = {
      {"", 0}, {"B", 0}, {"KB", 10}, {"MB", 20}, {"GB", 30}};
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  for (const auto& [name, shift] : kUnits) {
    if (unit == name && number <= UINT64_MAX >> shift) return number << shift;
  }
  return std::nullopt;
}

int fail(const std::string& text) {
  std::fprintf(stderr, "weft: %s\n", text.c_str());
  return kStatusUsage;
}

int list(const linux::UniqueFd& directory) {
  std::vector<linux::StoredFile> files = linux::list_files(directory, kEnding);
  std::sort(files.begin(), files.end(),
            [](const auto& one, const auto& other) { return one.used.tv_sec > other.used.tv_sec; });
  uint64_t sum = 0;
  for (const linux::StoredFile& file : files) {
    constexpr size_t kLongest = 64;
    char used[kLongest] = "";
    struct tm broken_down {};
    if (localtime_r(&file.used.tv_sec, &broken_down) != nullptr) {
      std::strftime(used, sizeof used, "%Y-%m-%d %H:%M", &broken_down);
    }
    const std::string program = engine::ImageFile::program_of(directory, file.name);
    std::printf("%8.1f MB  %s  %s\n", static_cast<double>(file.bytes) / kMegabyte, used,
                program.empty() ? "(not this weft's)" : program.c_str());
    sum += file.bytes;
  }
  std::printf("%8.1f MB in %zu images\n", static_cast<double>(sum) / kMegabyte, files.size());
  return 0;
}

}  // namespace

void choose_images(engine::Options& options, const FollowedExec& followed) {
  if (options.no_images || options.persist_asked) return;
  options.persist = followed.images;
  if (followed.path.empty()) {
    const std::string home = cache_home();
    if (home.empty()) return;
    constexpr mode_t kMode = 0700;
    options.persist = home + "/weft";
    // Mostly both are there.
    if (mkdir(options.persist.c_str(), kMode) != 0 && errno == ENOENT) mkdir(home.c_str(), kMode);
  }
  if (!options.persist.empty()) options.arguments.push_back("--exec-images=" + options.persist);
}

int cache(int argc, char** argv) {
  std::vector<std::string> words(argv + 2, argv + argc);
  std::string folder;
  static constexpr std::string_view kPersist = "--persist=";
  std::erase_if(words, [&folder](const std::string& word) {
    if (!word.starts_with(kPersist)) return false;
    folder = word.substr(kPersist.size());
    return true;
  });
  const std::string command = words.empty() ? "" : words.front();
  if (command == "--help" || command == "-h") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const bool trims = command == "trim" && words.size() == 2;
  const bool others = (command == "list" || command == "clear") && words.size() == 1;
  const std::optional<uint64_t> size = trims ? bytes_in(words[1]) : 0;
  if ((!trims && !others) || !size) {
    return fail(
        "cache takes list, trim SIZE (such as 200MB) or clear; 'weft cache --help' tells more");
  }
  if (folder.empty() && !cache_home().empty()) folder = cache_home() + "/weft";
  if (folder.empty()) return fail("there is no home directory; name one with --persist=DIR");
  const Result<linux::UniqueFd> directory = linux::open_private_directory(folder);
  if (!directory) return fail(directory.error().message);
  if (command == "list") return list(directory.value());
  linux::remove_least_used(directory.value(), kEnding, "", *size);
  return 0;
}

}  // namespace weft::cli
