// SPDX-License-Identifier: LGPL-2.1-or-later
// Log lines through GLib's structured log (stderr or the journal), domain "origin". Any thread.
#pragma once

namespace origin {

[[gnu::format(printf, 1, 2)]] void log_warning(const char* format, ...);
[[gnu::format(printf, 1, 2)]] void log_info(const char* format, ...);
// Shown with G_MESSAGES_DEBUG=origin.
[[gnu::format(printf, 1, 2)]] void log_debug(const char* format, ...);

}  // namespace origin
