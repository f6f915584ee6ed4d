#include "app/web/word_jobs.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/model/error.h"

namespace kwsd {

namespace {

namespace fs = std::filesystem;

std::string own_program() {
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/exe", error);
  return error ? "kwsd" : path.string();
}

/// As `kwsd enroll` and `kwsd-train word` name the model of a word.
std::string model_of_word(std::string word) {
  std::replace_if(
      word.begin(), word.end(), [](char c) { return c == ' ' || c == '\''; }, '_');
  return word;
}

}  // namespace

WordJobs::WordJobs(boost::asio::io_context& context, const WebOptions& options, const SoundShelf& shelf,
                   Send send)
    : context_(context),
      options_(options),
      shelf_(shelf),
      send_(std::move(send)),
      self_(own_program()),
      take_timer_(context) {}

WordJobs::Json WordJobs::json() const {
  return {{"kind", job_.kind},       {"word", job_.word}, {"model", job_.model},
          {"running", job_.running}, {"code", job_.code}, {"lines", job_.lines}};
}

void WordJobs::begin(const char* kind, const std::string& word) {
  if (job_.running) {
    throw Error(ErrorKind::unavailable, std::string(job_.kind) + " '" + job_.word + "' has not ended yet");
  }
  if (std::string_view(kind) == "record" || std::string_view(kind) == "take") {
    forget_dropped();
  }
  job_ = {kind, word, model_of_word(word), {}, true, 0};
}

void WordJobs::run(const char* kind, const std::string& word, const std::vector<std::string>& command) {
  begin(kind, word);
  child_ = std::make_shared<ChildProcess>(
      context_, [this](const std::string& line) { add_line(line); }, [this](int code) { end(code); });
  try {
    child_->start(command, std::string_view(kind) == "record" ? ChildProcess::Priority::normal
                                                              : ChildProcess::Priority::low);
  } catch (const Error&) {
    child_.reset();
    job_.running = false;
    throw;
  }
  send_(R"({"changed":"job"})");
}

std::vector<std::string> WordJobs::own_command(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), self_);
  if (!options_.config.empty()) {
    arguments.insert(arguments.end(), {"--config", options_.config});
  }
  return arguments;
}

/// Those of the last recording.
void WordJobs::forget_dropped() const {
  std::error_code ignored;
  fs::remove_all(shelf_.dropped(), ignored);
}

void WordJobs::record(const ApiRequest& request) {
  run("record", request.word,
      own_command({"record", request.word, "--count", std::to_string(request.count), "--dir",
                   shelf_.recordings().string(), "--dropped", shelf_.dropped().string()}));
}

void WordJobs::enroll(const ApiRequest& request) {
  const fs::path folder = shelf_.recordings() / request.word;
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    throw Error(ErrorKind::usage, "word: found no recording of '" + request.word + "', expected 3 or more");
  }
  std::vector<std::string> command = own_command({"enroll", request.word, folder.string()});
  if (request.mistakes) {
    command.insert(command.end(), {"--mistakes", shelf_.mistakes().string()});
  }
  run("enroll", request.word, command);
}

void WordJobs::train(const ApiRequest& request) {
  std::vector<std::string> command{options_.train, "word", request.word};
  std::error_code error;
  if (const fs::path folder = shelf_.recordings() / request.word; fs::is_directory(folder, error)) {
    command.push_back(folder.string());
  }
  command.insert(command.end(), {"--output", trainings(options_).string(), "--install", "user"});
  if (request.mistakes) {
    command.insert(command.end(), {"--mistakes", shelf_.mistakes().string()});
  }
  if (request.quick) {
    command.emplace_back("--quick");
  }
  run("train", request.word, command);
}

void WordJobs::take(const ApiRequest& request) {
  begin("take", request.word);
  try {
    take_.emplace(shelf_.recordings(), shelf_.dropped(), request.word, request.count, request.rate_hz);
  } catch (const Error&) {
    job_.running = false;
    throw;
  }
  send_(R"({"changed":"job"})");
  add_line(take_->prompt());
  wait_for_sound();
}

void WordJobs::take_sound(std::string_view sound) {
  if (!take_ && std::string_view(job_.kind) == "take") {
    return;  // it was on its way when the recording ended
  }
  if (!take_) {
    throw Error(ErrorKind::usage, "sound: found no recording that takes it");
  }
  for (std::string& line : take_->push(sound)) {
    add_line(std::move(line));
  }
  take_->done() ? end(0) : wait_for_sound();
}

/// A page that is closed ends its recording.
void WordJobs::wait_for_sound() {
  take_timer_.expires_after(take_patience);
  take_timer_.async_wait([this](boost::system::error_code error) {
    if (!error && take_) {
      add_line("no sound from the browser");
      end(static_cast<int>(ErrorKind::unavailable));
    }
  });
}

void WordJobs::stop() {
  if (take_) {
    end(0);
  } else if (child_) {
    child_->stop();
  }
}

void WordJobs::end(int code) {
  take_timer_.cancel();
  take_.reset();
  child_.reset();
  job_.running = false;
  job_.code = code;
  send_(R"({"changed":"job"})");
}

void WordJobs::add_line(std::string line) {
  send_(Json{{"line", line}}.dump(-1, ' ', false, Json::error_handler_t::replace));
  job_.lines.push_back(std::move(line));
  if (job_.lines.size() > kept_lines) {
    job_.lines.pop_front();
  }
}

}  // namespace kwsd
