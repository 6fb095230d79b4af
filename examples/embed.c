/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two pipelines, two presentations, one origin inside an application. Runs until interrupted, or for the number of
 * seconds given as argument:
 *
 *   cc embed.c $(pkg-config --cflags --libs liborigin gstreamer-1.0) -o embed && ./embed
 */
#include <gst/gst.h>
#include <origin/api/origin.h>
#include <stdlib.h>

static GstElement *
start_pipeline (OriginServer *server, const char *name, const char *description)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);
  if (pipeline == NULL) {
    g_printerr ("cannot make the pipeline of %s: %s\n", name, error->message);
    return NULL;
  }
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "o");
  g_object_set (sink, "origin", server, "presentation", name, NULL);
  if (gst_element_set_state (pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    g_printerr ("cannot start the pipeline of %s\n", name);
    gst_object_unref (pipeline);
    return NULL;
  }
  return pipeline;
}

static void
stop_pipeline (GstElement *pipeline)
{
  if (pipeline == NULL)
    return;
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static gboolean
print_statistics (gpointer server)
{
  g_autoptr (GVariant) statistics = origin_server_get_statistics (server);
  guint64 objects = 0, used = 0;
  g_variant_lookup (statistics, "objects", "t", &objects);
  g_variant_lookup (statistics, "memory-used", "t", &used);
  g_print ("%" G_GUINT64_FORMAT " objects, %" G_GUINT64_FORMAT " bytes\n", objects, used);
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_autoptr (GError) error = NULL;
  g_autoptr (OriginServer) server = origin_server_new ();
  if (!origin_server_listen (server, "127.0.0.1", 0, &error)) {
    g_printerr ("cannot listen: %s\n", error->message);
    return EXIT_FAILURE;
  }

  GstElement *ball = start_pipeline (server, "ball",
      "videotestsrc is-live=true pattern=ball ! x264enc tune=zerolatency ! originsink name=o "
      "audiotestsrc is-live=true wave=ticks ! avenc_aac ! o.");
  GstElement *bars = start_pipeline (server, "bars",
      "videotestsrc is-live=true ! x264enc tune=zerolatency ! originsink name=o");

  int status = EXIT_FAILURE;
  if (ball != NULL && bars != NULL) {
    g_print ("http://127.0.0.1:%u/ball/ and http://127.0.0.1:%u/bars/\n",
        origin_server_get_port (server), origin_server_get_port (server));
    g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
    if (argc > 1)
      g_timeout_add_seconds (atoi (argv[1]), quit, loop);
    guint statistics = g_timeout_add_seconds (1, print_statistics, server);
    g_main_loop_run (loop);
    g_source_remove (statistics);
    status = EXIT_SUCCESS;
  }
  stop_pipeline (ball);
  stop_pipeline (bars);
  return status;
}
