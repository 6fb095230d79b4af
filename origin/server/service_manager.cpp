// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/server/service_manager.hpp"

#include <glib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "origin/base/log.hpp"

namespace origin::server {

namespace {

// A path, or with an @ in front a name in the abstract namespace (unix(7)).
bool send_to(const std::string& name, const std::string& state) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    return false;
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name.front() == '@') address.sun_path[0] = '\0';
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const ssize_t sent =
      sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
  const int number = errno;
  close(fd);
  errno = number;
  return sent == static_cast<ssize_t>(state.size());
}

void tell(const std::string& state) {
  const char* name = g_getenv("NOTIFY_SOCKET");
  if (!name || !*name) return;
  if (!send_to(name, state))
    log_warning("cannot tell the service manager at NOTIFY_SOCKET=%s: %s", name, std::strerror(errno));
}

}  // namespace

void tell_ready() {
  tell("READY=1");
}

void tell_reloading() {
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(g_get_monotonic_time()));
}

void tell_stopping(Duration longest) {
  const auto microseconds = std::chrono::ceil<std::chrono::microseconds>(longest).count();
  tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(microseconds));
}

}  // namespace origin::server
