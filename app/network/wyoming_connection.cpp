#include "app/network/wyoming_connection.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <utility>

#include "app/base/version.h"
#include "engine/audio/stream_rate.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

using nlohmann::json;

constexpr std::size_t block_samples = 1024;

/// "hey_computer" -> "Hey computer".
std::string phrase_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  if (!name.empty()) {
    name.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(name.front())));
  }
  return name;
}

json describe_keyword(const std::string& name, const std::string& language, const json& attribution) {
  return {{"name", name},
          {"description", phrase_of(name)},
          {"phrase", phrase_of(name)},
          {"version", version()},
          {"languages", {language}},
          {"installed", true},
          {"attribution", attribution}};
}

/// A whole number of `data` in a range, or `otherwise` where the field is missing or null. Throws Error
/// (bad_data).
std::int64_t integer(const json& data, const char* field, std::int64_t otherwise, std::int64_t low,
                     std::int64_t high) {
  const auto found = data.find(field);
  if (found == data.end() || found->is_null()) {
    return otherwise;
  }
  if (!found->is_number_integer() || *found < low || *found > high) {
    throw Error(ErrorKind::bad_data,
                std::string(field) + ": found " +
                    printable(found->dump(-1, ' ', true, json::error_handler_t::replace)) + ", expected " +
                    std::to_string(low) + " to " + std::to_string(high));
  }
  return found->get<std::int64_t>();
}

/// One sample of `width` bytes, little-endian, full scale = 1.
float sample_at(const char* bytes, int width) noexcept {
  std::uint32_t bits = 0;
  for (int i = 0; i < width; ++i) {
    bits |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * (4 - width + i));
  }
  return static_cast<float>(static_cast<std::int32_t>(bits)) / 2147483648.0F;
}

}  // namespace

WyomingService make_wyoming_service(std::shared_ptr<const Spotter> spotter,
                                    const RecognitionOptions& recognition, const std::string& language) {
  const json attribution{{"name", "kwsd"}, {"url", ""}};
  json keywords = json::array();
  for (const auto& model : spotter->models()) {
    for (const Label& label : model->labels) {
      const auto same = [&label](const json& other) { return other["name"] == label.name; };
      if (label.kind == LabelKind::keyword && std::none_of(keywords.begin(), keywords.end(), same)) {
        keywords.push_back(describe_keyword(label.name, language, attribution));
      }
    }
  }
  json service{{"name", "kwsd"},    {"description", "Keyword spotting"}, {"version", version()},
               {"installed", true}, {"attribution", attribution},        {"models", std::move(keywords)}};
  return {std::move(spotter), recognition, {{"wake", json::array({std::move(service)})}}};
}

WyomingConnection::WyomingConnection(std::shared_ptr<const WyomingService> service)
    : service_(std::move(service)), stream_(service_->spotter) {
  stream_.set_branch(fixed_branch(service_->recognition.branch).value_or(BranchId::full));
  const auto models = service_->spotter->models();
  apply_thresholds(service_->recognition.thresholds, models,
                   [this](std::size_t model, int label, float threshold) {
                     stream_.set_threshold(model, label, threshold);
                   });
  for (const auto& model : models) {
    wanted_.emplace_back(model->labels.size(), true);
  }
}

bool WyomingConnection::take(std::string_view bytes, std::string& answers) {
  reader_.push(bytes);
  try {
    while (const auto message = reader_.next()) {
      try {
        answer(*message, answers);
      } catch (const Error& error) {  // of this message alone
        answers +=
            wyoming_text("error", {{"text", message->type + ": " + error.what()}, {"code", "bad-request"}});
      }
    }
    return true;
  } catch (const Error& error) {
    answers += wyoming_text("error", {{"text", error.what()}, {"code", "bad-message"}});
    return false;
  }
}

void WyomingConnection::answer(const WyomingMessage& message, std::string& answers) {
  if (message.type == "describe") {
    answers += wyoming_text("info", service_->info);
  } else if (message.type == "ping") {
    answers += wyoming_text("pong", {{"text", message.data.value("text", json())}});
  } else if (message.type == "detect") {
    choose_keywords(message.data);
  } else if (message.type == "audio-start") {
    start_audio(message.data);
  } else if (message.type == "audio-chunk") {
    take_audio(message, answers);
  } else if (message.type == "audio-stop" && !detected_) {
    answers += wyoming_text("not-detected", json::object());
  }
}

/// `names` is null or missing for every keyword, otherwise a list of keywords. Throws Error (bad_data) where
/// none of them is known: the client would wait in vain.
void WyomingConnection::choose_keywords(const json& data) {
  const auto names = data.find("names");
  const bool all = names == data.end() || names->is_null() || (names->is_array() && names->empty());
  if (!all && !names->is_array()) {
    throw Error(ErrorKind::bad_data, "names: found no list, expected null or a list of keywords");
  }
  const auto models = service_->spotter->models();
  bool any = all;
  for (std::size_t m = 0; m < wanted_.size(); ++m) {
    for (std::size_t n = 0; n < wanted_[m].size(); ++n) {
      wanted_[m][n] =
          all || std::find(names->begin(), names->end(), models[m]->labels[n].name) != names->end();
      any = any || (wanted_[m][n] && models[m]->labels[n].kind == LabelKind::keyword);
    }
  }
  if (!any) {
    throw Error(ErrorKind::bad_data,
                "names: found " + printable(names->dump(-1, ' ', true, json::error_handler_t::replace)) +
                    ", expected keywords that 'describe' lists");
  }
}

void WyomingConnection::start_audio(const json& data) {
  origin_ = stream_.sample();
  stream_.restart(origin_);
  resampler_.reset();
  format_ = {};
  detected_ = false;
  start_ms_ = 0;
  if (const auto timestamp = data.find("timestamp"); timestamp != data.end() && timestamp->is_number()) {
    start_ms_ = timestamp->get<double>();
  }
  set_format(data);
}

/// What the data do not say is as before, at first 16 kHz, 16 bit, mono.
void WyomingConnection::set_format(const json& data) {
  const AudioFormat last = format_.rate_hz == 0 ? AudioFormat{stream_rate_hz, 2, 1} : format_;
  const AudioFormat next{
      static_cast<std::uint32_t>(integer(data, "rate", last.rate_hz, 4000, 768000)),
      static_cast<int>(integer(data, "width", last.width, 2, 4)),
      static_cast<int>(integer(data, "channels", last.channels, 1, 64)),
  };
  if (next == format_) {
    return;
  }
  resampler_ = next.rate_hz == stream_rate_hz
                   ? nullptr
                   : std::make_unique<Resampler>(next.rate_hz, stream_rate_hz, block_samples);
  format_ = next;
}

/// The first channel. Bytes of an incomplete sample at the end are dropped.
void WyomingConnection::take_audio(const WyomingMessage& message, std::string& answers) {
  set_format(message.data);
  const auto frame_bytes =
      static_cast<std::size_t>(format_.width) * static_cast<std::size_t>(format_.channels);
  const std::size_t frames = message.payload.size() / frame_bytes;
  std::array<float, block_samples> block;
  for (std::size_t done = 0; done < frames;) {
    const std::size_t count = std::min(frames - done, block.size());
    for (std::size_t i = 0; i < count; ++i) {
      block[i] = sample_at(message.payload.data() + (done + i) * frame_bytes, format_.width);
    }
    const std::span<const float> samples = std::span<const float>(block).first(count);
    push(resampler_ ? resampler_->process(samples, false) : samples, answers);
    done += count;
  }
}

void WyomingConnection::push(std::span<const float> samples, std::string& answers) {
  const auto models = service_->spotter->models();
  std::array<Spotting, 16> found;
  std::size_t count = 0;
  stream_.push(samples, [&](const Spotting& word) noexcept {
    if (count < found.size() && wanted_[word.model][static_cast<std::size_t>(word.detection.label)]) {
      found[count++] = word;
    }
  });
  for (const Spotting& word : std::span(found).first(count)) {
    const double ms =
        start_ms_ + 1000.0 * static_cast<double>(word.detection.end_sample - origin_) / stream_rate_hz;
    const std::string& name = models[word.model]->labels[static_cast<std::size_t>(word.detection.label)].name;
    answers +=
        wyoming_text("detection", {{"name", name}, {"timestamp", std::llround(ms)}, {"speaker", nullptr}});
    detected_ = true;
  }
}

}  // namespace kwsd
