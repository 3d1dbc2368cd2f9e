// Where parameters are when their function is entered, by their types: the System V calling
// convention for x86-64, section 3.2.3.
#include <dwarf.h>
#include <fmt/format.h>

#include <array>

#include "tool/elfutils.h"
#include "tool/subprograms.h"
#include "tool/symbol_tables.h"
#include "weft/symbols.h"

namespace weft {
namespace {

constexpr uint64_t kWord = 8;
constexpr uint64_t kMostInRegisters = 16;
constexpr int kIntegerRegisters = 6;
constexpr int kVectorRegisters = 8;

enum class Class : uint8_t { kNone, kInteger, kVector, kMemory };
/// Of the first 16 bytes of a value, by words.
using Classes = std::array<Class, 2>;

std::optional<uint64_t> number_of(Dwarf_Die& die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (Elfutils::get()->dwarf_attr_integrate(&die, name, &attribute) == nullptr ||
      Elfutils::get()->dwarf_formudata(&attribute, &value) != 0) {
    return std::nullopt;
  }
  return value;
}

/// Without typedefs and qualifiers; nothing for void.
std::optional<Dwarf_Die> type_of(Dwarf_Die& die) {
  Dwarf_Attribute attribute;
  Dwarf_Die type;
  Dwarf_Die peeled;
  if (Elfutils::get()->dwarf_attr_integrate(&die, DW_AT_type, &attribute) == nullptr ||
      Elfutils::get()->dwarf_formref_die(&attribute, &type) == nullptr ||
      Elfutils::get()->dwarf_peel_type(&type, &peeled) != 0) {
    return std::nullopt;
  }
  return peeled;
}

bool is_pointer(Dwarf_Die& type) {
  const int tag = Elfutils::get()->dwarf_tag(&type);
  return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type ||
         tag == DW_TAG_rvalue_reference_type;
}

bool is_struct(Dwarf_Die& type) {
  const int tag = Elfutils::get()->dwarf_tag(&type);
  return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

bool is_array(Dwarf_Die& type) { return Elfutils::get()->dwarf_tag(&type) == DW_TAG_array_type; }

uint64_t size_of(Dwarf_Die& type) {
  if (is_pointer(type)) return kWord;
  if (is_array(type)) {
    std::optional<Dwarf_Die> element = type_of(type);
    uint64_t size = element ? size_of(*element) : 0;
    Dwarf_Die child;
    if (Elfutils::get()->dwarf_child(&type, &child) != 0) return 0;
    do {
      const auto count = number_of(child, DW_AT_count);
      const auto last = number_of(child, DW_AT_upper_bound);
      size *= count.value_or(last ? *last + 1 : 0);
    } while (Elfutils::get()->dwarf_siblingof(&child, &child) == 0);
    return size;
  }
  return number_of(type, DW_AT_byte_size).value_or(0);
}

std::string name_of(Dwarf_Die& die) {
  const char* const name = Elfutils::get()->dwarf_diename(&die);
  return name == nullptr ? "" : name;
}

/// Calls visit(member, its offset in bytes) for members and bases until that answers true.
template <typename Visit>
bool any_member(Dwarf_Die& type, Visit visit) {
  Dwarf_Die child;
  if (Elfutils::get()->dwarf_child(&type, &child) != 0) return false;
  do {
    const int tag = Elfutils::get()->dwarf_tag(&child);
    if (tag != DW_TAG_member && tag != DW_TAG_inheritance) continue;
    if (number_of(child, DW_AT_external)) continue;  // a static one
    if (visit(child, number_of(child, DW_AT_data_member_location).value_or(0))) return true;
  } while (Elfutils::get()->dwarf_siblingof(&child, &child) == 0);
  return false;
}

void merge(Class& into, Class other) {
  if (other == Class::kNone || into == other) return;
  if (into == Class::kNone) {
    into = other;
  } else if (into == Class::kMemory || other == Class::kMemory) {
    into = Class::kMemory;
  } else {
    into = Class::kInteger;
  }
}

void classify(Dwarf_Die& type, uint64_t offset, Classes& classes) {
  const uint64_t size = size_of(type);
  if (offset + size > kMostInRegisters || size == 0) return classes.fill(Class::kMemory);
  if (is_struct(type)) {
    any_member(type, [&](Dwarf_Die& member, uint64_t at) {
      std::optional<Dwarf_Die> of_member = type_of(member);
      const auto bit = number_of(member, DW_AT_data_bit_offset);
      if (bit) {
        merge(classes[(offset + *bit / 8) / kWord % classes.size()], Class::kInteger);
      } else if (of_member) {
        classify(*of_member, offset + at, classes);
      }
      return false;
    });
    return;
  }
  if (is_array(type)) {
    std::optional<Dwarf_Die> element = type_of(type);
    const uint64_t each = element ? size_of(*element) : 0;
    for (uint64_t at = 0; each != 0 && at < size; at += each)
      classify(*element, offset + at, classes);
    return;
  }
  const uint64_t encoding = number_of(type, DW_AT_encoding).value_or(0);
  const bool is_float = encoding == DW_ATE_float || encoding == DW_ATE_complex_float;
  // long double, on the stack
  if (encoding == DW_ATE_float && size > kWord) return classes.fill(Class::kMemory);
  const Class all = is_float ? Class::kVector : Class::kInteger;
  for (uint64_t at = offset; at < offset + size; at += kWord) merge(classes[at / kWord], all);
}

bool is_passed_by_reference(Dwarf_Die& type) {
  return is_struct(type) &&
         number_of(type, DW_AT_calling_convention).value_or(0) == DW_CC_pass_by_reference;
}

/// A parameter's words: as FunctionCall::argument() numbers them, or none for vector registers.
struct Place {
  std::vector<int> words;
  bool by_reference = false;
};

/// Hands out registers and words of the stack, to one parameter after another.
class Convention {
 public:
  explicit Convention(Dwarf_Die& function) {
    std::optional<Dwarf_Die> result = type_of(function);
    if (!result) return;
    Classes classes{};
    classify(*result, 0, classes);
    const bool in_memory = is_struct(*result) && classes[0] == Class::kMemory;
    if (in_memory || is_passed_by_reference(*result)) ++integers_;  // where to put it
  }

  Place next(Dwarf_Die& type) {
    if (is_passed_by_reference(type)) return {take(Classes{Class::kInteger}, kWord), true};
    Classes classes{};
    classify(type, 0, classes);
    return {take(classes, size_of(type)), false};
  }

 private:
  std::vector<int> take(const Classes& classes, uint64_t size) {
    int integers = 0;
    int vectors = 0;
    bool in_memory = false;
    for (const Class each : classes) {
      integers += each == Class::kInteger ? 1 : 0;
      vectors += each == Class::kVector ? 1 : 0;
      in_memory |= each == Class::kMemory;
    }
    in_memory |= integers_ + integers > kIntegerRegisters || vectors_ + vectors > kVectorRegisters;
    std::vector<int> words;
    if (in_memory) {
      for (uint64_t at = 0; at < size; at += kWord) words.push_back(kIntegerRegisters + stack_++);
      return words;
    }
    for (const Class each : classes) {
      if (each == Class::kInteger) words.push_back(integers_++);
      if (each == Class::kVector) words.push_back(kInVector);
    }
    vectors_ += vectors;
    return words;
  }

 public:
  static constexpr int kInVector = -1;

 private:
  int integers_ = 0;
  int vectors_ = 0;
  int stack_ = 0;
};

/// Follows a path from a parameter on.
class Walk {
 public:
  Walk(Place place, Dwarf_Die type, std::string name)
      : place_(std::move(place)),
        type_(type),
        name_(std::move(name)),
        in_memory_(place_.by_reference) {
    if (in_memory_) path_.argument = place_.words.front();
  }

  bool enter(std::string_view field, std::string& why) {
    if (is_pointer(type_) && !follow(why)) return false;
    Dwarf_Die member;
    uint64_t offset = 0;
    if (!is_struct(type_) || !find(type_, field, member, offset)) {
      why = fmt::format("'{}' has no field '{}'", name_, field);
      return false;
    }
    offset_ += offset;
    bit_ = number_of(member, DW_AT_data_bit_offset);
    bits_ = number_of(member, DW_AT_bit_size);
    name_ += fmt::format(".{}", field);
    return set_type(type_of(member), why);
  }

  /// To what the pointer points to.
  bool follow(std::string& why) {
    if (!is_pointer(type_)) {
      why = fmt::format("'{}' is no pointer", name_);
      return false;
    }
    if (in_memory_) {
      path_.offsets.push_back(static_cast<int64_t>(offset_));
    } else if (!take_argument(why)) {
      return false;
    }
    in_memory_ = true;
    offset_ = 0;
    return set_type(type_of(type_), why);
  }

  std::optional<ParameterPath> end(std::string& why) {
    const bool is_whole = is_struct(type_) || is_array(type_);
    if (is_whole && !in_memory_) {
      why = fmt::format("'{}' is a struct that is passed as it is: name a field of it", name_);
      return std::nullopt;
    }
    if (!in_memory_ && !take_argument(why)) return std::nullopt;
    const uint64_t first_bit = bit_ ? *bit_ : 0;
    if (in_memory_) path_.offsets.push_back(static_cast<int64_t>(offset_ + first_bit / 8));
    path_.is_address = is_whole;
    if (is_whole) return path_;
    const uint64_t bits = bits_.value_or(8 * size_of(type_));
    const uint64_t encoding = number_of(type_, DW_AT_encoding).value_or(0);
    path_.shift = static_cast<uint8_t>(path_.shift + (in_memory_ ? first_bit % 8 : first_bit));
    if (bits == 0 || path_.shift + bits > 64 || encoding == DW_ATE_float) {
      why = fmt::format("'{}' is no integer and no pointer", name_);
      return std::nullopt;
    }
    path_.bits = static_cast<uint8_t>(bits);
    path_.is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
    return path_;
  }

 private:
  bool set_type(std::optional<Dwarf_Die> type, std::string& why) {
    if (type) return type_ = *type, true;
    why = fmt::format("of '{}' no type is known", name_);
    return false;
  }

  /// The value begins in one word of the argument.
  bool take_argument(std::string& why) {
    const uint64_t byte = offset_ + (bit_ ? *bit_ / 8 / kWord * kWord : 0);
    const size_t word = byte / kWord;
    if (bit_) *bit_ %= 8 * kWord;
    if (word >= place_.words.size() || place_.words[word] == Convention::kInVector) {
      why = fmt::format("'{}' is in no general register", name_);
      return false;
    }
    path_.argument = place_.words[word];
    path_.shift = static_cast<uint8_t>(8 * (byte % kWord));
    return true;
  }

  /// Fields of bases, and of members without a name, are fields, too.
  static bool find(Dwarf_Die& type, std::string_view field, Dwarf_Die& member, uint64_t& offset) {
    return any_member(type, [&](Dwarf_Die& each, uint64_t at) {
      const std::string name = name_of(each);
      if (name == field) return member = each, offset += at, true;
      const bool is_base = Elfutils::get()->dwarf_tag(&each) == DW_TAG_inheritance;
      if (!name.empty() && !is_base) return false;
      std::optional<Dwarf_Die> inner = type_of(each);
      uint64_t further = 0;
      if (!inner || !find(*inner, field, member, further)) return false;
      return offset += at + further, true;
    });
  }

  Place place_;
  Dwarf_Die type_;
  std::string name_;
  bool in_memory_;       ///< at the last value, plus offset_; else in the argument's words
  uint64_t offset_ = 0;  ///< bytes
  std::optional<uint64_t> bit_, bits_;
  ParameterPath path_;
};

std::string_view take_part(std::string_view& path) {
  const size_t point = path.find('.');
  const std::string_view part = path.substr(0, point);
  path.remove_prefix(point == std::string_view::npos ? path.size() : point + 1);
  return part;
}

std::optional<Walk> start_of(Dwarf_Die function, std::string_view name, std::string& why) {
  Convention convention(function);
  Dwarf_Die child;
  if (Elfutils::get()->dwarf_child(&function, &child) == 0) {
    do {
      if (Elfutils::get()->dwarf_tag(&child) != DW_TAG_formal_parameter) continue;
      std::optional<Dwarf_Die> type = type_of(child);
      if (!type) break;
      Place place = convention.next(*type);
      if (name_of(child) == name) return Walk(std::move(place), *type, std::string(name));
    } while (Elfutils::get()->dwarf_siblingof(&child, &child) == 0);
  }
  why = fmt::format("the function has no parameter '{}'", name);
  return std::nullopt;
}

}  // namespace

std::optional<ParameterPath> SymbolFile::parameter(uint64_t function, std::string_view path,
                                                   std::string& why) const {
  const std::lock_guard guard(tables_->reading);
  std::call_once(tables_->subprograms_once, [this] {
    tables_->subprograms = std::make_unique<Subprograms>(tables_->main->elf());
    if (tables_->subprograms->empty() && tables_->debug)
      tables_->subprograms = std::make_unique<Subprograms>(tables_->debug->elf());
  });
  const Dwarf_Die* const die = tables_->subprograms->at(function);
  if (die == nullptr) {
    why = "of this function there is no debug information";
    return std::nullopt;
  }
  size_t stars = 0;
  while (path.starts_with('*')) path.remove_prefix(1), ++stars;
  std::optional<Walk> walk = start_of(*die, take_part(path), why);
  while (walk && !path.empty()) {
    if (!walk->enter(take_part(path), why)) return std::nullopt;
  }
  for (; walk && stars > 0; --stars) {
    if (!walk->follow(why)) return std::nullopt;
  }
  return walk ? walk->end(why) : std::nullopt;
}

}  // namespace weft
