// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/server/daemon.hpp"

#include <glib-unix.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "origin/base/log.hpp"
#include "origin/base/thread.hpp"
#include "origin/server/service_manager.hpp"

namespace origin::server {

namespace {

constexpr int kStoppedAtOnce = 1;
// What stopping takes beside its grace: for the service manager, which kills who takes longer than it said.
constexpr Duration kStopMargin = 30s;

std::string name_of(const Setting& setting) {
  return "[" + std::string(setting.group) + "] " + std::string(setting.key);
}

}  // namespace

Daemon::Daemon(CommandLine command_line, Configuration configuration)
    : command_line_(std::move(command_line)),
      configuration_(std::move(configuration)),
      loop_(Ref<GMainLoop>::adopt(g_main_loop_new(nullptr, FALSE))) {
  constexpr auto on_hangup = [](gpointer self) -> gboolean {
    static_cast<Daemon*>(self)->reload();
    return G_SOURCE_CONTINUE;
  };
  constexpr auto on_end = [](gpointer self) -> gboolean {
    static_cast<Daemon*>(self)->stop();
    return G_SOURCE_CONTINUE;
  };
  sources_[0] = g_unix_signal_add(SIGHUP, on_hangup, this);
  sources_[1] = g_unix_signal_add(SIGTERM, on_end, this);
  sources_[2] = g_unix_signal_add(SIGINT, on_end, this);
}

Daemon::~Daemon() {
  for (const guint source : sources_) g_source_remove(source);
  if (stopper_.joinable()) stopper_.join();
}

Status Daemon::start() {
  origin_ = std::make_unique<api::Origin>(configuration_.origin);
  // Before anybody can ask.
  origin_->set_policy(std::make_shared<const access::Policy>(configuration_.policy));
  origin_->configure_namespaces(configuration_.namespaces);
  const Configuration& wanted = configuration_;
  if (!wanted.access_log.empty()) {
    if (Status opened = origin_->open_access_log(wanted.access_log); !opened) return opened;
  }
  const bool plays_elsewhere = !wanted.play_host.empty();
  if (plays_elsewhere && wanted.play_port != 0 && wanted.play_port == wanted.port)
    return Error{ErrorCode::kInvalid,
                 "play-port is " + std::to_string(wanted.port) +
                     " as port is; which of the two a request is for is told by its port"};
  Status listening = listen(wanted.host, wanted.port, http::Purpose::kEverything);
  if (listening && plays_elsewhere)
    listening = listen(wanted.play_host, wanted.play_port, http::Purpose::kPlaying);
  if (!listening) return listening;
  for (const std::string& uri : origin_->uris()) std::printf("origin-server: %s/\n", uri.c_str());
  std::fflush(stdout);
  tell_ready();
  return {};
}

Status Daemon::listen(const std::string& host, uint16_t port, http::Purpose purpose) {
  const Result<uint16_t> listening = origin_->listen(host, port, purpose);
  if (listening) return {};
  std::string message = "cannot listen on " + listening.error().message;
  const std::string option = purpose == http::Purpose::kPlaying ? "--play-port" : "--port";
  if (listening.error().code == ErrorCode::kExists)
    message += "; another port is chosen with " + option + ", and " + option + "=0 takes any that is free";
  return Error{listening.error().code, message};
}

void Daemon::run() {
  g_main_loop_run(loop_.get());
}

void Daemon::reload() {
  if (stopper_.joinable()) return;
  origin_->reopen_access_log();
  if (command_line_.config.empty()) {
    log_warning("SIGHUP: there is no file to read again; one is given with --config=FILE");
    return;
  }
  tell_reloading();
  const Result<Configuration> fresh = configuration_of(command_line_);
  if (fresh) {
    take_over(*fresh);
  } else {
    log_warning("%s; the configuration stays as it is", fresh.error().message.c_str());
  }
  tell_ready();
}

void Daemon::take_over(const Configuration& fresh) {
  const std::vector<const Setting*> changed = differences(configuration_, fresh);
  for (const Setting* setting : changed) {
    const std::string value = setting->get(fresh);
    const std::string change =
        name_of(*setting) + " changed from " + setting->get(configuration_) + " to " + value;
    if (setting->apply) {
      setting->apply(*origin_, fresh);
      setting->set(configuration_, value);
      log_info("%s", change.c_str());
    } else {
      log_warning("%s, which needs a restart", change.c_str());
    }
  }
  origin_->set_policy(std::make_shared<const access::Policy>(fresh.policy));
  configuration_.policy = fresh.policy;
  origin_->configure_namespaces(fresh.namespaces);
  configuration_.namespaces = fresh.namespaces;
  log_info("%s was read again: %zu keys, %zu signing keys, %zu token keys, %zu namespaces",
           command_line_.config.c_str(), fresh.policy.keys.size(), fresh.policy.signing_keys.size(),
           fresh.policy.token_keys.size(), fresh.namespaces.size());
  log_info("%s was read again: %zu changes of settings", command_line_.config.c_str(), changed.size());
}

void Daemon::stop() {
  if (stopper_.joinable()) {
    log_warning("stopped at once, at a second signal");
    _exit(kStoppedAtOnce);
  }
  const Duration grace = configuration_.origin.http.limits.stop_grace;
  log_info("stopping; answers on their way have %g s to end", to_seconds(grace));
  tell_stopping(grace + kStopMargin);
  stopper_ = start_thread("origin-stop", [this] {
    origin_.reset();
    g_main_loop_quit(loop_.get());
  });
}

}  // namespace origin::server
