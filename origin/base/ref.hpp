// SPDX-License-Identifier: LGPL-2.1-or-later
// Owning reference to a GLib reference-counted type. Any thread; the count is atomic, the Ref itself is not.
#pragma once

#include <gio/gio.h>

#include <memory>
#include <utility>

namespace origin {

// How a type is retained and released. The default is GObject's; others are specialised below.
template <typename T>
struct RefTraits {
  static void ref(T* object) { g_object_ref(object); }
  static void unref(T* object) { g_object_unref(object); }
};

template <>
struct RefTraits<GBytes> {
  static void ref(GBytes* bytes) { g_bytes_ref(bytes); }
  static void unref(GBytes* bytes) { g_bytes_unref(bytes); }
};

template <>
struct RefTraits<GMainContext> {
  static void ref(GMainContext* context) { g_main_context_ref(context); }
  static void unref(GMainContext* context) { g_main_context_unref(context); }
};

template <>
struct RefTraits<GMainLoop> {
  static void ref(GMainLoop* loop) { g_main_loop_ref(loop); }
  static void unref(GMainLoop* loop) { g_main_loop_unref(loop); }
};

// A GSource is destroyed (taken out of its context) when its owner lets go.
template <>
struct RefTraits<GSource> {
  static void ref(GSource* source) { g_source_ref(source); }
  static void unref(GSource* source) {
    g_source_destroy(source);
    g_source_unref(source);
  }
};

template <typename T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  Ref(const Ref& other) : object_(other.object_) {
    if (object_) RefTraits<T>::ref(object_);
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) RefTraits<T>::unref(object_);
  }

  // Takes over a reference that the caller owns.
  static Ref adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  // Takes a reference of its own.
  static Ref share(T* object) {
    if (object) RefTraits<T>::ref(object);
    return adopt(object);
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  // Hands the reference to the caller.
  T* release() { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

// Deleters for GLib's plain allocations: std::unique_ptr<char, GFree>.
struct GFree {
  void operator()(void* memory) const { g_free(memory); }
};
struct GErrorFree {
  void operator()(GError* error) const { g_error_free(error); }
};
struct GChecksumFree {
  void operator()(GChecksum* checksum) const { g_checksum_free(checksum); }
};
using GChecksumPtr = std::unique_ptr<GChecksum, GChecksumFree>;
using GCharPtr = std::unique_ptr<char, GFree>;
using GErrorPtr = std::unique_ptr<GError, GErrorFree>;

}  // namespace origin
