// SPDX-License-Identifier: LGPL-2.1-or-later
#include <condition_variable>
#include <map>
#include <new>

#include "origin/api/private.hpp"

using origin::ErrorCode;
using origin::Ref;
using origin::api::fail;
using origin::api::Origin;

struct _OriginServer {
  GObject parent;
  std::unique_ptr<Origin> origin;
  guint64 memory_limit;
};

struct _OriginServerClass {
  GObjectClass parent;
};

G_DEFINE_TYPE(OriginServer, origin_server, G_TYPE_OBJECT)

namespace {

constexpr guint64 kDefaultMemoryLimit = 1ull << 30;
constexpr guint64 kMinMemoryLimit = 1ull << 20;

enum Property { kPropMemoryLimit = 1, kPropPort };

// The shared servers of the process, by "host:port".
struct Shared {
  struct Entry {
    GWeakRef server{};
    bool opening = false;  // by another thread
  };
  origin::Mutex mutex;
  std::condition_variable_any opened;
  std::map<std::string, Entry> servers GUARDED_BY(mutex);
};

Shared& shared() {
  static Shared* const instance = new Shared;  // outlives every thread that may still ask
  return *instance;
}

OriginServer* open_server(const gchar* host, guint port, guint64 memory_limit, GError** error) {
  auto server = Ref<OriginServer>::adopt(origin_server_new_with_memory_limit(memory_limit));
  return origin_server_listen(server.get(), host, port, error) ? server.release() : nullptr;
}

// The running server of that address; null if the caller is to open one, and then to call finish_opening().
OriginServer* find_or_begin_opening(const std::string& key) {
  Shared& all = shared();
  Ref<OriginServer> existing;  // let go of after the lock
  origin::MutexLock lock(all.mutex);
  Shared::Entry& entry = all.servers[key];
  while (entry.opening) all.opened.wait(all.mutex);
  existing = Ref<OriginServer>::adopt(static_cast<OriginServer*>(g_weak_ref_get(&entry.server)));
  if (existing && !origin::api::origin_of(existing.get()).stopped()) return existing.release();
  entry.opening = true;
  return nullptr;
}

void finish_opening(const std::string& key, OriginServer* server) {
  Shared& all = shared();
  {
    origin::MutexLock lock(all.mutex);
    Shared::Entry& entry = all.servers[key];
    entry.opening = false;
    g_weak_ref_set(&entry.server, server);
  }
  all.opened.notify_all();
}

origin::Result<origin::channel::Options> channel_options(const char* name,
                                                         const OriginPresentationOptions& options) {
  const int type = origin::api::number_in(options.playlist_type);
  if (type < ORIGIN_PLAYLIST_TYPE_LIVE || type > ORIGIN_PLAYLIST_TYPE_VOD) {
    return origin::Error{ErrorCode::kInvalid, "playlist type " + std::to_string(type) +
                                                  " does not exist; it takes live (0), event (1) or vod (2)"};
  }
  origin::channel::Options ours;
  ours.name = name;
  ours.type = static_cast<origin::timeline::PlaylistType>(type);
  ours.segment_duration = origin::Duration(options.segment_duration);
  ours.part_duration = origin::Duration(options.part_duration);
  ours.target_duration = options.target_duration;
  ours.window = origin::Duration(options.window);
  ours.retention = origin::Duration(options.retention);
  ours.wall_clock = options.wall_clock;
  ours.expected_tracks = options.expected_tracks;
  ours.live_source = options.live_source;
  return ours;
}

}  // namespace

namespace origin::api {

Origin& origin_of(OriginServer* server) {
  return *server->origin;
}

}  // namespace origin::api

static void origin_server_init(OriginServer* self) {
  new (&self->origin) std::unique_ptr<Origin>();
}

static void origin_server_constructed(GObject* object) {
  auto* self = ORIGIN_SERVER(object);
  Origin::Options options;
  options.store.memory_limit = self->memory_limit;
  self->origin = std::make_unique<Origin>(options);
  G_OBJECT_CLASS(origin_server_parent_class)->constructed(object);
}

static void origin_server_finalize(GObject* object) {
  std::destroy_at(&ORIGIN_SERVER(object)->origin);
  G_OBJECT_CLASS(origin_server_parent_class)->finalize(object);
}

static void origin_server_set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  if (id == kPropMemoryLimit) {
    ORIGIN_SERVER(object)->memory_limit = g_value_get_uint64(value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void origin_server_get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  auto* self = ORIGIN_SERVER(object);
  switch (id) {
    case kPropMemoryLimit:
      g_value_set_uint64(value, self->memory_limit);
      break;
    case kPropPort:
      g_value_set_uint(value, origin_server_get_port(self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void origin_server_class_init(OriginServerClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->constructed = origin_server_constructed;
  object_class->finalize = origin_server_finalize;
  object_class->set_property = origin_server_set_property;
  object_class->get_property = origin_server_get_property;

  /**
   * OriginServer:memory-limit:
   *
   * The store's budget in bytes: what it holds and what readers still hold of it, together.
   */
  g_object_class_install_property(
      object_class, kPropMemoryLimit,
      g_param_spec_uint64("memory-limit", "Memory limit", "Budget of the store in bytes", kMinMemoryLimit,
                          G_MAXUINT64, kDefaultMemoryLimit,
                          GParamFlags(G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS)));
  /**
   * OriginServer:port:
   *
   * The port of the first address it listens on; 0 before origin_server_listen().
   */
  g_object_class_install_property(
      object_class, kPropPort,
      g_param_spec_uint("port", "Port", "Port of the first address it listens on", 0, 65535, 0,
                        GParamFlags(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));
}

/**
 * origin_server_new:
 *
 * An origin with the default memory limit that does not listen yet. Any thread, like all functions of
 * #OriginServer.
 *
 * Returns: (transfer full): a new server
 */
OriginServer* origin_server_new(void) {
  return ORIGIN_SERVER(g_object_new(ORIGIN_TYPE_SERVER, nullptr));
}

/**
 * origin_server_new_with_memory_limit:
 * @memory_limit: bytes, at least 1 MiB
 *
 * Returns: (transfer full): a new server
 */
OriginServer* origin_server_new_with_memory_limit(guint64 memory_limit) {
  return ORIGIN_SERVER(
      g_object_new(ORIGIN_TYPE_SERVER, "memory-limit", MAX(memory_limit, kMinMemoryLimit), nullptr));
}

/**
 * origin_server_obtain:
 * @host: address to listen on
 * @port: port, 0 for any free one
 * @memory_limit: bytes; only counts if the server is made by this call
 * @error: return location for an error
 *
 * The server of this process that listens on @host and @port. All callers with the same address share one,
 * which lives as long as any of them holds a reference; with port 0 each call makes a server of its own.
 *
 * Returns: (transfer full): the server, or %NULL with @error set
 */
OriginServer* origin_server_obtain(const gchar* host, guint port, guint64 memory_limit, GError** error) {
  g_return_val_if_fail(host, nullptr);
  if (port == 0) return open_server(host, port, memory_limit, error);
  const std::string key = std::string(host) + ":" + std::to_string(port);
  if (OriginServer* existing = find_or_begin_opening(key)) return existing;
  OriginServer* server = open_server(host, port, memory_limit, error);
  finish_opening(key, server);
  return server;
}

/**
 * origin_server_listen:
 * @self: a server
 * @host: IPv4 or IPv6 address, or "localhost"; "::" also takes IPv4
 * @port: port, 0 for any free one
 * @error: return location for an error
 *
 * Starts to serve on an address; may be called for several.
 *
 * Presentations that are opened after the first of them, if its @port is not 0, leave to a process that takes
 * over from a killed one what numbers they have used: in a file of a few bytes, in memory.
 *
 * Returns: whether it listens
 */
gboolean origin_server_listen(OriginServer* self, const gchar* host, guint port, GError** error) {
  g_return_val_if_fail(self && host, FALSE);
  if (port > 65535) {
    return fail(error, {ErrorCode::kInvalid,
                        "port " + std::to_string(port) + " does not exist; it takes 0 to 65535"});
  }
  const auto listened = self->origin->listen(host, static_cast<uint16_t>(port));
  if (!listened) return fail(error, listened.error());
  g_object_notify(G_OBJECT(self), "port");
  return TRUE;
}

/**
 * origin_server_get_port:
 * @self: a server
 *
 * Returns: the port of the first address it listens on, 0 if there is none
 */
guint origin_server_get_port(OriginServer* self) {
  g_return_val_if_fail(self, 0);
  return self->origin->first_port();
}

/**
 * origin_server_get_uris:
 * @self: a server
 *
 * Returns: (transfer full) (array zero-terminated=1): the base URI of each address it listens on, such as
 *   "http://127.0.0.1:8080"
 */
gchar** origin_server_get_uris(OriginServer* self) {
  g_return_val_if_fail(self, nullptr);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  for (const std::string& uri : self->origin->uris()) g_strv_builder_add(builder, uri.c_str());
  return g_strv_builder_end(builder);
}

/**
 * origin_server_get_statistics:
 * @self: a server
 *
 * What the store holds now: "objects", "topics", "memory-used", "memory-limit" (bytes), "evicted", "expired"
 * (objects since the start), "rendered", "compressed" (playlists and their deltas since the start), each as
 * uint64.
 *
 * Returns: (transfer full): a floating-free variant of type a{sv}
 */
GVariant* origin_server_get_statistics(OriginServer* self) {
  g_return_val_if_fail(self, nullptr);
  const origin::store::Stats stats = self->origin->store().stats();
  GVariantBuilder builder;
  g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
  const auto add = [&](const char* name, uint64_t value) {
    g_variant_builder_add(&builder, "{sv}", name, g_variant_new_uint64(value));
  };
  add("objects", stats.objects);
  add("topics", stats.topics);
  add("memory-used", stats.used_bytes);
  add("memory-limit", stats.limit_bytes);
  add("evicted", stats.evicted);
  add("expired", stats.expired);
  add("rendered", stats.rendered);
  add("compressed", stats.compressed);
  return g_variant_ref_sink(g_variant_builder_end(&builder));
}

/**
 * origin_server_open_presentation:
 * @self: a server
 * @name: first part of the presentation's URLs: letters, digits, '-', '_', '.', '~'
 * @options: how it is made
 * @error: return location for an error
 *
 * Makes a presentation, or goes on with one of that name whose publisher left without ending it.
 *
 * Returns: (transfer full): the presentation, or %NULL with @error set: %ORIGIN_ERROR_EXISTS if it has a
 * publisher, %ORIGIN_ERROR_INVALID for a name or option that cannot be, %ORIGIN_ERROR_ENDED once the server
 * has been stopped
 */
OriginPresentation* origin_server_open_presentation(OriginServer* self, const gchar* name,
                                                    const OriginPresentationOptions* options,
                                                    GError** error) {
  g_return_val_if_fail(self && name && options, nullptr);
  const auto ours = channel_options(name, *options);
  if (ours) return origin::api::new_presentation(self, *ours, error);
  fail(error, ours.error());
  return nullptr;
}

/**
 * origin_server_publish_presentation:
 * @self: a server, which need not listen: what is on its way is kept within its memory limit
 * @name: as in origin_server_open_presentation(), at the remote server
 * @options: likewise
 * @location: of the remote server, "http://origin:8080"
 * @api_key: (nullable): a key that may publish there; %NULL where none is needed
 * @error: return location for an error
 *
 * Makes a presentation at another server, which its media is sent to chunk by chunk. It is tried again
 * whenever the connection fails, and what could not be sent meanwhile is sent then, within a limit; the
 * presentation's signal "warning" tells of it. origin_presentation_close() waits up to 10 s for what has not
 * arrived yet. Where the media is not paced by the clock, origin_track_push() waits for room.
 *
 * Returns: (transfer full): the presentation, or %NULL with @error set: %ORIGIN_ERROR_INVALID for a name,
 * option or location that cannot be
 */
OriginPresentation* origin_server_publish_presentation(OriginServer* self, const gchar* name,
                                                       const OriginPresentationOptions* options,
                                                       const gchar* location, const gchar* api_key,
                                                       GError** error) {
  g_return_val_if_fail(self && name && options && location, nullptr);
  const auto ours = channel_options(name, *options);
  if (!ours) {
    fail(error, ours.error());
    return nullptr;
  }
  return origin::api::new_relayed(self, *ours, location, api_key ? api_key : "", error);
}

/**
 * origin_server_remove_presentation:
 * @self: a server
 * @name: name of a presentation
 * @error: return location for an error
 *
 * Takes a presentation that has ended, or whose publisher has left, out of the origin.
 *
 * Returns: whether it went; %ORIGIN_ERROR_NOT_FOUND if there is none, %ORIGIN_ERROR_EXISTS while it has a
 * publisher
 */
gboolean origin_server_remove_presentation(OriginServer* self, const gchar* name, GError** error) {
  g_return_val_if_fail(self && name, FALSE);
  const origin::Status removed = self->origin->directory().remove(name);
  return removed ? TRUE : fail(error, removed.error());
}

/**
 * origin_server_stop:
 * @self: a server
 *
 * Stops to listen and closes all connections. What is stored stays until the last reference goes.
 * Presentations that are open take what is pushed as before, for nobody; no other can be opened, and the
 * server cannot listen again.
 */
void origin_server_stop(OriginServer* self) {
  g_return_if_fail(self);
  self->origin->stop();
}
