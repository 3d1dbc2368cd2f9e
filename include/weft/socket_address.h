// The address of a socket that has a path.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string_view>

namespace weft {

struct SocketAddress {
  sockaddr_un un;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&un); }
  static constexpr socklen_t size() { return sizeof(sockaddr_un); }
};

/// Nothing if the path is too long for one.
inline std::optional<SocketAddress> socket_address(std::string_view path) {
  SocketAddress address{};
  address.un.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.un.sun_path) return std::nullopt;
  path.copy(address.un.sun_path, path.size());
  return address;
}

}  // namespace weft
