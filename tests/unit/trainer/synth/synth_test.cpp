#include <catch2/catch.hpp>
#include <set>

#include "app/audio/scan.h"
#include "engine/model/error.h"
#include "models/trainer/synth/process.h"
#include "models/trainer/synth/scene.h"
#include "models/trainer/synth/synth_command.h"
#include "models/trainer/synth/voices.h"
#include "tests/unit/trainer/data/recordings.h"

using namespace kwsd;
using namespace kwsd::train;
using namespace kwsd::train::test;
namespace fs = std::filesystem;

namespace {

/// Synthetic voices are no part of a build machine's duty.
bool no_voices() {
  const bool none = installed_voices("en").empty();
  if (none) {
    WARN("skipped: no synthetic voice is installed (espeak-ng, flite)");
  }
  return none;
}

std::string scene_error(const std::string& text) {
  const TemporaryFolder folder;
  write_text(folder.path() / "x.scene", text);
  try {
    make_scene(folder.path() / "x.scene", folder.path() / "x.wav", {});
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("programs run without a shell") {
  REQUIRE(run_program({"true"}).status == 0);
  REQUIRE(run_program({"false"}).status == 1);
  REQUIRE(run_program({"kwsd-no-such-program"}).status == -1);
  const ProcessResult echo = run_program({"echo", "$HOME; ls", "`ls`"});
  REQUIRE(echo.output == "$HOME; ls `ls`\n");
  REQUIRE(run_program({"cat"}).status == 0);  // its input is empty
}

TEST_CASE("a scene that is wrong names its line") {
  REQUIRE_THAT(scene_error("# fine\nyes\n"), Catch::Contains("x.scene:2"));
  REQUIRE_THAT(scene_error("x\tflite/slt\tyes\tyes\n"), Catch::Contains("pause 'x'"));
  REQUIRE_THAT(scene_error("-1\tflite/slt\tyes\tyes\n"), Catch::Contains("pause '-1'"));
  REQUIRE_THAT(scene_error("1\tslt\tyes\tyes\n"), Catch::Contains("voice 'slt'"));
  REQUIRE_THAT(scene_error("1\tflite/slt@fast\tyes\tyes\n"), Catch::Contains("pace"));
  REQUIRE_THAT(scene_error("1\tflite/slt\tyes\n"), Catch::Contains("tab separated"));
}

TEST_CASE("a missing engine is one clear error") {
  try {
    static_cast<void>(speak({"kwsd-no-such-engine", "x", 1, 1}, "hello", 1));
    FAIL("no error");
  } catch (const Error& e) {
    REQUIRE(e.kind() == ErrorKind::unavailable);
  }
}

TEST_CASE("speakers differ and are the same for the same seed") {
  if (no_voices()) {
    return;
  }
  const std::vector<Voice> speakers = make_speakers("en", 30, 3);
  std::set<std::string> ids;
  for (const Voice& voice : speakers) {
    REQUIRE(voice.id().size() == 8);
    ids.insert(voice.id());
  }
  REQUIRE(ids.size() == 30);
  REQUIRE(make_speakers("en", 30, 3).back().id() == speakers.back().id());
  REQUIRE(make_speakers("en", 30, 4).front().id() != speakers.front().id());
  REQUIRE_THROWS_AS(make_speakers("xx-none", 3, 1), Error);
}

TEST_CASE("synthetic words are a data set") {
  if (no_voices()) {
    return;
  }
  const TemporaryFolder folder;
  SynthOptions options;
  options.output = folder.path() / "words";
  options.speakers = 3;
  options.per_speaker = 2;
  REQUIRE(synthesize_words({{"stop", "stop"}, {"zoom_in", "zoom in"}}, options) == 12);
  UnreadableFiles unreadable;
  const std::vector<fs::path> files = sound_files(options.output, unreadable);
  REQUIRE(unreadable.count() == 0);
  REQUIRE(files.size() == 12);
  for (const fs::path& file : files) {
    const std::size_t samples = load_recording_pcm16(file, {1, 10}).size();
    REQUIRE(samples >= 16000);
    REQUIRE(samples < 48000);
    REQUIRE(speaker_of(file.stem().string()).size() == 8);
  }
  // Recordings that are there are kept.
  const auto before = fs::last_write_time(files[0]);
  REQUIRE(synthesize_words({{"stop", "stop"}}, options) == 6);
  REQUIRE(fs::last_write_time(files[0]) == before);
  REQUIRE_THROWS_AS(synthesize_words({{"../up", "up"}}, options), Error);
}

TEST_CASE("synthetic sentences are spoken anew where they changed, and kept where not") {
  if (no_voices()) {
    return;
  }
  const TemporaryFolder folder;
  SynthOptions options;
  options.output = folder.path() / "speech";
  options.speakers = 2;
  REQUIRE(synthesize_sentences({"one two three", "four five six"}, options) == 2);
  UnreadableFiles unreadable;
  const std::vector<fs::path> files = sound_files(options.output, unreadable);
  REQUIRE(unreadable.count() == 0);
  REQUIRE(files.size() == 2);
  const auto first = load_recording_pcm16(files[0], {1, 60}),
             second = load_recording_pcm16(files[1], {1, 60});
  const auto written = fs::last_write_time(files[0]);
  REQUIRE(synthesize_sentences({"one two three", "a marmalade sandwich"}, options) == 2);
  REQUIRE(fs::last_write_time(files[0]) == written);
  REQUIRE(load_recording_pcm16(files[0], {1, 60}) == first);
  REQUIRE(load_recording_pcm16(files[1], {1, 60}) != second);
  REQUIRE(read_transcripts(options.output).at(files[1].stem().string()) == "a marmalade sandwich");
  REQUIRE(synthesize_sentences({"one two three"}, options) == 1);  // the other is still told apart
  REQUIRE(read_transcripts(options.output).at(files[1].stem().string()) == "a marmalade sandwich");
}

TEST_CASE("a scene has its labels where its words are") {
  if (run_program({"flite", "-lv"}).status != 0) {
    WARN("skipped: flite is not installed");
    return;
  }
  const TemporaryFolder folder;
  write_text(folder.path() / "x.scene",
             "noise -70\n1\tflite/slt\tstop\tstop\n0.5\tflite/rms@1.2\t-\tand so on\n");
  make_scene(folder.path() / "x.scene", folder.path() / "x.wav", folder.path() / "x.tsv");
  std::ifstream labels(folder.path() / "x.tsv");
  double start = 0, end = 0;
  std::string word;
  labels >> start >> end >> word;
  REQUIRE(word == "stop");
  REQUIRE(start == Approx(1).margin(0.01));
  REQUIRE(end > start + 0.2);
  REQUIRE_FALSE(labels >> start);
  const std::vector<std::int16_t> sound = load_recording_pcm16(folder.path() / "x.wav", {1, 60});
  int loudest_before = 0;
  for (std::size_t i = 0; i < 15800; ++i) {
    loudest_before = std::max(loudest_before, std::abs(static_cast<int>(sound[i])));
  }
  REQUIRE(loudest_before < 100);  // the faint noise alone
}
