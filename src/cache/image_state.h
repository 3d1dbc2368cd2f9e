// Plain values one after another: what the parts of a cache write of themselves into a code image,
// and read back. A reader that runs out of bytes gives zeros and says so at the end. One thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace weft::cache {

class StateWriter {
 public:
  template <typename T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto* const bytes = reinterpret_cast<const uint8_t*>(&value);
    bytes_.insert(bytes_.end(), bytes, bytes + sizeof value);
  }
  /// Their number, then they.
  template <typename Range>
  void put_all(const Range& values) {
    using T = typename Range::value_type;
    static_assert(std::is_trivially_copyable_v<T>);
    put(uint64_t{values.size()});
    const auto* const bytes = reinterpret_cast<const uint8_t*>(values.data());
    bytes_.insert(bytes_.end(), bytes, bytes + values.size() * sizeof(T));
  }
  std::span<const uint8_t> bytes() const { return bytes_; }
  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

class StateReader {
 public:
  explicit StateReader(std::span<const uint8_t> bytes) : left_(bytes) {}

  template <typename T>
  T get() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (left_.size() < sizeof value) {
      whole_ = false;
      return value;
    }
    std::memcpy(&value, left_.data(), sizeof value);
    left_ = left_.subspan(sizeof value);
    return value;
  }
  /// What put_all() wrote.
  template <typename T>
  std::vector<T> get_all() {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto count = get<uint64_t>();
    if (count > left_.size() / sizeof(T)) {
      whole_ = false;
      return {};
    }
    std::vector<T> values(count);
    if (count != 0) std::memcpy(values.data(), left_.data(), count * sizeof(T));
    left_ = left_.subspan(count * sizeof(T));
    return values;
  }
  /// The same for bytes, where they are.
  std::span<const uint8_t> get_bytes() {
    const auto count = get<uint64_t>();
    whole_ = whole_ && count <= left_.size();
    if (!whole_) return {};
    const std::span<const uint8_t> bytes = left_.first(count);
    left_ = left_.subspan(count);
    return bytes;
  }
  /// Everything that was asked for was there, and nothing is left.
  bool is_exact() const { return whole_ && left_.empty(); }

 private:
  std::span<const uint8_t> left_;
  bool whole_ = true;
};

}  // namespace weft::cache
