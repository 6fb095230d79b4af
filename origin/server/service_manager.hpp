// SPDX-License-Identifier: LGPL-2.1-or-later
// What systemd is told (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names. Any thread.
#pragma once

#include "origin/base/time.hpp"

namespace origin::server {

// Each does nothing where nobody has asked for it.
void tell_ready();
void tell_reloading();  // until tell_ready()
// `longest` is how long it may take.
void tell_stopping(Duration longest);

}  // namespace origin::server
