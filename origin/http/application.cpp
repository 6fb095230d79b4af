// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/application.hpp"

#include "origin/http/name.hpp"

namespace origin::http {

namespace {

RequestFields fields_of(SoupServerMessage* message) {
  SoupMessageHeaders* headers = soup_server_message_get_request_headers(message);
  RequestFields fields;
  for (const NamedField& field : kRequestFields) {
    const char* value = soup_message_headers_get_list(headers, field.name.data());
    if (value) fields.*field.value = value;
  }
  return fields;
}

}  // namespace

// A paused message. Its destruction lets the message go on, unless it has ended already.
class Application::HeldMessage final : public HoldList::Waiter {
 public:
  HeldMessage(Application& application, SoupServerMessage* message, Left left)
      : application_(application), message_(Ref<SoupServerMessage>::share(message)), left_(std::move(left)) {
    left_.visit.note_held();
    soup_server_message_pause(message);
    for (const char* end : {"finished", "disconnected"}) {
      g_signal_connect_swapped(message, end, G_CALLBACK(&HeldMessage::message_ended), this);
    }
    // The transport ends the message of a client that is gone.
    connection_ = transport::Connection::of(message);
    if (connection_) connection_->on_gone([this] { message_ended(this); });
  }

  ~HeldMessage() override {
    g_signal_handlers_disconnect_by_data(message_.get(), this);
    if (ended_) return;
    if (connection_) connection_->on_gone({});
    soup_server_message_unpause(message_.get());
  }

  std::optional<Hold> look_again() override {
    Hold hold;
    if (application_.route(left_, message_.get(), hold, true) == Router::Outcome::kHold) return hold;
    application_.send(message_.get(), std::move(left_.visit));
    return std::nullopt;
  }

  bool is_still_admitted() const override {
    return application_.shared_.gate.still_admits(left_.grant, access::Right::kRead, left_.name);
  }

  void give_up(std::string_view reason, bool close) override {
    set_unavailable(application_.reply_, reason);
    application_.reply_.close = close;
    application_.reply_.not_yet = !close;
    application_.send(message_.get(), std::move(left_.visit));
  }

 private:
  // Nobody waits for the answer any more. `self` is gone afterwards.
  static void message_ended(HeldMessage* self) {
    self->ended_ = true;
    self->application_.holds_.drop(*self);
  }

  Application& application_;
  const Ref<SoupServerMessage> message_;
  Left left_;
  transport::Connection* connection_ = nullptr;
  bool ended_ = false;
};

Application::Application(transport::Worker& worker, SoupServer* soup, Shared& shared)
    : shared_(shared),
      soup_(soup),
      access_control_(shared),
      ledger_(shared),
      router_(shared),
      wire_(shared.store.clock()),
      holds_(worker.context(), shared, ledger_),
      uploads_(shared, wire_),
      fast_lane_(shared, router_, holds_, wire_) {
  soup_server_add_handler(
      soup, nullptr,
      [](SoupServer*, SoupServerMessage* message, const char*, GHashTable*, gpointer self) {
        static_cast<Application*>(self)->handle(message);
      },
      this, nullptr);
}

Application::~Application() {
  soup_server_remove_handler(soup_, "/");
}

bool Application::first_look(transport::Connection& connection, const transport::RequestHead& head) {
  shared_.requests.fetch_add(1, std::memory_order_relaxed);
  Visit visit = ledger_.begin(head.method);
  transport::RequestHead admitted = head;
  access::GrantRef grant;
  const bool goes_on = access_control_.admit(connection, admitted, reply_, grant);
  visit.describe(connection, admitted, grant);
  if (goes_on) {
    if (shared_.fast_lane && fast_lane_.take(connection, admitted, grant, visit)) return true;
    if (uploads_.take(connection, admitted, grant, visit)) return true;
    if (!Router::route_by_head(admitted, reply_)) {
      left_.emplace(Left{&connection, *parse_name(admitted.path), std::string(admitted.query),
                         std::move(grant), std::move(visit)});
      return false;
    }
  }
  // A body that nobody reads is in the way of the next request.
  wire_.send(connection, reply_, head.minor_version, head.keep_alive && !head.has_body, std::move(visit));
  return true;
}

Body Application::refusal(const transport::HeadError& error, std::string_view method) {
  Router::refuse(reply_, error.status, error.reason, method);
  return wire_.closing_form(reply_);
}

void Application::note_refused_head(const transport::HeadError& error, std::string_view method) {
  ledger_.note_refusal(operation_of(method), error.status);
}

void Application::handle(SoupServerMessage* message) {
  if (!left_ || left_->connection != transport::Connection::of(message)) {
    soup_server_message_set_status(message, SOUP_STATUS_INTERNAL_SERVER_ERROR, nullptr);
    return;
  }
  Left left = std::move(*left_);
  left_.reset();
  Hold hold;
  if (route(left, message, hold, false) == Router::Outcome::kReply)
    return send(message, std::move(left.visit));
  if (holds_.has_room())
    return holds_.add(std::move(hold), std::make_unique<HeldMessage>(*this, message, std::move(left)));
  set_unavailable(reply_, shared_.no_room_reason());
  send(message, std::move(left.visit));
}

Router::Outcome Application::route(const Left& left, SoupServerMessage* message, Hold& hold, bool again) {
  const transport::Connection* connection = transport::Connection::of(message);
  const std::string_view remote_address =
      connection ? std::string_view(connection->remote_address()) : std::string_view();
  const bool head = std::string_view(soup_server_message_get_method(message)) == "HEAD";
  const Request request{.method = head ? Method::kHead : Method::kGet,
                        .name = left.name,
                        .query = left.query,
                        .remote_address = remote_address,
                        .fields = fields_of(message),
                        .grant = left.grant,
                        .only_plays = is_reserved(left.name) && connection &&
                                      !shared_.managed_ports.has(connection->local_port()),
                        .again = again};
  return router_.route(request, reply_, hold);
}

void Application::send(SoupServerMessage* message, Visit visit) {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  soup_message_headers_remove(headers, "Date");  // libsoup's
  const auto append = [headers](std::string_view name, std::string_view value) {
    soup_message_headers_append(headers, std::string(name).c_str(), std::string(value).c_str());
  };
  const Wire::Stamp stamp = wire_.stamp();
  for (std::string_view lines :
       {reply_.prepared_fields(), std::string_view(reply_.fields), stamp.own, stamp.common})
    for_each_field(lines, append);
  if (reply_.content_length) {
    soup_message_headers_set_content_length(headers, static_cast<goffset>(*reply_.content_length));
  } else {
    soup_message_headers_set_encoding(headers, SOUP_ENCODING_NONE);
  }
  if (reply_.close) soup_message_headers_replace(headers, "Connection", "close");

  if (transport::Connection* connection = transport::Connection::of(message))
    visit.end(reply_, wire_.request_id(), *connection);

  SoupMessageBody* body = soup_server_message_get_response_body(message);
  // Lets go of each piece as it is sent, and keeps libsoup from answering Range itself with a copy.
  soup_message_body_set_accumulate(body, FALSE);
  for (const Bytes& bytes : reply_.take_body()) soup_message_body_append_bytes(body, bytes.get());
  soup_server_message_set_status(message, static_cast<guint>(reply_.status), nullptr);
}

}  // namespace origin::http
