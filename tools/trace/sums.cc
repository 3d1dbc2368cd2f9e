#include "trace/sums.h"

#include <algorithm>
#include <cstdlib>

#include "trace/sum_code.h"

namespace weft::tools::trace {
namespace {

/// In a table, of which only what is used has memory behind it.
constexpr uint32_t kMostWords = 1 << 15;

/// What a map's cell is made of.
uint32_t word_count(Call call) { return call == Call::kHist ? kHistogramWords : 2; }

bool is_largest(Call call) { return call == Call::kMin || call == Call::kMax; }

}  // namespace

void Sums::FreeTable::operator()(uint64_t* table) const { std::free(table); }

void Sums::start(Process& process) {
  process_ = &process;
  table_ = process.new_thread_counter();
  ended_.resize(kMostWords);
}

void Sums::start_thread(Thread& thread) {
  Table table(static_cast<uint64_t*>(std::calloc(kMostWords, sizeof(uint64_t))));
  if (!table) process_->fail("no memory for a thread's sums");
  thread.set(table_, reinterpret_cast<uint64_t>(table.get()));
  const std::lock_guard held(mutex_);
  tables_.push_back(std::move(table));
}

void Sums::end_thread(Thread& thread) {
  const std::lock_guard held(mutex_);
  const uint64_t place = thread.get(table_);
  const auto own = std::find_if(tables_.begin(), tables_.end(), [place](const Table& each) {
    return reinterpret_cast<uint64_t>(each.get()) == place;
  });
  if (own == tables_.end()) return;
  for (const auto& [cells, words] : cells_) {
    for (uint32_t i = words.first; i < words.first + words.collected.size(); ++i) {
      const uint64_t more = own->get()[i];
      ended_[i] = is_largest(cells.call) ? std::max(ended_[i], more) : ended_[i] + more;
    }
  }
  tables_.erase(own);
}

const Sums::Words* Sums::words_for(const Cells& cells) {
  const std::lock_guard held(mutex_);
  const auto found = cells_.find(cells);
  if (found != cells_.end()) return &found->second;
  const uint32_t count = word_count(cells.call);
  if (next_word_ + count > kMostWords) return nullptr;
  Words& words = cells_[cells];
  words.first = next_word_;
  words.collected.resize(count);
  next_word_ += count;
  return &words;
}

bool Sums::add(Insertion place, const CodeSite& site, const Access& access) {
  const Statement* const sum = sum_of(*site.action);
  if (sum == nullptr) return false;
  SumCode code(site, access, table_);
  if (site.action->filter && !code.skip_unless(*site.action->filter)) return false;
  if (!code.check(*sum)) return false;
  Cells cells{sum->target->text, {}, sum->value->call};
  for (const ExpressionPtr& key : sum->target->operands)
    cells.key.push_back(constant_key(*key, site));
  const Words* const words = words_for(cells);
  if (words == nullptr || !code.add_to(*sum, words->first)) return false;
  place.code(code.end());
  return true;
}

uint64_t Sums::total(uint32_t word, Call call) const {
  uint64_t total = ended_[word];
  for (const Table& table : tables_) {
    const uint64_t value = __atomic_load_n(table.get() + word, __ATOMIC_RELAXED);
    total = is_largest(call) ? std::max(total, value) : total + value;
  }
  return total;
}

void Sums::put(const Cells& cells, Words& words, Maps& maps) const {
  std::vector<uint64_t> more(words.collected.size());
  bool any = false;
  for (uint32_t i = 0; i < more.size(); ++i) {
    const uint64_t total = this->total(words.first + i, cells.call);
    more[i] = is_largest(cells.call) ? total : total - words.collected[i];
    any |= total != words.collected[i];
    words.collected[i] = total;
  }
  if (!any) return;
  maps.change(cells.map, cells.key, [&](Cell& cell) { add_words(cell, cells.call, more); });
}

void Sums::collect(Maps& maps) {
  const std::lock_guard held(mutex_);
  for (auto& [cells, words] : cells_) put(cells, words, maps);
}

}  // namespace weft::tools::trace
