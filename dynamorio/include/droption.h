// Options of tools: declare a droption_t for each, static, and call droption_parser_t::parse_argv()
// or, in a client, dr_parse_options(). C++11; needs nothing but the standard library. Not for
// several threads at once.
#ifndef DROPTION_H
#define DROPTION_H

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace dynamorio {
namespace droption {

#define DROPTION_DEFAULT_VALUE_SEP " "

// Who takes an option: the client, the program that starts it, or both.
typedef enum {
  DROPTION_SCOPE_CLIENT = 0x0001,
  DROPTION_SCOPE_FRONTEND = 0x0002,
  DROPTION_SCOPE_ALL = (DROPTION_SCOPE_CLIENT | DROPTION_SCOPE_FRONTEND)
} droption_scope_t;

typedef enum {
  // Values given several times are joined, with the separator, instead of the last one counting.
  DROPTION_FLAG_ACCUMULATE = 0x0001,
  // Takes all options, with their values, that no other takes.
  DROPTION_FLAG_SWEEP = 0x0002,
  // Left out of usage texts.
  DROPTION_FLAG_INTERNAL = 0x0004
} droption_flags_t;

// A number of bytes, written with a suffix if need be: 4K, 16M, 1G.
class bytesize_t {
 public:
  bytesize_t() : size_(0) {}
  bytesize_t(uint64_t val) : size_(val) {}
  operator uint64_t() const { return size_; }

 private:
  uint64_t size_;
};

// The value of an option that takes two.
typedef std::pair<std::string, std::string> twostring_t;

namespace internal {

template <typename T>
struct Value;  // an option of this type is not supported

// Numbers: all of the text must be one, within the type's range.
template <typename T>
struct Number {
  static bool parse(const std::string& text, T& value) {
    const char* const start = text.c_str();
    char* end = nullptr;
    errno = 0;
    if (std::numeric_limits<T>::is_signed) {
      const long long number = std::strtoll(start, &end, 0);
      if (number < static_cast<long long>(std::numeric_limits<T>::min()) ||
          number > static_cast<long long>(std::numeric_limits<T>::max())) {
        return false;
      }
      value = static_cast<T>(number);
    } else {
      if (text.find('-') != std::string::npos) return false;
      const unsigned long long number = std::strtoull(start, &end, 0);
      if (number > static_cast<unsigned long long>(std::numeric_limits<T>::max())) return false;
      value = static_cast<T>(number);
    }
    return errno == 0 && end != start && *end == '\0';
  }
  static std::string show(const T& value) { return std::to_string(value); }
};

template <>
struct Value<int> : Number<int> {};
template <>
struct Value<long> : Number<long> {};
template <>
struct Value<long long> : Number<long long> {};
template <>
struct Value<unsigned int> : Number<unsigned int> {};
template <>
struct Value<unsigned long> : Number<unsigned long> {};
template <>
struct Value<unsigned long long> : Number<unsigned long long> {};

template <>
struct Value<double> {
  static bool parse(const std::string& text, double& value) {
    char* end = nullptr;
    value = std::strtod(text.c_str(), &end);
    return end != text.c_str() && *end == '\0';
  }
  static std::string show(double value) {
    std::ostringstream out;
    out << value;
    return out.str();
  }
};

template <>
struct Value<bool> {
  static bool parse(const std::string&, bool& value) { return value = true; }
  static std::string show(bool value) { return value ? "true" : "false"; }
};

template <>
struct Value<std::string> {
  static bool parse(const std::string& text, std::string& value) {
    value = text;
    return true;
  }
  static std::string show(const std::string& value) { return value.empty() ? "\"\"" : value; }
};

template <>
struct Value<twostring_t> {
  static bool parse(const std::string&, twostring_t&) { return false; }
  static std::string show(const twostring_t& value) {
    return Value<std::string>::show(value.first) + " " + Value<std::string>::show(value.second);
  }
};

template <>
struct Value<bytesize_t> {
  static bool parse(const std::string& text, bytesize_t& value) {
    if (text.empty()) return false;
    const size_t suffix = std::string("bkmgt").find(static_cast<char>(std::tolower(text.back())));
    const bool has_suffix = suffix != std::string::npos;
    unsigned long long number = 0;
    if (!Number<unsigned long long>::parse(has_suffix ? text.substr(0, text.size() - 1) : text,
                                           number))
      return false;
    const unsigned shift = has_suffix ? 10 * static_cast<unsigned>(suffix) : 0;
    if (number > std::numeric_limits<uint64_t>::max() >> shift) return false;
    value = bytesize_t(static_cast<uint64_t>(number) << shift);
    return true;
  }
  static std::string show(const bytesize_t& value) {
    uint64_t number = value;
    const char* suffix = "";
    for (const char* next : {"K", "M", "G"}) {
      if (number == 0 || number % 1024 != 0) break;
      number /= 1024;
      suffix = next;
    }
    return std::to_string(number) + suffix;
  }
};

// Joining a further value to those before it; only text can be joined.
template <typename T>
inline void join(T& value, const T& further, const std::string&) {
  value = further;
}
inline void join(std::string& value, const std::string& further, const std::string& separator) {
  value += separator + further;
}
inline void join(twostring_t& value, const twostring_t& further, const std::string& separator) {
  join(value.first, further.first, separator);
  join(value.second, further.second, separator);
}

// Keeping a value within a range; types without an order have none.
template <typename T>
inline void clamp(T& value, const T& least, const T& most) {
  value = value < least ? least : most < value ? most : value;
}
inline void clamp(bytesize_t& value, const bytesize_t& least, const bytesize_t& most) {
  value = bytesize_t(std::min<uint64_t>(std::max<uint64_t>(value, least), most));
}

}  // namespace internal

// What all options have in common, and the parser of them all.
class droption_parser_t {
 public:
  droption_parser_t(unsigned int scope, std::string name, std::string desc_short,
                    std::string desc_long, unsigned int flags)
      : droption_parser_t(scope, std::vector<std::string>(1, name), desc_short, desc_long, flags) {}
  droption_parser_t(unsigned int scope, std::vector<std::string> names, std::string desc_short,
                    std::string desc_long, unsigned int flags)
      : scope_(scope),
        names_(std::move(names)),
        is_specified_(false),
        desc_short_(std::move(desc_short)),
        desc_long_(std::move(desc_long)),
        flags_(flags) {
    allops().push_back(this);
    if ((flags & DROPTION_FLAG_SWEEP) != 0) sweeper() = this;
  }
  virtual ~droption_parser_t() {
    std::vector<droption_parser_t*>& all = allops();
    all.erase(std::remove(all.begin(), all.end(), this), all.end());
    if (sweeper() == this) sweeper() = nullptr;
  }

  // Parses argv[1] and what follows, up to "--" or the first argument that is no option. False:
  // *error_msg says why. *last_index is where it stopped. Either pointer may be NULL.
  static bool parse_argv(unsigned int scope, int argc, const char* argv[], std::string* error_msg,
                         int* last_index) {
    int i = 1;
    std::string error;
    for (; i < argc && error.empty(); ++i) {
      if (std::strcmp(argv[i], "--") == 0) {
        ++i;
        break;
      }
      if (argv[i][0] != '-') {
        // Options that are swept may have values of their own.
        if (sweeper() != nullptr && sweeper()->take(argv[i])) continue;
        break;
      }
      error = parse_option(scope, argc, argv, i);
    }
    if (last_index != nullptr) *last_index = error.empty() ? i : i - 1;
    if (error_msg != nullptr && !error.empty()) *error_msg = error;
    return error.empty();
  }

  // One line for each option of the scope.
  static std::string usage_short(unsigned int scope) {
    std::ostringstream out;
    for (droption_parser_t* op : allops()) {
      if (!op->is_listed(scope)) continue;
      out << " -" << std::setw(20) << std::left << op->get_name() << "[" << std::setw(6)
          << std::right << op->default_as_string() << "]"
          << "  " << std::left << op->desc_short_ << std::endl;
    }
    return out.str();
  }

  // Name, default value and long description of each option, each between the given texts.
  static std::string usage_long(unsigned int scope, std::string pre_name = "----------\n",
                                std::string post_name = "\n", std::string pre_value = "",
                                std::string post_value = "\n", std::string pre_desc = "",
                                std::string post_desc = "\n") {
    std::ostringstream out;
    for (droption_parser_t* op : allops()) {
      if (!op->is_listed(scope)) continue;
      out << pre_name << "-" << op->get_name() << post_name << pre_value
          << "default value: " << op->default_as_string() << post_value << pre_desc
          << op->desc_long_ << post_desc << std::endl;
    }
    return out.str();
  }

  bool specified() { return is_specified_; }
  std::string get_name() { return names_.front(); }
  std::vector<std::string> get_names() { return names_; }
  // Back to the default values, of all options.
  static void clear_values() {
    for (droption_parser_t* op : allops()) op->clear_value();
  }
  virtual void clear_value() = 0;

 protected:
  virtual bool option_takes_arg() const = 0;
  virtual bool option_takes_2args() const = 0;
  virtual bool name_match(const char* arg) = 0;
  virtual bool convert_from_string(const std::string s) = 0;
  virtual bool convert_from_string(const std::string s1, const std::string s2) = 0;
  virtual bool clamp_value() = 0;
  virtual std::string default_as_string() const = 0;

  static std::vector<droption_parser_t*>& allops() {
    static std::vector<droption_parser_t*> all;
    return all;
  }
  static droption_parser_t*& sweeper() {
    static droption_parser_t* current = nullptr;
    return current;
  }

  // Whether arg is a name with one dash or two and `negation` before it.
  bool has_name(const std::string& arg, const std::string& negation) const {
    for (const std::string& name : names_) {
      if (arg == "-" + negation + name || arg == "--" + negation + name) return true;
    }
    return false;
  }

  unsigned int scope_;
  std::vector<std::string> names_;
  bool is_specified_;
  std::string desc_short_;
  std::string desc_long_;
  unsigned int flags_;

 private:
  bool is_listed(unsigned int scope) const {
    return (flags_ & DROPTION_FLAG_INTERNAL) == 0 && (scope_ & scope) != 0;
  }

  bool take(const std::string& text) {
    if (!convert_from_string(text) || !clamp_value()) return false;
    is_specified_ = true;
    return true;
  }

  // The option at argv[i], with its values: i is left at the last of them. Returns what is wrong.
  static std::string parse_option(unsigned int scope, int argc, const char* argv[], int& i) {
    const std::string arg = argv[i];
    droption_parser_t* op = nullptr;
    for (droption_parser_t* candidate : allops()) {
      if (!candidate->name_match(argv[i])) continue;
      op = candidate;
      if ((candidate->scope_ & scope) != 0) break;
    }
    const bool matched = op != nullptr && (op->scope_ & scope) != 0;
    droption_parser_t* const sweep = sweeper();
    const bool swept =
        sweep != nullptr && (!matched || op->scope_ == DROPTION_SCOPE_ALL) && sweep->take(arg);
    if (!matched && !swept) return "Unknown option: " + arg;
    const int values = op == nullptr              ? 0
                       : op->option_takes_2args() ? 2
                       : op->option_takes_arg()   ? 1
                                                  : 0;
    const std::string name = op == nullptr ? arg : op->names_.front();
    if (i + values >= argc) return "Option " + name + " missing value";
    for (int v = 1; swept && v <= values; ++v) {
      if (!sweep->take(argv[i + v])) return "Option " + name + " value out of range";
    }
    if (matched && values > 0) {
      const bool converted = values == 2 ? op->convert_from_string(argv[i + 1], argv[i + 2])
                                         : op->convert_from_string(argv[i + 1]);
      if (!converted || !op->clamp_value()) return "Option " + name + " value out of range";
    }
    if (matched) op->is_specified_ = true;
    i += values;
    return "";
  }
};

// An option of type T: a number, bool (-name, -no_name), std::string, bytesize_t or twostring_t.
template <typename T>
class droption_t : public droption_parser_t {
 public:
  droption_t(unsigned int scope, std::string name, T defval, std::string desc_short,
             std::string desc_long)
      : droption_t(scope, std::vector<std::string>(1, name), 0, DROPTION_DEFAULT_VALUE_SEP, defval,
                   desc_short, desc_long) {}
  droption_t(unsigned int scope, std::string name, unsigned int flags, T defval,
             std::string desc_short, std::string desc_long)
      : droption_t(scope, std::vector<std::string>(1, name), flags, DROPTION_DEFAULT_VALUE_SEP,
                   defval, desc_short, desc_long) {}
  droption_t(unsigned int scope, std::string name, unsigned int flags, std::string valsep, T defval,
             std::string desc_short, std::string desc_long)
      : droption_t(scope, std::vector<std::string>(1, name), flags, valsep, defval, desc_short,
                   desc_long) {}
  droption_t(unsigned int scope, std::string name, T defval, T minval, T maxval,
             std::string desc_short, std::string desc_long)
      : droption_t(scope, std::vector<std::string>(1, name), defval, minval, maxval, desc_short,
                   desc_long) {}
  droption_t(unsigned int scope, std::vector<std::string> names, T defval, std::string desc_short,
             std::string desc_long)
      : droption_t(scope, names, 0, DROPTION_DEFAULT_VALUE_SEP, defval, desc_short, desc_long) {}
  droption_t(unsigned int scope, std::vector<std::string> names, unsigned int flags, T defval,
             std::string desc_short, std::string desc_long)
      : droption_t(scope, names, flags, DROPTION_DEFAULT_VALUE_SEP, defval, desc_short, desc_long) {
  }
  droption_t(unsigned int scope, std::vector<std::string> names, unsigned int flags,
             std::string valsep, T defval, std::string desc_short, std::string desc_long)
      : droption_parser_t(scope, names, desc_short, desc_long, flags),
        value_(defval),
        defval_(defval),
        valsep_(valsep),
        has_range_(false) {}
  droption_t(unsigned int scope, std::vector<std::string> names, T defval, T minval, T maxval,
             std::string desc_short, std::string desc_long)
      : droption_parser_t(scope, names, desc_short, desc_long, 0),
        value_(defval),
        defval_(defval),
        valsep_(DROPTION_DEFAULT_VALUE_SEP),
        has_range_(true),
        minval_(minval),
        maxval_(maxval) {}

  T get_value() const { return value_; }
  std::string get_value_separator() const { return valsep_; }
  void set_value(T new_value) { value_ = new_value; }
  void clear_value() override {
    value_ = defval_;
    is_specified_ = false;
  }

 protected:
  bool option_takes_arg() const override { return !std::is_same<T, bool>::value; }
  bool option_takes_2args() const override { return std::is_same<T, twostring_t>::value; }

  // A bool is set by its name alone, and cleared by no or no_ before it.
  bool name_match(const char* arg) override { return match(arg, static_cast<T*>(nullptr)); }

  bool convert_from_string(const std::string s) override {
    T parsed = T();
    if (!internal::Value<T>::parse(s, parsed)) return false;
    store(parsed);
    return true;
  }
  bool convert_from_string(const std::string s1, const std::string s2) override {
    return store_pair(s1, s2, static_cast<T*>(nullptr));
  }

  bool clamp_value() override {
    if (has_range_) internal::clamp(value_, minval_, maxval_);
    return true;
  }
  std::string default_as_string() const override { return internal::Value<T>::show(defval_); }

 private:
  template <typename U>
  bool match(const char* arg, U*) const {
    return has_name(arg, "");
  }
  bool match(const char* arg, bool*) {
    const bool negated = has_name(arg, "no") || has_name(arg, "no_");
    if (!negated && !has_name(arg, "")) return false;
    value_ = !negated;
    return true;
  }

  template <typename U>
  bool store_pair(const std::string&, const std::string&, U*) {
    return false;
  }
  bool store_pair(const std::string& s1, const std::string& s2, twostring_t*) {
    store(twostring_t(s1, s2));
    return true;
  }

  void store(const T& parsed) {
    if ((flags_ & DROPTION_FLAG_ACCUMULATE) != 0 && is_specified_) {
      internal::join(value_, parsed, valsep_);
    } else {
      value_ = parsed;
    }
  }

  T value_;
  T defval_;
  std::string valsep_;
  bool has_range_;
  T minval_ = T();
  T maxval_ = T();
};

#ifdef DYNAMORIO_API
// Parses the options that the client was given.
static inline bool dr_parse_options(client_id_t client_id, std::string* error_msg,
                                    int* last_index) {
  int argc = 0;
  const char** argv = nullptr;
  if (!dr_get_option_array(client_id, &argc, &argv)) return false;
  return droption_parser_t::parse_argv(DROPTION_SCOPE_CLIENT, argc, argv, error_msg, last_index);
}
#endif

}  // namespace droption
}  // namespace dynamorio

#endif
