/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <origin/api/origin-presentation.h>
#include <origin/api/origin-types.h>

G_BEGIN_DECLS

#define ORIGIN_TYPE_SERVER (origin_server_get_type ())
#define ORIGIN_SERVER(object) (G_TYPE_CHECK_INSTANCE_CAST ((object), ORIGIN_TYPE_SERVER, OriginServer))
#define ORIGIN_IS_SERVER(object) (G_TYPE_CHECK_INSTANCE_TYPE ((object), ORIGIN_TYPE_SERVER))
ORIGIN_API GType origin_server_get_type (void);
typedef struct _OriginServer OriginServer;
typedef struct _OriginServerClass OriginServerClass;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OriginServer, g_object_unref)

ORIGIN_API OriginServer *origin_server_new (void);
ORIGIN_API OriginServer *origin_server_new_with_memory_limit (guint64 memory_limit);
ORIGIN_API OriginServer *origin_server_obtain (const gchar *host, guint port, guint64 memory_limit,
                                               GError **error);
ORIGIN_API gboolean origin_server_listen (OriginServer *self, const gchar *host, guint port, GError **error);
ORIGIN_API guint origin_server_get_port (OriginServer *self);
ORIGIN_API gchar **origin_server_get_uris (OriginServer *self);
ORIGIN_API GVariant *origin_server_get_statistics (OriginServer *self);
ORIGIN_API OriginPresentation *origin_server_open_presentation (OriginServer *self, const gchar *name,
                                                                const OriginPresentationOptions *options,
                                                                GError **error);
ORIGIN_API OriginPresentation *origin_server_publish_presentation (OriginServer *self, const gchar *name,
                                                                   const OriginPresentationOptions *options,
                                                                   const gchar *location, const gchar *api_key,
                                                                   GError **error);
ORIGIN_API gboolean origin_server_remove_presentation (OriginServer *self, const gchar *name, GError **error);
ORIGIN_API void origin_server_stop (OriginServer *self);

G_END_DECLS
