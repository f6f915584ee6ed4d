#include "app/network/wyoming_message.h"

#include <algorithm>
#include <utility>

#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorKind::bad_data, "Wyoming: " + what);
}

/// An object; `where` is for the message.
json parse_object(std::string_view text, const char* where) {
  json object = json::parse(text, nullptr, false);
  if (!object.is_object()) {
    fail(std::string(where) + ": found '" + printable(text) + "', expected a JSON object");
  }
  return object;
}

std::size_t length_of(const json& line, const char* field, std::size_t most) {
  const auto found = line.find(field);
  if (found == line.end() || found->is_null()) {
    return 0;
  }
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > most) {
    fail(std::string(field) + ": found " +
         printable(found->dump(-1, ' ', true, json::error_handler_t::replace)) + ", expected 0 to " +
         std::to_string(most));
  }
  return found->get<std::size_t>();
}

void merge(json& data, const json& more) {
  for (const auto& [key, value] : more.items()) {
    data[key] = value;
  }
}

}  // namespace

WyomingReader::Header WyomingReader::parse_header(std::string_view line) {
  const json object = parse_object(line, "header");
  const auto type = object.find("type");
  if (type == object.end() || !type->is_string()) {
    fail("header: found no string 'type'");
  }
  Header header;
  header.message.type = type->get<std::string>();
  header.data_bytes = length_of(object, "data_length", most_data_bytes);
  header.payload_bytes = length_of(object, "payload_length", most_payload_bytes);
  if (const auto data = object.find("data"); data != object.end() && data->is_object()) {
    merge(header.message.data, *data);
  }
  return header;
}

std::optional<WyomingMessage> WyomingReader::next() {
  if (!header_) {
    const std::size_t end = bytes_.find('\n');
    if (std::min(end, bytes_.size()) > most_line_bytes) {
      fail("header: found more than " + std::to_string(most_line_bytes) + " bytes, expected a line break");
    }
    if (end == std::string::npos) {
      return std::nullopt;
    }
    header_ = parse_header(std::string_view(bytes_).substr(0, end));
    bytes_.erase(0, end + 1);
  }
  const std::size_t wanted = header_->data_bytes + header_->payload_bytes;
  if (bytes_.size() < wanted) {
    return std::nullopt;
  }
  WyomingMessage message = std::move(header_->message);
  if (header_->data_bytes > 0) {
    merge(message.data, parse_object(std::string_view(bytes_).substr(0, header_->data_bytes), "data"));
  }
  message.payload = bytes_.substr(header_->data_bytes, header_->payload_bytes);
  bytes_.erase(0, wanted);
  if (bytes_.empty() && bytes_.capacity() > most_line_bytes) {
    bytes_.shrink_to_fit();  // the memory for a long chunk is released
  }
  header_.reset();
  return message;
}

std::string wyoming_text(std::string_view type, const json& data) {
  const std::string body = data.dump(-1, ' ', false, json::error_handler_t::replace);
  const json line{{"type", type}, {"version", "1.5.2"}, {"data_length", body.size()}};
  return line.dump() + '\n' + body;
}

}  // namespace kwsd
