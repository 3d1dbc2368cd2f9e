#include "translate/selection.h"

#include <algorithm>

namespace weft::translate {

size_t Switch::stride(size_t selection) const {
  size_t versions = 1;
  for (size_t i = selection + 1; i < by.size(); ++i) versions *= by[i].values.size() + 1;
  return versions;
}

bool Switch::compares() const {
  return std::all_of(by.begin(), by.end(), [](const Selection& each) {
    return each.one_reading() && each.values.size() <= Selection::kMostInARow;
  });
}

}  // namespace weft::translate
