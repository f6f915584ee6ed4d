#include "app/web/web_api.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "app/base/log.h"
#include "app/base/version.h"
#include "app/settings/model_store.h"
#include "app/settings/threshold_config.h"
#include "app/web/threshold_changes.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"

namespace kwsd {

namespace {

namespace fs = std::filesystem;
using Kind = ApiRequest::Kind;

template <class Json>
std::string text_of_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

WebApi::Answer done_answer() {
  return {200, R"({"ok":true})"};
}

WebApi::Answer error_answer(const Error& error) {
  const int status = error.kind() == ErrorKind::usage      ? 400
                     : error.kind() == ErrorKind::no_input ? 404
                     : error.kind() == ErrorKind::io       ? 507
                                                           : 503;
  return {status, text_of_json(nlohmann::ordered_json{{"error", error.what()}, {"code", error.exit_code()}})};
}

/// Answers with the error of what `answer` does.
template <class Answer>
void reply_or_error(const WebApi::Reply& reply, const Answer& answer) {
  try {
    answer();
  } catch (const Error& error) {
    reply(error_answer(error));
  } catch (const std::exception& error) {
    reply(error_answer(Error(ErrorKind::internal, error.what())));
  }
}

bool on_path(const std::string& program) {
  if (program.find('/') != std::string::npos) {
    return access(program.c_str(), X_OK) == 0;
  }
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable == nullptr ? "" : variable;
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    if (access((fs::path(folders.substr(0, end)) / program).c_str(), X_OK) == 0) {
      return true;
    }
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return false;
}

/// Of models or of their reports, without the ending.
std::set<std::string> file_names(const std::vector<fs::path>& folders, const char* ending) {
  std::set<std::string> names;
  std::error_code error;
  for (const fs::path& folder : folders) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() == ending && is_name(entry.path().stem().string())) {
        names.insert(entry.path().stem().string());
      }
    }
  }
  return names;
}

const char* mark_name(ApiRequest::Mark mark) {
  return mark == ApiRequest::Mark::none     ? "none"
         : mark == ApiRequest::Mark::missed ? "missed"
                                            : "false_accept";
}

nlohmann::ordered_json sound_json(const ShelfSound& sound) {
  return {{"id", sound.id}, {"word", sound.word}, {"time", sound.time}, {"mark", mark_name(sound.mark)}};
}

}  // namespace

WebApi::WebApi(boost::asio::io_context& context, WebOptions options, std::string page_token)
    : options_(std::move(options)),
      page_token_(std::move(page_token)),
      shelf_(options_.data, options_.clips, options_.near_misses),
      link_(
          context, options_.control, [this](const std::string& line) { on_event(line); },
          [this] { send(R"({"changed":"kwsd"})"); }),
      poll_timer_(context),
      jobs_(context, options_, shelf_, [this](const std::string& json) { send(json); }) {}

WebApi::~WebApi() = default;

void WebApi::start() {
  link_.start();
}

void WebApi::answer(const ApiRequest& request, const Reply& reply) {
  reply_or_error(reply, [&] { dispatch(request, reply); });
}

void WebApi::dispatch(const ApiRequest& request, const Reply& reply) {
  switch (request.kind) {
    case Kind::state:
      return state(reply);
    case Kind::curve:
      return reply(curve(request.name));
    case Kind::report:
      return reply(report(request.name));
    case Kind::listen:
      return reply({200, shelf_.read(request.id), "audio/wav"});
    case Kind::threshold: {
      Json line{{"command", "threshold"}, {"value", request.value}};
      if (!request.word.empty()) {
        line["word"] = request.word;
      }
      return control(line, reply);
    }
    case Kind::keep:
      return keep(reply);
    case Kind::mute:
      return control({{"command", request.muted ? "mute" : "unmute"}}, reply);
    case Kind::add_model:
      return control({{"command", "model"}, {"add", request.name}}, reply);
    case Kind::remove_model:
      return control({{"command", "model"}, {"remove", request.name}}, reply);
    case Kind::replace_model:
      return control({{"command", "model"}, {"replace", request.name}, {"by", request.by}}, reply);
    case Kind::record:
      jobs_.record(request);
      break;
    case Kind::take:
      jobs_.take(request);
      break;
    case Kind::sound:
      jobs_.take_sound(request.sound);
      break;
    case Kind::enroll:
      jobs_.enroll(request);
      break;
    case Kind::train:
      jobs_.train(request);
      break;
    case Kind::stop:
      jobs_.stop();
      break;
    case Kind::mark:
      shelf_.mark(request.id, request.mark);
      send(R"({"changed":"sounds"})");
      break;
    case Kind::remove:
      shelf_.remove(request.id);
      send(R"({"changed":"sounds"})");
      break;
    case Kind::events:
      throw Error(ErrorKind::internal, "a stream of events has its own answer");
  }
  reply(done_answer());
}

void WebApi::keep(const Reply& reply) {
  link_.ask(R"({"command":"keywords"})", [this, reply](const std::string& keywords) {
    link_.ask(R"({"command":"configured"})", [this, reply, keywords](const std::string& configured) {
      reply_or_error(reply, [&] { write_thresholds(keywords, configured, reply); });
    });
  });
}

/// Writes the thresholds in force that kwsd's configuration does not give where `kwsd live` writes them. kwsd
/// then reads its configuration once more: it may go by other files.
void WebApi::write_thresholds(const std::string& keywords, const std::string& configured,
                              const Reply& reply) {
  const ThresholdChanges changes = threshold_changes(keywords, configured);
  if (changes.words.empty()) {
    throw Error(
        ErrorKind::usage,
        changes.other_models.empty()
            ? "no threshold was changed"
            : fmt::format("no threshold was changed of a model that kwsd's setting 'model' names (not: {})",
                          fmt::join(changes.other_models, ", ")));
  }
  const std::string file = keep_thresholds(options_.config, changes.words).string();
  std::vector<std::string> kept;
  std::transform(changes.words.begin(), changes.words.end(), std::back_inserter(kept), threshold_entry);
  link_.ask(R"({"command":"configured"})", [=](const std::string& now) {
    reply_or_error(reply, [&] {
      if (!threshold_changes(keywords, now).words.empty()) {
        throw Error(
            ErrorKind::config,
            fmt::format("{}: written, but the kwsd that listens goes by other settings (files of another "
                        "user, flags, variables), which need {}",
                        file, fmt::join(kept, ", ")));
      }
      reply({200, text_of_json(Json{
                      {"ok", true}, {"file", file}, {"kept", kept}, {"left_out", changes.other_models}})});
    });
  });
}

/// What kwsd answers is sent as it is.
void WebApi::control(const Json& request, const Reply& reply) {
  link_.ask(text_of_json(request), [this, reply](const std::string& line) {
    const bool done = line.starts_with(R"({"ok":true)");
    reply({done ? 200 : 409, line});
    if (done) {
      send(R"({"changed":"kwsd"})");
    }
  });
}

void WebApi::state(const Reply& reply) {
  link_.ask(R"({"command":"status"})", [this, reply](const std::string& status) {
    link_.ask(R"({"command":"keywords"})", [this, reply, status](const std::string& keywords) {
      Json all = state_here();
      all["status"] = Json::parse(status, nullptr, false);
      const Json words = Json::parse(keywords, nullptr, false);
      all["keywords"] = words.is_object() && words.contains("keywords") ? words["keywords"] : Json::array();
      reply({200, text_of_json(all)});
    });
  });
}

/// The state apart from kwsd's.
WebApi::Json WebApi::state_here() const {
  Json all{{"version", version()}, {"token", page_token_}, {"trains", on_path(options_.train)}};
  all["installed"] = file_names(model_folders(), ".kwsm");
  all["own"] = file_names({user_model_folder()}, ".kwsm");
  all["reports"] = file_names({trainings(options_)}, ".html");
  all["keeps_clips"] = !options_.clips.empty();
  all["keeps_near_misses"] = !options_.near_misses.empty();
  for (const auto& [name, kind] :
       {std::pair("recordings", ShelfSound::Kind::recording), std::pair("dropped", ShelfSound::Kind::dropped),
        std::pair("clips", ShelfSound::Kind::clip), std::pair("near_misses", ShelfSound::Kind::near_miss)}) {
    Json& list = all[name] = Json::array();
    for (const ShelfSound& sound : shelf_.list(kind)) {
      list.push_back(sound_json(sound));
    }
  }
  all["detections"] = detections();
  all["job"] = jobs_.json();
  return all;
}

/// The last detections, with the clip of each if there is one: clips are named by number and keyword.
WebApi::Json WebApi::detections() const {
  const std::vector<ShelfSound> clips = shelf_.list(ShelfSound::Kind::clip);
  Json list = Json::array();
  for (const auto& [time, line] : detections_) {
    Json event = Json::parse(line, nullptr, false);
    if (!event.is_object()) {
      continue;
    }
    char number[32];
    std::snprintf(number, sizeof number, "%06lld_",
                  static_cast<long long>(event.value("seq", std::int64_t{0})));
    const std::string word = event.value("keyword", "");
    const double earliest = time - 10;
    for (const ShelfSound& clip : clips) {
      if (clip.word == word && clip.time >= earliest && clip.path.filename().string().starts_with(number)) {
        event["clip"] = sound_json(clip);
        break;
      }
    }
    list.push_back(std::move(event));
  }
  return list;
}

/// Miss rate against false accepts, from the file of a calibration that lies by the model; no points without
/// it.
WebApi::Answer WebApi::curve(const std::string& model) const {
  std::ifstream file(find_model(model).replace_extension(".calibration.json"), std::ios::binary);
  std::string text(1U << 20U, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  const Json json = Json::parse(text, nullptr, false);
  const Json::json_pointer points("/branches/full/curve");
  const bool has_curve = json.is_object() && json.contains(points);
  return {200, text_of_json(Json{{"points", has_curve ? json[points] : Json::array()}})};
}

/// What `kwsd-train word` wrote.
WebApi::Answer WebApi::report(const std::string& model) const {
  const fs::path path = trainings(options_) / (model + ".html");
  std::error_code error;
  std::ifstream file(path, std::ios::binary);
  if (const std::uintmax_t bytes = fs::file_size(path, error); error || !file || bytes > most_report_bytes) {
    throw Error(ErrorKind::no_input, "the model '" + model + "' has no report");
  }
  return {200, {std::istreambuf_iterator<char>(file), {}}, "text/html; charset=utf-8", true};
}

void WebApi::on_event(const std::string& line) {
  if (line.starts_with(R"({"event":"detection")")) {
    detections_.emplace_front(wall_seconds(), line);
    detections_.resize(std::min(detections_.size(), kept_detections));
  }
  send(R"({"kwsd":)" + line + "}");
}

void WebApi::send(const std::string& json) {
  const auto message = std::make_shared<const std::string>("data: " + json + "\n\n");
  for (const auto& [id, reader] : std::map<std::uint64_t, Reader>(readers_)) {  // a reader may leave
    reader(message);
  }
}

std::uint64_t WebApi::join(Reader reader) {
  if (readers_.size() >= most_readers) {
    return 0;
  }
  readers_.emplace(++last_reader_, std::move(reader));
  if (!std::exchange(polling_, true)) {
    near_misses_changed_ = shelf_.near_misses_changed();
    poll();
  }
  return last_reader_;
}

void WebApi::leave(std::uint64_t reader) {
  readers_.erase(reader);
}

/// Asks for the scores, and looks for near misses, while a page is open.
void WebApi::poll() {
  if (readers_.empty()) {
    polling_ = false;
    return;
  }
  if (link_.connected() && !std::exchange(asked_, true)) {
    link_.ask(R"({"command":"scores"})", [this](const std::string& line) {
      asked_ = false;
      send(R"({"live":)" + line + "}");
    });
  }
  if (const auto changed = shelf_.near_misses_changed();
      std::exchange(near_misses_changed_, changed) != changed) {
    send(R"({"changed":"sounds"})");
  }
  poll_timer_.expires_after(live_period);
  poll_timer_.async_wait([this](boost::system::error_code error) {
    if (!error) {
      poll();
    }
  });
}

}  // namespace kwsd
