#include "core/client.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>

#include <filesystem>
#include <system_error>

#include "core/encoded_word.h"
#include "core/version.h"

namespace weft::dynamorio {

std::string decode_word(std::string_view word) {
  std::string text;
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '%' && i + 2 < word.size()) {
      text += static_cast<char>(std::stoi(std::string(word.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      text += word[i];
    }
  }
  return text;
}

namespace {

std::string in_quotes(const std::string& word) {
  if (word.find_first_of(" \t\n\"'`") == std::string::npos && !word.empty()) return word;
  const char quote = word.find('"') == std::string::npos ? '"' : '\'';
  return quote + word + quote;
}

/// A client may have been linked with nothing: the API is there for every library from now on.
void show_api() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&dr_get_options), &info) != 0) {
    dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
  }
}

}  // namespace

std::vector<Client> decode_clients(std::string_view text) {
  std::vector<Client> clients;
  while (!text.empty()) {
    const size_t end = text.find('|');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    Client& client = clients.emplace_back();
    client.id = static_cast<client_id_t>(clients.size() - 1);
    for (bool first = true;; first = false) {
      const size_t space = line.find(' ');
      std::string word = decode_word(line.substr(0, space));
      if (first) {
        client.path = std::move(word);
      } else {
        if (!client.options.empty()) client.options += ' ';
        client.options += in_quotes(word);
        client.arguments.push_back(std::move(word));
      }
      if (space == std::string_view::npos) break;
      line = line.substr(space + 1);
    }
  }
  for (Client& client : clients) {
    client.argument_list.push_back(client.path.c_str());
    for (const std::string& word : client.arguments) client.argument_list.push_back(word.c_str());
  }
  return clients;
}

std::string load(Client& client, Lists& lists) {
  show_api();
  std::error_code error;
  if (!std::filesystem::exists(client.path, error)) {
    return fmt::format("no client library '{}'", client.path);
  }
  client.handle = lists.open_library(client.path.c_str());
  if (client.handle == nullptr) return fmt::format("client cannot be loaded: {}", dlerror());
  const auto* version = static_cast<const int*>(dlsym(client.handle, "_USES_DR_VERSION_"));
  if (version == nullptr) {
    return fmt::format(
        "{} is no client: it has no _USES_DR_VERSION_; its code has to include dr_api.h",
        client.path);
  }
  if (*version < kOldestVersion || *version > kVersion) {
    return fmt::format("client {} was built for version {} of the API, this has {} to {}",
                       client.path, *version, kOldestVersion, kVersion);
  }
  Dl_info info{};
  if (dladdr(static_cast<const void*>(version), &info) != 0) {
    client.base = static_cast<byte*>(info.dli_fbase);
  }
  return {};
}

std::string start(Client& client) {
  using Main = void (*)(client_id_t, int, const char**);
  using Init = void (*)(client_id_t);
  const auto main = reinterpret_cast<Main>(dlsym(client.handle, "dr_client_main"));
  if (main != nullptr) {
    main(client.id, static_cast<int>(client.argument_list.size()), client.argument_list.data());
    return {};
  }
  const auto init = reinterpret_cast<Init>(dlsym(client.handle, "dr_init"));
  if (init == nullptr) {
    return fmt::format("client {} has neither dr_client_main() nor dr_init()", client.path);
  }
  init(client.id);
  return {};
}

void finish(const Client& client) {
  link_map* map = nullptr;
  if (client.handle == nullptr || dlinfo(client.handle, RTLD_DI_LINKMAP, &map) != 0) return;
  using Function = void (*)();
  const Function* functions = nullptr;
  size_t count = 0;
  for (const ElfW(Dyn)* each = map->l_ld; each->d_tag != DT_NULL; ++each) {
    if (each->d_tag == DT_FINI_ARRAY) {
      functions = reinterpret_cast<const Function*>(map->l_addr + each->d_un.d_ptr);
    }
    if (each->d_tag == DT_FINI_ARRAYSZ) count = each->d_un.d_val / sizeof(Function);
  }
  if (functions == nullptr) return;
  while (count > 0) functions[--count]();
}

}  // namespace weft::dynamorio
