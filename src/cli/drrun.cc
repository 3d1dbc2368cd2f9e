// weft drrun: drrun's command line, for those who have it in their fingers and scripts. Becomes one
// of weft run.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/clients.h"
#include "cli/commands.h"

namespace weft::cli {
namespace {

constexpr const char* kUsage =
    "usage: weft drrun [OPTIONS] -c LIBRARY [CLIENT ARGS...] -- PROGRAM [ARGS...]\n"
    "       weft drrun [OPTIONS] -t drcov [-logdir DIR] -- PROGRAM [ARGS...]\n"
    "  -c LIBRARY ARGS...       a client and its arguments, up to --\n"
    "  -client LIBRARY ID ARGS  a client, its arguments as one word (repeatable)\n"
    "  -t drcov                 coverage in drcov's format (weft run --tool coverage)\n"
    "  -ops \"OPTIONS\"           options of the runtime, as one word\n"
    "  -disable_traces, -enable_traces, -thread_private, -no_follow_children\n"
    "Other options of drrun's are named and have no meaning here.\n";

/// Options of drrun's whose value is the next word.
bool takes_value(std::string_view option) {
  constexpr std::string_view kOptions[] = {"-root",
                                           "-s",
                                           "-m",
                                           "-h",
                                           "-logdir",
                                           "-loglevel",
                                           "-logmask",
                                           "-stderr_mask",
                                           "-msgbox_mask",
                                           "-dumpcore_mask",
                                           "-pidfile",
                                           "-use_dll",
                                           "-persist_dir",
                                           "-opt_cleancall",
                                           "-checklevel",
                                           "-trace_threshold",
                                           "-max_bb_instrs",
                                           "-vm_size",
                                           "-signal_stack_size",
                                           "-stack_size",
                                           "-vm_base",
                                           "-vmheap_size",
                                           "-native_exec_list",
                                           "-reset_at_vmm_percent_free_limit",
                                           "-tracedump_threshold",
                                           "-sysenter_is_int80"};
  for (const std::string_view each : kOptions) {
    if (each == option) return true;
  }
  return false;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  char quote = '\0';
  bool has_word = false;
  for (const char each : text) {
    if (quote != '\0') {
      if (each == quote) {
        quote = '\0';
      } else {
        word += each;
      }
    } else if (each == '"' || each == '\'') {
      quote = each;
      has_word = true;
    } else if (each != ' ' && each != '\t') {
      word += each;
      has_word = true;
    } else if (has_word) {
      words.push_back(std::move(word));
      word.clear();
      has_word = false;
    }
  }
  if (has_word) words.push_back(std::move(word));
  return words;
}

/// What drrun's words mean to weft run.
class Translation {
 public:
  /// Empty, or what is wrong.
  std::string read(const std::vector<std::string>& words) {
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      const size_t left = words.size() - i - 1;
      if (word == "-c" || word == "-c64") {
        if (left == 0) return "-c takes the path of a client's library";
        clients_.push_back(
            {words[i + 1], {words.begin() + static_cast<std::ptrdiff_t>(i) + 2, words.end()}});
        return {};
      }
      if (word == "-t") {
        if (left == 0 || words[i + 1] != "drcov") return "of the tools behind -t there is drcov";
        return use_coverage({words.begin() + static_cast<std::ptrdiff_t>(i) + 2, words.end()});
      }
      if (word == "-client") {
        if (left < 3) return "-client takes a library, a number and its arguments as one word";
        clients_.push_back({words[i + 1], words_of(words[i + 3])});
        i += 3;
      } else if (word == "-ops") {
        if (left == 0) return "-ops takes options as one word";
        read_options(words_of(words[++i]));
      } else {
        i += read_option(word, left != 0 ? words[i + 1] : std::string());
      }
    }
    return {};
  }

  /// What weft run gets before the program.
  std::vector<std::string> words() const {
    std::vector<std::string> result = options_;
    // As drrun has them; weft's own run has them where asked for.
    if (traces_ && !clients_.empty()) result.emplace_back("--traces");
    for (const ClientSpec& each : clients_) {
      result.emplace_back(kClientOption);
      result.push_back(each.path);
      result.insert(result.end(), each.arguments.begin(), each.arguments.end());
    }
    if (clients_.empty()) return result;
    for (const std::string& each : for_clients_) {
      result.emplace_back(kRuntimeOption);
      result.push_back(each);
    }
    return result;
  }

 private:
  void read_options(const std::vector<std::string>& words) {
    for (size_t i = 0; i < words.size(); ++i) {
      i += read_option(words[i], i + 1 < words.size() ? words[i + 1] : std::string());
    }
  }

  /// Returns how many words behind it belong to it; `next` is the first of them.
  size_t read_option(const std::string& word, const std::string& next) {
    const size_t values = takes_value(word) ? 1 : 0;
    for_clients_.push_back(word.substr(1) + (values != 0 ? "=" + next : std::string()));
    if (word == "-enable_traces" || word == "-disable_traces") {
      traces_ = word == "-enable_traces";
    } else if (word == "-trace_threshold") {
      options_.push_back("--trace-threshold=" + next);
    } else if (word == "-thread_private") {
      options_.emplace_back("--cache=private");
    } else if (word == "-no_follow_children") {
      options_.emplace_back("--no-follow");
    } else if (word != "-follow_children" && word != "-64") {
      std::fprintf(stderr, "weft: drrun: %s has no meaning here\n", word.c_str());
    }
    return values;
  }

  std::string use_coverage(const std::vector<std::string>& words) {
    std::string folder = ".";
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i] == "-logdir" && i + 1 < words.size()) {
        folder = words[++i];
      } else {
        std::fprintf(stderr, "weft: drrun: drcov's %s has no meaning here\n", words[i].c_str());
      }
    }
    const std::string file = std::filesystem::absolute(folder).string() + "/drcov.%p.proc.log";
    options_.push_back("--tool=coverage:output=" + file);
    return {};
  }

  std::vector<std::string> options_;
  std::vector<std::string> for_clients_;  ///< drrun's options, as clients may ask for them
  std::vector<ClientSpec> clients_;
  bool traces_ = true;
};

}  // namespace

int drrun(int argc, char** argv) {
  std::vector<std::string> own;
  int at = 2;
  for (; at < argc && std::string_view(argv[at]) != "--"; ++at) own.emplace_back(argv[at]);
  if (own.size() == 1 && (own[0] == "-help" || own[0] == "--help")) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (at == argc) {
    std::fputs("weft: drrun: the program comes behind --; weft drrun -help\n", stderr);
    return kStatusUsage;
  }
  Translation translation;
  if (const std::string wrong = translation.read(own); !wrong.empty()) {
    std::fprintf(stderr, "weft: drrun: %s\n", wrong.c_str());
    return kStatusUsage;
  }
  std::vector<std::string> words = translation.words();
  std::string command = "run";
  std::vector<char*> arguments{argv[0], command.data()};
  for (std::string& word : words) arguments.push_back(word.data());
  for (; at < argc; ++at) arguments.push_back(argv[at]);
  arguments.push_back(nullptr);
  // Anew, since the program's stack takes the place of the arguments that the kernel gave.
  execv("/proc/self/exe", arguments.data());
  std::perror("weft: drrun");
  return kStatusUsage;
}

}  // namespace weft::cli
