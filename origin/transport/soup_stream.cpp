// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/transport/soup_stream.hpp"

#include <new>
#include <thread>

#include "origin/base/mutex.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ORIGIN_THREAD_SANITIZER
#endif
#elif defined(__SANITIZE_THREAD__)
#define ORIGIN_THREAD_SANITIZER
#endif
#if defined(ORIGIN_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>
#endif

namespace origin::transport {

struct SoupStream::State {
  State(SoupEndpoint* the_endpoint, std::shared_ptr<std::atomic<int>> the_alive)
      : endpoint(the_endpoint), alive(std::move(the_alive)) {
    alive->fetch_add(1, std::memory_order_relaxed);
  }
  ~State() { alive->fetch_sub(1, std::memory_order_release); }

  bool on_worker() const { return std::this_thread::get_id() == worker; }

  const std::thread::id worker = std::this_thread::get_id();
  SoupEndpoint* endpoint;  // null once either side let go; worker's thread only
  const std::shared_ptr<std::atomic<int>> alive;
  Mutex mutex;
  std::string late GUARDED_BY(mutex);
};

}  // namespace origin::transport

using origin::MutexLock;
using origin::transport::SoupEndpoint;
using State = origin::transport::SoupStream::State;
using StateRef = std::shared_ptr<State>;

namespace {

// GLib hands an output stream to a thread of its pool, and orders that with a lock that ThreadSanitizer does
// not see.
void note_handed_out([[maybe_unused]] gpointer stream) {
#if defined(ORIGIN_THREAD_SANITIZER)
  __tsan_release(stream);
#endif
}

void note_handed_in([[maybe_unused]] gpointer stream) {
#if defined(ORIGIN_THREAD_SANITIZER)
  __tsan_acquire(stream);
#endif
}

void set_error(GError** error, int code, const char* message) {
  g_set_error_literal(error, G_IO_ERROR, code, message);
}

gssize read_some(State& state, void* buffer, gsize count, GError** error) {
  const gssize read = state.endpoint ? state.endpoint->soup_read(buffer, count) : SoupEndpoint::kBroken;
  if (read >= 0) return read;
  if (read == SoupEndpoint::kWouldBlock) {
    set_error(error, G_IO_ERROR_WOULD_BLOCK, "no bytes yet");
  } else {
    set_error(error, G_IO_ERROR_CONNECTION_CLOSED, "the connection is gone");
  }
  return -1;
}

gssize write_some(State& state, const void* data, gsize count, GError** error) {
  if (!state.on_worker()) {
    MutexLock lock(state.mutex);
    state.late.append(static_cast<const char*>(data), count);
    return static_cast<gssize>(count);
  }
  const gssize written = state.endpoint ? state.endpoint->soup_write(data, count) : SoupEndpoint::kBroken;
  if (written >= 0) return written;
  if (written == SoupEndpoint::kWouldBlock) {
    set_error(error, G_IO_ERROR_WOULD_BLOCK, "the socket is full");
  } else {
    set_error(error, G_IO_ERROR_CONNECTION_CLOSED, "the connection is gone");
  }
  return -1;
}

// A source without a descriptor, ready when the endpoint is. Child of the pollable source that libsoup asks
// for.
struct EndpointSource {
  GSource source;
  StateRef* state;
  bool output;
};

gboolean endpoint_ready(GSource* base) {
  const auto* source = reinterpret_cast<EndpointSource*>(base);
  const SoupEndpoint* endpoint = (*source->state)->endpoint;
  return !endpoint || (source->output ? endpoint->soup_writable() : endpoint->soup_readable());
}

gboolean endpoint_prepare(GSource* base, gint* timeout) {
  *timeout = -1;
  return endpoint_ready(base);
}

gboolean endpoint_dispatch(GSource*, GSourceFunc, gpointer) {
  return G_SOURCE_CONTINUE;
}

void endpoint_finalize(GSource* base) {
  delete reinterpret_cast<EndpointSource*>(base)->state;
}

GSourceFuncs endpoint_source_funcs = {endpoint_prepare,  endpoint_ready, endpoint_dispatch,
                                      endpoint_finalize, nullptr,        nullptr};

GSource* pollable_source(gpointer stream, const StateRef& state, bool output) {
  GSource* child = g_source_new(&endpoint_source_funcs, sizeof(EndpointSource));
  auto* source = reinterpret_cast<EndpointSource*>(child);
  source->state = new StateRef(state);
  source->output = output;
  GSource* pollable = g_pollable_source_new(G_OBJECT(stream));
  g_source_add_child_source(pollable, child);
  g_source_unref(child);
  return pollable;
}

}  // namespace

// ---- GInputStream

typedef struct {
  GInputStream parent;
  StateRef state;
} OriginSoupInput;
typedef GInputStreamClass OriginSoupInputClass;

static void origin_soup_input_pollable(GPollableInputStreamInterface* interface);

G_DEFINE_FINAL_TYPE_WITH_CODE(OriginSoupInput, origin_soup_input, G_TYPE_INPUT_STREAM,
                              G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_INPUT_STREAM, origin_soup_input_pollable))

static OriginSoupInput* as_input(gpointer stream) {
  return static_cast<OriginSoupInput*>(stream);
}

static void origin_soup_input_init(OriginSoupInput* self) {
  new (&self->state) StateRef();
}

static void origin_soup_input_finalize(GObject* object) {
  as_input(object)->state.~StateRef();
  G_OBJECT_CLASS(origin_soup_input_parent_class)->finalize(object);
}

static void origin_soup_input_class_init(OriginSoupInputClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = origin_soup_input_finalize;
  klass->read_fn = [](GInputStream* stream, void* buffer, gsize count, GCancellable*, GError** error) {
    return read_some(*as_input(stream)->state, buffer, count, error);
  };
}

static void origin_soup_input_pollable(GPollableInputStreamInterface* interface) {
  interface->is_readable = [](GPollableInputStream* stream) -> gboolean {
    const SoupEndpoint* endpoint = as_input(stream)->state->endpoint;
    return !endpoint || endpoint->soup_readable();
  };
  interface->create_source = [](GPollableInputStream* stream, GCancellable*) {
    return pollable_source(stream, as_input(stream)->state, false);
  };
  interface->read_nonblocking = [](GPollableInputStream* stream, void* buffer, gsize count, GError** error) {
    return read_some(*as_input(stream)->state, buffer, count, error);
  };
}

// ---- GOutputStream

typedef struct {
  GOutputStream parent;
  StateRef state;
} OriginSoupOutput;
typedef GOutputStreamClass OriginSoupOutputClass;

static void origin_soup_output_pollable(GPollableOutputStreamInterface* interface);

G_DEFINE_FINAL_TYPE_WITH_CODE(OriginSoupOutput, origin_soup_output, G_TYPE_OUTPUT_STREAM,
                              G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                    origin_soup_output_pollable))

static OriginSoupOutput* as_output(gpointer stream) {
  return static_cast<OriginSoupOutput*>(stream);
}

static void origin_soup_output_init(OriginSoupOutput* self) {
  new (&self->state) StateRef();
}

static void origin_soup_output_finalize(GObject* object) {
  note_handed_in(object);
  as_output(object)->state.~StateRef();
  G_OBJECT_CLASS(origin_soup_output_parent_class)->finalize(object);
}

static gssize origin_soup_output_write(GOutputStream* stream, const void* data, gsize count, GCancellable*,
                                       GError** error) {
  note_handed_in(stream);
  return write_some(*as_output(stream)->state, data, count, error);
}

static gboolean origin_soup_output_flush(GOutputStream* stream, GCancellable*, GError** error) {
  note_handed_in(stream);
  State& state = *as_output(stream)->state;
  if (!state.on_worker()) return TRUE;
  if (state.endpoint && state.endpoint->soup_flush()) return TRUE;
  set_error(error, G_IO_ERROR_CONNECTION_CLOSED, "the connection is gone");
  return FALSE;
}

static void origin_soup_output_class_init(OriginSoupOutputClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = origin_soup_output_finalize;
  klass->write_fn = origin_soup_output_write;
  klass->flush = origin_soup_output_flush;
}

static void origin_soup_output_pollable(GPollableOutputStreamInterface* interface) {
  interface->is_writable = [](GPollableOutputStream* stream) -> gboolean {
    const SoupEndpoint* endpoint = as_output(stream)->state->endpoint;
    return !endpoint || endpoint->soup_writable();
  };
  interface->create_source = [](GPollableOutputStream* stream, GCancellable*) {
    return pollable_source(stream, as_output(stream)->state, true);
  };
  interface->write_nonblocking = [](GPollableOutputStream* stream, const void* data, gsize count,
                                    GError** error) {
    return write_some(*as_output(stream)->state, data, count, error);
  };
}

// ---- GIOStream

typedef struct {
  GIOStream parent;
  StateRef state;
  OriginSoupInput* input;
  OriginSoupOutput* output;
} OriginSoupStream;
typedef GIOStreamClass OriginSoupStreamClass;

G_DEFINE_FINAL_TYPE(OriginSoupStream, origin_soup_stream, G_TYPE_IO_STREAM)

static OriginSoupStream* as_stream(gpointer stream) {
  return static_cast<OriginSoupStream*>(stream);
}

static void origin_soup_stream_init(OriginSoupStream* self) {
  new (&self->state) StateRef();
}

static void origin_soup_stream_finalize(GObject* object) {
  OriginSoupStream* self = as_stream(object);
  g_object_unref(self->input);
  g_object_unref(self->output);
  self->state.~StateRef();
  G_OBJECT_CLASS(origin_soup_stream_parent_class)->finalize(object);
}

static gboolean origin_soup_stream_close(GIOStream* stream, GCancellable*, GError**) {
  State& state = *as_stream(stream)->state;
  if (!state.on_worker()) return TRUE;
  if (SoupEndpoint* endpoint = std::exchange(state.endpoint, nullptr)) endpoint->soup_closed();
  return TRUE;
}

// The default would close in a thread of the pool.
static void origin_soup_stream_close_async(GIOStream* stream, int, GCancellable* cancellable,
                                           GAsyncReadyCallback callback, gpointer user_data) {
  GTask* task = g_task_new(stream, cancellable, callback, user_data);
  origin_soup_stream_close(stream, cancellable, nullptr);
  g_task_return_boolean(task, TRUE);
  g_object_unref(task);
}

static void origin_soup_stream_class_init(OriginSoupStreamClass* klass) {
  G_OBJECT_CLASS(klass)->finalize = origin_soup_stream_finalize;
  klass->get_input_stream = [](GIOStream* stream) { return &as_stream(stream)->input->parent; };
  klass->get_output_stream = [](GIOStream* stream) { return &as_stream(stream)->output->parent; };
  klass->close_fn = origin_soup_stream_close;
  klass->close_async = origin_soup_stream_close_async;
  klass->close_finish = [](GIOStream*, GAsyncResult* result, GError** error) {
    return g_task_propagate_boolean(G_TASK(result), error);
  };
}

namespace origin::transport {

SoupStream::SoupStream(SoupEndpoint& endpoint, std::shared_ptr<std::atomic<int>> alive)
    : state_(std::make_shared<State>(&endpoint, std::move(alive))) {
  auto* stream = static_cast<OriginSoupStream*>(g_object_new(origin_soup_stream_get_type(), nullptr));
  stream->input = static_cast<OriginSoupInput*>(g_object_new(origin_soup_input_get_type(), nullptr));
  stream->output = static_cast<OriginSoupOutput*>(g_object_new(origin_soup_output_get_type(), nullptr));
  stream->state = stream->input->state = stream->output->state = state_;
  note_handed_out(stream->output);
  stream_ = Ref<GIOStream>::adopt(&stream->parent);
}

SoupStream::~SoupStream() {
  state_->endpoint = nullptr;
}

std::string SoupStream::take_late() {
  MutexLock lock(state_->mutex);
  return std::exchange(state_->late, {});
}

}  // namespace origin::transport
