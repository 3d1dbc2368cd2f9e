#include "common/memtrace_format.h"

#include <gtest/gtest.h>

#include <random>

#include "common/memtrace_encoder.h"

namespace weft::tools {
namespace {

std::vector<MemoryRef> random_refs(size_t count) {
  std::mt19937_64 random(1);
  std::vector<MemoryRef> refs;
  const uint32_t sizes[] = {1, 2, 4, 8, 16, 32, 64, 10, 28, 512, 2696, 128};
  for (size_t i = 0; i < count; ++i) {
    refs.push_back({random() >> (random() % 64), random() >> (random() % 64),
                    sizes[random() % std::size(sizes)], random() % 2 == 0});
  }
  return refs;
}

TEST(Memtrace, what_is_written_is_read) {
  const std::vector<MemoryRef> refs = random_refs(10000);
  MemtraceEncoder encoder;
  std::string file = memtrace_header(77);
  for (size_t i = 0; i < refs.size(); ++i) {
    encoder.add(refs[i]);
    if (i % 1000 == 999) file += encoder.take(i / 1000);
  }
  MemtraceReader reader(file);
  ASSERT_TRUE(reader.ok()) << reader.error();
  EXPECT_EQ(reader.pid(), 77U);
  MemtraceChunk chunk;
  std::vector<MemoryRef> read;
  for (uint64_t thread = 0; reader.next(chunk); ++thread) {
    EXPECT_EQ(chunk.thread, thread);
    read.insert(read.end(), chunk.refs.begin(), chunk.refs.end());
  }
  EXPECT_TRUE(reader.ok()) << reader.error();
  EXPECT_EQ(read, refs);
}

TEST(Memtrace, a_step_through_an_array_takes_three_bytes_a_record) {
  MemtraceEncoder encoder;
  for (uint64_t i = 0; i < 1000; ++i) encoder.add({0x401000, 0x7f0000000000 + 8 * i, 8, false});
  EXPECT_LT(encoder.take(1).size(), 3 * 1000U + 16 + 20);
}

TEST(Memtrace, a_damaged_file_is_an_error_and_nothing_else) {
  MemtraceEncoder encoder;
  for (const MemoryRef& ref : random_refs(200)) encoder.add(ref);
  const std::string file = memtrace_header(1).append(encoder.take(1));
  MemtraceChunk chunk;
  for (size_t size = 0; size < file.size(); ++size) {
    if (size == 16) continue;  // a header alone is an empty trace
    MemtraceReader reader(std::string_view(file).substr(0, size));
    while (reader.next(chunk)) {
    }
    EXPECT_FALSE(reader.ok()) << size;
  }
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = file;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    MemtraceReader reader(damaged);
    while (reader.next(chunk)) {
    }
  }
}

}  // namespace
}  // namespace weft::tools
