// A file whose cost is the standard library's templates.
#include <algorithm>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <vector>

int main() {
  const std::regex word("([a-z]+)-([0-9]+)", std::regex::icase);
  std::map<std::string, std::vector<int>> seen;
  for (std::string line; std::getline(std::cin, line);) {
    for (std::sregex_iterator it(line.begin(), line.end(), word), end; it != end; ++it) {
      seen[(*it)[1]].push_back(std::stoi((*it)[2]));
    }
  }
  for (auto& [name, values] : seen) {
    std::sort(values.begin(), values.end());
    std::cout << name << ' ' << values.size() << '\n';
  }
}
