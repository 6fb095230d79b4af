// SPDX-License-Identifier: LGPL-2.1-or-later
// Where log lines go. Called once, before there is any other thread.
#pragma once

namespace origin::server {

// To the journal if standard error is the journal, else to standard error. Shows what the library logs for
// an operator; what it logs for its authors is shown with G_MESSAGES_DEBUG=origin.
void send_log_to_operator();

}  // namespace origin::server
