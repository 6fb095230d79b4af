// SPDX-License-Identifier: LGPL-2.1-or-later
#include "origin/http/namespace_documents.hpp"

#include <json-glib/json-glib.h>

#include <algorithm>
#include <set>

#include "origin/base/json.hpp"
#include "origin/base/ref.hpp"

namespace origin::http {

namespace {

constexpr std::string_view kPath = "api/namespaces";
// More than all limits take; json-glib parses what is nested by recursion.
constexpr size_t kLongest = 4 * 1024;

void write(JsonDocument& json, Shared& shared, const std::string& name, const store::Usage& usage) {
  const NamespaceTerms terms = shared.namespaces.terms(name);
  json.add("name", name).add("objects", usage.objects).add("bytes", usage.bytes);
  json.add("set_by", shared.namespaces.is_set(name) ? "administrator"
                     : terms == NamespaceTerms{}    ? ""
                                                    : "configuration");
  json.begin("limits");
  for (const NamespaceTerm& term : namespace_terms()) {
    if (terms.*term.value > 0) json.add(std::string(term.name).c_str(), terms.*term.value);
  }
  json.end();
}

std::string document(Shared& shared, const std::string& name, const store::Usage& usage) {
  JsonDocument json;
  write(json, shared, name, usage);
  return json.text();
}

std::string all_documents(Shared& shared) {
  const auto usages = shared.store.usage();
  std::set<std::string> names;
  for (const auto& [name, usage] : usages) names.insert(name);
  for (const auto& [name, terms] : shared.namespaces.all()) names.insert(name);
  JsonDocument json;
  json.begin_array("namespaces");
  for (const std::string& name : names) {
    const auto usage = usages.find(name);
    json.begin_element();
    write(json, shared, name, usage == usages.end() ? store::Usage{} : usage->second);
    json.end();
  }
  return json.end_array().text();
}

class NamespaceTarget final : public BodyTarget {
 public:
  NamespaceTarget(Shared& shared, std::string name) : shared_(shared), name_(std::move(name)) {}

  Status write(std::string_view bytes) override {
    if (text_.size() + bytes.size() > kLongest)
      return Error{ErrorCode::kTooLarge,
                   "what is said of a namespace has at most " + std::to_string(kLongest) + " bytes"};
    text_ += bytes;
    return {};
  }

  Status complete(Reply& reply) override {
    const Result<NamespaceTerms> terms = parse_namespace_terms(text_);
    if (!terms) return terms.error();
    shared_.namespaces.set(name_, *terms);
    reply.add("Content-Type", "application/json");
    reply.add("Cache-Control", "no-store");
    reply.set_text({Bytes::take(document(shared_, name_, shared_.store.usage_of(name_)))});
    return {};
  }

  int unsupported() const override { return 501; }

 private:
  Shared& shared_;
  const std::string name_;
  std::string text_;
};

}  // namespace

std::optional<std::string_view> namespace_of_document(std::string_view name) {
  if (!name.starts_with(kPath)) return std::nullopt;
  name.remove_prefix(kPath.size());
  if (name.empty()) return name;
  if (name.front() != '/' || name.find('/', 1) != std::string_view::npos || name.size() == 1)
    return std::nullopt;
  return name.substr(1);
}

store::ObjectRef find_namespace_document(Shared& shared, std::string_view name) {
  std::string text;
  if (name.empty()) {
    text = all_documents(shared);
  } else {
    const std::string owned(name);
    const store::Usage usage = shared.store.usage_of(name);
    const bool is_limited =
        shared.namespaces.is_set(name) || shared.namespaces.terms(name) != NamespaceTerms{};
    if (usage.objects == 0 && !is_limited) return nullptr;
    text = document(shared, owned, usage);
  }
  return store::make_object({Bytes::take(std::move(text))},
                            {.content_type = "application/json", .cache_control = "no-store"});
}

std::unique_ptr<BodyTarget> namespace_target(Shared& shared, std::string name) {
  return std::make_unique<NamespaceTarget>(shared, std::move(name));
}

Result<NamespaceTerms> parse_namespace_terms(std::string_view text) {
  const auto refuse = [](const std::string& why) { return Error{ErrorCode::kInvalid, why}; };
  const auto parser = Ref<JsonParser>::adopt(json_parser_new_immutable());
  if (!json_parser_load_from_data(parser.get(), text.data(), static_cast<gssize>(text.size()), nullptr))
    return refuse("the body is no JSON");
  JsonNode* root = json_parser_get_root(parser.get());
  if (!root || !JSON_NODE_HOLDS_OBJECT(root)) return refuse("the body is no JSON object of limits");
  NamespaceTerms terms;
  JsonObjectIter members;
  json_object_iter_init(&members, json_node_get_object(root));
  const char* name = nullptr;
  JsonNode* node = nullptr;
  while (json_object_iter_next(&members, &name, &node)) {
    const auto term = std::ranges::find(namespace_terms(), std::string_view(name), &NamespaceTerm::name);
    if (term == namespace_terms().end()) {
      std::string known;
      for (const NamespaceTerm& one : namespace_terms())
        known += (known.empty() ? "" : ", ") + std::string(one.name);
      return refuse("\"" + std::string(name) + "\" is no limit; there are " + known);
    }
    const bool is_number = JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_INT64;
    const gint64 value = is_number ? json_node_get_int(node) : -1;
    if (value < 0)
      return refuse("\"" + std::string(name) + "\" is not a whole number from 0 (which is no limit) on");
    terms.*term->value = static_cast<uint64_t>(value);
  }
  if (const Status consistent = check(terms); !consistent) return consistent.error();
  return terms;
}

}  // namespace origin::http
