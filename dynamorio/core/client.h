// A client's library: what the command line says of it, and loading it. Made before the program
// starts; constant afterwards but for the names that it gives itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dr_api.h"
#include "weft/instruction_list.h"

namespace weft::dynamorio {

struct Client {
  client_id_t id = 0;
  std::string path;
  std::vector<std::string> arguments;
  std::string options;                     ///< the arguments in one line, quoted where they need it
  std::vector<const char*> argument_list;  ///< path and arguments, as dr_client_main() gets them
  byte* base = nullptr;
  void* handle = nullptr;
  std::string name;
  std::string report_to;
  std::string version;
};

/// `text` has a line for each client: its path and its arguments, as encode_clients() writes them.
std::vector<Client> decode_clients(std::string_view text);

/// Loads the library and checks what it was built for. Empty, or what is wrong.
std::string load(Client& client, Lists& lists);
/// Calls its dr_client_main(), or dr_init(). Empty, or what is wrong.
std::string start(Client& client);
/// Runs the library's destructors, which the process's end does not. It stays loaded.
void finish(const Client& client);

}  // namespace weft::dynamorio
