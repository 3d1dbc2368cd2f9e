#include "common/pprof.h"

namespace weft::tools {
namespace {

/// Wire types of protocol buffers.
enum class Wire : uint8_t { kNumber = 0, kBytes = 2 };

// Numbers of fields.
enum class ProfileField : uint8_t {
  kSampleType = 1,
  kSample = 2,
  kMapping = 3,
  kLocation = 4,
  kFunction = 5,
  kString = 6,
};
enum class ValueTypeField : uint8_t { kType = 1, kUnit = 2 };
enum class SampleField : uint8_t { kLocation = 1, kValue = 2 };
enum class MappingField : uint8_t {
  kNumber = 1,
  kStart = 2,
  kEnd = 3,
  kFile = 5,
  kHasFunctions = 7
};
enum class LocationField : uint8_t { kNumber = 1, kMapping = 2, kAddress = 3, kLine = 4 };
enum class LineField : uint8_t { kFunction = 1, kLine = 2 };
enum class FunctionField : uint8_t { kNumber = 1, kName = 2, kSystemName = 3, kFile = 4 };

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

template <typename Field>
void put_tag(std::string& out, Field field, Wire wire) {
  put_varint(out, static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire));
}

template <typename Field>
void put(std::string& out, Field field, uint64_t value) {
  put_tag(out, field, Wire::kNumber);
  put_varint(out, value);
}

template <typename Field>
void put(std::string& out, Field field, std::string_view bytes) {
  put_tag(out, field, Wire::kBytes);
  put_varint(out, bytes.size());
  out += bytes;
}

}  // namespace

PprofProfile::PprofProfile(std::string_view kind, std::string_view unit) {
  string("");  // number 0, as the form wants it
  std::string type;
  put(type, ValueTypeField::kType, string(kind));
  put(type, ValueTypeField::kUnit, string(unit));
  put(body_, ProfileField::kSampleType, type);
}

uint64_t PprofProfile::string(std::string_view text) {
  const auto found = numbers_.find(text);
  if (found != numbers_.end()) return found->second;
  const uint64_t number = strings_.size();
  strings_.emplace_back(text);
  numbers_.emplace(text, number);
  return number;
}

void PprofProfile::add_mapping(uint64_t start, uint64_t end, std::string_view file) {
  mappings_.push_back({start, end});
  std::string mapping;
  put(mapping, MappingField::kNumber, mappings_.size());
  put(mapping, MappingField::kStart, start);
  put(mapping, MappingField::kEnd, end);
  put(mapping, MappingField::kFile, string(file));
  put(mapping, MappingField::kHasFunctions, 1);
  put(body_, ProfileField::kMapping, mapping);
}

uint64_t PprofProfile::mapping_of(uint64_t address) const {
  for (size_t i = 0; i < mappings_.size(); ++i) {
    if (mappings_[i].start <= address && address < mappings_[i].end) return i + 1;
  }
  return 0;
}

uint64_t PprofProfile::function(std::string_view name, std::string_view file) {
  const auto [at, made] =
      functions_.try_emplace({std::string(name), std::string(file)}, functions_.size() + 1);
  if (!made) return at->second;
  std::string function;
  put(function, FunctionField::kNumber, at->second);
  put(function, FunctionField::kName, string(name));
  put(function, FunctionField::kSystemName, string(name));
  put(function, FunctionField::kFile, string(file));
  put(body_, ProfileField::kFunction, function);
  return at->second;
}

uint64_t PprofProfile::location(uint64_t address, std::string_view name, std::string_view file,
                                uint32_t line) {
  const auto [at, made] = locations_.try_emplace(address, locations_.size() + 1);
  if (!made) return at->second;
  std::string where;
  put(where, LineField::kFunction, function(name, file));
  put(where, LineField::kLine, line);
  std::string location;
  put(location, LocationField::kNumber, at->second);
  if (const uint64_t mapping = mapping_of(address); mapping != 0)
    put(location, LocationField::kMapping, mapping);
  put(location, LocationField::kAddress, address);
  put(location, LocationField::kLine, where);
  put(body_, ProfileField::kLocation, location);
  return at->second;
}

void PprofProfile::add_sample(std::span<const uint64_t> stack, uint64_t value) {
  std::string numbers;
  for (const uint64_t location : stack) put_varint(numbers, location);
  std::string values;
  put_varint(values, value);
  std::string sample;
  put(sample, SampleField::kLocation, numbers);
  put(sample, SampleField::kValue, values);
  put(body_, ProfileField::kSample, sample);
}

std::string PprofProfile::text() const {
  std::string out = body_;
  for (const std::string& each : strings_) put(out, ProfileField::kString, each);
  return out;
}

}  // namespace weft::tools
