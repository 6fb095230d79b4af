// SPDX-License-Identifier: LGPL-2.1-or-later
// An origin from its start to the signal that ends it. Main thread.
#pragma once

#include <glib.h>

#include <memory>
#include <thread>

#include "origin/base/ref.hpp"
#include "origin/server/command_line.hpp"

namespace origin::server {

class Daemon {
 public:
  // `configuration` is what configuration_of() made of `command_line`.
  Daemon(CommandLine command_line, Configuration configuration);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Listens, and says so on standard output and to the service manager.
  Status start();
  // Until SIGTERM or SIGINT, and until what was on its way then has left; a second one ends the process at
  // once. SIGHUP has the file read again. REQUIRES: start() was good.
  void run();

 private:
  Status listen(const std::string& host, uint16_t port, http::Purpose purpose);
  void reload();
  void take_over(const Configuration& fresh);
  void stop();

  const CommandLine command_line_;
  Configuration configuration_;  // what is in effect
  const Ref<GMainLoop> loop_;
  guint sources_[3] = {};  // of the signals
  std::unique_ptr<api::Origin> origin_;
  std::thread stopper_;  // the loop goes on meanwhile, for a second signal
};

}  // namespace origin::server
