#include "app/web/api_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>

#include "app/base/words.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

using Json = nlohmann::json;
using Kind = ApiRequest::Kind;

constexpr std::string_view api_prefix = "/api/";
constexpr std::size_t id_digits = 16;

[[noreturn]] void refuse_member(const std::string& member, const std::string& found,
                                const std::string& expected) {
  throw Error(ErrorKind::usage, member + ": found " + found + ", expected " + expected);
}

bool is_id(std::string_view text) {
  return text.size() == id_digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A member of a body, and where it goes. Throws Error (usage).
struct MemberReader {
  const char* name;
  bool required;
  void (*read)(const Json& value, const char* name, ApiRequest& to);
};

std::string text_of(const Json& value, const char* name) {
  if (!value.is_string()) {
    refuse_member(name, value.type_name(), "a string");
  }
  return value.get<std::string>();
}

double number_of(const Json& value, const char* name, double low, double high) {
  const std::string range =
      std::to_string(static_cast<int>(low)) + " to " + std::to_string(static_cast<int>(high));
  if (!value.is_number()) {
    refuse_member(name, value.type_name(), "a number from " + range);
  }
  const double number = value.get<double>();
  if (!(number >= low && number <= high)) {
    refuse_member(name, value.dump(), "a number from " + range);
  }
  return number;
}

bool flag_of(const Json& value, const char* name) {
  if (!value.is_boolean()) {
    refuse_member(name, value.type_name(), "true or false");
  }
  return value.get<bool>();
}

std::string model_name_of(const Json& value, const char* name) {
  std::string text = text_of(value, name);
  if (!is_name(text)) {
    refuse_member(name, "'" + printable(text) + "'", std::string(name_expected));
  }
  return text;
}

int whole_of(const Json& value, const char* name, double low, double high) {
  const double number = number_of(value, name, low, high);
  if (number != std::floor(number)) {
    refuse_member(name, value.dump(), "a whole number");
  }
  return static_cast<int>(number);
}

constexpr MemberReader word_member{"word", true, [](const Json& value, const char* name, ApiRequest& to) {
                                     to.word = text_of(value, name);
                                     check_keyword(to.word, name);
                                   }};
constexpr MemberReader any_word_member{"word", false, word_member.read};
constexpr MemberReader value_member{"value", true, [](const Json& value, const char* name, ApiRequest& to) {
                                      to.value = number_of(value, name, 0, 1);
                                    }};
constexpr MemberReader muted_member{"muted", true, [](const Json& value, const char* name, ApiRequest& to) {
                                      to.muted = flag_of(value, name);
                                    }};
constexpr MemberReader model_member{"name", true, [](const Json& value, const char* name, ApiRequest& to) {
                                      to.name = model_name_of(value, name);
                                    }};
constexpr MemberReader by_member{"by", true, [](const Json& value, const char* name, ApiRequest& to) {
                                   to.by = model_name_of(value, name);
                                 }};
constexpr MemberReader count_member{"count", true, [](const Json& value, const char* name, ApiRequest& to) {
                                      to.count = whole_of(value, name, 1, 100);
                                    }};
constexpr MemberReader rate_member{"rate", true, [](const Json& value, const char* name, ApiRequest& to) {
                                     to.rate_hz =
                                         static_cast<std::uint32_t>(whole_of(value, name, 8000, 192000));
                                   }};
constexpr MemberReader mistakes_member{
    "mistakes", false,
    [](const Json& value, const char* name, ApiRequest& to) { to.mistakes = flag_of(value, name); }};
constexpr MemberReader quick_member{"quick", false, [](const Json& value, const char* name, ApiRequest& to) {
                                      to.quick = flag_of(value, name);
                                    }};
constexpr MemberReader id_member{"id", true, [](const Json& value, const char* name, ApiRequest& to) {
                                   to.id = text_of(value, name);
                                   if (!is_id(to.id)) {
                                     refuse_member(name, "'" + printable(to.id) + "'", "an id of the page");
                                   }
                                 }};
constexpr MemberReader mark_member{"as", true, [](const Json& value, const char* name, ApiRequest& to) {
                                     const std::string text = text_of(value, name);
                                     if (text != "none" && text != "missed" && text != "false_accept") {
                                       refuse_member(name, "'" + printable(text) + "'",
                                                     "none, missed or false_accept");
                                     }
                                     to.mark = text == "none"     ? ApiRequest::Mark::none
                                               : text == "missed" ? ApiRequest::Mark::missed
                                                                  : ApiRequest::Mark::false_accept;
                                   }};

struct Route {
  const char* path;  // after "/api/"; the beginning, where a name or an id follows
  Kind kind;
  bool changes;
  std::array<const MemberReader*, 3> members{};
};

constexpr std::array<Route, 19> routes{{
    {"state", Kind::state, false},
    {"events", Kind::events, false},
    {"curve/", Kind::curve, false},
    {"report/", Kind::report, false},
    {"sound/", Kind::listen, false},
    {"threshold", Kind::threshold, true, {&any_word_member, &value_member}},
    {"keep", Kind::keep, true},
    {"mute", Kind::mute, true, {&muted_member}},
    {"model/add", Kind::add_model, true, {&model_member}},
    {"model/remove", Kind::remove_model, true, {&model_member}},
    {"model/replace", Kind::replace_model, true, {&model_member, &by_member}},
    {"record", Kind::record, true, {&word_member, &count_member}},
    {"take", Kind::take, true, {&word_member, &count_member, &rate_member}},
    {"take/sound", Kind::sound, true},
    {"enroll", Kind::enroll, true, {&word_member, &mistakes_member}},
    {"train", Kind::train, true, {&word_member, &mistakes_member, &quick_member}},
    {"stop", Kind::stop, true},
    {"mark", Kind::mark, true, {&id_member, &mark_member}},
    {"remove", Kind::remove, true, {&id_member}},
}};

bool has_rest(const Route& route) {
  return route.kind == Kind::curve || route.kind == Kind::report || route.kind == Kind::listen;
}

const Route* route_of(std::string_view target) {
  if (!is_api(target)) {
    return nullptr;
  }
  target.remove_prefix(api_prefix.size());
  const auto* found = std::find_if(routes.begin(), routes.end(), [&](const Route& route) {
    return has_rest(route) ? target.starts_with(route.path) : target == route.path;
  });
  return found == routes.end() ? nullptr : found;
}

void read_members(const Route& route, std::string_view body, ApiRequest& to) {
  if (body.size() > most_json_bytes) {
    refuse_member("request", std::to_string(body.size()) + " bytes",
                  "at most " + std::to_string(most_json_bytes));
  }
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) {
    refuse_member("request", json.is_discarded() ? "no JSON" : json.type_name(), "an object");
  }
  std::size_t known = 0;
  for (const MemberReader* member : route.members) {
    if (member == nullptr) {
      continue;
    }
    const auto found = json.find(member->name);
    if (found != json.end()) {
      member->read(*found, member->name, to);
      ++known;
    } else if (member->required) {
      refuse_member(member->name, "nothing", "a value");
    }
  }
  if (json.size() != known) {
    refuse_member("request", std::to_string(json.size()) + " members", "those of " + std::string(route.path));
  }
}

/// Bytes as encodeURIComponent writes them.
std::string percent_decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* end = text.data() + std::min(i + 3, text.size());
    if (text[i] == '%' && std::from_chars(text.data() + i + 1, end, byte, 16).ptr == text.data() + i + 3) {
      bytes += static_cast<char>(byte);
      i += 2;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

void read_rest(const Route& route, std::string_view rest, ApiRequest& to) {
  (route.kind == Kind::listen ? to.id : to.name) = percent_decoded(rest);
  if (route.kind == Kind::listen ? !is_id(to.id) : !is_name(to.name)) {
    throw Error(ErrorKind::no_input, "not found");
  }
}

}  // namespace

bool is_api(std::string_view target) noexcept {
  return target.starts_with(api_prefix);
}

Access access_of(std::string_view method, std::string_view target) noexcept {
  if (method != "GET") {
    return Access::change;
  }
  return is_api(target) ? Access::read : Access::page;
}

std::size_t most_body_bytes(std::string_view target) noexcept {
  const Route* route = route_of(target);
  return route != nullptr && route->kind == Kind::sound ? most_sound_bytes : most_json_bytes;
}

ApiRequest parse_api_request(std::string_view method, std::string_view target, std::string_view body) {
  const Route* route = route_of(target);
  if (route == nullptr) {
    throw Error(ErrorKind::no_input, "not found");
  }
  if (method != (route->changes ? "POST" : "GET")) {
    refuse_member("method", printable(method), route->changes ? "POST" : "GET");
  }
  ApiRequest request;
  request.kind = route->kind;
  if (has_rest(*route)) {
    read_rest(*route, target.substr(api_prefix.size() + std::string_view(route->path).size()), request);
  }
  if (route->kind == Kind::sound) {
    if (body.empty() || body.size() % 2 != 0 || body.size() > most_sound_bytes) {
      refuse_member("sound", std::to_string(body.size()) + " bytes",
                    "an even number from 2 to " + std::to_string(most_sound_bytes));
    }
    request.sound = body;
  } else if (route->changes) {
    read_members(*route, body, request);
  } else if (!body.empty()) {
    refuse_member("request", "a body", "none");
  }
  return request;
}

}  // namespace kwsd
